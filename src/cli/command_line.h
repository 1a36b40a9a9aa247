// SPDX-License-Identifier: Apache-2.0
// From the words of a command line to the values of a declared command, by the rules people know
// from Docker.
//
// Two steps. `read_words` splits the words into occurrences of options and arguments; it decides
// what ends an option list, where a value is, and what is unknown. CLI11 would decide some of this
// otherwise: it takes "-e=X" as the value "=X",
// "--name=" as a request for the next word, "[a,b]" as a list and "yes" as true. `store_values`
// then hands those occurrences, in a form without any such doubt, to CLI11, which converts and
// stores them. Declaring an option costs CLI11 about 3 us, so it is told only about those that
// occur.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace skiff::cli {

struct Occurrence {
    const OptionSpec* option = nullptr;
    std::string value;  ///< flags: "true" or "false"
};

struct CommandWords {
    std::vector<Occurrence> options;
    std::vector<std::string> arguments;
    bool help = false;  ///< --help or -h was met; reading stopped there
};

/// Of several mistakes the leftmost is reported, so values left of one are stored before it is
/// thrown. Throws Error: usage for unknown or incomplete options, unsupported for options that only
/// Docker has.
CommandWords read_words(const CommandBuilder& command, std::span<const std::string_view> words);

/// Stores the options' values. Throws Error{usage} `invalid argument "x" for "--y" flag: why`.
void store_values(const std::vector<Occurrence>& occurrences);

/// Stores the arguments; what is wrong with their count ("requires at least 1 argument"), or "".
std::string store_arguments(const CommandBuilder& command, std::vector<std::string> arguments);

}  // namespace skiff::cli
