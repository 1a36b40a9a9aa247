// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/run_mount.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/near_word.h"
#include "base/size.h"
#include "base/text.h"
#include "dockerfile/run_mount_fields.h"

namespace skiff::dockerfile {
namespace {

using Type = RunMount::Type;
using Sharing = RunMount::Sharing;

constexpr std::array<std::string_view, 5> type_names = {"bind", "cache", "tmpfs", "secret", "ssh"};
constexpr std::array<std::string_view, 3> sharing_names = {"shared", "private", "locked"};
constexpr std::array<std::string_view, 18> keys = {
    "type", "from", "source",    "src", "target",   "dst",  "destination", "readonly", "ro",
    "rw",   "id",   "readwrite", "env", "required", "mode", "sharing",     "uid",      "gid"};

std::string hint(std::string_view word, std::span<const std::string_view> known) {
    const std::string_view near = near_word(word, known);
    return near.empty() ? "" : fmt::format(" (did you mean {}?)", near);
}

/// What was said, before the defaults of the type come in.
struct Given {
    RunMount mount;
    std::optional<bool> read_only;
    std::optional<Sharing> sharing;
    std::optional<std::uint32_t> mode;
    std::optional<std::uint32_t> uid;
    std::optional<std::uint32_t> gid;
    std::optional<std::uint64_t> size;
    bool has_required = false;
};

template <size_t count>
size_t index_of(const std::array<std::string_view, count>& names, std::string_view what,
                std::string_view value) {
    const std::string lower = to_lower(value);
    const auto found = std::ranges::find(names, lower);
    if (found == names.end())
        throw Error(ErrorKind::invalid, "unsupported {} {}{}", what, quoted(value),
                    hint(lower, names));
    return static_cast<size_t>(found - names.begin());
}

Type type_of(std::string_view value) {
    return static_cast<Type>(index_of(type_names, "mount type", value));
}

bool truth_of(const MountField& field) {
    if (!field.value) return true;
    // Go's strconv.ParseBool.
    for (const char* word : {"1", "t", "T", "TRUE", "true", "True"})
        if (*field.value == word) return true;
    for (const char* word : {"0", "f", "F", "FALSE", "false", "False"})
        if (*field.value == word) return false;
    throw Error(ErrorKind::invalid, "invalid value for {}: {}", field.key, *field.value);
}

std::uint32_t number_of(const MountField& field, int base) {
    const auto number = parse_number<std::uint32_t>(*field.value, base);
    if (!number || (base == 8 && *number > 07777))
        throw Error(ErrorKind::invalid, "invalid value {} for {}", *field.value, field.key);
    return *number;
}

void apply(const MountField& field, Given& given) {
    const std::string_view key = field.key;
    const auto is = [&](std::initializer_list<std::string_view> names) {
        return std::ranges::find(names, key) != names.end();
    };
    if (is({"readonly", "ro"})) {
        given.read_only = truth_of(field);
        return;
    }
    if (is({"readwrite", "rw"})) {
        given.read_only = !truth_of(field);
        return;
    }
    if (key == "required") {
        given.mount.required = truth_of(field);
        given.has_required = true;
        return;
    }
    if (key != "size" && std::ranges::find(keys, key) == keys.end())
        throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'{}", key, field.text,
                    hint(key, keys));
    if (!field.value)
        throw Error(ErrorKind::invalid, "invalid field '{}' must be a key=value pair", field.text);
    const std::string& value = *field.value;
    if (key == "type") {
        given.mount.type = type_of(value);
    } else if (key == "from") {
        given.mount.from = value;
    } else if (is({"source", "src"})) {
        given.mount.source = value;
    } else if (is({"target", "dst", "destination"})) {
        given.mount.target = value;
    } else if (key == "id") {
        given.mount.id = value;
    } else if (key == "env") {
        given.mount.env = value;
    } else if (key == "sharing") {
        given.sharing = static_cast<Sharing>(index_of(sharing_names, "sharing value", value));
    } else if (key == "mode") {
        given.mode = number_of(field, 8);
    } else if (key == "uid") {
        given.uid = number_of(field, 10);
    } else if (key == "gid") {
        given.gid = number_of(field, 10);
    } else {
        given.size = with_context([&] { return parse_binary_size(value); },
                                  "invalid value for size: {}", value);
    }
}

void allow(bool allowed, std::string_view key, Type type) {
    if (!allowed)
        throw Error(ErrorKind::invalid, "{} is not allowed for {} mounts", key,
                    type_names[static_cast<size_t>(type)]);
}

void check(const Given& given) {
    const RunMount& mount = given.mount;
    const Type type = mount.type;
    const bool is_given = type == Type::secret || type == Type::ssh;
    const bool has_owner = is_given || type == Type::cache;
    allow(has_owner || !given.mode, "mode", type);
    allow(has_owner || !given.uid, "uid", type);
    allow(has_owner || !given.gid, "gid", type);
    allow(type == Type::cache || !given.sharing, "sharing", type);
    allow(type == Type::tmpfs || !given.size, "size", type);
    allow(is_given || !given.has_required, "required", type);
    allow(type == Type::secret || mount.env.empty(), "env", type);
    allow(type == Type::bind || type == Type::cache || mount.from.empty(), "from", type);
    allow((type != Type::tmpfs && type != Type::ssh) || mount.source.empty(), "source", type);
    allow(has_owner || mount.id.empty(), "id", type);
    if (type == Type::ssh) return;
    if (type != Type::secret) {
        if (mount.target.empty())
            throw Error(ErrorKind::invalid, "a {} mount needs a target",
                        type_names[static_cast<size_t>(type)]);
        return;
    }
    if (mount.source.empty() && mount.target.empty() && mount.id.empty())
        throw Error(ErrorKind::invalid,
                    std::string("invalid secret mount: one of id, source, target is required"));
    if (!mount.source.empty() && !mount.id.empty())
        throw Error(ErrorKind::invalid, std::string("both source and id can't be set"));
}

void fill_in(Given& given) {
    RunMount& mount = given.mount;
    const bool writable_by_itself = mount.type == Type::cache || mount.type == Type::tmpfs;
    mount.read_only = given.read_only.value_or(!writable_by_itself);
    mount.sharing = given.sharing.value_or(Sharing::shared);
    mount.uid = given.uid.value_or(0);
    mount.gid = given.gid.value_or(0);
    mount.size = given.size.value_or(0);
    if (mount.type == Type::cache) {
        mount.mode = given.mode.value_or(0755);
        if (mount.id.empty()) mount.id = mount.target;
    }
    if (mount.type == Type::ssh) {
        mount.mode = given.mode.value_or(0600);
        if (mount.id.empty()) mount.id = "default";
    }
    if (mount.type == Type::secret) {
        mount.mode = given.mode.value_or(0400);
        if (mount.id.empty()) mount.id = std::exchange(mount.source, {});
        if (mount.id.empty()) mount.id = mount.target.substr(mount.target.rfind('/') + 1);
        if (mount.target.empty() && mount.env.empty()) mount.target = "/run/secrets/" + mount.id;
    }
}

}  // namespace

std::vector<MountField> mount_fields(std::string_view text) {
    std::vector<MountField> fields;
    // Go's encoding/csv: a field in double quotes may hold commas, and quotes as "".
    for (;;) {
        std::string field;
        if (text.starts_with('"')) {
            size_t i = 1;
            for (; i < text.size(); ++i) {
                if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"')) break;
                if (text[i] == '"') ++i;
                field += text[i];
            }
            if (i >= text.size() || (i + 1 < text.size() && text[i + 1] != ','))
                throw Error(ErrorKind::invalid, std::string("failed to parse csv mounts: a quote "
                                                            "is not closed or not a whole field"));
            text.remove_prefix(i + 1);
        } else {
            field = cut(text, ',').before;
            if (field.find('"') != std::string::npos)
                throw Error(ErrorKind::invalid, "failed to parse csv mounts: a bare quote in '{}'",
                            field);
            text.remove_prefix(field.size());
        }
        const Cut parts = cut(field, '=');
        MountField parsed{to_lower(parts.before), std::nullopt, field};
        if (parts.found) parsed.value = std::string(parts.after);
        fields.push_back(std::move(parsed));
        if (text.empty()) return fields;
        text.remove_prefix(1);
    }
}

std::string mount_text(const std::vector<MountField>& fields) {
    std::string text;
    for (const MountField& field : fields) {
        std::string whole = field.key;
        if (field.value) whole += "=" + *field.value;
        if (!text.empty()) text += ',';
        if (whole.find_first_of(",\"") == std::string::npos) {
            text += whole;
            continue;
        }
        text += '"';
        for (const char c : whole) text += c == '"' ? std::string("\"\"") : std::string(1, c);
        text += '"';
    }
    return text;
}

RunMount parse_run_mount(std::string_view text) {
    Given given;
    for (const MountField& field : mount_fields(text)) apply(field, given);
    check(given);
    fill_in(given);
    return given.mount;
}

void check_run_mount(std::string_view text) {
    const std::vector<MountField> fields = mount_fields(text);
    const auto has_variable = [](const MountField& field) {
        return field.value && field.value->find('$') != std::string::npos;
    };
    for (const MountField& field : fields)
        if (field.key == "from" && has_variable(field))
            throw Error(ErrorKind::invalid, std::string("'from' doesn't support variable "
                                                        "expansion, define alias stage instead"));
    if (std::ranges::none_of(fields, has_variable)) {
        parse_run_mount(text);
        return;
    }
    Given given;
    for (const MountField& field : fields)
        if (!has_variable(field)) apply(field, given);
}

}  // namespace skiff::dockerfile
