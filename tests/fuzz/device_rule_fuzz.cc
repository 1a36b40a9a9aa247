// SPDX-License-Identifier: Apache-2.0
// --device-cgroup-rule: any text is a rule, which reads back as itself and makes a program, or
// none.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "runtime/cgroup/device_rules.h"

using namespace skiff;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto rule = runtime::parse_device_rule(text);
    if (!rule) return 0;
    require(rule->type == 'a' || rule->type == 'b' || rule->type == 'c');
    require(rule->read || rule->write || rule->make);
    require(runtime::parse_device_rule(runtime::to_text(*rule)) == rule);
    require(!runtime::device_program({&*rule, 1}).empty());
    return 0;
}
