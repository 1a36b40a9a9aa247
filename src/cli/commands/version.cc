// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include <sys/utsname.h>

#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct VersionOptions {};

void declare(CommandBuilder&, VersionOptions&) {}

ExitCode run(const VersionOptions&) {
    utsname machine{};
    if (uname(&machine) != 0) throw SystemError(errno, "cannot ask the kernel for its version");
#if defined(__x86_64__)
    constexpr std::string_view architecture = "amd64";
#elif defined(__aarch64__)
    constexpr std::string_view architecture = "arm64";
#else
    const std::string_view architecture = machine.machine;
#endif
    print(
        fmt::format("Client: skiff\n"
                    " Version:           {}\n"
                    " OS/Arch:           linux/{}\n"
                    " Kernel:            {}\n"
                    " Compiler:          {}\n"
                    " Linked:            {}\n",
                    SKIFF_VERSION, architecture, machine.release, __VERSION__, SKIFF_LINKED));
    return ExitCode::ok;
}

}  // namespace

Command version_command() {
    return make_command<VersionOptions>(declare, run);
}

}  // namespace skiff::cli
