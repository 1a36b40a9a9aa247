// SPDX-License-Identifier: Apache-2.0
// Secrets: short texts that containers get and that no image, record or `inspect` has.
//
//     data/secrets/<id>                 the record with the text, 0600
//     data/containers/<id>/secrets/<n>  a container's own copy, 0600: a secret may be removed while
//                                       containers have it, as in podman
//
// The text lies on the disk as it is: whoever may read the store's files may read it, and nobody
// else. A container sees a file in memory, or a variable that only its program has.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// podman's limits.
inline constexpr size_t largest_secret = 512'000;

struct SecretRecord {
    std::string id;  ///< 25 hexadecimal digits
    std::string name;
    std::string driver = "file";
    Timestamp created{};
    Timestamp updated{};
    std::map<std::string, std::string> labels;
};

struct SecretCreation {
    std::string name;
    std::string data;
    std::map<std::string, std::string> labels;
    bool replace = false;
    bool ignore = false;  ///< one of that name is left as it is
};
/// Returns the id. Throws Error{invalid} for a name or a size that is not possible, Error{in_use}
/// for a name that is taken.
std::string create_secret(const Engine& engine, const SecretCreation& creation);

/// By name, id, or unique beginning of an id. Throws Error{not_found}.
SecretRecord get_secret(const Engine& engine, const std::string& text);
std::string secret_data(const Engine& engine, const std::string& id);
/// In the order of their names.
std::vector<SecretRecord> list_secrets(const Engine& engine);
/// Returns the id.
std::string remove_secret(const Engine& engine, const std::string& text);

/// One --secret: "NAME[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]". Throws
/// Error{invalid}.
SecretRequest parse_secret_request(std::string_view text);

/// Finds the request's secrets and copies them into the container's `directory`; fills in ids.
void settle_secrets(const Engine& engine, int directory, CreateRequest& request);
/// The copies themselves, for a request whose secrets come from elsewhere.
void keep_secrets(int directory, const std::vector<std::string>& data);
/// A container's own copies, in the order of the request.
std::vector<std::string> container_secrets(int directory, const CreateRequest& request);

/// "K=V" of those with type=env.
std::vector<std::string> secret_variables(int directory, const CreateRequest& request);
/// The path in the container of one with type=mount.
std::string secret_target(const SecretRequest& secret);

}  // namespace skiff::engine
