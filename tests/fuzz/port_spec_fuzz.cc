// SPDX-License-Identifier: Apache-2.0
// -p, --expose and an image's ExposedPorts: any text is ports or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "engine/container/port_spec.h"
#include "engine/container/port_text.h"

using namespace skiff;
using namespace skiff::engine;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void publish(std::string_view text) {
    std::vector<PublishedPort> published;
    for (const PortRequest& port : parse_publish(text)) {
        const PortRange host = host_port_range(port);
        require(port.container_port != 0 && host.first <= host.last);
        require(port.protocol == "tcp" || port.protocol == "udp");
        const std::string host_ip = port.host_ip.empty() ? "0.0.0.0" : port.host_ip;
        published.push_back({host_ip, host.first, port.container_port, port.protocol});
    }
    require(!published.empty() && !ports_column(published, {}).empty());
}

void expose(std::string_view text) {
    const std::vector<std::string> keys = parse_expose(text);
    require(!keys.empty() && parse_port_key(keys.front()).protocol.size() >= 3);
    require(!ports_column({}, keys).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const auto& parse : {publish, expose}) {
        try {
            parse(text);
        } catch (const Error&) {
        }
    }
    const std::size_t half = size / 2;
    require(!(natural_less(text.substr(0, half), text.substr(half)) &&
              natural_less(text.substr(half), text.substr(0, half))));
    return 0;
}
