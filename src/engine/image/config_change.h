// SPDX-License-Identifier: Apache-2.0
// The instructions of a Dockerfile that `import --change` and `commit --change` take: those that
// only change the configuration.
#pragma once

#include <span>
#include <string>

#include "oci/image_config.h"

namespace skiff::engine {

/// Applies instructions in their order, each one of CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL,
/// ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR, as written in a Dockerfile. Where Docker does, words
/// may be quoted and $VARIABLES of the image's environment are put in. Throws Error{invalid} naming
/// the instruction; `config` is then as before.
void apply_changes(std::span<const std::string> instructions, oci::ImageConfig& config);

}  // namespace skiff::engine
