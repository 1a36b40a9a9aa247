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

// In a static program gcc's start files register .eh_frame as a table without an index, and the
// first exception sorts it: 7 ms for each command that reports an error. With these in their place
// nothing is registered, and the unwinder goes by the index that --eh-frame-hdr makes, as in any
// dynamic program. subprojects/dependencies/meson.build asks the linker for both (--wrap); not in a
// library, where a weak reference finds nothing.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
extern "C" {
void __wrap___register_frame_info(const void* begin, void* object);
void* __wrap___deregister_frame_info(const void* begin);
}

void __wrap___register_frame_info(const void* /*begin*/, void* /*object*/) {}
void* __wrap___deregister_frame_info(const void* /*begin*/) {
    return nullptr;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

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
