// SPDX-License-Identifier: Apache-2.0
#include "cdi/specification.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "base/text.h"
#include "cdi/device_name.h"

namespace skiff::cdi {
namespace {

constexpr std::array<std::string_view, 6> hook_names{
    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"};
constexpr unsigned oldest_minor = 3;  ///< of version 0
constexpr unsigned newest_minor = 1;  ///< of version 1
constexpr size_t most_entries = 100'000;
constexpr unsigned all_permissions = 07777;

/// Knows the file, for messages.
class Reader {
  public:
    explicit Reader(const std::string& path) : path_(path) {}

    [[noreturn]] void refuse(const YAML::Node& node, std::string_view problem) const {
        // Marks count from 0, people from 1; a node that is not there has none.
        const YAML::Mark mark = node.Mark();
        if (mark.is_null()) throw Error(ErrorKind::invalid, "{}: {}", path_, problem);
        throw Error(ErrorKind::invalid, "{}:{}:{}: {}", path_, mark.line + 1, mark.column + 1,
                    problem);
    }

    std::string text(const YAML::Node& node, std::string_view key) const {
        if (!node.IsScalar()) refuse(node, fmt::format("'{}' must be text", key));
        std::string value = node.Scalar();
        // It would end what the kernel reads.
        if (value.find('\0') != value.npos)
            refuse(node, fmt::format("'{}' must be text without a NUL character", key));
        return value;
    }

    std::string absolute_path(const YAML::Node& node, std::string_view key) const {
        std::string value = text(node, key);
        if (!value.starts_with('/'))
            refuse(node, fmt::format("'{}' must be an absolute path, not {}", key, quoted(value)));
        return value;
    }

    /// Decimal, or as YAML has it octal (0660, 0o660) and hexadecimal (0x1b0).
    template <typename T>
    T number(const YAML::Node& node, std::string_view key, T most) const {
        const std::string value = text(node, key);
        std::string_view digits = value;
        int base = 10;
        if (digits.starts_with("0x")) {
            base = 16;
            digits.remove_prefix(2);
        } else if (digits.starts_with("0o")) {
            base = 8;
            digits.remove_prefix(2);
        } else if (digits.size() > 1 && digits.front() == '0') {
            base = 8;
        }
        const auto parsed = parse_number<T>(digits, base);
        if (!parsed || *parsed > most)
            refuse(node, fmt::format("'{}' must be a number from 0 to {}, not {}", key, most,
                                     quoted(value)));
        return *parsed;
    }

    void each(const YAML::Node& node, std::string_view key,
              const std::function<void(const YAML::Node&)>& take) const {
        if (node.IsNull()) return;
        if (!node.IsSequence()) refuse(node, fmt::format("'{}' must be a list", key));
        for (const YAML::Node& entry : node) {
            // Aliases (*name) let a small file stand for a large one.
            if (++entries_ > most_entries)
                refuse(entry, fmt::format("more than {} entries of lists", most_entries));
            take(entry);
        }
    }

    /// `take` says whether it knows the key; keys come at most once.
    void members(const YAML::Node& node, std::string_view what, std::string_view known,
                 const std::function<bool(const std::string& key, const YAML::Node&)>& take) const {
        if (!node.IsMap()) refuse(node, fmt::format("expected {} with the keys {}", what, known));
        std::vector<std::string> seen;
        for (const auto& entry : node) {
            const std::string key = text(entry.first, "a key");
            if (std::ranges::find(seen, key) != seen.end())
                refuse(entry.first, fmt::format("the key {} is there twice", quoted(key)));
            if (!take(key, entry.second))
                refuse(entry.first, fmt::format("unknown key {} of {}; known are: {}", quoted(key),
                                                what, known));
            seen.push_back(key);
        }
    }

    std::vector<std::string> texts(const YAML::Node& node, std::string_view key) const {
        std::vector<std::string> list;
        each(node, key, [&](const YAML::Node& entry) { list.push_back(text(entry, key)); });
        return list;
    }

    std::vector<std::string> variables(const YAML::Node& node) const {
        std::vector<std::string> list;
        each(node, "env", [&](const YAML::Node& entry) {
            list.push_back(text(entry, "env"));
            if (list.back().find('=') == 0 || list.back().find('=') == std::string::npos)
                refuse(entry,
                       fmt::format("'env' must have NAME=VALUE, not {}", quoted(list.back())));
        });
        return list;
    }

  private:
    const std::string& path_;
    mutable size_t entries_ = 0;
};

/// Of "rwm"; the word "none" is "".
std::string read_access(const YAML::Node& value, const Reader& reader) {
    std::string text = reader.text(value, "permissions");
    if (text == "none") return "";
    if (text.empty()) return "rwm";
    if (text.find_first_not_of("rwm") != text.npos)
        reader.refuse(
            value,
            fmt::format("'permissions' must be some of r, w and m, or none, not {}", quoted(text)));
    std::string access;
    for (const char letter : std::string_view("rwm"))
        if (text.find(letter) != text.npos) access += letter;
    return access;
}

DeviceNode read_device_node(const YAML::Node& node, const Reader& reader) {
    constexpr unsigned largest_major = 4095;  // of Linux's dev_t
    constexpr unsigned largest_minor = (1U << 20U) - 1;
    constexpr std::uint32_t largest_id = std::numeric_limits<std::uint32_t>::max() - 1;
    DeviceNode device;
    device.access = "rwm";
    reader.members(
        node, "a device node",
        "path, hostPath, type, major, minor, fileMode, permissions, uid, gid",
        [&](const std::string& key, const YAML::Node& value) {
            if (key == "path") {
                device.path = reader.absolute_path(value, key);
            } else if (key == "hostPath") {
                const std::string path = reader.text(value, key);
                if (!path.empty()) device.host_path = reader.absolute_path(value, key);
            } else if (key == "type") {
                const std::string type = reader.text(value, key);
                if (type.empty()) return true;
                if (type.size() != 1 || std::string_view("bcup").find(type) == std::string::npos)
                    reader.refuse(value,
                                  fmt::format("'type' must be b, c, u or p, not {}", quoted(type)));
                device.type = type.front();
            } else if (key == "major") {
                device.major = reader.number(value, key, largest_major);
            } else if (key == "minor") {
                device.minor = reader.number(value, key, largest_minor);
            } else if (key == "fileMode") {
                device.mode = reader.number(value, key, std::numeric_limits<unsigned>::max()) &
                              all_permissions;
            } else if (key == "permissions") {
                device.access = read_access(value, reader);
            } else if (key == "uid") {
                device.uid = reader.number(value, key, largest_id);
            } else if (key == "gid") {
                device.gid = reader.number(value, key, largest_id);
            } else {
                return false;
            }
            return true;
        });
    if (device.path.empty()) reader.refuse(node, "a device node has no 'path'");
    return device;
}

Mount read_mount(const YAML::Node& node, const Reader& reader) {
    Mount mount;
    reader.members(node, "a mount", "hostPath, containerPath, type, options",
                   [&](const std::string& key, const YAML::Node& value) {
                       if (key == "hostPath") {
                           mount.host_path = reader.text(value, key);
                       } else if (key == "containerPath") {
                           mount.container_path = reader.absolute_path(value, key);
                       } else if (key == "type") {
                           mount.type = reader.text(value, key);
                       } else if (key == "options") {
                           mount.options = reader.texts(value, key);
                       } else {
                           return false;
                       }
                       return true;
                   });
    if (mount.host_path.empty()) reader.refuse(node, "a mount has no 'hostPath'");
    if (mount.container_path.empty()) reader.refuse(node, "a mount has no 'containerPath'");
    return mount;
}

Hook read_hook(const YAML::Node& node, const Reader& reader) {
    Hook hook;
    reader.members(node, "a hook", "hookName, path, args, env, timeout",
                   [&](const std::string& key, const YAML::Node& value) {
                       if (key == "hookName") {
                           hook.name = reader.text(value, key);
                           if (std::ranges::find(hook_names, hook.name) == hook_names.end())
                               reader.refuse(
                                   value,
                                   fmt::format("unknown hook {}; known are: {}", quoted(hook.name),
                                               join(std::vector<std::string>(hook_names.begin(),
                                                                             hook_names.end()),
                                                    ", ")));
                       } else if (key == "path") {
                           hook.path = reader.absolute_path(value, key);
                       } else if (key == "args") {
                           hook.arguments = reader.texts(value, key);
                       } else if (key == "env") {
                           hook.environment = reader.variables(value);
                       } else if (key == "timeout") {
                           constexpr unsigned a_day = 86400;
                           hook.timeout = reader.number(value, key, a_day);
                           if (hook.timeout == 0)
                               reader.refuse(value, "'timeout' must be more than 0 seconds");
                       } else {
                           return false;
                       }
                       return true;
                   });
    if (hook.name.empty()) reader.refuse(node, "a hook has no 'hookName'");
    if (hook.path.empty()) reader.refuse(node, "a hook has no 'path'");
    return hook;
}

Edits read_edits(const YAML::Node& node, const Reader& reader) {
    constexpr std::uint32_t largest_id = std::numeric_limits<std::uint32_t>::max() - 1;
    Edits edits;
    if (node.IsNull()) return edits;
    reader.members(node, "containerEdits",
                   "env, deviceNodes, mounts, hooks, additionalGids, intelRdt, netDevices",
                   [&](const std::string& key, const YAML::Node& value) {
                       if (key == "env") {
                           edits.environment = reader.variables(value);
                       } else if (key == "deviceNodes") {
                           reader.each(value, key, [&](const YAML::Node& entry) {
                               edits.device_nodes.push_back(read_device_node(entry, reader));
                           });
                       } else if (key == "mounts") {
                           reader.each(value, key, [&](const YAML::Node& entry) {
                               edits.mounts.push_back(read_mount(entry, reader));
                           });
                       } else if (key == "hooks") {
                           reader.each(value, key, [&](const YAML::Node& entry) {
                               edits.hooks.push_back(read_hook(entry, reader));
                           });
                       } else if (key == "additionalGids" || key == "additionalGIDs") {
                           // The one in the schema and in the Go package, the other in the text of
                           // 0.7.
                           reader.each(value, key, [&](const YAML::Node& entry) {
                               // Root's group is given to nobody in this way.
                               if (const auto gid = reader.number(entry, key, largest_id); gid != 0)
                                   edits.additional_gids.push_back(gid);
                           });
                       } else if (key == "intelRdt") {
                           edits.has_intel_rdt = !value.IsNull();
                       } else if (key == "netDevices") {
                           edits.has_net_devices = !value.IsNull();
                       } else {
                           return false;
                       }
                       return true;
                   });
    return edits;
}

/// What consumers may look at; nothing of a container depends on it.
void read_annotations(const YAML::Node& node, const Reader& reader) {
    if (node.IsNull()) return;
    if (!node.IsMap()) reader.refuse(node, "'annotations' must be KEY: TEXT lines");
    for (const auto& entry : node) {
        reader.text(entry.first, "annotations");
        reader.text(entry.second, "annotations");
    }
}

Device read_device(const YAML::Node& node, const Reader& reader) {
    Device device;
    reader.members(node, "a device", "name, annotations, containerEdits",
                   [&](const std::string& key, const YAML::Node& value) {
                       if (key == "name") {
                           device.name = reader.text(value, key);
                           if (!is_device_name(device.name))
                               reader.refuse(value,
                                             fmt::format("{} is no name of a device: letters, "
                                                         "digits, and between them . _ - :",
                                                         quoted(device.name)));
                       } else if (key == "annotations") {
                           read_annotations(value, reader);
                       } else if (key == "containerEdits") {
                           device.edits = read_edits(value, reader);
                       } else {
                           return false;
                       }
                       return true;
                   });
    if (device.name.empty()) reader.refuse(node, "a device has no 'name'");
    return device;
}

void check_version(const YAML::Node& value, const Reader& reader) {
    const std::string text = reader.text(value, "cdiVersion");
    const auto parts = split(text.starts_with('v') ? std::string_view(text).substr(1) : text, '.');
    const auto major = parse_number<unsigned>(parts.front());
    const auto minor = parts.size() == 3 ? parse_number<unsigned>(parts[1]) : std::nullopt;
    const bool known =
        major && minor && parse_number<unsigned>(parts[2]) &&
        ((*major == 0 && *minor >= oldest_minor) || (*major == 1 && *minor <= newest_minor));
    if (!known)
        reader.refuse(value,
                      fmt::format("this skiff reads the versions 0.3.0 to 1.1.0 of CDI, not {}",
                                  quoted(text)));
}

Specification read_specification(const YAML::Node& document, const std::string& path) {
    const Reader reader(path);
    Specification specification;
    specification.path = path;
    bool has_version = false;
    reader.members(
        document, "a CDI specification", "cdiVersion, kind, annotations, devices, containerEdits",
        [&](const std::string& key, const YAML::Node& value) {
            if (key == "cdiVersion") {
                check_version(value, reader);
                has_version = true;
            } else if (key == "kind") {
                specification.kind = reader.text(value, key);
                if (!is_kind(specification.kind))
                    reader.refuse(value, fmt::format("'kind' must be vendor/class, not {}",
                                                     quoted(specification.kind)));
            } else if (key == "annotations") {
                read_annotations(value, reader);
            } else if (key == "devices") {
                reader.each(value, key, [&](const YAML::Node& entry) {
                    Device device = read_device(entry, reader);
                    if (std::ranges::find(specification.devices, device.name, &Device::name) !=
                        specification.devices.end())
                        reader.refuse(entry, fmt::format("the device {} is there twice",
                                                         quoted(device.name)));
                    specification.devices.push_back(std::move(device));
                });
            } else if (key == "containerEdits") {
                specification.edits = read_edits(value, reader);
            } else {
                return false;
            }
            return true;
        });
    if (!has_version) reader.refuse(document, "there is no 'cdiVersion'");
    if (specification.kind.empty()) reader.refuse(document, "there is no 'kind'");
    if (specification.devices.empty()) reader.refuse(document, "there are no 'devices'");
    return specification;
}

}  // namespace

Specification parse_specification(const std::string& text, const std::string& path) {
    try {
        return read_specification(YAML::Load(text), path);
    } catch (const YAML::Exception& error) {
        if (error.mark.is_null()) throw Error(ErrorKind::invalid, "{}: {}", path, error.msg);
        throw Error(ErrorKind::invalid, "{}:{}:{}: {}", path, error.mark.line + 1,
                    error.mark.column + 1, error.msg);
    }
}

}  // namespace skiff::cdi
