// SPDX-License-Identifier: Apache-2.0
// Values as Go's fmt package prints them.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "gotemplate/value.h"

namespace skiff::gotemplate {

/// How deep values may be nested, here and in JSON.
inline constexpr int value_depth_limit = 200;

/// As an action prints it: pointers are followed, and what is absent is `<no value>`.
void print_result(std::string& out, const Value& value, Scratch& scratch);

/// fmt.Sprint: blanks between operands when neither is a string.
std::string print(std::span<const Value> operands, Scratch& scratch);
/// fmt.Sprintln: blanks between all, and a newline.
std::string println(std::span<const Value> operands, Scratch& scratch);
/// fmt.Sprintf, its complaints about wrong verbs and operands included. Where Go would print the
/// address of something, this prints what is there. Throws Error{unsupported} when the text grows
/// beyond Scratch::limit.
std::string printf(std::string_view format, std::span<const Value> operands, Scratch& scratch);

/// What html, js and urlquery escape: print() of the values as actions print them.
std::string print_results(std::span<const Value> operands, Scratch& scratch);

}  // namespace skiff::gotemplate
