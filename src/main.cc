// SPDX-License-Identifier: Apache-2.0
// Chooses the role of this process: the command line, or, under the names that skiff executes
// itself by, the monitor of one container, its network helper, or the session of one `exec`. The
// container's init is no role of its own: the monitor clones it (runtime/init/).
#include "cli/main.h"

#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "engine/container/exec_role.h"
#include "engine/container/monitor_role.h"
#include "network/helper_role.h"

namespace {

/// A caller may start us with a closed stdin, stdout or stderr. Its number would then go to the
/// next thing opened (a lock, a socket to the monitor), and be read or written as the standard
/// stream.
void open_standard_streams() {
    int number = 0;
    while (number >= 0 && number <= STDERR_FILENO) number = open("/dev/null", O_RDWR);
    if (number > STDERR_FILENO) close(number);
}

}  // namespace

int main(int argc, char** argv) {
    open_standard_streams();
    if (argc > 0 && std::strcmp(argv[0], "skiff-monitor") == 0)
        return skiff::engine::monitor_role(argc, argv);
    if (argc > 0 && argv[0] == skiff::engine::exec_program_name)
        return skiff::engine::exec_role(argc, argv);
    if (argc > 0 && std::strcmp(argv[0], skiff::network::helper_program_name) == 0)
        return skiff::network::helper_role(argc, argv);
    return skiff::cli::cli_main(argc, argv);
}
