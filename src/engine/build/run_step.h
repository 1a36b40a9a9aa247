// SPDX-License-Identifier: Apache-2.0
// RUN: a container as `run` makes it, whose writable layer is the step's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <poll.h>

#include "base/fd.h"
#include "engine/build/request.h"
#include "engine/container/mount_request.h"
#include "engine/engine.h"

namespace skiff::engine {

/// For as long as a step runs; in no document.
struct RunSecret {
    SecretRequest request;
    std::string data;
};

struct RunPlan {
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< "K=V"
    std::string user;
    std::string working_directory;
    std::vector<std::string> layers;  ///< visible ones of the stage, lowest first
    std::string network;              ///< "" the default, "none", "host"
    std::vector<MountRequest> mounts;
    std::vector<RunSecret> secrets;
    std::string layer;  ///< where the writable layer goes, see ContainerRecord::build_layer
};

/// A container that ends with this object.
class RunStep {
  public:
    /// Starts it. `output` takes what the program writes.
    RunStep(const Engine& engine, const BuildRequest& request, RunPlan plan,
            std::function<void(std::string_view)> output);

    void add_polls(std::vector<pollfd>& polls) const;
    /// Takes what there is, without waiting. True once the program has ended and all of its output
    /// was taken. Throws why it could not be started; Error{system} when its monitor is gone.
    bool serve();
    /// After the end: as a shell shows it.
    int exit_code() const { return *exit_code_; }

  private:
    void read_output(Fd& pipe);
    void read_frames();

    std::function<void(std::string_view)> output_;
    Fd socket_;
    Fd stdout_;
    Fd stderr_;
    std::vector<char> frame_;
    std::optional<int> exit_code_;
};

}  // namespace skiff::engine
