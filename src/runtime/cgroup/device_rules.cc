// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/device_rules.h"

#include <cstdint>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr std::uint8_t context_register =
    BPF_REG_1;  ///< bpf_cgroup_dev_ctx, as the kernel hands it
constexpr std::uint8_t type_register = BPF_REG_2;
constexpr std::uint8_t access_register = BPF_REG_3;
constexpr std::uint8_t major_register = BPF_REG_4;
constexpr std::uint8_t minor_register = BPF_REG_5;

bpf_insn instruction(int code, std::uint8_t destination, std::uint8_t source, std::int16_t offset,
                     std::int32_t value) {
    bpf_insn made{};
    made.code = static_cast<std::uint8_t>(code);
    made.dst_reg = destination & 0xfU;
    made.src_reg = source & 0xfU;
    made.off = offset;
    made.imm = value;
    return made;
}

bpf_insn load(std::uint8_t destination, std::int16_t offset) {
    return instruction(BPF_LDX | BPF_MEM | BPF_W, destination, context_register, offset, 0);
}
bpf_insn set(std::uint8_t destination, std::int32_t value) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_K, destination, 0, 0, value);
}
bpf_insn copy(std::uint8_t destination, std::uint8_t source) {
    return instruction(BPF_ALU64 | BPF_MOV | BPF_X, destination, source, 0, 0);
}
bpf_insn leave() {
    return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

std::int32_t access_bits(const DeviceRule& rule) {
    return (rule.make ? BPF_DEVCG_ACC_MKNOD : 0) | (rule.read ? BPF_DEVCG_ACC_READ : 0) |
           (rule.write ? BPF_DEVCG_ACC_WRITE : 0);
}

/// Every test jumps behind the rule when it fails.
void add_rule(const DeviceRule& rule, std::vector<bpf_insn>& program) {
    std::vector<bpf_insn> part;
    std::vector<size_t> jumps;
    const auto unless = [&](bpf_insn jump) {
        jumps.push_back(part.size());
        part.push_back(jump);
    };
    const auto unless_equal = [&](std::uint8_t where, std::int32_t value) {
        // 32 bits wide: numbers of devices have no sign.
        unless(instruction(BPF_JMP32 | BPF_JNE | BPF_K, where, 0, 0, value));
    };
    if (rule.type != 'a')
        unless_equal(type_register, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
    // What is asked for must be a part of what is allowed.
    part.push_back(copy(BPF_REG_0, access_register));
    part.push_back(instruction(BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_0, 0, 0, access_bits(rule)));
    unless(instruction(BPF_JMP32 | BPF_JNE | BPF_X, BPF_REG_0, access_register, 0, 0));
    if (rule.major) unless_equal(major_register, static_cast<std::int32_t>(*rule.major));
    if (rule.minor) unless_equal(minor_register, static_cast<std::int32_t>(*rule.minor));
    part.push_back(set(BPF_REG_0, 1));
    part.push_back(leave());
    for (const size_t jump : jumps)
        part[jump].off = static_cast<std::int16_t>(part.size() - jump - 1);
    program.insert(program.end(), part.begin(), part.end());
}

std::string number_text(const std::optional<unsigned>& number) {
    return number ? std::to_string(*number) : "*";
}

}  // namespace

std::optional<DeviceRule> parse_device_rule(std::string_view text) {
    const std::vector<std::string_view> words = split(text, ' ');
    if (words.size() != 3 || words[0].size() != 1 ||
        std::string_view("abc").find(words[0][0]) == std::string_view::npos)
        return std::nullopt;
    DeviceRule rule;
    rule.type = words[0][0];
    const auto number = [](std::string_view word, std::optional<unsigned>& where) {
        if (word == "*") return true;
        where = parse_number<unsigned>(word);
        return where.has_value();
    };
    const Cut numbers = cut(words[1], ':');
    if (!numbers.found || !number(numbers.before, rule.major) || !number(numbers.after, rule.minor))
        return std::nullopt;
    if (words[2].empty() || words[2].size() > 3) return std::nullopt;
    for (const char letter : words[2]) {
        bool* const flag = letter == 'r'   ? &rule.read
                           : letter == 'w' ? &rule.write
                           : letter == 'm' ? &rule.make
                                           : nullptr;
        if (flag == nullptr) return std::nullopt;
        *flag = true;
    }
    return rule;
}

std::string to_text(const DeviceRule& rule) {
    return fmt::format("{} {}:{} {}{}{}", rule.type, number_text(rule.major),
                       number_text(rule.minor), rule.read ? "r" : "", rule.write ? "w" : "",
                       rule.make ? "m" : "");
}

std::vector<DeviceRule> default_device_rules() {
    std::vector<DeviceRule> rules{{'c', {}, {}, false, false, true},
                                  {'b', {}, {}, false, false, true}};
    const auto allow = [&](unsigned major, std::optional<unsigned> minor) {
        rules.push_back({'c', major, minor, true, true, true});
    };
    for (const unsigned minor : {3U, 5U, 7U, 8U, 9U}) allow(1, minor);  // null zero full random
    for (const unsigned minor : {0U, 1U, 2U}) allow(5, minor);          // tty console ptmx
    allow(136, {});                                                     // the terminals of devpts
    return rules;
}

std::vector<bpf_insn> device_program(std::span<const DeviceRule> rules) {
    // bpf_cgroup_dev_ctx: access << 16 | type, major, minor.
    std::vector<bpf_insn> program{
        load(access_register, 0),
        copy(type_register, access_register),
        instruction(BPF_ALU64 | BPF_AND | BPF_K, type_register, 0, 0, 0xffff),
        instruction(BPF_ALU64 | BPF_RSH | BPF_K, access_register, 0, 0, 16),
        load(major_register, 4),
        load(minor_register, 8)};
    for (const DeviceRule& rule : rules) add_rule(rule, program);
    program.push_back(set(BPF_REG_0, 0));
    program.push_back(leave());
    return program;
}

}  // namespace skiff::runtime
