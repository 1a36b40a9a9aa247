// SPDX-License-Identifier: Apache-2.0
// The CDI devices of this machine: what the specifications in some directories say.
//
// Files *.json and *.yaml of each directory count, without its sub-directories. A device of a later
// directory takes the place of one of the same name in an earlier one; twice in one directory it is
// neither. A file with a fault gives no device, and is told of when a device is missed.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cdi/specification.h"

namespace skiff::cdi {

class Catalog {
  public:
    /// Reads all. A directory that is not there or may not be read has no devices.
    explicit Catalog(std::vector<std::string> directories);

    /// Some device is of this kind ("vendor.com/class").
    bool has_kind(std::string_view kind) const;
    /// The edits for a container that gets these devices, in their order: first what a file says
    /// for each of its devices (once), then the device's. Throws Error{invalid} naming the devices
    /// that are not there, where they were looked for, the faults on the way, and the remedy.
    Edits edits_for(const std::vector<std::string>& qualified_names) const;
    /// "/etc/cdi, /var/run/cdi", for messages.
    std::string directories_text() const;

  private:
    struct Entry {
        size_t specification = 0;
        size_t device = 0;
        size_t directory = 0;
    };
    void read_directory(size_t number);
    void add(Specification specification, size_t directory);
    [[noreturn]] void refuse(const std::vector<std::string>& missing) const;

    std::vector<std::string> directories_;
    std::vector<Specification> specifications_;
    std::map<std::string, Entry, std::less<>> devices_;  ///< by qualified name
    std::map<std::string, std::string, std::less<>> conflicts_;
    std::vector<std::string> faults_;
};

}  // namespace skiff::cdi
