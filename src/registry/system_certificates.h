// SPDX-License-Identifier: Apache-2.0
// Where this system keeps the certificate authorities it trusts.
#pragma once

#include <string>

namespace skiff::registry {

struct SystemCertificates {
    std::string directory;  ///< of files named by hash (openssl-rehash(1)); "" when there is none
    std::string bundle;     ///< all of them in one file; "" when there is none
};

/// $SSL_CERT_DIR and $SSL_CERT_FILE, else the places of Debian, Fedora, Alpine and SUSE below
/// `root` (tests have another one). A directory without hashed names is none: nothing would be
/// found in it.
SystemCertificates find_system_certificates(const std::string& root = "");

}  // namespace skiff::registry
