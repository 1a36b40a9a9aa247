// SPDX-License-Identifier: Apache-2.0
// Values of single options: pure functions from the text typed to a checked value.
//
// They throw Error{invalid} with the reason alone; the caller says which flag it was. Where Docker
// has a wording for a reason it is Docker's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/container/request.h"

namespace skiff::cli {

/// "nofile=1024:2048", "core=-1".
engine::Ulimit parse_ulimit(std::string_view text);

/// One -e: "K=V" as it is; "K" with the value of our own environment, or alone when there is none.
std::string parse_environment_entry(std::string_view text);
/// Content of an --env-file: lines "K=V" or "K", blank lines and lines that begin with '#'. "K"
/// without a value in our environment is left out. `path` is for messages.
std::vector<std::string> parse_environment_file(std::string_view content, std::string_view path);
/// Puts the entries of --env-file in front of those of -e, so that -e wins. Throws SystemError.
void prepend_environment_files(const std::vector<std::string>& paths,
                               std::vector<std::string>& environment);

/// Fields separated by commas; a field may be in double quotes, in which a quote is written twice
/// (RFC 4180).
std::vector<std::string> split_fields(std::string_view text);

/// One -a: "stdin", "stdout" or "stderr", in whatever case.
std::string parse_stream(std::string_view text);

/// "key=value" or "key"; a later one replaces an earlier.
void add_label(std::map<std::string, std::string>& labels, std::string_view text);

/// Lines as for add_label, blank ones and those that begin with '#' left out; labels that are there
/// already win. Throws SystemError.
void add_label_files(const std::vector<std::string>& paths,
                     std::map<std::string, std::string>& labels);

/// "name:ip" or "name=ip" as "name:ip"; an IPv6 address may be in brackets.
std::string parse_extra_host(std::string_view text);
/// An IPv4 or IPv6 address.
std::string parse_address(std::string_view text);

/// Upper case with CAP_, or "ALL". Whether the kernel knows it is the engine's question.
std::string normalised_capability(std::string_view name);

/// Throws Error{usage} for names that Docker refuses.
void check_container_name(std::string_view name);
void check_hostname(std::string_view name);

using engine::clean_path;

}  // namespace skiff::cli
