// SPDX-License-Identifier: Apache-2.0
// The options that every log driver has: which labels and variables of a container go along with
// its messages, and the tag that names them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/container/record.h"

namespace skiff::engine {

/// "" where it is not given.
std::string log_option(const LogRequest& request, const std::string& key);

/// labels, labels-regex, env, env-regex, tag.
bool is_attribute_option(std::string_view key);
/// Throws Error{invalid} for a pattern or a template that is none.
void check_attribute_option(const std::string& key, const std::string& value);

/// What labels and env select (moby, daemon/logger Info.ExtraAttributes).
std::map<std::string, std::string> selected_attributes(const ContainerRecord& record);
/// With the tag, where one is given: what a json-file has in each entry.
std::map<std::string, std::string> log_attributes(const ContainerRecord& record);

/// The option `tag`, a template of Go's with Docker's functions over {{.ID}}, {{.FullID}},
/// {{.Name}}, {{.ImageName}}, {{.ImageID}}, {{.ImageFullID}}, {{.Command}}, {{.Hostname}} and
/// {{.DaemonName}}; the short id when there is none. Throws Error{invalid} with Go's text.
std::string log_tag(const ContainerRecord& record);

/// The program with its arguments.
std::string log_command(const ContainerRecord& record);

}  // namespace skiff::engine
