// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/man_page.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr size_t largest_prose = 1 << 20;

struct ManOptions {
    std::string page;
    std::string prose;
};

void declare(CommandBuilder& command, ManOptions& options) {
    command.optional_argument("PAGE", options.page);
    command.optional_argument("FILE", options.prose, complete::files);
}

/// Without PAGE: the names of all pages, for man/install.
void list_pages() {
    print_line("skiff");
    for (const CommandRow& row : all_commands()) {
        if (row.section != Section::hidden) print_line(row.page_name());
    }
}

ExitCode run(const ManOptions& options) {
    if (options.page.empty()) {
        list_pages();
        return ExitCode::ok;
    }
    const std::string prose = options.prose.empty() ? "" : read_file(options.prose, largest_prose);
    if (options.page == "skiff") {
        print(top_man_page(prose));
        return ExitCode::ok;
    }
    for (const CommandRow& row : all_commands()) {
        if (row.page_name() != options.page) continue;
        print(man_page(row, prose));
        return ExitCode::ok;
    }
    throw Error(ErrorKind::not_found, "no such command: {}", options.page);
}

}  // namespace

Command man_command() {
    return make_command<ManOptions>(declare, run);
}

}  // namespace skiff::cli
