// SPDX-License-Identifier: Apache-2.0
#include "engine/container/restart_policy.h"

#include <algorithm>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{100};
constexpr milliseconds longest_delay{60'000};
constexpr std::chrono::seconds long_run{10};

// What a mark says; an empty one: it shall run now.
constexpr std::string_view stopped_word = "stopped in boot ";
constexpr std::string_view failed_word = "failed: ";
constexpr std::size_t mark_limit = 64U << 10U;
/// What could not be started is not tried again by each command of a script.
constexpr std::chrono::seconds between_tries{10};

std::string directory_path(const Engine& engine) {
    return engine.root() + "/wanted";
}
std::string mark_path(const Engine& engine, const std::string& id) {
    return fmt::format("{}/{}", directory_path(engine), id);
}

/// Replaced as a whole: half a mark would start what was stopped.
void write_mark(const Engine& engine, const std::string& id, std::string_view text) {
    const Fd directory = open_private_directory(directory_path(engine));
    replace_file(directory.get(), id, text, 0600, Durability::sync);
}

bool is_marked(const Engine& engine, const std::string& id) {
    return find_at(AT_FDCWD, mark_path(engine, id), O_PATH | O_NOFOLLOW).valid();
}

bool is_recent(int file) {
    struct stat status{};
    if (fstat(file, &status) < 0) return false;
    const std::time_t age = std::time(nullptr) - status.st_mtim.tv_sec;
    return age >= 0 && age < between_tries.count();
}

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
    if (find_regular_file(AT_FDCWD, mark_path(engine, id), mark_limit) == "") return;
    write_mark(engine, id, "");
}

void mark_stopped(const Engine& engine, const std::string& id, const RestartPolicy& policy) {
    if (policy.kind == RestartPolicy::Kind::no) return;
    if (!is_marked(engine, id)) return;
    if (policy.kind == RestartPolicy::Kind::always) {
        try {
            write_mark(engine, id, std::string(stopped_word) + boot_id());
            return;
        } catch (const SystemError&) {
            // A full disk. That it stays stopped now weighs more than that it comes back some day.
        }
    }
    forget_wanted(engine, id);
}

void mark_failed(const Engine& engine, const std::string& id, const std::string& reason) {
    if (is_marked(engine, id)) write_mark(engine, id, std::string(failed_word) + reason);
}

void forget_wanted(const Engine& engine, const std::string& id) {
    unlink(mark_path(engine, id).c_str());
}

std::vector<std::string> marked_containers(const Engine& engine) {
    const Fd directory =
        find_at(AT_FDCWD, directory_path(engine), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.valid()) return {};
    std::vector<std::string> ids = list_directory(directory.get());
    std::erase_if(ids, [](const std::string& id) { return id.starts_with('.'); });  // being written
    return ids;
}

Wish read_wish(const Engine& engine, const std::string& id) {
    const Fd mark = find_at(AT_FDCWD, mark_path(engine, id), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!mark.valid()) return {};
    const std::string text = read_to_end(mark.get(), mark_limit, "the mark of a container");
    const std::string_view words = text;
    if (words.starts_with(stopped_word) && words.substr(stopped_word.size()) == boot_id())
        return {};
    const bool failed = words.starts_with(failed_word) && is_recent(mark.get());
    return {true, failed ? std::string(words.substr(failed_word.size())) : ""};
}

}  // namespace skiff::engine
