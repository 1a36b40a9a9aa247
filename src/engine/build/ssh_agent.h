// SPDX-License-Identifier: Apache-2.0
// RUN --mount=type=ssh: a step's way to an agent of the caller's.
//
// The agent's own socket is not mounted: agents serve their owner's processes alone (by the
// socket's peer), and a step may have any user of the store's. What is mounted is a socket of ours,
// behind which a process with the caller's rights passes on what a step may ask: which keys there
// are, and signatures. Nothing that changes the agent (adding and removing keys, locking,
// extensions) reaches it, as in BuildKit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "engine/build/worker.h"
#include "engine/engine.h"

namespace skiff::engine {

/// What the first bytes of a stream of requests are (draft-miller-ssh-agent, "Protocol Messages").
struct AgentRequest {
    enum class Verdict {
        incomplete,  ///< more bytes are needed
        pass,        ///< may be asked
        refuse,      ///< is answered with a failure
        broken,      ///< no request: the connection ends
    };
    Verdict verdict = Verdict::incomplete;
    size_t size = 0;  ///< of the request, its length included; 0: not known yet
};
AgentRequest judge_agent_request(std::string_view bytes);

/// A socket for a step, while it lives.
class SshAgentForward {
  public:
    /// Makes the socket `name` in `directory` for the agent that listens at the path `agent`.
    /// Throws SystemError.
    SshAgentForward(const Engine& engine, int directory, const std::string& name,
                    const std::string& agent);

  private:
    Fd listener_;
    BuildWorker worker_;
};

/// Throws Error{not_found, unsupported} for what is no agent's socket, a key's file among it.
void check_ssh_agent(const std::string& id, const std::string& path);

}  // namespace skiff::engine
