// SPDX-License-Identifier: Apache-2.0
// What ADD, and a context, bring from elsewhere: files by HTTP, repositories by the program git.
//
// Servers are not trusted: what they send becomes a file or a tree in the build's staging
// directory, whose name comes from the URL alone, and is copied from there like any other source.
// A repository is fetched by git itself, which knows every protocol of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/remote_source.h"
#include "storage/lease.h"

namespace skiff::engine {

/// Something fetched, below the store's data directory.
struct Fetched {
    std::string source;     ///< as it was asked for
    std::string directory;  ///< that it has to itself
    std::string name;       ///< of the file in it; of a repository what is wanted of it, "": all
    std::string validator;  ///< of a file: its entity tag, "" where the server gives no strong one
};
std::string to_text(const std::vector<Fetched>& all);
std::vector<Fetched> parse_fetched(const std::string& text);

/// One of a list of them.
std::string validator_text(const std::string& validator);
/// What servers call these files now, without fetching them; "" when one of them does not say.
/// Never throws: whoever fetches says what is wrong.
std::string ask_validators(const std::vector<std::string>& urls);

/// The file with mode 0600, and the time that the server says or the epoch. `checksum`: "" or
/// "sha256:…" that it must have. Throws Error{not_found, denied, invalid} for what the server
/// answers, registry::ConnectionError, SystemError.
Fetched fetch_file(storage::Lease& lease, const std::string& url, const std::string& checksum);

struct GitFetch {
    dockerfile::GitSource source;
    std::string written;     ///< how it was asked for
    bool keep_git = false;   ///< .git stays
    bool as_caller = false;  ///< with the caller's keys and configuration: it is the caller's word
};
/// One commit, with its submodules. `root`: the data directory. Throws Error{unsupported} where
/// there is no git, Error{invalid} with what git says.
Fetched fetch_repository(storage::Lease& lease, const std::string& root, const GitFetch& fetch);

}  // namespace skiff::engine
