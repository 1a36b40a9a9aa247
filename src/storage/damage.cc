// SPDX-License-Identifier: Apache-2.0
#include "storage/damage.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"

namespace skiff::storage {
namespace {

std::string remedy(DamagedObject object, const std::string& name) {
    switch (object) {
        case DamagedObject::reference:
            if (name.empty()) return "'skiff rmi -f' with the name it had removes it";
            return fmt::format(
                "load, import or tag {0} again, or remove it with 'skiff rmi -f {0}'", name);
        case DamagedObject::image:
        case DamagedObject::configuration:
            return fmt::format("load the image again, or remove it with 'skiff rmi -f {}'", name);
        case DamagedObject::layer:
            return "load the image again";
        case DamagedObject::container:
            return fmt::format("remove the container with 'skiff rm -f {}'", name);
        case DamagedObject::lease:
            return "remove the file when no skiff command is at work";
    }
    return "";
}

}  // namespace

DamagedFile::DamagedFile(const Store& store, std::string path, std::string_view why,
                         DamagedObject object, std::string name)
    : Error(ErrorKind::invalid, "'{}/{}' is damaged: {}; {}", store.root(), path, printable(why),
            remedy(object, name)),
      object_(object),
      path_(std::move(path)),
      name_(std::move(name)) {}

bool is_damage(const Error& error) {
    if (error.kind() == ErrorKind::invalid || error.kind() == ErrorKind::unsupported ||
        error.kind() == ErrorKind::not_found)
        return true;
    const auto* system = dynamic_cast<const SystemError*>(&error);
    if (system == nullptr) return false;
    constexpr std::array about_the_file{EIO, EACCES, EPERM, EISDIR, ELOOP, ENXIO};
    return std::ranges::find(about_the_file, system->errno_value()) != about_the_file.end();
}

}  // namespace skiff::storage
