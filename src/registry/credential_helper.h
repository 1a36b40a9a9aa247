// SPDX-License-Identifier: Apache-2.0
// docker-credential-NAME: programs that keep credentials in a keychain
// (github.com/docker/docker-credential-helpers). One JSON document or a URL on stdin, one on
// stdout.
#pragma once

#include <string>

#include "registry/credentials.h"

namespace skiff::registry {

/// Empty when the helper has none for this server. Throws Error{not_found} when there is no such
/// program in $PATH, Error{system} with its words when it fails.
Credentials ask_helper(const std::string& name, const std::string& server);
void tell_helper(const std::string& name, const std::string& server,
                 const Credentials& credentials);
/// False when it had none.
bool erase_from_helper(const std::string& name, const std::string& server);

}  // namespace skiff::registry
