// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/cid_file.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"

namespace skiff::cli {

CidFile::CidFile(const std::string& path) : path_(path) {
    if (path_.empty()) return;
    try {
        file_ = open_file(path_, O_WRONLY | O_CREAT | O_EXCL, 0666);
    } catch (const SystemError& error) {
        if (error.errno_value() != EEXIST)
            throw SystemError(error.errno_value(),
                              "--cidfile: failed to create the container ID file '{}'", path_);
        throw Error(ErrorKind::conflict,
                    "container ID file found, make sure the other container isn't running or "
                    "delete {}",
                    path_);
    }
}

CidFile::~CidFile() {
    if (file_.valid() && !written_) unlink(path_.c_str());
}

void CidFile::write(const std::string& id) {
    if (!file_.valid()) return;
    write_all(file_.get(), id, path_);
    written_ = true;
}

}  // namespace skiff::cli
