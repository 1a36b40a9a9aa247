// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace skiff::oci {
namespace {

constexpr std::string_view prefix = "sha256:";
constexpr size_t hex_length = 64;

}  // namespace

bool is_lower_hex(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
}

std::optional<Digest> Digest::from_hex(std::string_view hex) {
    if (hex.size() != hex_length || !is_lower_hex(hex)) return std::nullopt;
    return Digest(std::string(hex));
}

std::optional<Digest> Digest::parse(std::string_view text) {
    if (!text.starts_with(prefix)) return std::nullopt;
    return from_hex(text.substr(prefix.size()));
}

Digest Digest::require(std::string_view text, std::string_view name) {
    if (std::optional<Digest> digest = parse(text)) return *std::move(digest);
    throw Error(ErrorKind::invalid, "{}: {} is not a sha256 digest", name, quoted(text));
}

}  // namespace skiff::oci
