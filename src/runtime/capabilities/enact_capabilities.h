// SPDX-License-Identifier: Apache-2.0
// Gives the calling process its capabilities, by system calls alone: runs between clone and exec,
// where nothing may allocate, throw or lock. Functions return 0 or an errno.
//
// Order: limit_bounding_set while CAP_SETPCAP is there, then ids, then set_capabilities.
// Inheritable and ambient sets end up empty: a program of the container could otherwise pass
// capabilities to files that root of the container prepared (CVE-2022-24769). What a user other
// than root has after exec is the kernel's rule: nothing, while the bounding set stays, so that
// setuid programs work.
#pragma once

#include <cstdint>

namespace skiff::runtime {

/// Drops every capability without its bit in `keep` from the bounding set. EPERM without
/// CAP_SETPCAP.
int limit_bounding_set(std::uint64_t keep) noexcept;

/// Effective and permitted become `wanted`, inheritable and ambient empty. EPERM when `wanted` has
/// one that is not permitted now; a process that left uid 0 has none.
int set_capabilities(std::uint64_t wanted) noexcept;

}  // namespace skiff::runtime
