// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace skiff::engine {

/// "adjective_noun" of our own lists, about 12,000 pairs; with `attempt` > 3 a digit follows, so
/// that a crowded store ends the search.
std::string random_name(unsigned attempt);

}  // namespace skiff::engine
