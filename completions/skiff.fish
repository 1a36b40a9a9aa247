# SPDX-License-Identifier: Apache-2.0
# Asks skiff itself what may come next; see src/cli/commands/complete.cc.
function __skiff_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case __files
                __fish_complete_path "$current"
            case __directories
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c skiff -f -a '(__skiff_complete)'
