// SPDX-License-Identifier: Apache-2.0
// A SHA-256 digest as registries and image layouts write it: "sha256:" and 64 lower-case
// hexadecimal digits.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::oci {

/// A validated digest. There is no other algorithm: nothing in use writes sha512, and one algorithm
/// means that one content has one name in the store. The value is safe as a file name.
class Digest {
  public:
    /// "sha256:<64 lower-case hex>"; nothing when malformed or of another algorithm.
    static std::optional<Digest> parse(std::string_view text);
    /// The 64 digits alone; nothing when malformed.
    static std::optional<Digest> from_hex(std::string_view hex);
    /// Throws Error{invalid}; `name` says whose digest it is, for the message ("the manifest of
    /// 'x'").
    static Digest require(std::string_view text, std::string_view name);

    const std::string& hex() const { return hex_; }
    std::string text() const { return "sha256:" + hex_; }
    /// The 12 digits people see.
    std::string short_id() const { return hex_.substr(0, 12); }

    auto operator<=>(const Digest&) const = default;

  private:
    explicit Digest(std::string hex) : hex_(std::move(hex)) {}
    std::string hex_;
};

/// True for one or more lower-case hexadecimal digits.
bool is_lower_hex(std::string_view text);

}  // namespace skiff::oci
