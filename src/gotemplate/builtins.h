// SPDX-License-Identifier: Apache-2.0
// The functions every template has.
#pragma once

#include <string>

#include "gotemplate/template.h"

namespace skiff::gotemplate {

/// Parameters of this type take the value as it is, absent included.
inline constexpr Type reflect_value_type{Kind::nil, "reflect.Value"};

/// Go's. `and` and `or` have no body: the executor does not evaluate all their arguments.
FunctionSet go_functions();

bool is_true(const Value& value);

/// Makes the text of `json`; in records that marshal their methods '<', '>' and '&' are escaped.
std::string json_text(const Value& value, Scratch& scratch);

/// A number as Go's JSON has it, which is ECMAScript's way: an exponent only for very small and
/// very large ones. Throws Error{invalid} for infinities and NaN.
std::string json_number_text(double number);

}  // namespace skiff::gotemplate
