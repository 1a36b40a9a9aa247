// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/cid_file.h"
#include "cli/container_flags.h"
#include "cli/output.h"
#include "cli/transfer_display.h"
#include "engine/container/run.h"

namespace skiff::cli {
namespace {

ExitCode run(engine::Engine& engine, const ContainerFlags& flags) {
    const engine::CreateRequest request = make_request(flags);
    warn_of_discarded_ports(request);
    CidFile cid_file(flags.cidfile);
    const std::string id = engine::create_container(
        engine, request, bring_image(engine, request.platform, flags.quiet));
    cid_file.write(id);
    print_line(id);
    return ExitCode::ok;
}

}  // namespace

Command create_command() {
    return make_command<ContainerFlags>(declare_container_flags, run);
}

}  // namespace skiff::cli
