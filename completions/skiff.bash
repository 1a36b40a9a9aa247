# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Asks skiff itself what may come next; see src/cli/commands/complete.cc.
_skiff_complete() {
    local line=${COMP_LINE:0:COMP_POINT} words candidate breaks='' lead=''
    read -ra words <<<"$line"
    if [[ $line == *[[:space:]] ]]; then words+=(''); fi
    # Readline replaces only what follows the last of its word breaks.
    if [[ $COMP_WORDBREAKS == *=* ]]; then breaks+='='; fi
    if [[ $COMP_WORDBREAKS == *:* ]]; then breaks+=':'; fi
    if [[ -n $breaks ]]; then lead=${words[-1]%"${words[-1]##*["$breaks"]}"}; fi
    COMPREPLY=()
    while IFS=$'\t' read -r candidate _; do
        case $candidate in
            __files) compopt -o default ;;
            __directories) compopt -o dirnames ;;
            *) COMPREPLY+=("${candidate#"$lead"}") ;;
        esac
    done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then compopt -o nospace; fi
}
complete -F _skiff_complete skiff
