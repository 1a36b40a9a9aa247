// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/newer_syscalls.h"

#include <array>

#include <seccomp.h>

namespace skiff::runtime {
namespace {

struct Row {
    std::string_view name;
    int number;
};

constexpr std::array shared_numbers{
    Row{"process_mrelease", 448},
    Row{"futex_waitv", 449},
    Row{"set_mempolicy_home_node", 450},
    Row{"cachestat", 451},
    Row{"fchmodat2", 452},
    Row{"map_shadow_stack", 453},
    Row{"futex_wake", 454},
    Row{"futex_wait", 455},
    Row{"futex_requeue", 456},
    Row{"statmount", 457},
    Row{"listmount", 458},
    Row{"lsm_get_self_attr", 459},
    Row{"lsm_set_self_attr", 460},
    Row{"lsm_list_modules", 461},
    Row{"mseal", 462},
    Row{"setxattrat", 463},
    Row{"getxattrat", 464},
    Row{"listxattrat", 465},
    Row{"removexattrat", 466},
    Row{"open_tree_attr", 467},
    Row{"file_getattr", 468},
    Row{"file_setattr", 469},
};

}  // namespace

std::optional<int> find_newer_syscall(std::string_view name, std::uint32_t architecture) {
    for (const Row& row : shared_numbers)
        if (row.name == name) return row.number;
    // x86-64 alone, in a gap of its old numbers (Linux 6.11).
    if (name == "uretprobe" && architecture == SCMP_ARCH_X86_64) return 335;
    return std::nullopt;
}

}  // namespace skiff::runtime
