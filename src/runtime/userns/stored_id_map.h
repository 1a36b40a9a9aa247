// SPDX-License-Identifier: Apache-2.0
// The id maps a rootless store was made with, kept as the file "idmap" in its data directory.
//
// Files of unpacked layers belong to ids of this map. With another one root's files would be
// somebody else's, or nobody's, so a changed /etc/subuid is refused, with the remedy, rather than
// obeyed. Pure text; the store reads and writes the file.
#pragma once

#include <string>
#include <string_view>

#include "runtime/userns/id_map.h"

namespace skiff::runtime {

/// "skiff-idmap 1", then a line "u|g inside outside count" per extent.
std::string save_id_maps(const IdMaps& maps);
/// The inverse of save_id_maps. Throws Error{invalid} naming `file`; a newer version is
/// Error{unsupported}.
IdMaps load_id_maps(std::string_view text, std::string_view file);

enum class IdMapChange {
    none,
    extended,  ///< every stored id means the same, there are more now: rewrite the file and go on
    changed,   ///< some stored id means another one, or is gone
};
IdMapChange compare_id_maps(const IdMaps& stored, const IdMaps& current);

/// Throws Error{conflict} with the remedy when the change is `changed`; `file` is the path of the
/// stored map.
void require_compatible_id_maps(const IdMaps& stored, const IdMaps& current, std::string_view file);

}  // namespace skiff::runtime
