// SPDX-License-Identifier: Apache-2.0
// Which proxy a request goes through, by the variables that everybody sets, read as Go's programs
// read them: curl knows neither ports nor "*.domain" in no_proxy, no HTTP_PROXY in capitals, and
// would ask a proxy for localhost.
#pragma once

#include <string>
#include <string_view>

namespace skiff::registry {

struct ProxyVariables {
    std::string http;   ///< $HTTP_PROXY, $http_proxy
    std::string https;  ///< $HTTPS_PROXY, $https_proxy
    std::string none;   ///< $NO_PROXY, $no_proxy

    /// $ALL_PROXY stands in for one that is not set.
    static ProxyVariables from_environment();
};

/// The proxy for `host` ("name", "name:port", "[address]:port") of a URL; "": none. Never one for
/// localhost and loopback addresses. `none` is a list, divided by commas or blanks: "*", addresses,
/// networks ("10.0.0.0/8"), "domain" (with what is below it), ".domain" and "*.domain" (only what
/// is below it), each but networks also with a port. What is none of these is passed over.
std::string find_proxy(const ProxyVariables& variables, bool https, std::string_view host);

}  // namespace skiff::registry
