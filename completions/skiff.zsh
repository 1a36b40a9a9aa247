#compdef skiff
# SPDX-License-Identifier: Apache-2.0
# Asks skiff itself what may come next; see src/cli/commands/complete.cc. Install as _skiff in $fpath.
_skiff() {
    local line candidate text tab=$'\t'
    local -a answer described
    answer=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in "${answer[@]}"; do
        case $line in
            '') ;;
            __files) _files; return ;;
            __directories) _files -/; return ;;
            *)
                candidate=${line%%$tab*}
                text=${line#$candidate}
                described+=("${candidate//:/\\:}:${text#$tab}")
                ;;
        esac
    done
    _describe 'skiff' described
}
_skiff "$@"
