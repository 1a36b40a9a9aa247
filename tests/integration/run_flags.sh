# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Every flag of docker run is one of skiff run and skiff create, or refused by name with a reason in docker_run_flags.txt.
. "${0%/*}/lib.sh"

HELP=$(skiff run --help)$'\n'$(skiff create --help)
in_help() { grep -Eq -- "^ +(-[A-Za-z], )?--$1( |\$)" <<<"$HELP"; }

missing='' early=''
while read -r flag reason; do
    if [ -n "$reason" ]; then
        in_help "$flag" && early="$early --$flag"
        fails "--$flag is refused by name" 125 "--$flag is not supported by this version of skiff" skiff run "--$flag" x busybox true
    elif [ "$flag" != help ] && ! in_help "$flag"; then
        missing="$missing --$flag"
    fi
done < <(grep -v '^#' "${0%/*}/docker_run_flags.txt")
is "no other flag is missing" '' echo "${missing# }"
is "what is there has no reason not to be" '' echo "${early# }"
is "the list was read" yes eval '[ "$(grep -vc "^#" "${0%/*}/docker_run_flags.txt")" -gt 100 ] && echo yes'
check "--help itself" skiff run --help

finish
