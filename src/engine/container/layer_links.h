// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

/// By what overlay is told of these layers (chain ids, base first) of a stored image: names below
/// data/l, top first. Throws Error{not_found} where one is missing; `image` is for the message.
std::vector<std::string> layer_links(const Engine& engine, const std::vector<std::string>& layers,
                                     const std::string& image);

}  // namespace skiff::engine
