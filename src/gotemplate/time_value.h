// SPDX-License-Identifier: Apache-2.0
// Go's types of time, for documents that have them: what templates print is not what JSON has.
#pragma once

#include "gotemplate/value.h"

namespace skiff::gotemplate {

/// time.Duration: an integer of nanoseconds in JSON and to %d, "1m30s" to templates.
extern const Type duration_type;
/// time.Time: RFC 3339 text in JSON, "2026-11-22 03:28:06.5 +0000 UTC" to templates. Times are in
/// UTC; a text that is no such time is printed as it is.
extern const Type time_type;

}  // namespace skiff::gotemplate
