// SPDX-License-Identifier: Apache-2.0
// Files of the store that cannot be read as what they should be. One of them must not hide the
// others: lists take what they can read and name the rest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "storage/store.h"

namespace skiff::storage {

/// What a damaged file was about, which decides what can be done.
enum class DamagedObject {
    reference,      ///< a file of images/refs
    image,          ///< a file of images/records
    configuration,  ///< the blob of an image's configuration
    layer,          ///< the meta.json of a layer
    container,      ///< the config.json of a container
    lease,
};

/// Error{invalid}: "'/…/images/refs/x' is damaged: why; what to do".
class DamagedFile : public Error {
  public:
    /// `path` is relative to the data directory; `name` is the object as people call it: a familiar
    /// reference, a short image id, a container id.
    DamagedFile(const Store& store, std::string path, std::string_view why, DamagedObject object,
                std::string name);

    DamagedObject object() const { return object_; }
    const std::string& name() const { return name_; }
    /// Relative to the data directory.
    const std::string& path() const { return path_; }

  private:
    DamagedObject object_;
    std::string path_;
    std::string name_;
};

using Damages = std::vector<DamagedFile>;

/// Whether an error says something about the file itself. A process that is out of memory or of
/// descriptors says nothing about the files that it could not read.
bool is_damage(const Error& error);

/// What `read` returns; an Error of it that is_damage becomes a DamagedFile.
template <typename Read>
auto read_or_damaged(const Store& store, const std::string& path, DamagedObject object,
                     const std::string& name, Read read) {
    try {
        return read();
    } catch (const DamagedFile&) {
        throw;
    } catch (const Error& error) {
        if (!is_damage(error)) throw;
        throw DamagedFile(store, path, error.message(), object, name);
    }
}

}  // namespace skiff::storage
