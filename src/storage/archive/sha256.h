// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace skiff::storage {

/// SHA-256 of bytes that come in pieces (FIPS 180-4).
class Sha256 {
  public:
    Sha256();

    void update(std::string_view bytes);
    /// 64 lower-case hexadecimal digits. Once; nothing may be added afterwards.
    std::string finish_hex();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace skiff::storage
