// SPDX-License-Identifier: Apache-2.0
// Points in time as people type them (--since, --until, --filter until=) and as Go prints them in
// the caller's time zone.
#pragma once

#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace skiff {

/// A moment as Docker reads it: a Go duration ("10m": that long before `reference`); RFC 3339 with
/// or without zone, fraction, seconds and minutes; a date; or Unix seconds with a fraction. Without
/// a zone the local one at `reference` is meant. What lies outside the years 1678 to 2261 becomes
/// the first or last moment that a Timestamp can hold.
///
/// Throws Error{invalid} with Go's and Docker's texts. See moby's api/types/time/timestamp.go.
Timestamp parse_moment(std::string_view text, Timestamp reference);

/// Go's Time.String() in the local zone, without the fraction: "2026-11-22 03:28:06 +0000 UTC".
std::string local_text(Timestamp time);
/// RFC 3339 in the local zone, without the fraction: "2026-11-22T03:28:06Z".
std::string local_rfc3339(Timestamp time);

}  // namespace skiff
