// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_files.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::monitor {
namespace {

/// An invalid one when there is none.
OpenLogFile open_log_file(const LogPlace& place, unsigned age) {
    const std::string name = log_file_name(place.name, age);
    OpenLogFile opened;
    // A FIFO in its place must not hang us.
    opened.file = find_at(place.dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened.file.valid()) return opened;
    struct stat status{};
    if (fstat(opened.file.get(), &status) < 0)
        throw SystemError(errno, "cannot examine '{}'", name);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "the log '{}' is no regular file", name);
    opened.device = status.st_dev;
    opened.inode = status.st_ino;
    return opened;
}

/// The highest number in use. A killed writer may have left a gap below it.
unsigned oldest_age(const LogPlace& place) {
    unsigned oldest = 0;
    for (const std::string& entry : list_directory(place.dir)) {
        if (!entry.starts_with(place.name + ".")) continue;
        const auto age =
            parse_number<unsigned>(std::string_view(entry).substr(place.name.size() + 1));
        if (age) oldest = std::max(oldest, *age);
    }
    return oldest;
}

/// Counts ages until there are no older files.
class Ages {
  public:
    explicit Ages(const LogPlace& place) : place_(place) {}
    /// Opens the file of the next age; nothing at the end. Those that a gap leaves out are passed.
    std::optional<OpenLogFile> next() {
        for (;; ++age_) {
            OpenLogFile opened = open_log_file(place_, age_);
            if (opened.file.valid()) {
                opened.age = age_++;
                return opened;
            }
            // A gap, or the end? To be asked each time: the gap may be that of a rotation at work,
            // which has just moved the oldest file to a number that was not there.
            if (age_ >= oldest_age(place_)) return std::nullopt;
        }
    }

  private:
    const LogPlace& place_;
    unsigned age_ = 0;
};

}  // namespace

std::string log_file_name(LogFormat format) {
    return format == LogFormat::json_file ? "json.log" : "local.log";
}

std::string log_file_name(const std::string& newest, unsigned age) {
    return age == 0 ? newest : fmt::format("{}.{}", newest, age);
}

std::vector<OpenLogFile> open_log_files(const LogPlace& place) {
    std::vector<OpenLogFile> files;
    Ages ages(place);
    while (auto opened = ages.next()) {
        if (files.empty()) {
            files.push_back(std::move(*opened));
        } else if (opened->is(files.back())) {
            files.back().age = opened->age;  // a rotation has moved it
        } else if (open_log_file(place, files.back().age).is(files.back())) {
            // It has not moved since we opened it, so what has just been opened is the one before
            // it. Otherwise that may be a newer one, and ours comes at a higher age, or is gone.
            files.push_back(std::move(*opened));
        }
    }
    return files;
}

OpenLogFile open_successor(const LogPlace& place, const OpenLogFile& file) {
    OpenLogFile newer;
    Ages ages(place);
    // What is opened just before ours is reached was its neighbour at that moment: had there been a
    // rotation in between, we would have met the same file again.
    while (auto opened = ages.next()) {
        if (opened->is(file)) break;
        newer = std::move(*opened);
    }
    return newer;
}

}  // namespace skiff::monitor
