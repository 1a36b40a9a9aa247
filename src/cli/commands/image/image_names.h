// SPDX-License-Identifier: Apache-2.0
// What the shell may offer where an image is named.
#pragma once

#include "cli/command.h"

namespace skiff::cli {

/// References, else ids, of the images in the store.
std::vector<std::string> ask_images(const engine::EngineOptions& options);

namespace complete {
inline constexpr Completer images{.kind = Completer::Kind::ask, .choices = {}, .ask = ask_images};
}  // namespace complete

}  // namespace skiff::cli
