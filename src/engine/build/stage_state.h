// SPDX-License-Identifier: Apache-2.0
// What a stage of a build has become so far: the configuration and the layers of the image that it
// would be.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dockerfile/expand.h"
#include "dockerfile/instruction.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "storage/layers.h"

namespace skiff::engine {

/// The comment of what a build adds to an image's history: the one people know.
inline constexpr std::string_view builder_name = "buildkit.dockerfile.v0";

struct StageLayer {
    oci::Digest key;  ///< by what the store names it
    oci::Digest diff;
    std::uint64_t size = 0;  ///< bytes in its files
    bool opaque = false;     ///< hides all below
    /// As it is in manifests: of a base image's layer the blob it came as, of ours the plain tar.
    oci::Descriptor blob;
};

/// Values of ARG before the first FROM, of --build-arg, and those that are always there.
struct BuildArguments {
    std::map<std::string, std::string> given;       ///< --build-arg
    std::map<std::string, std::string> predefined;  ///< TARGETPLATFORM and the like
    std::map<std::string, std::optional<std::string>> global;
    std::map<std::string, bool> used;  ///< names of `given` that some ARG has asked for
};

class StageState {
  public:
    oci::ImageConfig config;
    std::vector<StageLayer> layers;

    /// Names of the layers that are mounted, lowest first, as hexadecimal digits.
    std::vector<std::string> visible() const;
    std::vector<oci::Digest> diffs() const;
    /// Says all that the file system is: the diff ids of its layers.
    std::string file_system_name() const;

    /// ENV before ARG; the result refers to this object.
    dockerfile::Lookup lookup() const;
    /// "K=V" of the arguments that have a value, in the order of their ARGs, and of proxies that
    /// were given. ENV is not among them.
    std::vector<std::string> argument_environment(const BuildArguments& arguments) const;
    /// The environment of RUN.
    std::vector<std::string> run_environment(const BuildArguments& arguments) const;

    /// `path` of an instruction, absolute and clean.
    std::string absolute(const std::string& path) const;
    std::vector<std::string> shell() const;

    /// Does what an instruction (expanded) says about the configuration; of RUN, COPY and ADD
    /// nothing. Does not write history. Throws Error{invalid}.
    void apply(const dockerfile::InstructionBody& body, BuildArguments& arguments);
    /// One entry, of an instruction that was applied, as BuildKit writes it.
    void add_history(const dockerfile::InstructionBody& body);
    /// The same of a step that had a layer, or could have had one.
    void add_step_history(const dockerfile::InstructionBody& body, Timestamp created, bool empty);
    /// A stage on top of this one begins.
    void begin_stage();

  private:
    void set_argument(const dockerfile::Arg::Argument& argument, BuildArguments& arguments);

    std::vector<std::pair<std::string, std::optional<std::string>>> arguments_;
    bool command_set_ = false;  ///< CMD in this stage
};

/// The text of history for an instruction, without its time.
std::string history_text(const dockerfile::InstructionBody& body, const StageState& state);

/// Of an image that nothing was done to yet.
StageState scratch_stage(const oci::Platform& platform);

}  // namespace skiff::engine
