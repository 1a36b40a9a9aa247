// SPDX-License-Identifier: Apache-2.0
// The types of tests/golang/template/types.go.
#pragma once

#include "gotemplate/json_value.h"

namespace skiff::gotemplate {

inline constexpr Type case_port_type{Kind::string, "main.Port"};
inline constexpr Type case_int64_pointer_type{
    .kind = Kind::integer, .name = "*int64", .pointer = true};

inline constexpr Field case_state_fields[] = {
    {.name = "Status", .get = json_field, .type = &string_type},
    {.name = "ExitCode", .get = json_field, .type = &int_type},
    {.name = "Pid", .get = json_field, .type = &int64_type},
    {.name = "Running", .get = json_field, .type = &bool_type},
};
inline constexpr Type case_state_type{
    .kind = Kind::record, .name = "main.State", .fields = case_state_fields};
inline constexpr Type case_state_pointer_type{
    .kind = Kind::record, .name = "*main.State", .fields = case_state_fields, .pointer = true};
inline constexpr Type case_states_type{Kind::list, "[]main.State", &case_state_type};
inline constexpr Type case_ports_type{Kind::map, "map[main.Port][]string", &string_list_type,
                                      &case_port_type};

inline constexpr Field case_document_fields[] = {
    {.name = "Name", .get = json_field, .type = &string_type},
    {.name = "Count", .get = json_field, .type = &int_type},
    {.name = "Size", .get = json_field, .type = &uint64_type},
    {.name = "Ratio", .get = json_field, .type = &float64_type},
    {.name = "Yes", .get = json_field, .type = &bool_type},
    {.name = "State", .get = json_field, .type = &case_state_pointer_type},
    {.name = "Value", .get = json_field, .type = &case_state_type},
    {.name = "Nothing", .get = json_field, .type = &case_state_pointer_type},
    {.name = "Labels", .get = json_field, .type = &string_map_type},
    {.name = "NoLabels", .get = json_field, .type = &string_map_type},
    {.name = "Args", .get = json_field, .type = &string_list_type},
    {.name = "NoArgs", .get = json_field, .type = &string_list_type},
    {.name = "Any", .get = json_field},
    {.name = "NoAny", .get = json_field},
    {.name = "Limit", .get = json_field, .type = &case_int64_pointer_type},
    {.name = "NoLimit", .get = json_field, .type = &case_int64_pointer_type},
    {.name = "Ports", .get = json_field, .type = &case_ports_type},
    {.name = "Items", .get = json_field, .type = &case_states_type},
    {.name = "Tagged", .get = json_field, .type = &string_type, .json_key = "tag"},
    {.name = "Extra", .get = json_field, .type = &any_map_type},
};
inline constexpr Type case_document_type{.kind = Kind::record,
                                         .name = "*main.Document",
                                         .fields = case_document_fields,
                                         .pointer = true};

}  // namespace skiff::gotemplate
