// SPDX-License-Identifier: Apache-2.0
// Where something stands in a Dockerfile, and how it is shown to people.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skiff::dockerfile {

/// Lines of the file, counted from 1, both ends included.
struct LineRange {
    size_t first = 0;
    size_t last = 0;

    bool operator==(const LineRange&) const = default;
};

/// The lines of `text` around `marked` as BuildKit frames them, without a newline at the end:
///
///     Dockerfile:3
///     --------------------
///        1 |     FROM busybox
///        2 |
///        3 | >>> RUM true
///        4 |     CMD sh
///     --------------------
///
/// `column` (from 1, in bytes of the first marked line) goes behind the line's number
/// ("Dockerfile:3:5"); 0 leaves it out. Control characters are made visible and lines are cut at
/// 200 bytes: the file is somebody else's. Of a long range its first lines are shown.
std::string source_frame(std::string_view file_name, std::string_view text, LineRange marked,
                         size_t column = 0);

}  // namespace skiff::dockerfile
