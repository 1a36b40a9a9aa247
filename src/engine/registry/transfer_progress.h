// SPDX-License-Identifier: Apache-2.0
// What a transfer tells while it runs. Rootless it runs in a child, so whoever listens must write
// what it has to say itself, at once.
#pragma once

#include <cstdint>
#include <string>

namespace skiff::engine {

enum class LayerStep {
    pulling,      ///< known, not begun
    waiting,      ///< another command has it now
    downloading,  ///< with current and total bytes
    retrying,     ///< the connection broke, and goes on where it was
    verifying,    ///< all bytes are there
    downloaded,   ///< and are the right ones
    extracting,   ///< with current and total compressed bytes
    pulled,
    already_exists,  ///< in the store
    preparing,       ///< to be pushed
    pushing,         ///< with current and total bytes
    pushed,
    layer_exists,  ///< at the registry
    mounted,       ///< from another repository, `text`
};

struct LayerEvent {
    std::string id;  ///< twelve digits
    LayerStep step = LayerStep::pulling;
    std::uint64_t current = 0;
    std::uint64_t total = 0;
    std::string text = {};
};

/// Called from several threads at once.
class TransferProgress {
  public:
    TransferProgress() = default;
    TransferProgress(const TransferProgress&) = delete;
    TransferProgress& operator=(const TransferProgress&) = delete;
    virtual ~TransferProgress() = default;

    virtual void line(const std::string& text) = 0;
    virtual void layer(const LayerEvent& event) = 0;
    /// All layers of one image are done, or were given up: what follows is below them.
    virtual void end() = 0;
};

}  // namespace skiff::engine
