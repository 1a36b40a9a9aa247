// SPDX-License-Identifier: Apache-2.0
// Single files and directories of control groups.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/location.h"

namespace skiff::runtime {

/// `directory` is a group of this version.
bool is_control_group(int directory, bool unified);

/// "/a" of "/a/b"; "" of "/a".
std::string directory_of(const std::string& path);
/// "b" of "/a/b".
std::string name_of(const std::string& path);

/// "" when there is no such file, or no such group any more.
std::string read_text(int directory, const std::string& name);
/// False when there is no such file or the kernel refuses; errno is then set.
bool write_text(int directory, const std::string& name, std::string_view text);
/// Whether one of the words that blanks separate is `word`.
bool has_word(std::string_view text, std::string_view word);

/// The parent of a group: "skiff" or what --cgroup-parent names, to be made if missing, or a scope,
/// which is there. Hands on `controllers` (names of v1) where v2 needs that and it can be.
/// Throws SystemError.
Fd open_parent(const ContainerGroup& group, const std::vector<std::string_view>& controllers);
/// A v1 group of cpuset takes no process before it has CPUs and memory nodes, and begins without.
void inherit_cpuset(int parent, int group);

}  // namespace skiff::runtime
