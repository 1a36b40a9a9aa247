// SPDX-License-Identifier: Apache-2.0
#include "engine/secret/secret_files.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/secret/secrets.h"

namespace skiff::engine {
namespace {

/// Of the container alone, and gone with its mounts. Never in the swap where the kernel can.
Fd make_memory_directory() {
    const Fd context(static_cast<int>(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
    if (!context.valid()) throw SystemError(errno, "cannot make files in memory");
    const auto set = [&](const char* key, const char* value) {
        return syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, key, value, 0) == 0;
    };
    syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_FLAG, "noswap", nullptr, 0);
    if (!set("mode", "700") || !set("size", "64m") ||
        syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0)
        throw SystemError(errno, "cannot make files in memory");
    Fd tree(static_cast<int>(syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                                     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)));
    if (!tree.valid()) throw SystemError(errno, "cannot make files in memory");
    return tree;
}

Fd show_file(int directory, const std::string& name) {
    Fd tree(static_cast<int>(
        syscall(SYS_open_tree, directory, name.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    if (!tree.valid()) throw SystemError(errno, "cannot show a secret's file");
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    attributes.propagation = MS_PRIVATE;
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) <
        0)
        throw SystemError(errno, "cannot make a secret's file read-only");
    return tree;
}

}  // namespace

std::vector<runtime::MountStep> secret_mounts(int container_directory, const CreateRequest& request,
                                              const std::function<uid_t(uid_t)>& user,
                                              const std::function<gid_t(gid_t)>& group) {
    std::vector<runtime::MountStep> steps;
    const bool any = std::ranges::any_of(
        request.secrets, [](const SecretRequest& secret) { return !secret.variable; });
    if (!any) return steps;
    const std::vector<std::string> data = container_secrets(container_directory, request);
    const Fd memory = make_memory_directory();
    for (size_t i = 0; i < request.secrets.size(); ++i) {
        const SecretRequest& secret = request.secrets[i];
        if (secret.variable) continue;
        const std::string name = fmt::format("{}", i);
        {
            const Fd file = open_at(memory.get(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
            write_all(file.get(), data[i], "a secret's file");
            if (fchown(file.get(), user(secret.uid), group(secret.gid)) < 0)
                throw SystemError(errno, "cannot give the secret {} to {}:{}", secret.source,
                                  secret.uid, secret.gid);
            if (fchmod(file.get(), secret.mode) < 0)
                throw SystemError(errno, "cannot set the mode of the secret {}", secret.source);
        }
        runtime::MountStep step;
        step.kind = runtime::MountStep::Kind::attach;
        step.source = "the secret " + secret.source;
        step.target = secret_target(secret);
        step.target_is_file = true;
        step.tree = show_file(memory.get(), name);
        steps.push_back(std::move(step));
    }
    return steps;
}

}  // namespace skiff::engine
