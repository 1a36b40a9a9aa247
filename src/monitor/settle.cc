// SPDX-License-Identifier: Apache-2.0
#include "monitor/settle.h"

#include <cerrno>

#include <malloc.h>

#include <sys/prctl.h>

#include "base/error.h"

namespace skiff::monitor {

void settle(const std::string& name) {
    prctl(PR_SET_NAME, name.c_str(), 0, 0, 0);  // cannot fail; longer names are cut
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        throw SystemError(errno, "cannot make the monitor's memory unreadable for others");
    malloc_trim(0);
}

}  // namespace skiff::monitor
