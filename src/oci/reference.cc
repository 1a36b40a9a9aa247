// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace skiff::oci {
namespace {

constexpr std::string_view default_domain = "docker.io";
constexpr std::string_view legacy_default_domain = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr size_t max_path_length = 255;
constexpr size_t max_tag_length = 128;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_letter_or_digit(char c) {
    return is_digit(c) || is_lower(c) || is_upper(c);
}
bool is_path_alphanumeric(char c) {
    return is_digit(c) || is_lower(c);
}

[[noreturn]] void invalid_format() {
    throw Error(ErrorKind::invalid, std::string("invalid reference format"));
}

/// Runs of lower-case letters and digits, joined by one '.', one or two '_', or any number of '-'.
bool is_path_component(std::string_view text) {
    const auto take_alphanumerics = [&] {
        const size_t begin = text.size();
        while (!text.empty() && is_path_alphanumeric(text.front())) text.remove_prefix(1);
        return text.size() < begin;
    };
    if (!take_alphanumerics()) return false;
    while (!text.empty()) {
        size_t length = 1;
        if (text.starts_with("__")) length = 2;
        if (text.front() == '-') length = std::min(text.find_first_not_of('-'), text.size());
        if (text.front() != '.' && text.front() != '_' && text.front() != '-') return false;
        text.remove_prefix(length);
        if (!take_alphanumerics()) return false;
    }
    return true;
}

bool is_path(std::string_view text) {
    return std::ranges::all_of(split(text, '/'), is_path_component);
}

bool is_domain_label(std::string_view text) {
    if (text.empty() || !is_letter_or_digit(text.front()) || !is_letter_or_digit(text.back()))
        return false;
    return std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

/// A host name or an IPv6 address in brackets, and perhaps a port.
bool is_domain(std::string_view text) {
    std::string_view host = text;
    std::string_view rest;
    if (text.starts_with('[')) {
        const size_t end = text.find(']');
        if (end == std::string_view::npos || end == 1) return false;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        const auto in_address = [](char c) {
            return is_digit(c) || c == ':' || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        };
        if (!std::ranges::all_of(host, in_address)) return false;
    } else {
        const size_t colon = text.find(':');
        host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
        if (!std::ranges::all_of(split(host, '.'), is_domain_label)) return false;
    }
    if (rest.empty()) return true;
    return rest.size() > 1 && rest.front() == ':' && std::ranges::all_of(rest.substr(1), is_digit);
}

bool is_tag(std::string_view text) {
    if (text.empty() || text.size() > max_tag_length) return false;
    const auto is_word = [](char c) { return is_letter_or_digit(c) || c == '_'; };
    return is_word(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return is_word(c) || c == '.' || c == '-'; });
}

/// Whether the part before the first slash is a host and not the first component of a path on
/// Docker Hub.
bool looks_like_domain(std::string_view first) {
    return first == "localhost" || first.find_first_of(".:") != std::string_view::npos ||
           std::ranges::any_of(first, is_upper);
}

}  // namespace

Reference Reference::parse(std::string_view text) {
    if (text.empty()) invalid_format();
    if (Digest::from_hex(text))
        throw Error(ErrorKind::invalid,
                    "invalid repository name ({}), cannot specify 64-byte hexadecimal strings",
                    text);

    Reference reference;
    const Cut first = cut(text, '/');
    std::string_view remainder = text;
    reference.domain_ = default_domain;
    if (first.found && (looks_like_domain(first.before) || first.before == default_domain)) {
        reference.domain_ = first.before == legacy_default_domain ? default_domain : first.before;
        remainder = first.after;
    }

    const Cut at = cut(remainder, '@');
    // The path has no colon, so the first one begins the tag.
    const Cut colon = cut(at.before, ':');
    reference.path_ = colon.before;
    if (reference.domain_ == default_domain && reference.path_.find('/') == std::string::npos)
        reference.path_.insert(0, official_prefix);

    if (std::ranges::any_of(reference.path_, is_upper))
        throw Error(ErrorKind::invalid,
                    "invalid reference format: repository name ({}) must be lowercase",
                    printable(reference.path_));
    if (!is_domain(reference.domain_) || !is_path(reference.path_)) invalid_format();
    if (reference.path_.size() > max_path_length)
        throw Error(ErrorKind::invalid, "repository name must not be more than {} characters",
                    max_path_length);
    if (colon.found) {
        if (!is_tag(colon.after)) invalid_format();
        reference.tag_ = colon.after;
    }
    if (at.found) {
        reference.digest_ = Digest::parse(at.after);
        if (!reference.digest_) invalid_format();
    }
    return reference;
}

std::string Reference::familiar_repository() const {
    if (domain_ != default_domain) return repository();
    const Cut first = cut(path_, '/');
    if (path_.starts_with(official_prefix) && first.after.find('/') == std::string_view::npos)
        return std::string(first.after);
    // "docker.io/localhost/x" without its domain would be read as the host "localhost".
    return looks_like_domain(first.before) ? repository() : path_;
}

std::string Reference::text() const {
    return repository() + (tag_.empty() ? "" : ":" + tag_) + (digest_ ? "@" + digest_->text() : "");
}

std::string Reference::familiar_text() const {
    return familiar_repository() + (tag_.empty() ? "" : ":" + tag_) +
           (digest_ ? "@" + digest_->text() : "");
}

Reference Reference::with_default_tag() const {
    Reference copy = *this;
    if (tag_.empty() && !digest_) copy.tag_ = "latest";
    return copy;
}

Reference Reference::with_digest(const Digest& digest) const {
    Reference copy = *this;
    copy.tag_.clear();
    copy.digest_ = digest;
    return copy;
}

Reference Reference::without_redundant_tag() const {
    Reference copy = *this;
    if (digest_) copy.tag_.clear();
    return copy;
}

Reference parse_tag_target(std::string_view text) {
    const Reference reference = Reference::parse(text);
    if (reference.digest())
        throw Error(ErrorKind::invalid, "refusing to create a tag with a digest reference");
    return reference.with_default_tag();
}

}  // namespace skiff::oci
