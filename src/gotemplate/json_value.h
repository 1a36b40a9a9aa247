// SPDX-License-Identifier: Apache-2.0
// JSON documents as template values, without copying. The document must outlive the execution.
//
// Docker's inspect executes a template twice: first on the typed struct of the client library, and,
// if that fails for whatever reason, on the JSON document decoded into maps, with missing keys as
// errors; the message of the second is what people see:
//
//     try {
//         template.execute(typed_json(document, container_inspect_type), out);
//     } catch (const Error&) {
//         out.clear();
//         template.execute(raw_json(document, scratch), out, MissingKey::error);
//     }
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gotemplate/value.h"

namespace skiff::gotemplate {

using Json = nlohmann::json;

/// What Go makes of a document: map[string]interface {}, []interface {}, string, bool, nil, and
/// numbers as json.Number, which is how Docker decodes (it prints as JSON has it and is a string
/// to `eq`).
/// A bare number needs the scratch for its text.
Value raw_json(const Json& document, Scratch& scratch);

/// The same with numbers as float64, Go's default.
Value float_json(const Json& document);

/// The document seen through a Go struct type: records by their fields' `json_key` with `get` =
/// json_field, lists and maps by their element types; what is absent or of another kind is the
/// zero value of its type. Where the type is nullptr (interface{}), as float_json.
Value typed_json(const Json& document, const Type& type);

/// Field::get of records that are JSON objects.
Value json_field(const void* record, const Field& self, Scratch& scratch);

}  // namespace skiff::gotemplate
