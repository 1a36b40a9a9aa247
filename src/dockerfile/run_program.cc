// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/run_program.h"

#include "dockerfile/words.h"

namespace skiff::dockerfile {
namespace {

std::vector<std::string> through_shell(std::span<const std::string> shell, std::string line) {
    std::vector<std::string> argv(shell.begin(), shell.end());
    if (argv.empty()) argv = {"/bin/sh", "-c"};
    argv.push_back(std::move(line));
    return argv;
}

}  // namespace

RunProgram run_program(const Run& run, std::span<const std::string> shell) {
    if (run.command.exec_form) return {.argv = run.command.words, .script = {}, .script_path = {}};
    std::string line = run.command.words.empty() ? "" : run.command.words[0];
    if (run.heredocs.empty())
        return {.argv = through_shell(shell, std::move(line)), .script = {}, .script_path = {}};
    if (find_heredoc(line)) {
        const Heredoc& document = run.heredocs[0];
        if (!document.content.starts_with("#!"))
            return {
                .argv = through_shell(shell, document.content), .script = {}, .script_path = {}};
        const std::string path = "/dev/pipes/" + document.name;
        return {.argv = {path}, .script = document.content, .script_path = path};
    }
    for (const Heredoc& document : run.heredocs)
        line += "\n" + document.raw_content + document.name;
    return {.argv = through_shell(shell, std::move(line)), .script = {}, .script_path = {}};
}

}  // namespace skiff::dockerfile
