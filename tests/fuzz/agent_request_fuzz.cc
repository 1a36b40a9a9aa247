// SPDX-License-Identifier: Apache-2.0
// What a step of a build asks of the caller's SSH agent.
#include <cstdint>
#include <string_view>

#include "engine/build/ssh_agent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, size_t size) {
    using skiff::engine::AgentRequest;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const AgentRequest request = skiff::engine::judge_agent_request(bytes);
    const bool whole = request.verdict == AgentRequest::Verdict::pass ||
                       request.verdict == AgentRequest::Verdict::refuse;
    if (whole && (request.size > size || request.size < 5)) __builtin_trap();
    if (request.verdict == AgentRequest::Verdict::pass && data[4] != 11 && data[4] != 13)
        __builtin_trap();
    // What is judged does not depend on what comes after it.
    if (whole && skiff::engine::judge_agent_request(bytes.substr(0, request.size)).verdict !=
                     request.verdict)
        __builtin_trap();
    return 0;
}
