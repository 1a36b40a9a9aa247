// SPDX-License-Identifier: Apache-2.0
// The parent's half of the handshake (handshake.h), for a first process (launch) and for one that
// joins a running container (join).
#pragma once

#include <vector>

#include "runtime/init/init.h"
#include "runtime/launch.h"

namespace skiff::runtime {

/// The arrays of pointers that execve(2) wants; the plan must outlive them.
class ExecArrays {
  public:
    explicit ExecArrays(const LaunchPlan& plan);
    init::ExecVectors vectors() const {
        return {arguments_.data(), environment_.data(), hooks_.data()};
    }

  private:
    std::vector<char*> arguments_;
    std::vector<char*> environment_;
    std::vector<std::vector<char*>> of_hooks_;
    std::vector<init::ExecVectors> hooks_;
};

/// A nested user namespace's root does not own pipes that its parent made, and cannot take them.
void give_pipes(const LaunchPlan& plan, const IdMaps& nested);

struct Received {
    Report report;
    Fd console;
    bool ended = false;
};
Received receive_report(int socket);

/// The process that `joined` names: a child of ours, made by another one. Not waited for yet, so
/// the number is still its own.
Child left_child(const Report& joined);

/// Returns when the program of `launched` runs; takes its console. Throws what a failed step says,
/// or that the process died.
void await_program(int socket, const LaunchPlan& plan, Launched& launched);

}  // namespace skiff::runtime
