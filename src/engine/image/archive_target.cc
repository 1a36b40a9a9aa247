// SPDX-License-Identifier: Apache-2.0
#include "engine/image/archive_target.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::engine {

ArchiveTarget::ArchiveTarget(const std::string& path, mode_t mode) : path_(path) {
    if (path == "-") {
        if (isatty(STDOUT_FILENO) != 0)
            throw Error(
                ErrorKind::usage,
                std::string(
                    "cowardly refusing to save to a terminal. Use the -o flag or redirect"));
        fd_ = duplicate(STDOUT_FILENO);
        return;
    }
    struct stat status{};
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        fd_ = open_file(path, O_WRONLY);
        return;
    }
    const size_t slash = path.find_last_of('/');
    const std::string directory = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    if (!directory.empty() && stat(directory.c_str(), &status) < 0 && errno == ENOENT)
        throw Error(ErrorKind::not_found, "invalid output path: directory {} does not exist",
                    quoted(directory));
    temporary_ = directory + ".skiff-" + random_hex(6);
    fd_ = with_context(
        [&] { return open_file(temporary_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode); },
        "cannot write '{}'", path);
}

ArchiveTarget::~ArchiveTarget() {
    if (!temporary_.empty()) unlink(temporary_.c_str());
}

std::string ArchiveTarget::name() const {
    return path_ == "-" ? "standard output" : "'" + path_ + "'";
}

void ArchiveTarget::commit() {
    fd_.close();
    if (temporary_.empty()) return;
    if (rename(temporary_.c_str(), path_.c_str()) < 0)
        throw SystemError(errno, "cannot replace '{}'", path_);
    temporary_.clear();
}

}  // namespace skiff::engine
