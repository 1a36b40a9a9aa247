// SPDX-License-Identifier: Apache-2.0
#include "base/die_with.h"

#include <cerrno>

#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>

#include "base/error.h"

namespace skiff {

void die_with(pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        throw SystemError(errno, "cannot ask for a signal at the end of the parent");
    if (getppid() != parent) _exit(128 + SIGKILL);
}

}  // namespace skiff
