// SPDX-License-Identifier: Apache-2.0
// What a failure of the HTTP library is called to users: where Go's programs have words that people
// look for, those; and what to do about it where that is known.
#pragma once

#include <string>
#include <vector>

namespace skiff::registry {

struct TransferFailure {
    std::string request;                ///< Get "https://…"
    std::string host;                   ///< of that URL
    int code = 0;                       ///< CURLE_…
    std::string detail;                 ///< the library's words
    int os_error = 0;                   ///< errno of connect(2), or 0
    long verify_result = 0;             ///< X509_V_ERR_…, or 0
    std::string proxy;                  ///< its URL; "": none
    std::vector<std::string> ca_files;  ///< that were trusted for this host besides the system's
    std::string client_certificate;     ///< file; "": none
};

/// Throws ConnectionError.
[[noreturn]] void throw_transfer_failure(const TransferFailure& failure);

}  // namespace skiff::registry
