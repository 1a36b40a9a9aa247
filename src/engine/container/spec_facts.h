// SPDX-License-Identifier: Apache-2.0
// What this machine says about a container to be: the facts that spec_builder and plan_builder work
// on.
#pragma once

#include <optional>

#include "engine/container/container_files.h"
#include "engine/container/spec_builder.h"
#include "runtime/plan/plan_builder.h"
#include "runtime/seccomp/program.h"

namespace skiff::engine {

/// For a launch: `host` was asked in the monitor.
SpecFacts spec_facts(const Engine& engine, const runtime::HostFacts& host,
                     const ContainerFiles& files, const ContainerRecord& record,
                     runtime::ConsoleSize size);
/// For a document that people read, made outside of the monitor's user namespace: with the seccomp
/// profile.
SpecFacts documented_spec_facts(const Engine& engine, const ContainerFiles& files,
                                const ContainerRecord& record);

/// The filter of the record; nothing for seccomp=unconfined, and for --privileged without a profile.
std::optional<runtime::SeccompRequest> seccomp_request(const ContainerRecord& record,
                                                       runtime::CapabilitySet capabilities);

/// gethostname(2).
std::string host_name();

}  // namespace skiff::engine
