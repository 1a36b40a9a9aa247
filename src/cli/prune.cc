// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include <array>
#include <iostream>

#include "base/moment.h"
#include "base/text.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr std::array<std::string_view, 3> filter_names{"label", "label!", "until"};

}  // namespace

void declare_prune_filter(CommandBuilder& command, format::Filters& filters) {
    command.parsed(
        "--filter", [&filters](std::string_view text) { filters.add(text); }, "filter",
        "Take only what agrees with label=KEY[=VALUE], label!=KEY[=VALUE] or until=TIME",
        complete::words("label= label!= until="));
}

Timestamp prune_limit(const format::Filters& filters) {
    filters.check_names(filter_names);
    const std::vector<std::string>& values = filters.values("until");
    if (values.empty()) return Timestamp::max();
    if (values.size() > 1) throw Error(ErrorKind::invalid, "more than one until filter specified");
    return with_context([&] { return parse_moment(values[0], now()); },
                        "invalid value for \"until\"");
}

bool ask_to_prune(std::string_view warning) {
    print_for_people(fmt::format("WARNING! {}\n", warning));
    print_for_people("Are you sure you want to continue? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    answer = to_lower(trim(answer));
    return answer == "y" || answer == "yes";
}

}  // namespace skiff::cli
