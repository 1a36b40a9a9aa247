// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/push.h"

#include <array>

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/output.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"disable-content-trust"}};

struct PushOptions {
    engine::PushRequest request;
    bool quiet = false;
};

void declare(CommandBuilder& command, PushOptions& options) {
    command.flag("-a,--all-tags", options.request.all_tags,
                 "Push every tag that the repository has here");
    command.option("--platform", options.request.platform, "string",
                   "Refuse an image that is not for this os/architecture");
    command.flag("-q,--quiet", options.quiet, "Print only the full name of the image");
    command.argument("NAME[:TAG]", options.request.image, complete::images);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const PushOptions& options) {
    const auto display =
        make_transfer_display(options.quiet ? TransferOutput::none : TransferOutput::data);
    try {
        const auto names = engine::push_images(engine, options.request, *display);
        if (options.quiet)
            for (const std::string& name : names) print_line(name);
    } catch (const Error&) {
        end_by_transfer_signal();
        throw;
    }
    return ExitCode::ok;
}

}  // namespace

Command push_command() {
    return make_command<PushOptions>(declare, run);
}

}  // namespace skiff::cli
