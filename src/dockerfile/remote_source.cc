// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/remote_source.h"

#include "base/error.h"
#include "base/text.h"

namespace skiff::dockerfile {
namespace {

constexpr std::string_view no_name = "__unnamed__";

bool is_http(std::string_view source) {
    return source.starts_with("http://") || source.starts_with("https://");
}

std::optional<unsigned> hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

/// A '%' without two digits behind it stays.
std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (size_t i = 0; i < text.size(); ++i) {
        const bool escaped = text[i] == '%' && i + 2 < text.size();
        const auto high = escaped ? hex_digit(text[i + 1]) : std::nullopt;
        const auto low = high ? hex_digit(text[i + 2]) : std::nullopt;
        if (low) {
            decoded += static_cast<char>(*high * 16 + *low);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

}  // namespace

bool is_remote_file(std::string_view source) {
    return is_http(source) && !find_git_source(source);
}

std::string remote_file_name(std::string_view url) {
    const size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::string(no_name);
    std::string_view rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("?#"));
    const size_t path = rest.find('/');
    if (path == std::string_view::npos) return std::string(no_name);
    std::string name = percent_decoded(rest.substr(path));
    while (name.ends_with('/')) name.pop_back();
    name.erase(0, name.rfind('/') + 1);
    const bool usable =
        !name.empty() && name != "." && name != ".." && name.find('\0') == std::string::npos;
    return usable ? name : std::string(no_name);
}

std::optional<GitSource> find_git_source(std::string_view source) {
    const Cut parts = cut(source, '#');
    const auto begins = [&](std::string_view scheme) { return parts.before.starts_with(scheme); };
    GitSource git;
    git.with_keys = begins("ssh://") || begins("git@");
    const bool repository =
        git.with_keys || begins("git://") || (is_http(source) && parts.before.ends_with(".git"));
    if (!repository) return std::nullopt;
    git.repository = parts.before;
    const Cut place = cut(parts.after, ':');
    git.reference = place.before;
    git.subdirectory = place.after;
    // A branch's name may not begin so either (git-check-ref-format(1)).
    if (git.reference.starts_with('-'))
        throw Error(ErrorKind::invalid, "{} is no name of a branch, a tag or a commit",
                    quoted(git.reference));
    return git;
}

bool is_remote_source(std::string_view source) {
    return is_http(source) || find_git_source(source).has_value();
}

void check_remote_source(const std::string& source) {
    if (source.starts_with("ftp://"))
        throw Error(ErrorKind::unsupported, "ADD cannot fetch {}: use http or https", source);
    const auto git = find_git_source(source);
    if (git && git->with_keys)
        throw Error(ErrorKind::unsupported,
                    "ADD from a repository over ssh is not supported: a Dockerfile is given none "
                    "of your keys; clone {} before the build, or name it by https",
                    git->repository);
}

}  // namespace skiff::dockerfile
