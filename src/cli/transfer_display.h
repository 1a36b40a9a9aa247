// SPDX-License-Identifier: Apache-2.0
// A transfer as Docker shows it: on a terminal a line per layer with a bar, elsewhere a plain line
// per step, quietly nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/engine.h"
#include "engine/registry/transfer_progress.h"

namespace skiff::cli {

enum class TransferOutput {
    data,    ///< standard output: the command is about the transfer
    people,  ///< standard error: it happens on the way (run, create)
    none,    ///< -q
};

/// Writes at once, from whichever thread and process: nothing is buffered.
std::unique_ptr<engine::TransferProgress> make_transfer_display(TransferOutput output);

/// "[=====>     ]  12.3MB/45.6MB", as long as `width` allows; without a known total only the bytes.
std::string progress_bar(std::uint64_t current, std::uint64_t total, size_t width);

/// For `run` and `create`: brings the image of `request` as Docker shows it, on standard error.
std::function<void(const std::string& image, bool missing)> bring_image(
    const engine::Engine& engine, const std::string& platform, bool quiet);

/// Ends the process by the signal that ended a transfer, if one did.
void end_by_transfer_signal();

}  // namespace skiff::cli
