// SPDX-License-Identifier: Apache-2.0
// What ADD, and a build's context, may name instead of a path: a file behind a URL, a Git
// repository.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skiff::dockerfile {

/// Whether it is fetched by HTTP: "http://…" and "https://…", but for repositories.
bool is_remote_file(std::string_view source);

/// The name that a fetched file gets: the last one of the URL's path, its %XX decoded; where there
/// is none that a file can have, "__unnamed__", as for BuildKit.
std::string remote_file_name(std::string_view url);

struct GitSource {
    std::string repository;    ///< as git takes it
    std::string reference;     ///< branch, tag or commit; empty: the repository's default
    std::string subdirectory;  ///< empty: all of it
    bool with_keys = false;    ///< over ssh: the caller's keys open it

    bool operator==(const GitSource&) const = default;
};

/// A repository as BuildKit writes it: "git://…", "ssh://…", "git@HOST:PATH", or "https://….git";
/// then perhaps "#REFERENCE:DIRECTORY". Nothing for anything else.
///
/// Throws Error{invalid} for a reference that git would take for an option.
std::optional<GitSource> find_git_source(std::string_view source);

/// Whether ADD takes it from elsewhere: a file or a repository.
bool is_remote_source(std::string_view source);

/// Throws Error{unsupported} for what ADD can fetch from nowhere: ftp, and what needs the keys of
/// whoever builds, since a Dockerfile may be somebody else's.
void check_remote_source(const std::string& source);

}  // namespace skiff::dockerfile
