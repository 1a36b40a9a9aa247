// SPDX-License-Identifier: Apache-2.0
#include "engine/container/security_labels.h"

#include <algorithm>

#include <fcntl.h>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {

std::optional<std::string> find_unapplied_labels(const SecurityRequest& security,
                                                 const std::string& selinuxfs) {
    const auto& labels = security.labels;
    if (labels.empty() || security.privileged ||
        std::ranges::find(labels, "disable") != labels.end() ||
        !find_file(AT_FDCWD, selinuxfs + "/enforce", 16))
        return std::nullopt;
    return fmt::format(
        "the SELinux label ({}) is not set: skiff labels neither processes nor files, and the "
        "container runs in the domain of whoever started it (label=disable says so)",
        join(labels, ", "));
}

}  // namespace skiff::engine
