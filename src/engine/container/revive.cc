// SPDX-License-Identifier: Apache-2.0
#include "engine/container/revive.h"

#include "base/error.h"
#include "engine/container/container_files.h"
#include "engine/container/restart_policy.h"
#include "engine/container/run.h"

namespace skiff::engine {
namespace {

void revive_one(const Engine& engine, const std::string& id) {
    // Asked and given back at once: `start` takes it again, and loses to whoever is faster.
    if (!ContainerFiles(engine, id).try_lock()) return;
    start_container(engine, id, {});
}

}  // namespace

void revive(const Engine& engine) {
    for (const std::string& id : wanted_containers(engine)) {
        try {
            revive_one(engine, id);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::in_use) continue;  // somebody is at it
            // What fails today (a disk that is not there yet) may work later: the mark stays, and
            // every command says so.
            if (error.kind() == ErrorKind::not_found)
                forget_wanted(engine, id);
            else
                engine.warn(fmt::format("container {} could not be started again: {}",
                                        id.substr(0, 12), error.message()));
        }
    }
}

}  // namespace skiff::engine
