// SPDX-License-Identifier: Apache-2.0
// What the user asked of `build`, typed and checked, free of argv.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/container/request.h"
#include "engine/container/resources.h"

namespace skiff::engine {

struct BuildSecret {
    std::string id;
    std::string file;         ///< a path; or
    std::string environment;  ///< the name of a variable of ours
};

/// --output
struct BuildOutput {
    enum class Kind {
        image,      ///< in the store
        archive,    ///< the target's files, as a tar
        directory,  ///< the target's files
    };
    Kind kind = Kind::image;
    std::string destination;  ///< a path; of an archive "-" is standard output
};

struct BuildRequest {
    std::string context;              ///< a directory; "-": a tar or a Dockerfile on stdin
    std::optional<std::string> file;  ///< -f; "-": stdin
    std::vector<std::string> tags;    ///< as typed
    std::map<std::string, std::string> arguments;  ///< --build-arg
    std::string target;                            ///< a stage; empty: the last
    BuildOutput output;
    std::string platform;  ///< "" : this machine's
    std::map<std::string, std::string> labels;
    std::vector<BuildSecret> secrets;
    std::map<std::string, std::string> ssh_agents;  ///< --ssh: sockets, by id
    std::vector<std::string> add_hosts;             ///< "name:ip"
    std::string network;                            ///< of RUN: "" or "default", "none", "host"
    std::optional<std::uint64_t> shm_size;
    std::vector<Ulimit> ulimits;
    Resources resources;
    bool no_cache = false;
    bool pull = false;     ///< base images are asked of their registries
    bool explain = false;  ///< tell for each step why it was done again or not
};

}  // namespace skiff::engine
