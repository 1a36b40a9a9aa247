// SPDX-License-Identifier: Apache-2.0
#include "engine/builtin/built_in_image.h"

#include <cerrno>
#include <span>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/builtin/host_etc.h"
#include "engine/builtin/host_tree.h"

namespace skiff::engine {

extern const std::span<const unsigned char> hello_program;

namespace {

constexpr std::string_view hello_name = "hello-world";
constexpr std::string_view host_name = "host";
constexpr unsigned container_ids = 65536;
/// The last 65536 ids of the range that systemd's UIDS-GIDS document leaves to containers; as root
/// no /etc/subuid is asked.
constexpr unsigned root_base = 1879048192U - container_ids;

void make_hello_tree(int tree, unsigned owner) {
    const Fd file = open_at(tree, "hello", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0755);
    write_all(file.get(),
              {reinterpret_cast<const char*>(hello_program.data()), hello_program.size()}, "hello");
    if (fchown(file.get(), owner, owner) < 0 || fchmod(file.get(), 0755) < 0)
        throw SystemError(errno, "cannot make the image 'hello-world'");
    for (const char* name : {"dev", "etc", "proc", "sys"})
        if (mkdirat(tree, name, 0755) < 0 ||
            fchownat(tree, name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
            throw SystemError(errno, "cannot make the image 'hello-world'");
}

std::string layer_key(const std::string& name, unsigned owner) {
    if (name == hello_name && owner == 0) return fmt::format("{}-{}", name, SKIFF_VERSION);
    if (name == hello_name) return fmt::format("{}-{}-{}", name, SKIFF_VERSION, owner);
    return fmt::format("{}-{}-{:016x}", name, owner, etc_fingerprint("/etc"));
}

/// Older layers of the same image that nobody uses.
void remove_others(int builtin, const std::string& name, const std::string& key) {
    for (const std::string& other : list_directory(builtin)) {
        if (other == key || !other.starts_with(name + "-") || other.ends_with(".lock")) continue;
        const auto lock = FileLock::attempt(builtin, other + ".lock", LockMode::exclusive);
        if (!lock) continue;
        // Its lock file stays: somebody may have opened it and be about to wait for the lock.
        remove_tree(builtin, other);
    }
}

void make_layer(int builtin, const std::string& name, const std::string& key, unsigned owner) {
    const std::string temporary = fmt::format(".{}.{}", key, random_hex(6));
    if (mkdirat(builtin, temporary.c_str(), 0700) < 0)
        throw SystemError(errno, "cannot make the image '{}'", name);
    ScopeExit remove_partial([&] { remove_tree(builtin, temporary); });
    const Fd tree = open_at(builtin, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (name == hello_name) {
        make_hello_tree(tree.get(), owner);
    } else {
        make_host_tree(tree.get(), owner);
    }
    if (fchown(tree.get(), owner, owner) < 0 || fchmod(tree.get(), 0755) < 0)
        throw SystemError(errno, "cannot make the image '{}'", name);
    // Somebody else may have been faster: theirs is as good.
    if (renameat(builtin, temporary.c_str(), builtin, key.c_str()) < 0 && errno != EEXIST &&
        errno != ENOTEMPTY)
        throw SystemError(errno, "cannot make the image '{}'", name);
}

}  // namespace

oci::UntrustedImageConfig built_in_config(const std::string& name) {
    oci::UntrustedImageConfig config;
    if (name == hello_name) {
        config.command = {"/hello"};
        return config;
    }
    config.command = {access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh"};
    config.working_directory = "/root";
    return config;
}

std::optional<runtime::IdMaps> built_in_id_maps(const std::string& name,
                                                const runtime::IdMaps& available, bool has_binds) {
    if (name != host_name) return std::nullopt;
    const runtime::IdExtent everything{0, 0, 4294967295U};
    if (available.uids == std::vector{everything})
        return runtime::IdMaps{{{0, root_base, container_ids}}, {{0, root_base, container_ids}}};
    if (has_binds) return std::nullopt;
    // Rootless: all ids of the store's namespace but its root, which is the caller.
    unsigned count = 0;
    for (const runtime::IdExtent& extent : available.uids)
        if (extent.inside == 1) count = extent.count;
    unsigned groups = 0;
    for (const runtime::IdExtent& extent : available.gids)
        if (extent.inside == 1) groups = extent.count;
    if (count == 0 || groups == 0) return std::nullopt;
    return runtime::IdMaps{{{0, 1, count}}, {{0, 1, groups}}};
}

BuiltInLayer built_in_layer(const Engine& engine, const std::string& name, unsigned owner) {
    const std::string directory = engine.root() + "/builtin";
    const Fd builtin = open_private_directory(directory);
    const std::string key = layer_key(name, owner);
    FileLock lock = FileLock::wait(builtin.get(), key + ".lock", LockMode::shared);
    if (faccessat(builtin.get(), key.c_str(), F_OK, 0) != 0) {
        remove_others(builtin.get(), name, key);
        make_layer(builtin.get(), name, key, owner);
    }
    return {key, std::move(lock)};
}

std::vector<std::string> host_directories() {
    std::vector<std::string> directories;
    for (const char* path :
         {"/usr", "/opt", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}) {
        struct stat status{};
        if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) directories.emplace_back(path);
    }
    return directories;
}

}  // namespace skiff::engine
