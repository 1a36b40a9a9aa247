// SPDX-License-Identifier: Apache-2.0
// --explain: why a step is done again, by what the same step of the last build of this Dockerfile
// was made from.
//
//     build/plans/<hex>   the parts of each step's key, of the last build
#pragma once

#include <map>
#include <string>

#include "engine/build/step_key.h"
#include "storage/store.h"

namespace skiff::engine {

inline constexpr const char* plan_folder = "build/plans";

class StepHistory {
  public:
    /// Of builds of this Dockerfile in this context.
    StepHistory(const storage::Store& store, const std::string& context,
                const std::string& dockerfile);

    /// Notes what the step is made from now; says what is different from the last time. `step` is
    /// its place in the Dockerfile.
    std::string compare(const std::string& step, const StepKey& key);
    /// The step was not looked at: it is as it was.
    void keep(const std::string& step);
    /// For the next build. A failure is nobody's business.
    void save() noexcept;

  private:
    using Parts = std::map<std::string, std::string>;
    const storage::Store& store_;
    std::string name_;
    std::map<std::string, Parts> before_;
    std::map<std::string, Parts> now_;
};

}  // namespace skiff::engine
