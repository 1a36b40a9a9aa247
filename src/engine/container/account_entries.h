// SPDX-License-Identifier: Apache-2.0
// Lines that a container's /etc/passwd and /etc/group get at its start: --hostuser, --passwd,
// --passwd-entry, --group-entry.
//
// Without one of these flags an image's files stay as they are, as Docker has it (podman adds an
// entry for each unknown uid unless it is told --passwd=false); with --userns keep-id the caller
// has an entry, unless told so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/root_dir.h"
#include "engine/container/record.h"
#include "engine/container/user.h"

namespace skiff::engine {

bool wants_accounts(const ContainerRecord& record);

/// Lines of the host's /etc/passwd for names or uids. Throws Error{not_found}.
std::vector<std::string> host_account_lines(const std::vector<std::string>& users);

/// The container's files with what is to be added; nothing where nothing is.
struct AccountFiles {
    std::optional<std::string> passwd;
    std::optional<std::string> group;
};
AccountFiles account_files(const ContainerRecord& record, const RootDir& root,
                           const ContainerUser& user);

/// podman's pattern with $USERNAME, $GROUPNAME, $UID, $GID, $NAME and $HOME (also ${…}) filled in.
struct AccountFields {
    std::string uid;
    std::string gid;
    std::string name;  ///< of the user or the group
    std::string home;
    std::string description = "container user";
};
std::string expand_account(std::string_view pattern, const AccountFields& fields);

}  // namespace skiff::engine
