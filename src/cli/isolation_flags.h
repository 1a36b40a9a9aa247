// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `create` about rights and namespaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

/// `security_options` take what --security-opt says, for apply_security_option.
void declare_isolation_flags(CommandBuilder& command, engine::CreateRequest& request,
                             std::vector<std::string>& security_options);

/// --isolation, of which Linux has one.
void declare_isolation_technology(CommandBuilder& command);

/// One --security-opt. Reads a seccomp profile. Throws Error: usage in Docker's words, SystemError.
void apply_security_option(engine::SecurityRequest& security, std::string_view text);

/// "private" is what is not asked for.
void settle_isolation(engine::CreateRequest& request);

/// Throws Error{usage} for modes that are none, and for options that exclude each other, in
/// Docker's words; Error{unsupported} for modes of the user namespace that this version lacks.
void check_isolation(const engine::CreateRequest& request);

}  // namespace skiff::cli
