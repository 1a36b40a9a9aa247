// SPDX-License-Identifier: Apache-2.0
#include "engine/container/spec_facts.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include <unistd.h>

#include <linux/capability.h>

#include "base/error.h"
#include "engine/container/cdi_devices.h"
#include "engine/container/devices.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/nested_engine.h"
#include "engine/container/nested_maps.h"
#include "engine/shared_namespace.h"
#include "runtime/capabilities/capability_set.h"

namespace skiff::engine {

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) < 0)
        throw SystemError(errno, "cannot ask for the host name");
    return name.data();
}

SpecFacts spec_facts(const Engine& engine, const runtime::HostFacts& host,
                     const ContainerFiles& files, const ContainerRecord& record,
                     runtime::ConsoleSize size) {
    SpecFacts facts;
    facts.in_user_namespace = host.in_user_namespace;
    facts.available_capabilities = host.available_capabilities;
    facts.has_tty_group = host.has_tty_group;
    facts.has_host_mqueue = access("/dev/mqueue", F_OK) == 0;
    facts.host_hostname = host_name();
    facts.container_directory = files.path();
    EtcOwner etc = etc_owner(engine, record);
    facts.etc_directory = std::move(etc.directory);
    facts.has_hosts_file = etc.has_hosts;
    const NamespaceModes& modes = record.request.namespaces;
    for (const std::string& mode : {modes.network, modes.ipc, modes.pid})
        if (!shared_container(mode).empty()) facts.namespaces[mode] = namespaces_path(engine, mode);
    facts.volumes_directory = files.volumes_path();
    facts.rows = size.rows;
    facts.columns = size.columns;
    return facts;
}

namespace {

/// What is not there at the moment is left out.
void find_devices(const Engine& engine, const CreateRequest& request, SpecFacts& facts) {
    for (const DeviceRequest& device : wanted_devices(request)) {
        try {
            std::ranges::move(gather_devices({device}), std::back_inserter(facts.devices));
        } catch (const Error&) {
            continue;
        }
    }
    try {
        CdiDevices cdi = find_cdi_devices(request, engine.rootless());
        add_to_facts(cdi, facts);
        std::ranges::move(cdi.nodes, std::back_inserter(facts.devices));
    } catch (const Error&) {
        return;
    }
}

}  // namespace

SpecFacts documented_spec_facts(const Engine& engine, const ContainerFiles& files,
                                const ContainerRecord& record) {
    runtime::HostFacts host;
    host.in_user_namespace = engine.rootless();
    constexpr std::uint32_t tty_group = 5;
    host.has_tty_group =
        !engine.rootless() || to_outside(store_id_maps(engine).gids, tty_group).has_value();
    host.available_capabilities =
        (engine.rootless() ? runtime::kernel_capabilities() : runtime::caller_capabilities())
            .bits();
    if (record.id_maps) host = facts_of_nested(host, *record.id_maps);
    SpecFacts facts = spec_facts(engine, host, files, record, {});
    find_devices(engine, record.request, facts);
    if (record.id_maps) describe_maps(*record.id_maps, facts);
    if (wants_device_group(record.request) && !engine.rootless())
        facts.device_rules = device_rules(record.request, facts.devices);
    const SecurityRequest& security = record.request.security;
    const runtime::CapabilitySet available(host.available_capabilities);
    const runtime::CapabilitySet bounding =
        security.privileged
            ? available
            : runtime::resolve_capabilities(security.cap_add, security.cap_drop, available);
    if (const auto request = seccomp_request(record, bounding))
        facts.seccomp = runtime::oci_seccomp(*request);
    return facts;
}

std::optional<runtime::SeccompRequest> seccomp_request(const ContainerRecord& record,
                                                       runtime::CapabilitySet capabilities) {
    const SecurityRequest& security = record.request.security;
    // As Docker: of --privileged is what nobody asked for.
    const bool given = security.seccomp_is_profile || security.seccomp == "builtin";
    if (!given && (security.privileged || security.seccomp == "unconfined")) return std::nullopt;
    runtime::SeccompRequest request;
    request.capabilities = capabilities;
    if (security.nested && !capabilities.has(CAP_SYS_ADMIN)) {
        // Nothing that an engine needs: the host's messages and quotas, and much of the kernel.
        request.withheld = {"bpf",      "perf_event_open", "fanotify_init", "lookup_dcookie",
                            "quotactl", "quotactl_fd",     "syslog"};
    }
    if (security.nested) {
        request.capabilities.add(CAP_SYS_ADMIN);
        // A container's root is changed by the first, and has, of runc and crun, a session keyring;
        // keyrings of users are the namespace's.
        request.also_allowed = {"pivot_root", "keyctl"};
    }
    if (security.seccomp_is_profile)
        request.profile = {security.seccomp, security.seccomp_file.empty()
                                                 ? "--security-opt seccomp"
                                                 : security.seccomp_file};
    return request;
}

}  // namespace skiff::engine
