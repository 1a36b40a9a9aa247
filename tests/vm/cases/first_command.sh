# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# as: tester root
# The README's first command, as a person types it after login: a shell on a terminal in a view of this machine.
. /src/lib.sh

# What the screen shows when TEXT is typed into COMMAND-LINE; its exit status.
type_into() (set -o pipefail; printf '%s\n' "$1" | terminal "$2") # TEXT COMMAND-LINE

# shellcheck disable=SC2016  # the container's shell expands it
{
    has "hello-world" 'Hello' skiff run --rm hello-world
    has "run --rm -it host is a shell that does what is typed" 'sum 42' type_into 'echo sum $((40+2)); exit' 'skiff run --rm -it host'
    has "… in which one is root, on a terminal" 'id 0 on /dev/pts/0' type_into 'echo id $(id -u) on $(tty); exit' 'skiff run --rm -it host'
    has "… with this machine's programs, and none of its processes" 'systemd 252 .* shell 1' type_into 'echo $(systemctl --version) shell $$; exit' 'skiff run --rm -it host'
    status "the exit status is the shell's" 7 type_into 'exit 7' 'skiff run --rm -it host'
}
is "nothing stays" '' skiff ps -aq

finish
