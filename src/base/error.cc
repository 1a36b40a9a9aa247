// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>
#include <cstring>

namespace skiff {
namespace {

struct KindName {
    ErrorKind kind;
    std::string_view name;
};

constexpr std::array kind_names{
    KindName{ErrorKind::usage, "usage"},
    KindName{ErrorKind::invalid, "invalid"},
    KindName{ErrorKind::not_found, "not_found"},
    KindName{ErrorKind::conflict, "conflict"},
    KindName{ErrorKind::in_use, "in_use"},
    KindName{ErrorKind::unsupported, "unsupported"},
    KindName{ErrorKind::denied, "denied"},
    KindName{ErrorKind::cannot_execute, "cannot_execute"},
    KindName{ErrorKind::command_missing, "command_missing"},
    KindName{ErrorKind::system, "system"},
};

}  // namespace

std::string_view to_string(ErrorKind kind) {
    for (const KindName& row : kind_names)
        if (row.kind == kind) return row.name;
    return "system";
}

ErrorKind error_kind_from(std::string_view text) {
    for (const KindName& row : kind_names)
        if (row.name == text) return row.kind;
    return ErrorKind::system;
}

void Error::prepend(std::string_view context) {
    message_ = fmt::format("{}: {}", context, message_);
}

SystemError::SystemError(int errno_value, Text text)
    : Error(errno_value == EACCES || errno_value == EPERM ? ErrorKind::denied : ErrorKind::system,
            fmt::format("{}: {}", text.text, errno_text(errno_value))),
      errno_(errno_value) {}

std::string errno_text(int errno_value) {
    // strerrordesc_np is untranslated and needs no buffer (glibc 2.32).
    const char* text = strerrordesc_np(errno_value);
    return text != nullptr ? text : fmt::format("errno {}", errno_value);
}

}  // namespace skiff
