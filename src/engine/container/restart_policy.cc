// SPDX-License-Identifier: Apache-2.0
#include "engine/container/restart_policy.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{100};
constexpr milliseconds longest_delay{60'000};
constexpr std::chrono::seconds long_run{10};
constexpr const char* wanted_directory = "wanted";

}  // namespace

RestartPolicy parse_restart_policy(std::string_view text) {
    using Kind = RestartPolicy::Kind;
    const Cut parts = cut(text, ':');
    RestartPolicy policy;
    if (parts.before == "always") policy.kind = Kind::always;
    if (parts.before == "unless-stopped") policy.kind = Kind::unless_stopped;
    if (parts.before == "on-failure") policy.kind = Kind::on_failure;
    if (policy.kind == Kind::no && !parts.before.empty() && parts.before != "no")
        throw Error(ErrorKind::usage,
                    "invalid restart policy: unknown policy '{}'; use one of 'no', 'always', "
                    "'on-failure', or 'unless-stopped'",
                    printable(parts.before));
    if (!parts.found) return policy;
    const auto retries = parse_number<int>(parts.after);
    if (!retries)
        throw Error(ErrorKind::usage,
                    "invalid restart policy format: maximum retry count must be an integer");
    if (policy.kind != Kind::on_failure)
        throw Error(ErrorKind::usage,
                    "invalid restart policy: maximum retry count can only be used with "
                    "'on-failure'");
    if (*retries < 0)
        throw Error(ErrorKind::usage,
                    "invalid restart policy: maximum retry count cannot be negative");
    policy.retries = *retries;
    return policy;
}

std::string_view name_of(const RestartPolicy& policy) {
    switch (policy.kind) {
        case RestartPolicy::Kind::no:
            return "no";
        case RestartPolicy::Kind::always:
            return "always";
        case RestartPolicy::Kind::unless_stopped:
            return "unless-stopped";
        case RestartPolicy::Kind::on_failure:
            return "on-failure";
    }
    return "";
}

bool starts_again(const RestartPolicy& policy, int exit_code, int restarts) {
    switch (policy.kind) {
        case RestartPolicy::Kind::no:
            return false;
        case RestartPolicy::Kind::always:
        case RestartPolicy::Kind::unless_stopped:
            return true;
        case RestartPolicy::Kind::on_failure:
            return exit_code != 0 && (policy.retries == 0 || restarts < policy.retries);
    }
    return false;
}

milliseconds BackOff::next(std::chrono::nanoseconds ran) {
    if (ran >= long_run || delay_.count() == 0) {
        delay_ = first_delay;
    } else {
        delay_ = std::min(delay_ * 2, longest_delay);
    }
    return delay_;
}

void mark_wanted(const Engine& engine, const std::string& id) {
    const Fd directory =
        open_private_directory(fmt::format("{}/{}", engine.root(), wanted_directory));
    open_at(directory.get(), id, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
}

void forget_wanted(const Engine& engine, const std::string& id) {
    unlink(fmt::format("{}/{}/{}", engine.root(), wanted_directory, id).c_str());
}

std::vector<std::string> wanted_containers(const Engine& engine) {
    const Fd directory = find_at(AT_FDCWD, fmt::format("{}/{}", engine.root(), wanted_directory),
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.valid()) return {};
    return list_directory(directory.get());
}

}  // namespace skiff::engine
