// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

namespace skiff {

/// For a new child: the kernel kills it when `parent` ends (the thread that cloned it, and getpid()
/// asked there before), also when that has happened already. Any change of credentials clears the
/// signal, so this comes after the last one. Throws SystemError. prctl(2), PR_SET_PDEATHSIG
void die_with(pid_t parent);

}  // namespace skiff
