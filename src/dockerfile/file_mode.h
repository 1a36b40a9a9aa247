// SPDX-License-Identifier: Apache-2.0
// The value of --chmod: what becomes of a file's mode.
#pragma once

#include <string_view>
#include <vector>

#include <sys/types.h>

namespace skiff::dockerfile {

class FileMode {
  public:
    /// Octal digits up to 7777, or changes as chmod(1) has them: "u+x", "go-w", "a=rX,u+w", "g=u".
    /// Without letters in front, all are meant, whatever the umask. Throws Error{invalid}.
    static FileMode parse(std::string_view text);

    /// `mode` (permissions alone) as it is afterwards. `directory`: of one, for 'X'.
    mode_t apply(mode_t mode, bool directory) const;

  private:
    struct Change {
        mode_t who = 0;        ///< whose bits: of 0700, 0070, 0007
        char act = '=';        ///< '+', '-', '='
        mode_t bits = 0;       ///< rwx in the lowest three, and setuid, setgid, sticky
        bool if_runs = false;  ///< 'X'
        char like = '\0';      ///< 'u', 'g' or 'o': what these may
    };
    bool absolute_ = false;
    mode_t mode_ = 0;
    std::vector<Change> changes_;
};

}  // namespace skiff::dockerfile
