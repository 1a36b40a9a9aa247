// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/mount_options.h"

#include <array>
#include <string_view>

#include <linux/mount.h>
#include <sys/mount.h>

namespace skiff::runtime {
namespace {

struct Word {
    std::string_view name;
    unsigned long flag;
    unsigned long long attribute;
    bool clears;
};

constexpr std::array words{
    Word{"rro", MS_RDONLY, MOUNT_ATTR_RDONLY, false},
    Word{"rrw", MS_RDONLY, MOUNT_ATTR_RDONLY, true},
    Word{"nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID, false},
    Word{"suid", MS_NOSUID, MOUNT_ATTR_NOSUID, true},
    Word{"nodev", MS_NODEV, MOUNT_ATTR_NODEV, false},
    Word{"dev", MS_NODEV, MOUNT_ATTR_NODEV, true},
    Word{"noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC, false},
    Word{"exec", MS_NOEXEC, MOUNT_ATTR_NOEXEC, true},
    Word{"noatime", MS_NOATIME, MOUNT_ATTR_NOATIME, false},
    Word{"nodiratime", MS_NODIRATIME, MOUNT_ATTR_NODIRATIME, false},
    Word{"relatime", MS_RELATIME, 0, false},
    Word{"strictatime", MS_STRICTATIME, MOUNT_ATTR_STRICTATIME, false},
    Word{"sync", MS_SYNCHRONOUS, 0, false},
    Word{"async", MS_SYNCHRONOUS, 0, true},
    Word{"dirsync", MS_DIRSYNC, 0, false},
    Word{"defaults", 0, 0, false},
};

struct PropagationWord {
    std::string_view name;
    unsigned long flag;
};

constexpr std::array propagation_words{
    PropagationWord{"private", MS_PRIVATE}, PropagationWord{"rprivate", MS_PRIVATE},
    PropagationWord{"slave", MS_SLAVE},     PropagationWord{"rslave", MS_SLAVE},
    PropagationWord{"shared", MS_SHARED},   PropagationWord{"rshared", MS_SHARED},
};

bool apply_flag(std::string_view text, MountOptions& options) {
    if (text == "ro" || text == "rw") {
        options.flags &= ~static_cast<unsigned long>(MS_RDONLY);
        options.attributes &= ~static_cast<unsigned long long>(MOUNT_ATTR_RDONLY);
        options.top_attributes = text == "ro" ? MOUNT_ATTR_RDONLY : 0;
        if (text == "ro") options.flags |= MS_RDONLY;
        return true;
    }
    for (const Word& word : words) {
        if (word.name != text) continue;
        if (word.clears) {
            options.flags &= ~word.flag;
            options.attributes &= ~word.attribute;
        } else {
            options.flags |= word.flag;
            options.attributes |= word.attribute;
        }
        return true;
    }
    return false;
}

bool apply_propagation(std::string_view text, MountOptions& options) {
    for (const PropagationWord& word : propagation_words) {
        if (word.name != text) continue;
        options.propagation = word.flag;
        return true;
    }
    return false;
}

}  // namespace

MountOptions parse_mount_options(std::span<const std::string> texts) {
    MountOptions options;
    for (const std::string& text : texts) {
        if (text.empty() || apply_flag(text, options) || apply_propagation(text, options)) continue;
        if (text == "bind" || text == "rbind") {
            options.bind = true;
            options.recursive = text == "rbind";
            continue;
        }
        if (!options.data.empty()) options.data += ',';
        options.data += text;
    }
    return options;
}

}  // namespace skiff::runtime
