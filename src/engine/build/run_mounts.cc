// SPDX-License-Identifier: Apache-2.0
#include "engine/build/run_mounts.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/build/tree_digest.h"
#include "engine/container/mount_request.h"
#include "storage/archive/sha256.h"

namespace skiff::engine {
namespace {

using Type = dockerfile::RunMount::Type;
using Sharing = dockerfile::RunMount::Sharing;

constexpr size_t max_secret_size = 500U << 10U;  // as BuildKit
constexpr int most_private_copies = 64;

/// `agents`: how many mounts of agents there are before it.
std::string target_of(const dockerfile::RunMount& mount, size_t agents) {
    if (!mount.target.empty()) return mount.target;
    if (mount.type == Type::ssh) return fmt::format("/run/buildkit/ssh_agent.{}", agents);
    return "/run/secrets/" + mount.id;
}

/// As for the mounts of `run`. What stands for procfs would stand for what the kernel says.
void check_target(const std::string& target) {
    const std::string problem =
        target == "/proc" ? "'/proc' cannot be mounted over" : mount_target_problem(target);
    if (!problem.empty()) throw Error(ErrorKind::invalid, "RUN --mount: {}", problem);
}

}  // namespace

RunMounts::RunMounts(const Place& place, const std::vector<dockerfile::RunMount>& mounts,
                     const std::function<CopySource(const std::string& from)>& source_of,
                     const std::function<std::string(const std::string& path)>& absolute)
    : place_(place) {
    size_t agents = 0;
    for (const dockerfile::RunMount& mount : mounts) {
        Entry entry;
        entry.mount = mount;
        if (mount.type != Type::secret || mount.env.empty() || !mount.target.empty())
            entry.target = absolute(target_of(mount, agents));
        if (!entry.target.empty()) check_target(entry.target);
        if (mount.type == Type::bind || !mount.from.empty()) entry.source = source_of(mount.from);
        const std::string number = std::to_string(entries_.size());
        entry.place =
            fmt::format("{}/mount-{}-{}", place.base.lease.staging_path(), random_hex(4), number);
        if (mount.type == Type::secret) read_secret(entry);
        if (mount.type == Type::ssh) {
            find_agent(entry);
            ++agents;
        }
        entries_.push_back(std::move(entry));
    }
}

void RunMounts::read_secret(Entry& entry) const {
    const auto& secrets = place_.request.secrets;
    const auto given = std::ranges::find(secrets, entry.mount.id, &BuildSecret::id);
    if (given == secrets.end()) {
        if (entry.mount.required)
            throw Error(ErrorKind::not_found,
                        "secret {}: not found (give it with --secret id={},src=FILE)",
                        entry.mount.id, entry.mount.id);
        entry.absent = true;
        return;
    }
    if (!given->environment.empty()) {
        const char* value = std::getenv(given->environment.c_str());
        if (value == nullptr)
            throw Error(ErrorKind::not_found, "secret {}: the variable {} is not set",
                        entry.mount.id, given->environment);
        entry.secret = value;
        return;
    }
    entry.secret = with_context([&] { return read_file(given->file, max_secret_size); },
                                "secret {}", entry.mount.id);
}

void RunMounts::find_agent(Entry& entry) const {
    const auto& agents = place_.request.ssh_agents;
    if (const auto given = agents.find(entry.mount.id); given != agents.end()) {
        entry.agent = given->second;
        return;
    }
    if (entry.mount.required)
        throw Error(ErrorKind::not_found,
                    "no SSH key {} forwarded from the client (give an agent with --ssh {})",
                    quoted(entry.mount.id), entry.mount.id);
    entry.absent = true;
}

void RunMounts::start_agents() {
    for (const Entry& entry : entries_) {
        if (entry.agent.empty()) continue;
        const int staging = place_.base.lease.staging();
        const std::string name = entry.place.substr(entry.place.rfind('/') + 1);
        agents_.push_back(
            std::make_unique<SshAgentForward>(place_.engine, staging, name, entry.agent));
    }
}

void RunMounts::own_agent_socket(const Entry& entry) const {
    const int store = place_.base.lease.store().fd();
    if ((entry.mount.uid != 0 || entry.mount.gid != 0) &&
        fchownat(store, entry.place.c_str(), entry.mount.uid, entry.mount.gid,
                 AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot give the socket of the SSH agent {} to {}:{}",
                          quoted(entry.mount.id), entry.mount.uid, entry.mount.gid);
    if (fchmodat(store, entry.place.c_str(), entry.mount.mode & 0777U, 0) < 0)
        throw SystemError(errno, "cannot set the mode of the socket of the SSH agent {}",
                          quoted(entry.mount.id));
}

std::string RunMounts::agent_variable() const {
    const auto first =
        std::ranges::find(entries_, Type::ssh, [](const Entry& e) { return e.mount.type; });
    return first == entries_.end() ? "" : "SSH_AUTH_SOCK=" + first->target;
}

/// Seen by the step itself, and not as a copy: all of a stage.
bool RunMounts::is_direct(const Entry& entry) const {
    if (entry.source.directory.empty())
        return clean_path("/" + entry.mount.source) == "/" && !entry.source.layers.empty();
    return false;
}

bool RunMounts::has_content() const {
    return std::ranges::any_of(entries_, [](const Entry& e) { return e.mount.type == Type::bind; });
}

std::string RunMounts::text() const {
    std::string text;
    for (const Entry& entry : entries_)
        text += fmt::format("{} {} {} {} {} {} {} {} {:o} {} {}\n",
                            static_cast<int>(entry.mount.type), entry.target, entry.mount.read_only,
                            entry.mount.id, entry.mount.from, entry.mount.source, entry.mount.uid,
                            entry.mount.gid, entry.mount.mode, entry.mount.size, entry.mount.env);
    return text;
}

std::string RunMounts::digest() const {
    std::string text = this->text();
    for (const Entry& entry : entries_) {
        if (entry.mount.type != Type::bind) continue;
        if (is_direct(entry)) {
            // Layers never change: their names say what is in them.
            text += join(entry.source.layers, " ") + "\n";
            continue;
        }
        const SourceTree tree = open_source_tree(place_.engine, place_.base.lease, entry.source);
        TreeDigest digest(tree.owners);
        digest_source(tree, find_source(tree, "/" + entry.mount.source), {}, digest);
        text += digest.finish_hex() + "\n";
    }
    return text;
}

bool RunMounts::lock_caches() {
    const storage::Store& store = place_.base.lease.store();
    locks_.clear();
    std::map<std::string, std::string> had;  // a cache may be mounted twice
    for (Entry& entry : entries_) {
        if (entry.mount.type != Type::cache) continue;
        if (const auto same = had.find(entry.mount.id); same != had.end()) {
            entry.place = same->second;
            continue;
        }
        const Fd all = open_or_make_directory(store.fd(), cache_folder, 0700);
        const std::string name = storage::sha256_hex(entry.mount.id);
        for (int copy = 0;; ++copy) {
            const std::string used = copy == 0 ? name : fmt::format("{}-{}", name, copy);
            const bool shared = std::ranges::all_of(entries_, [&](const Entry& other) {
                return other.mount.type != Type::cache || other.mount.id != entry.mount.id ||
                       other.mount.sharing == Sharing::shared;
            });
            const LockMode mode = shared ? LockMode::shared : LockMode::exclusive;
            if (auto lock = FileLock::attempt(all.get(), used + ".lock", mode)) {
                entry.place = fmt::format("{}/{}", cache_folder, used);
                had.emplace(entry.mount.id, entry.place);
                locks_.push_back(std::move(*lock));
                break;
            }
            if (entry.mount.sharing != Sharing::private_copy || copy == most_private_copies) {
                locks_.clear();
                return false;
            }
        }
    }
    return true;
}

void RunMounts::make_cache(const Entry& entry) const {
    const int store = place_.base.lease.store().fd();
    if (faccessat(store, entry.place.c_str(), F_OK, 0) == 0) return;
    // In staging: what a killed build leaves there goes with its lease.
    const std::string fresh =
        fmt::format("{}/cache-{}", place_.base.lease.staging_path(), random_hex(4));
    if (mkdirat(store, fresh.c_str(), 0700) < 0)
        throw SystemError(errno, "cannot make the cache {}", quoted(entry.mount.id));
    const Fd outer = open_at(store, fresh, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!entry.mount.from.empty())
        copy_for_mount(place_.base, entry.source, "/" + entry.mount.source, outer.get());
    const Fd directory = open_or_make_directory(outer.get(), mounted_tree, 0755);
    if ((entry.mount.uid != 0 || entry.mount.gid != 0) &&
        fchown(directory.get(), entry.mount.uid, entry.mount.gid) < 0)
        throw SystemError(errno, "cannot give the cache {} to {}:{}", quoted(entry.mount.id),
                          entry.mount.uid, entry.mount.gid);
    if (fchmod(directory.get(), entry.mount.mode & 07777U) < 0)
        throw SystemError(errno, "cannot set the mode of the cache {}", quoted(entry.mount.id));
    // Another step of the same cache may have been faster.
    if (renameat2(store, fresh.c_str(), store, entry.place.c_str(), RENAME_NOREPLACE) < 0 &&
        errno != EEXIST)
        throw SystemError(errno, "cannot make the cache {}", quoted(entry.mount.id));
}

std::string RunMounts::make() const {
    std::string digest = text();
    storage::Lease& lease = place_.base.lease;
    const int store = lease.store().fd();
    lease.staging();
    for (const Entry& entry : entries_) {
        if (entry.mount.type == Type::cache) make_cache(entry);
        if (!entry.agent.empty()) own_agent_socket(entry);
        if (entry.mount.type != Type::bind) continue;
        if (is_direct(entry)) {
            digest += join(entry.source.layers, " ") + "\n";
            continue;
        }
        if (mkdirat(store, entry.place.c_str(), 0755) < 0)
            throw SystemError(errno, "cannot make a directory for a mount");
        const Fd directory = open_at(store, entry.place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        digest +=
            copy_for_mount(place_.base, entry.source, "/" + entry.mount.source, directory.get()) +
            "\n";
    }
    return digest;
}

std::vector<MountRequest> RunMounts::requests() const {
    std::vector<MountRequest> requests;
    const storage::Lease& lease = place_.base.lease;
    for (const Entry& entry : entries_) {
        if (entry.target.empty() || entry.absent) continue;
        MountRequest request;
        request.target = entry.target;
        request.source = fmt::format("{}/{}", place_.engine.root(), entry.place);
        request.read_only = entry.mount.read_only;
        switch (entry.mount.type) {
            case Type::bind:
                // What is written there with `rw` ends with the step.
                request.overlay = !entry.mount.read_only;
                if (is_direct(entry)) {
                    request.type = MountType::image;
                    request.source = "stage";
                    request.layers = entry.source.layers;
                    if (request.overlay) request.subpath = ".";
                } else if (faccessat(lease.store().fd(),
                                     fmt::format("{}/{}", entry.place, mounted_file).c_str(), F_OK,
                                     0) == 0) {
                    request.source += fmt::format("/{}", mounted_file);
                    request.overlay = false;
                } else {
                    request.source += fmt::format("/{}", mounted_tree);
                }
                break;
            case Type::cache:
                request.source += fmt::format("/{}", mounted_tree);
                break;
            case Type::tmpfs:
                request.type = MountType::tmpfs;
                request.source.clear();
                request.options = {"exec"};
                if (entry.mount.size > 0)
                    request.options.push_back(fmt::format("size={}", entry.mount.size));
                break;
            case Type::ssh:
                break;
            case Type::secret:
                continue;  // secrets() has it
        }
        requests.push_back(std::move(request));
    }
    return requests;
}

std::vector<std::string> RunMounts::targets() const {
    std::vector<std::string> targets;
    for (const Entry& entry : entries_)
        if (!entry.target.empty() && !entry.absent) targets.push_back(entry.target);
    return targets;
}

std::vector<RunSecret> RunMounts::secrets() const {
    std::vector<RunSecret> secrets;
    for (const Entry& entry : entries_) {
        if (entry.mount.type != Type::secret || entry.absent) continue;
        SecretRequest request;
        request.id = entry.mount.id;
        request.source = entry.mount.id;
        request.uid = entry.mount.uid;
        request.gid = entry.mount.gid;
        request.mode = entry.mount.mode & 0777U;
        request.target = entry.target;
        if (!entry.target.empty()) secrets.push_back({request, entry.secret});
        request.variable = true;
        request.target = entry.mount.env;
        if (!entry.mount.env.empty()) secrets.push_back({request, entry.secret});
    }
    return secrets;
}

}  // namespace skiff::engine
