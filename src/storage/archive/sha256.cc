// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/sha256.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::storage {
namespace {

void check(int result) {
    if (result != 1) throw Error(ErrorKind::system, "cannot compute a SHA-256 digest");
}

}  // namespace

void Sha256::Free::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

Sha256::Sha256() {
    // The host's openssl.cnf may name provider modules; a static program must not load them.
    check(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr));
    context_.reset(EVP_MD_CTX_new());
    if (!context_) throw std::bad_alloc();
    check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::update(std::string_view bytes) {
    check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
}

std::string Sha256::finish_hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest, &length));
    return to_hex({reinterpret_cast<const char*>(digest), length});
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 sha;
    sha.update(bytes);
    return sha.finish_hex();
}

}  // namespace skiff::storage
