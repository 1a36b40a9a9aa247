// SPDX-License-Identifier: Apache-2.0
// The name of a step in the build cache: everything that goes into what it does, and nothing else.
//
// What it stands on counts as what it is (the diff ids of the layers below), not as how it came to
// be: a layer that was built again and differs makes everything on top of it new, and one that is
// the same does not. A label, or a CMD, does not make the next RUN a different one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "oci/digest.h"

namespace skiff::engine {

class StepKey {
  public:
    /// `name` is what people are told has changed: "the environment".
    void add(std::string name, std::string value);
    oci::Digest digest() const;
    const std::vector<std::pair<std::string, std::string>>& parts() const { return parts_; }

  private:
    std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace skiff::engine
