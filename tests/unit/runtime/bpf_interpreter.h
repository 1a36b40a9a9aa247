// SPDX-License-Identifier: Apache-2.0
// Runs a seccomp program as the kernel would, for tests that ask it about calls of any
// architecture.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>

#include <linux/filter.h>
#include <linux/seccomp.h>

namespace skiff::runtime {

/// The SECCOMP_RET_ value for a call. Throws std::runtime_error on an instruction it does not know
/// or a wrong jump.
inline std::uint32_t run_filter(std::span<const sock_filter> program, const seccomp_data& call) {
    std::uint32_t accumulator = 0;
    std::uint32_t index = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> memory{};
    for (size_t at = 0; at < program.size(); ++at) {
        const sock_filter& step = program[at];
        const auto jump = [&](bool taken) { at += taken ? step.jt : step.jf; };
        switch (step.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (step.k + sizeof accumulator > sizeof call)
                    throw std::runtime_error("load past the end");
                std::memcpy(&accumulator, reinterpret_cast<const char*>(&call) + step.k,
                            sizeof accumulator);
                break;
            case BPF_LD | BPF_MEM:
                accumulator = memory.at(step.k);
                break;
            case BPF_ST:
                memory.at(step.k) = accumulator;
                break;
            case BPF_LDX | BPF_MEM:
                index = memory.at(step.k);
                break;
            case BPF_MISC | BPF_TAX:
                index = accumulator;
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                accumulator &= step.k;
                break;
            case BPF_JMP | BPF_JA:
                at += step.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                jump(accumulator == step.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                jump(accumulator > step.k);
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                jump(accumulator >= step.k);
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                jump((accumulator & step.k) != 0);
                break;
            case BPF_JMP | BPF_JEQ | BPF_X:
                jump(accumulator == index);
                break;
            case BPF_RET | BPF_K:
                return step.k;
            default:
                throw std::runtime_error("unknown instruction");
        }
    }
    throw std::runtime_error("ran past the end");
}

}  // namespace skiff::runtime
