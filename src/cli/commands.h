// SPDX-License-Identifier: Apache-2.0
// The map of the product: every command, its names and its summary, in one explicit table.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace skiff::cli {

/// Where `skiff --help` lists a command.
enum class Section { common, container, image, other, hidden };

struct CommandRow {
    std::string_view group;      ///< "container": `skiff container run`; "" : only at top level
    std::string_view name;       ///< within the group
    std::string_view aliases;    ///< within the group, separated by blanks
    std::string_view top_level;  ///< its name as `skiff NAME`, or "" where it has none
    Section section = Section::other;
    ExitRules exit_rules = ExitRules::objects;
    std::string_view summary;
    Command (*make)() = nullptr;

    bool has_name(std::string_view word) const;  ///< `name` or one of `aliases`
    /// The name of its man page, and of man/<…>.md: "run", "image-inspect".
    std::string page_name() const;
    /// "skiff run": the shortest way to type it.
    std::string short_path() const;
};

struct GroupRow {
    std::string_view name;
    std::string_view summary;
};

std::span<const CommandRow> all_commands();
std::span<const GroupRow> all_groups();

/// What the first words of a command line name.
struct ResolvedCommand {
    const CommandRow* row = nullptr;  ///< set for a command
    const GroupRow* group =
        nullptr;       ///< set without `row`: a group alone, or followed by an unknown word
    std::string path;  ///< "skiff container ls", as typed
    size_t words = 0;  ///< how many words belong to the path
};
/// Neither row nor group: the first word is unknown.
ResolvedCommand resolve_command(std::span<const std::string_view> words);

/// The known name at top level (`group` empty) or in `group` that is most like `word`, "" if none
/// is near.
std::string_view nearest_name(std::string_view word, std::string_view group);

}  // namespace skiff::cli
