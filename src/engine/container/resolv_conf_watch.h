// SPDX-License-Identifier: Apache-2.0
// Tells when the host's /etc/resolv.conf has another content: replaced, written to, or, where it is
// a link (systemd-resolved, NetworkManager), its target. Runs in the monitor, in the host's view of
// files.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/fd.h"

namespace skiff::engine {

/// Content of the host's resolv.conf, at most 64 KiB of it; empty when there is none.
std::string host_resolv_conf();

class ResolvConfWatch {
  public:
    /// Without inotify there is nothing to wait for, and fd() is invalid (-1).
    ResolvConfWatch();
    int fd() const { return events_.get(); }
    /// `known`: the content that was read last, which changed() compares with.
    void compare_with(std::string known) { known_ = std::move(known); }
    const std::string& known() const { return known_; }
    /// To be called when fd() is readable, and once after the beginning: the content, when it is
    /// another one.
    std::optional<std::string> changed();

  private:
    void watch();

    Fd events_;
    std::string known_;
};

}  // namespace skiff::engine
