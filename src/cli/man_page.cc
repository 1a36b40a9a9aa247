// SPDX-License-Identifier: Apache-2.0
#include "cli/man_page.h"

#include "base/text.h"
#include "cli/help.h"

namespace skiff::cli {
namespace {

/// Text of one line: a leading '.' or ''' would be a request, '-' alone would become a typographic
/// hyphen.
std::string escaped(std::string_view text) {
    std::string result;
    if (text.starts_with('.') || text.starts_with('\'')) result = "\\&";
    for (const char c : text) {
        if (c == '\\') {
            result += "\\e";
        } else if (c == '-') {
            result += "\\-";
        } else {
            result += c;
        }
    }
    return result;
}

/// Text with `code` and **bold**, both as bold.
std::string with_markup(std::string_view text) {
    std::string result;
    bool bold = false;
    std::string plain;
    const auto change = [&](bool now) {
        result += result.empty() ? escaped(plain) : escaped("\x01" + plain).substr(1);
        plain.clear();
        if (now != bold) result += now ? "\\fB" : "\\fR";
        bold = now;
    };
    while (!text.empty()) {
        const size_t mark = text.starts_with("**") ? 2 : text.starts_with('`') ? 1 : 0;
        if (mark > 0) {
            change(!bold);
            text.remove_prefix(mark);
        } else {
            plain += text.front();
            text.remove_prefix(1);
        }
    }
    change(false);
    return result;
}

bool is_block(std::string_view line) {
    return line.starts_with("    ");
}

std::string prose_to_roff(std::string_view prose) {
    std::string text;
    bool in_block = false;
    bool in_paragraph = false;
    for (std::string_view line : split(prose, '\n')) {
        if (in_block && !is_block(line)) {
            text += ".EE\n.RE\n";
            in_block = false;
            in_paragraph = false;
        }
        if (line.starts_with("## ")) {
            text += ".SH " + escaped(to_upper(line.substr(3))) + "\n";
            in_paragraph = false;
        } else if (trim(line).empty()) {
            in_paragraph = false;
        } else if (is_block(line)) {
            if (!in_block) text += ".PP\n.RS 4\n.EX\n";
            in_block = true;
            text += escaped(line.substr(4)) + "\n";
        } else if (line.starts_with("- ")) {
            text += ".IP \\[u2022] 2\n" + with_markup(line.substr(2)) + "\n";
            in_paragraph = true;
        } else {
            if (!in_paragraph) text += ".PP\n";
            in_paragraph = true;
            text += with_markup(trim(line)) + "\n";
        }
    }
    if (in_block) text += ".EE\n.RE\n";
    return text;
}

std::string options_to_roff(const CommandBuilder& command) {
    std::string text;
    for (const OptionSpec* option : sorted_options(command)) {
        text += ".TP\n\\fB" + escaped(option->display_name()) + "\\fR";
        if (!option->value_name.empty())
            text += fmt::format(" \\fI{}\\fR", escaped(option->value_name));
        text += "\n" + escaped(option_text(*option)) + "\n";
    }
    return text;
}

std::string heading(std::string_view page, std::string_view summary) {
    std::string first(summary);
    return fmt::format(".TH {} 1 \"\" \"skiff {}\" \"skiff\"\n.SH NAME\n{} \\- {}\n",
                       to_upper(escaped(page)), SKIFF_VERSION, escaped(page), escaped(first));
}

}  // namespace

std::string man_page(const CommandRow& row, std::string_view prose) {
    const Command command = row.make();
    CommandBuilder builder;
    command->declare(builder);
    std::string text = heading("skiff-" + row.page_name(), row.summary);
    text += ".SH SYNOPSIS\n";
    std::vector<std::string> paths = all_paths(row);
    if (paths.empty()) paths.push_back(row.short_path());
    for (const std::string& path : paths) {
        if (path != paths.front()) text += ".br\n";
        text += fmt::format("\\fB{}\\fR {}\n", escaped(path), escaped(builder.usage_text()));
    }
    // Description first, then the options, then the rest of the prose, as manuals do.
    const size_t second = prose.find("\n## ");
    const std::string_view description = prose.substr(0, second);
    text += prose_to_roff(description);
    if (!builder.options().empty()) text += ".SH OPTIONS\n" + options_to_roff(builder);
    if (second != std::string_view::npos) text += prose_to_roff(prose.substr(second + 1));
    return text + ".SH SEE ALSO\n\\fBskiff\\fR(1)\n";
}

std::string top_man_page(std::string_view prose) {
    GlobalOptions options;
    CommandBuilder builder;
    declare_globals(builder, options);
    std::string text = heading("skiff", "containers without a daemon and without root");
    text += fmt::format(".SH SYNOPSIS\n\\fBskiff\\fR {}\n", escaped(builder.usage_text()));
    const size_t second = prose.find("\n## ");
    text += prose_to_roff(prose.substr(0, second));
    text += ".SH COMMANDS\n";
    for (const CommandRow& row : all_commands()) {
        if (row.section == Section::hidden) continue;
        text += fmt::format(".TP\n\\fBskiff\\-{}\\fR(1)\n{}\n", escaped(row.page_name()),
                            escaped(row.summary));
    }
    text += ".SH OPTIONS\nThese stand before the command.\n" + options_to_roff(builder);
    if (second != std::string_view::npos) text += prose_to_roff(prose.substr(second + 1));
    return text;
}

std::vector<std::string> examples_in(std::string_view prose) {
    std::vector<std::string> examples;
    bool goes_on = false;
    for (std::string_view line : split(prose, '\n')) {
        if (!is_block(line)) {
            goes_on = false;
            continue;
        }
        line = trim(line);
        const bool next = line.ends_with('\\');
        if (next) line = trim(line.substr(0, line.size() - 1));
        if (goes_on) {
            examples.back().append(" ").append(line);
        } else if (line.starts_with("$ ")) {
            examples.emplace_back(line.substr(2));
        } else {
            continue;  // output
        }
        goes_on = next;
    }
    return examples;
}

}  // namespace skiff::cli
