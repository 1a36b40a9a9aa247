// SPDX-License-Identifier: Apache-2.0
// The header WWW-Authenticate: what a registry wants to see before it answers (RFC 9110, 11.6.1).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::registry {

struct Challenge {
    std::string scheme;                             ///< lower case: "bearer", "basic"
    std::map<std::string, std::string> parameters;  ///< names in lower case

    /// "" when absent.
    std::string parameter(const std::string& name) const;
};

/// All challenges of one header value, in order. What is malformed ends the list: a server that
/// writes nonsense is answered by what was understood of it. Reads at most 8 KiB and 16 challenges.
std::vector<Challenge> parse_challenges(std::string_view text);

}  // namespace skiff::registry
