// SPDX-License-Identifier: Apache-2.0
// The configuration of an image (image-spec 1.1 "config.json"), typed.
//
// An image is somebody else's. What it may say about how its containers run is
// UntrustedImageConfig: the list of the specification and nothing more. Everything else an image
// carries is OpaqueImageData, which is copied and shown, and which no code may read to decide
// anything (security row 11: labels and annotations that switched sandboxes off). A launch plan can
// be made from the first type only.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/timestamp.h"
#include "oci/digest.h"
#include "oci/platform.h"

namespace skiff::oci {

/// Largest image configuration that is read, in bytes.
constexpr size_t max_image_config_size = 8U << 20U;

/// HEALTHCHECK. Durations of zero and zero retries mean the engine's defaults.
struct Healthcheck {
    std::vector<std::string>
        test;  ///< {"NONE"}, {"CMD", argv…}, {"CMD-SHELL", line}, or empty: inherited
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    std::chrono::nanoseconds start_period{};
    std::chrono::nanoseconds start_interval{};
    int retries = 0;

    bool operator==(const Healthcheck&) const = default;
};

/// What an image may say about how its containers run. Syntax is checked where it is used (users
/// are resolved in the root file system, signals by the stop code); here are only the types and
/// bounds.
struct UntrustedImageConfig {
    std::vector<std::string>
        environment;  ///< "K=V"; entries without '=' or with an empty name are dropped
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::string user;
    std::string working_directory;
    std::string stop_signal;
    std::set<std::string> volumes;        ///< paths in the container
    std::set<std::string> exposed_ports;  ///< "80/tcp"
    std::optional<Healthcheck> healthcheck;
    /// The image's SHELL, as far as it concerns its containers: argv before the line of a
    /// CMD-SHELL check; empty: /bin/sh -c.
    std::vector<std::string> health_shell;
};

/// Data of the image's author: copied and shown, never acted on.
struct OpaqueImageData {
    std::map<std::string, std::string> labels;
    std::vector<std::string> shell;     ///< for builds on top
    std::vector<std::string> on_build;  ///< for builds on top
    std::string author;
    std::string comment;         ///< top-level, of `import -m` and `commit -m`
    std::string docker_version;  ///< of the program that made it
};

struct HistoryEntry {
    std::optional<Timestamp> created;
    std::string created_by;
    std::string author;
    std::string comment;
    bool empty_layer = false;
};

struct ImageConfig {
    std::optional<Timestamp> created;
    Platform platform;
    UntrustedImageConfig config;
    OpaqueImageData opaque;
    std::vector<Digest> diff_ids;  ///< of the uncompressed layers, lowest first
    std::vector<HistoryEntry> history;
};

/// Throws Error{invalid}; `name` is for the message ("the configuration of 'x'"). Unknown members
/// are ignored.
ImageConfig parse_image_config(std::string_view text, std::string_view name);
/// The document of a new image, compact. Member order is fixed, so equal configurations have equal
/// digests.
std::string print_image_config(const ImageConfig& config);
/// The member "config" as Docker prints it (Env, Cmd, Entrypoint, …; null where Docker says null).
nlohmann::json runtime_config_json(const UntrustedImageConfig& config,
                                   const OpaqueImageData& opaque);

}  // namespace skiff::oci
