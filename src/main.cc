// SPDX-License-Identifier: Apache-2.0
// Chooses the role of this process: the command line, or, under the name that `run` and `start`
// execute us by, the monitor of one container. The container's init is no role of its own: the
// monitor clones it (runtime/init/).
#include "cli/main.h"

#include <cstring>

#include "engine/container/monitor_role.h"

int main(int argc, char** argv) {
    if (argc > 0 && std::strcmp(argv[0], "skiff-monitor") == 0)
        return skiff::engine::monitor_role(argc, argv);
    return skiff::cli::cli_main(argc, argv);
}
