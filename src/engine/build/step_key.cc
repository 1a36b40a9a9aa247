// SPDX-License-Identifier: Apache-2.0
#include "engine/build/step_key.h"

#include <fmt/format.h>

#include "storage/archive/sha256.h"

namespace skiff::engine {

void StepKey::add(std::string name, std::string value) {
    parts_.emplace_back(std::move(name), std::move(value));
}

oci::Digest StepKey::digest() const {
    // The number changes when steps come to mean something else.
    std::string text = "skiff build step 2\n";
    for (const auto& [name, value] : parts_)
        text += fmt::format("{}:{}{}:{}", name.size(), name, value.size(), value);
    return *oci::Digest::from_hex(storage::sha256_hex(text));
}

}  // namespace skiff::engine
