// SPDX-License-Identifier: Apache-2.0
#include "engine/container/systemd_mode.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace skiff::engine {

void check_systemd_mode(std::string_view mode) {
    if (mode != "true" && mode != "false" && mode != "always")
        throw Error(ErrorKind::usage, "invalid value {} for --systemd: it is true, false or always",
                    quoted(mode));
}

bool runs_systemd(std::string_view mode, const EffectiveConfig& config) {
    if (mode == "always") return true;
    if (mode != "true") return false;
    const std::vector<std::string>& words =
        config.entrypoint.empty() ? config.command : config.entrypoint;
    if (words.empty()) return false;
    const std::string_view program = words.front();
    const size_t slash = program.rfind('/');
    return program.substr(slash == std::string_view::npos ? 0 : slash + 1) == "systemd" ||
           program == "/sbin/init" || program == "/usr/sbin/init" ||
           program == "/usr/local/sbin/init";
}

const std::vector<std::string_view>& systemd_directories() {
    static const std::vector<std::string_view> paths{"/run", "/run/lock", "/tmp",
                                                     "/var/log/journal"};
    return paths;
}

}  // namespace skiff::engine
