// SPDX-License-Identifier: Apache-2.0
// The network helper of one run of a container, as its monitor has it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "network/channel.h"
#include "network/config.h"
#include "network/local_traffic.h"

namespace skiff::engine {

class NetworkHelper {
  public:
    /// Clones and executes it; its work goes on beside ours. Throws SystemError.
    static NetworkHelper start();
    NetworkHelper(NetworkHelper&&) = default;
    NetworkHelper& operator=(NetworkHelper&&) = default;
    ~NetworkHelper() { end(); }

    /// Hands over the host's side of published ports, before it is configured.
    void give_listeners(std::vector<network::PublishedListener> listeners);
    void configure(const network::HelperConfig& config);
    /// Hands over the network namespace of a process, which must not run the container's program
    /// yet.
    void give_namespace_of(pid_t host_pid);
    /// Returns when the container has its network. Throws what the helper says.
    void await_ready();
    void send_resolv_conf(const std::string& content);

    /// Readable when it says something, or has ended.
    int channel() const { return channel_.get(); }
    /// The next thing it says; nothing when it has ended.
    std::optional<std::string> receive();

    /// Kills it and waits for nothing: the kernel takes its interface apart in milliseconds that
    /// nobody needs to know of. The supervisor reaps.
    void end();

  private:
    NetworkHelper(Child process, Fd channel)
        : process_(std::move(process)), channel_(std::move(channel)) {}
    void send(network::MessageType type, std::string_view content, std::span<const int> fds);
    Child process_;
    Fd channel_;
    bool has_listeners_ = false;
};

}  // namespace skiff::engine
