// SPDX-License-Identifier: Apache-2.0
// --sysctl: any text is a parameter of a namespace, whose path stays below /proc/sys, or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "engine/container/sysctls.h"

using namespace skiff;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    engine::Sysctl sysctl;
    try {
        sysctl = engine::parse_sysctl(text);
    } catch (const Error&) {
        return 0;
    }
    require(sysctl.name.find("..") == sysctl.name.npos &&
            sysctl.name.find("//") == sysctl.name.npos);
    require(sysctl.name.find('\0') == sysctl.name.npos &&
            sysctl.name.find('=') == sysctl.name.npos);
    require(sysctl.name.front() != '/' && sysctl.name.front() != '.');
    require(engine::parse_sysctl(sysctl.name + "=" + sysctl.value).name == sysctl.name);
    return 0;
}
