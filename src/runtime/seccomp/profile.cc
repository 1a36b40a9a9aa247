// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/profile.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <limits>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

template <typename Value>
struct Named {
    std::string_view name;
    Value value;
};

// The first name of a value is the one that is printed.
constexpr std::array actions{
    Named{"SCMP_ACT_KILL", SeccompAction::kill_thread},
    Named{"SCMP_ACT_KILL_THREAD", SeccompAction::kill_thread},
    Named{"SCMP_ACT_KILL_PROCESS", SeccompAction::kill_process},
    Named{"SCMP_ACT_TRAP", SeccompAction::trap},
    Named{"SCMP_ACT_ERRNO", SeccompAction::error},
    Named{"SCMP_ACT_TRACE", SeccompAction::trace},
    Named{"SCMP_ACT_LOG", SeccompAction::log},
    Named{"SCMP_ACT_ALLOW", SeccompAction::allow},
};

constexpr std::array comparisons{
    Named{"SCMP_CMP_NE", Comparison::not_equal},
    Named{"SCMP_CMP_LT", Comparison::less},
    Named{"SCMP_CMP_LE", Comparison::less_equal},
    Named{"SCMP_CMP_EQ", Comparison::equal},
    Named{"SCMP_CMP_GE", Comparison::greater_equal},
    Named{"SCMP_CMP_GT", Comparison::greater},
    Named{"SCMP_CMP_MASKED_EQ", Comparison::masked_equal},
};

template <typename Table, typename Value>
std::string_view name_in(const Table& table, Value value) {
    for (const auto& row : table)
        if (row.value == value) return row.name;
    return "";
}

/// A JSON value and where it stands: "'file': syscalls[3].names".
class Node {
  public:
    Node(const Json& value, std::string place, std::string_view separator = ".")
        : value_(&value), place_(std::move(place)), separator_(separator) {}

    [[noreturn]] void refuse(std::string_view what) const {
        throw Error(ErrorKind::invalid, "{}: {}", place_, what);
    }
    [[noreturn]] void refuse_unsupported(std::string_view what) const {
        throw Error(ErrorKind::unsupported, "{}: {}", place_, what);
    }

    /// Refuses anything but an object with some of these members.
    void require_members(std::initializer_list<std::string_view> known) const {
        if (!value_->is_object()) refuse("must be an object");
        for (const auto& [key, unused] : value_->items()) {
            bool found = false;
            for (const std::string_view name : known) found = found || key == name;
            if (!found) refuse(fmt::format("unknown member {}", skiff::quoted(key)));
        }
    }

    /// Nothing when absent or null (Go writes empty lists as null).
    std::optional<Node> find(const char* key) const {
        const auto it = value_->find(key);
        if (it == value_->end() || it->is_null()) return std::nullopt;
        return Node(*it, fmt::format("{}{}{}", place_, separator_, key));
    }

    std::vector<Node> items() const {
        if (!value_->is_array()) refuse("must be a list");
        std::vector<Node> nodes;
        for (size_t i = 0; i < value_->size(); ++i)
            nodes.emplace_back((*value_)[i], fmt::format("{}[{}]", place_, i));
        return nodes;
    }

    std::string text() const {
        if (!value_->is_string()) refuse("must be a string");
        return value_->get<std::string>();
    }

    std::uint64_t number(std::uint64_t limit) const {
        if (!value_->is_number_unsigned() || value_->get<std::uint64_t>() > limit)
            refuse(fmt::format("must be a number from 0 to {}", limit));
        return value_->get<std::uint64_t>();
    }

    template <typename Table>
    auto one_of(const Table& table) const {
        const std::string word = text();
        for (const auto& row : table)
            if (row.name == word) return row.value;
        refuse(fmt::format("unknown value {}", skiff::quoted(word)));
    }

  private:
    const Json* value_;
    std::string place_;
    std::string_view separator_;  ///< between the place and a member's name
};

constexpr std::uint64_t max_error = 4095;  // the kernel's MAX_ERRNO

SeccompAction read_action(const Node& node) {
    if (node.text() == "SCMP_ACT_NOTIFY")
        node.refuse_unsupported("SCMP_ACT_NOTIFY is not supported");
    return node.one_of(actions);
}

/// podman's profiles also say "errno": "EPERM", which goes before the number.
std::optional<std::uint16_t> read_error(const Node& node, const char* number_key,
                                        const char* name_key) {
    std::optional<std::uint16_t> error;
    if (const auto number = node.find(number_key))
        error = static_cast<std::uint16_t>(number->number(max_error));
    if (const auto name = node.find(name_key)) {
        const std::string word = name->text();
        if (word.empty()) return error;
        int value = 1;
        while (value < 256 && (strerrorname_np(value) == nullptr || word != strerrorname_np(value)))
            ++value;
        if (value == 256) name->refuse(fmt::format("unknown error {}", skiff::quoted(word)));
        error = static_cast<std::uint16_t>(value);
    }
    return error;
}

std::vector<std::string> read_names(const Node& node) {
    std::vector<std::string> names;
    for (const Node& item : node.items()) names.push_back(item.text());
    return names;
}

RuleCondition read_condition(const Node& node) {
    node.require_members({"caps", "arches", "minKernel"});
    RuleCondition condition;
    if (const auto capabilities = node.find("caps"))
        for (const Node& item : capabilities->items()) {
            const auto number = find_capability(item.text());
            if (!number)
                item.refuse(fmt::format("unknown capability {}", skiff::quoted(item.text())));
            condition.capabilities.add(*number);
        }
    if (const auto architectures = node.find("arches"))
        condition.architectures = read_names(*architectures);
    if (const auto kernel = node.find("minKernel"); kernel && !kernel->text().empty()) {
        condition.minimum_kernel = parse_kernel_version(kernel->text());
        if (!condition.minimum_kernel) kernel->refuse("must be a kernel version such as \"4.8\"");
    }
    return condition;
}

ArgumentTest read_test(const Node& node) {
    node.require_members({"index", "value", "valueTwo", "op"});
    ArgumentTest test;
    constexpr std::uint64_t any = std::numeric_limits<std::uint64_t>::max();
    const auto comparison = node.find("op");
    if (!comparison) node.refuse("needs \"op\"");
    test.comparison = comparison->one_of(comparisons);
    if (const auto index = node.find("index")) test.index = static_cast<unsigned>(index->number(5));
    if (const auto value = node.find("value")) test.value = value->number(any);
    if (const auto value = node.find("valueTwo")) test.value_two = value->number(any);
    return test;
}

SyscallRule read_rule(const Node& node) {
    node.require_members({"name", "names", "action", "errnoRet", "errno", "args", "comment",
                          "includes", "excludes"});
    SyscallRule rule;
    const auto names = node.find("names");
    const auto name = node.find("name");
    if (names && name) node.refuse("has both \"name\" and \"names\"");
    if (names) rule.names = read_names(*names);
    if (name) rule.names = {name->text()};
    if (rule.names.empty()) node.refuse("names no system call");
    const auto action = node.find("action");
    if (!action) node.refuse("needs \"action\"");
    rule.action = read_action(*action);
    rule.error = read_error(node, "errnoRet", "errno");
    if (const auto tests = node.find("args"))
        for (const Node& item : tests->items()) rule.tests.push_back(read_test(item));
    if (const auto condition = node.find("includes")) rule.includes = read_condition(*condition);
    if (const auto condition = node.find("excludes")) rule.excludes = read_condition(*condition);
    return rule;
}

void check_architectures(const Node& root) {
    const auto list = root.find("architectures");
    const auto map = root.find("archMap");
    if (list && map && !list->items().empty() && !map->items().empty())
        root.refuse("has both \"architectures\" and \"archMap\"");
    const auto check = [](const Node& node) {
        if (!node.text().starts_with("SCMP_ARCH_"))
            node.refuse(fmt::format("unknown architecture {}", skiff::quoted(node.text())));
    };
    if (list)
        for (const Node& item : list->items()) check(item);
    if (!map) return;
    for (const Node& item : map->items()) {
        item.require_members({"architecture", "subArchitectures"});
        if (const auto main = item.find("architecture")) check(*main);
        if (const auto others = item.find("subArchitectures"))
            for (const Node& other : others->items()) check(other);
    }
}

/// Flags of seccomp(2) that change nothing for us are accepted, others refused.
void check_flags(const Node& root) {
    if (const auto flags = root.find("flags"))
        for (const Node& flag : flags->items())
            // One thread, and speculation as Docker has it: both hold anyway.
            if (const std::string word = flag.text();
                word != "SECCOMP_FILTER_FLAG_TSYNC" && word != "SECCOMP_FILTER_FLAG_SPEC_ALLOW")
                flag.refuse_unsupported(fmt::format("{} is not supported", skiff::quoted(word)));
    for (const char* key : {"listenerPath", "listenerMetadata"})
        if (const auto listener = root.find(key); listener && !listener->text().empty())
            listener->refuse_unsupported("a listener is not supported");
}

}  // namespace

std::string_view to_string(SeccompAction action) {
    return name_in(actions, action);
}
std::string_view to_string(Comparison comparison) {
    return name_in(comparisons, comparison);
}

std::optional<KernelVersion> parse_kernel_version(std::string_view text) {
    const Cut major = cut(text, '.');
    const size_t end = major.after.find_first_not_of("0123456789");
    const auto first = parse_number<unsigned>(major.before);
    const auto second = parse_number<unsigned>(major.after.substr(0, end));
    if (!first || !second) return std::nullopt;
    return KernelVersion{*first, *second};
}

SeccompProfile parse_seccomp_profile(std::string_view text, std::string_view name) {
    const std::string what = fmt::format("the seccomp profile '{}'", name);
    const Json document = parse_json(text, what);
    const Node root(document, what, ": ");
    root.require_members({"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures",
                          "archMap", "flags", "listenerPath", "listenerMetadata", "syscalls"});
    SeccompProfile profile;
    const auto action = root.find("defaultAction");
    if (!action) root.refuse("needs \"defaultAction\"");
    profile.default_action = read_action(*action);
    profile.default_error = read_error(root, "defaultErrnoRet", "defaultErrno").value_or(EPERM);
    check_architectures(root);
    check_flags(root);
    if (const auto rules = root.find("syscalls"))
        for (const Node& item : rules->items()) profile.rules.push_back(read_rule(item));
    for (const SyscallRule& rule : profile.rules)
        profile.mentioned_capabilities = profile.mentioned_capabilities |
                                         rule.includes.capabilities | rule.excludes.capabilities;
    return profile;
}

}  // namespace skiff::runtime
