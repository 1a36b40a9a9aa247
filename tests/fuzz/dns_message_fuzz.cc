// SPDX-License-Identifier: Apache-2.0
// DNS: what is read as a query is answered by what is read as its answer; a resolv.conf of
// anybody's gives one to three servers.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/dns_message.h"
#include "network/resolver.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace skiff::network;
    const Bytes message(data, size);
    if (const auto query = parse_query(message)) {
        if (query->name.size() > 4UL * 255) std::abort();
        if (!answers(make_reply(*query, DnsCode::refused), *query)) std::abort();
        if (!answers(make_truncated(*query), *query)) std::abort();
        if (answers(message, *query)) std::abort();
    }
    const auto servers = parse_name_servers({reinterpret_cast<const char*>(data), size});
    if (servers.empty() || servers.size() > 3) std::abort();
    return 0;
}
