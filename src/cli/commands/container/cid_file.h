// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/fd.h"

namespace skiff::cli {

/// The file of --cidfile: made before the container, so that two runs cannot share it, filled when
/// the id is known, and removed at the end when it never was.
class CidFile {
  public:
    /// Nothing at all for an empty path. Throws Error{conflict} when the file exists.
    explicit CidFile(const std::string& path);
    CidFile(const CidFile&) = delete;
    CidFile& operator=(const CidFile&) = delete;
    ~CidFile();

    void write(const std::string& id);

  private:
    std::string path_;
    Fd file_;
    bool written_ = false;
};

}  // namespace skiff::cli
