// SPDX-License-Identifier: Apache-2.0
#include "engine/container/create.h"

#include <cerrno>
#include <set>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "engine/config.h"
#include "engine/container/account_entries.h"
#include "engine/container/cdi_devices.h"
#include "engine/container/health.h"
#include "engine/container/id_layout.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/random_name.h"
#include "engine/container/remove.h"
#include "engine/container/settle_mounts.h"
#include "engine/container/spec_builder.h"
#include "engine/container/sysctls.h"
#include "engine/container/systemd_mode.h"
#include "engine/container/time_zone.h"
#include "engine/image/find.h"
#include "engine/image/run_image.h"
#include "engine/registry/pull.h"
#include "engine/secret/secrets.h"
#include "engine/shared_namespace.h"

namespace skiff::engine {
namespace {

constexpr unsigned name_attempts = 64;
constexpr size_t id_bytes = 32;

void remove_holder(const Engine& engine, const std::string& name) {
    try {
        remove_container(engine, name, {.force = true});
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) throw;
    }
}

std::string take_name(const Engine& engine, const std::string& wanted, const std::string& id) {
    if (!wanted.empty()) {
        try {
            claim_name(engine, wanted, id);
        } catch (const Error& error) {
            // The holder may be what a killed process left.
            if (error.kind() != ErrorKind::conflict) throw;
            repair(engine);
            claim_name(engine, wanted, id);
        }
        return wanted;
    }
    for (unsigned attempt = 0;; ++attempt) {
        std::string name = random_name(attempt);
        try {
            claim_name(engine, name, id);
            return name;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::conflict || attempt == name_attempts) throw;
        }
    }
}

/// What comes with skiff itself is in no registry, and never old.
bool is_built_in(const std::optional<RunImage>& image) {
    return image && !image->built_in.empty();
}

bool serves_platform(const RunImage& image, const std::string& wanted) {
    return wanted.empty() || !image.built_in.empty() ||
           oci::suitability(oci::parse_platform(wanted), image.platform) > 0;
}

RunImage find_or_bring_image(const Engine& engine, const CreateRequest& request,
                             const BringImage& bring) {
    std::optional<RunImage> image = find_run_image(engine, request.image);
    if (image && !serves_platform(*image, request.platform)) image.reset();
    const bool missing = !image;
    bool wanted = missing && request.pull != PullPolicy::never;
    if (request.pull == PullPolicy::always) wanted = !is_built_in(image);
    if (request.pull == PullPolicy::newer && !missing && !is_built_in(image))
        wanted = registry_has_newer(engine, request.image);
    if (wanted && can_be_pulled(request.image)) {
        // Not while its lease is held: the one that is pulled may take its place.
        image.reset();
        bring(request.image, missing);
        image = find_run_image(engine, request.image);
    }
    if (!image) throw_no_such_image(request.image);
    return *std::move(image);
}

}  // namespace

int stop_signal_of(const ContainerRecord& record) {
    return find_signal(record.config.stop_signal).value_or(SIGTERM);
}

EffectiveConfig merge_config(const oci::UntrustedImageConfig& image,
                             const std::map<std::string, std::string>& image_labels,
                             const CreateRequest& request) {
    EffectiveConfig config;
    config.entrypoint = request.entrypoint ? *request.entrypoint : image.entrypoint;
    if (!request.command.empty()) {
        config.command = request.command;
    } else if (!request.entrypoint) {
        config.command = image.command;
    }
    config.environment = request.default_environment.base;
    for (const std::string& variable : image.environment)
        set_variable(config.environment, variable);
    std::erase_if(config.environment, [&](const std::string& variable) {
        return is_unset(request.default_environment, variable);
    });
    for (const std::string& variable : request.environment)
        set_variable(config.environment, variable);
    config.user = request.user.empty() ? image.user : request.user;
    config.working_directory =
        request.working_directory.empty() ? image.working_directory : request.working_directory;
    if (!config.working_directory.empty() && config.working_directory[0] != '/')
        config.working_directory.insert(0, "/");
    config.hostname = request.hostname;
    config.stop_signal = request.stop_signal.empty() ? image.stop_signal : request.stop_signal;
    if (config.stop_signal.empty() && runs_systemd(request.systemd, config))
        config.stop_signal = systemd_stop_signal;
    config.labels = image_labels;
    for (const auto& [key, value] : request.labels) config.labels[key] = value;
    std::set<std::string> ports = image.exposed_ports;
    ports.insert(request.expose.begin(), request.expose.end());
    for (const PortRequest& port : request.publish)
        ports.insert(port_key(port.container_port, port.protocol));
    config.exposed_ports.assign(ports.begin(), ports.end());
    config.health = merge_health(image.healthcheck, request.health);
    config.health_shell = image.health_shell;
    config.volumes.assign(image.volumes.begin(), image.volumes.end());
    return config;
}

namespace {

/// --rootfs DIR[:O]: no image, and nothing that a registry could change.
RunImage directory_as_image(const std::string& text) {
    RunImage image;
    image.name = text;
    return image;
}

void settle_rootfs(const Engine& engine, ContainerRecord& record) {
    std::string path = record.request.image;
    if (path.ends_with(":O")) {
        record.rootfs_overlay = true;
        path.resize(path.size() - 2);
    }
    const Fd directory = open_file(path, O_PATH | O_DIRECTORY);
    record.rootfs = find_link(AT_FDCWD, fmt::format("/proc/self/fd/{}", directory.get())).value();
    if (record.rootfs == "/")
        throw Error(ErrorKind::invalid, "--rootfs /: the host's own root is no container's");
    // The sockets and files of every container would be in reach of this one.
    for (const std::string& own : {engine.run_root(), engine.root()})
        if ((own + "/").starts_with(record.rootfs + "/"))
            throw Error(ErrorKind::denied, "--rootfs {}: skiff's own directory '{}' lies in it",
                        record.rootfs, own);
}

/// By id, so that a rename changes nothing.
void settle_requirements(const Engine& engine, CreateRequest& request) {
    for (std::string& name : request.requirements) {
        const ContainerFiles required = find_container(engine, name);
        mark_required(required);
        name = required.id();
    }
}

}  // namespace

CreatedContainer make_container(const Engine& engine, const CreateRequest& request, bool by_run,
                                const BringImage& bring) {
    check_resources(request.resources);
    refuse_single_id(engine);
    // Held until the record names the layers: from then on they are reachable without it.
    RunImage image = request.rootfs ? directory_as_image(request.image)
                                    : find_or_bring_image(engine, request, bring);
    engine.phases().mark("image");

    ContainerRecord record;
    record.id = random_hex(id_bytes);
    record.created = now();
    record.image_id = image.id;
    record.image_name = image.name;
    record.built_in = image.built_in;
    record.layers = image.layers;
    record.request = request;
    if (wants_cdi_devices(request)) record.request.cdi_directories = engine.cdi_directories();
    if (load_config(engine).no_new_privileges) record.request.security.no_new_privileges = true;
    if (request.rootfs) settle_rootfs(engine, record);
    if (!request.timezone.empty()) read_time_zone(request.timezone);
    record.host_accounts = host_account_lines(request.accounts.host_users);
    settle_requirements(engine, record.request);
    record.config = merge_config(image.config, image.labels, request);
    merge_volume_paths(request, record.config);
    record.by_run = by_run;
    record.run_root = engine.run_root();
    settle_namespaces(engine, record);
    const std::optional<FileLock> taking_ids = settle_id_maps(engine, record);
    check_sysctls(record.request);
    if (record.config.entrypoint.empty() && record.config.command.empty())
        throw Error(ErrorKind::invalid,
                    "no command specified: the image {} has none, so say what to run in it",
                    quoted(request.image));

    NewContainer made = make_container_directory(engine, record.id);
    SettledMounts mounts;
    ScopeExit discard([&] {
        mounts.volumes.unlock();
        forget_mounts(engine, record);
        delete_trash(discard_container(engine, made.files, record.name));
    });
    settle_secrets(engine, made.files.directory(), record.request);
    if (request.replace) remove_holder(engine, request.name);
    // The link first: a holder without a record but with a held lock counts as taken, so nobody
    // else gets the name, and the container appears with its final name or not at all.
    record.name = take_name(engine, request.name, record.id);
    mounts = settle_mounts(engine, record);
    made.files.write_record(record, request.auto_remove ? Durability::none : Durability::sync);
    discard.release();
    return {std::move(made.files), std::move(record), std::move(made.lock)};
}

}  // namespace skiff::engine
