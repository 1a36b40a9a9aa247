# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016
# secret create, ls, inspect, rm; --secret.
. "${0%/*}/lib.sh"
image busybox

is "secret create from standard input" 25 eval 'printf s3cr3t-text | skiff secret create one - | tr -d "\n" | wc -c'
printf 'line 1\nline 2\n' >"$T/file"
check "… from a file" skiff secret create --label tier=db two "$T/file"
check "… from the environment" eval 'V=variable skiff secret create --env three V'
fails "a taken name" 125 'secret name in use' skiff secret create one "$T/file"
check "--ignore" skiff secret create --ignore one "$T/file"
fails "a name that is none" 125 'invalid secret name' skiff secret create a/b "$T/file"
: >"$T/empty"
fails "an empty one" 125 'larger than 0' skiff secret create empty "$T/empty"
head -c 512000 /dev/zero >"$T/large"
fails "one that is too large" 125 'less than 512000 bytes' skiff secret create large "$T/large"
is "secret ls" 'one three two' eval 'skiff secret ls --format "{{.Name}}" | xargs'
is "… with a filter" two skiff secret ls --filter label=tier=db --format '{{.Name}}'
is "secret inspect" 'two db file' skiff secret inspect --format '{{.Spec.Name}} {{.Spec.Labels.tier}} {{.Spec.Driver.Name}}' two
hasnt "… without the text" 's3cr3t' skiff secret inspect one
is "--showsecret" s3cr3t-text skiff secret inspect --showsecret --format '{{.SecretData}}' one
fails "inspect of none" 1 'no such secret' skiff secret inspect nosuch
check "exists" skiff secret exists one
status "… not" 1 skiff secret exists nosuch
is "its files are the owner's alone" 600 eval 'stat -c %a "$SKIFF_ROOT"/secrets/?????* | sort -u'

is "--secret: a file" 's3cr3t-text 400 0:0' skiff run --rm --secret one busybox sh -c 'echo $(cat /run/secrets/one) $(stat -c "%a %u:%g" /run/secrets/one)'
is "… with target, uid, gid and mode" '440 12:34' skiff run --rm --secret one,target=/etc/x/y,uid=12,gid=34,mode=0440 busybox stat -c '%a %u:%g' /etc/x/y
is "… its bytes" "$(md5sum <"$T/file")" skiff run --rm --secret two busybox sh -c 'md5sum </run/secrets/two'
fails "… is read-only" 1 'Read-only' skiff run --rm --secret one busybox sh -c 'echo x >/run/secrets/one'
status "… another user does not read it" 1 skiff run --rm -u 1000 --secret one busybox cat /run/secrets/one
is "type=env" s3cr3t-text skiff run --rm --secret one,type=env,target=V busybox sh -c 'echo $V'
is "… and its own name" variable skiff run --rm --secret three,type=env busybox sh -c 'echo $three'
is "in a built-in image" s3cr3t-text skiff run --rm --secret one host cat /run/secrets/one
check "a container that has it" skiff run -d --name has --secret one --secret one,type=env,target=V busybox sleep 1000
is "… in exec as well" s3cr3t-text skiff exec has sh -c 'echo $V'
is "… by name in inspect" one skiff inspect --format '{{(index .Config.Secrets 0).Name}}' has
hasnt "… not its text" 's3cr3t' skiff inspect has
hasnt "… nor in the OCI document" 's3cr3t' skiff inspect --oci has
is "nor in any record" '' eval 'grep -l s3cr3t "$SKIFF_ROOT"/containers/*/*.json || true'
check "secret rm" skiff secret rm one
is "… the container keeps it" s3cr3t-text eval 'skiff restart -t 0 has >/dev/null; skiff exec has cat /run/secrets/one'
check "clean up" skiff rm -f has
is "nothing of it stays" '' eval 'grep -rl s3cr3t "$SKIFF_ROOT"/containers "$SKIFF_ROOT"/secrets "$SKIFF_ROOT"/trash 2>/dev/null || true'
fails "--secret of none" 125 'no such secret' skiff run --rm --secret one busybox true
fails "an option that is none" 125 'error parsing secret' skiff run --rm --secret two,x=1 busybox true
fails "a mode that is none" 125 'it is octal' skiff run --rm --secret two,mode=999 busybox true
fails "uid of a variable" 125 'cannot be set with secret type env' skiff run --rm --secret two,type=env,uid=1 busybox true
check "rm --all" skiff secret rm --all
is "… nothing is left" '' skiff secret ls -q

finish
