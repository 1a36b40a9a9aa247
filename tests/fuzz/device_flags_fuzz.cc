// SPDX-License-Identifier: Apache-2.0
// --device and --gpus: any text is a request or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "cli/device_flags.h"

using namespace skiff;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void device(std::string_view text) {
    const engine::DeviceRequest request = cli::parse_device(text);
    require(!request.path.empty() && request.target.starts_with('/'));
    require(request.target != "/" && request.target.find("/../") == std::string::npos);
    require(!request.access.empty() && request.access.size() <= 3);
}

void gpus(std::string_view text) {
    const engine::GpuRequest request = cli::parse_gpus(text);
    require(request.count >= -1 && (request.ids.empty() || request.count == 0));
    require(!request.capabilities.empty() && request.capabilities.back() == "gpu");
    for (const std::string& id : request.ids) require(!id.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& parse : {device, gpus}) {
        try {
            parse(text);
        } catch (const Error&) {
        }
    }
    return 0;
}
