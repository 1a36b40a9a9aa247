// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_tls.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <signal.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

namespace skiff::monitor {
namespace {

struct Free {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* session) const { SSL_free(session); }
};

std::string last_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* text = code == 0 ? nullptr : ERR_reason_error_string(code);
    return text == nullptr ? "unknown error" : text;
}

[[noreturn]] void unusable(std::string_view what, const std::string& file) {
    throw Error(ErrorKind::system, "cannot use the {} '{}': {}", what, file, last_error());
}

}  // namespace

struct LogTls::Library {
    std::unique_ptr<SSL_CTX, Free> context;
    std::unique_ptr<SSL, Free> session;
};

LogTls::LogTls(TlsSettings settings)
    : settings_(std::move(settings)), library_(std::make_unique<Library>()) {
    signal(SIGPIPE, SIG_IGN);  // OpenSSL writes by write(2)
    library_->context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* const context = library_->context.get();
    if (context == nullptr) throw Error(ErrorKind::system, "TLS: {}", last_error());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // Half a message may be taken, and the queue may have moved before the other half.
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context, settings_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (!settings_.authorities.empty() &&
        SSL_CTX_load_verify_file(context, settings_.authorities.c_str()) != 1)
        unusable("CA certificate", settings_.authorities);
    if (!settings_.directory.empty() &&
        SSL_CTX_load_verify_dir(context, settings_.directory.c_str()) != 1)
        unusable("directory of CA certificates", settings_.directory);
    if (settings_.certificate.empty() && settings_.key.empty()) return;
    if (SSL_CTX_use_certificate_chain_file(context, settings_.certificate.c_str()) != 1)
        unusable("certificate", settings_.certificate);
    if (SSL_CTX_use_PrivateKey_file(context, settings_.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        unusable("key", settings_.key);
}

LogTls::~LogTls() {
    end();
}

bool LogTls::begin(int socket) {
    std::unique_ptr<SSL, Free> made(SSL_new(library_->context.get()));
    SSL* const session = made.get();
    if (session == nullptr || SSL_set_fd(session, socket) != 1) return false;
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(session);
    // An address is no name: it is looked for among the certificate's addresses, and not announced.
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, settings_.host.c_str()) != 1) {
        ERR_clear_error();
        // SSL_set_tlsext_host_name, which is a macro with a cast of C's.
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 settings_.host.data());
        if (SSL_set1_host(session, settings_.host.c_str()) != 1) return false;
    }
    SSL_set_connect_state(session);
    library_->session = std::move(made);
    return true;
}

void LogTls::end() noexcept {
    SSL* const session = library_->session.get();
    if (session == nullptr) return;
    if (SSL_is_init_finished(session) == 1) SSL_shutdown(session);
    ERR_clear_error();
    library_->session.reset();
}

LogTls::Step LogTls::step_of(int result) {
    const int error = errno;
    SSL* const session = library_->session.get();
    switch (SSL_get_error(session, result)) {
        case SSL_ERROR_NONE:
            return Step::done;
        case SSL_ERROR_WANT_READ:
            return Step::wants_to_read;
        case SSL_ERROR_WANT_WRITE:
            return Step::wants_to_write;
        case SSL_ERROR_ZERO_RETURN:
            reason_ = "the server ended the connection";
            return Step::failed;
        case SSL_ERROR_SYSCALL:
            reason_ = error == 0 ? "the server ended the connection" : std::strerror(error);
            break;
        default:
            reason_ = last_error();
    }
    if (const long verdict = SSL_get_verify_result(session);
        settings_.verify && verdict != X509_V_OK)
        reason_ += fmt::format(" ({})", X509_verify_cert_error_string(verdict));
    ERR_clear_error();
    // After a fatal error SSL_shutdown must not be called.
    library_->session.reset();
    return Step::failed;
}

LogTls::Step LogTls::handshake(int socket) {
    if (!library_->session && !begin(socket)) {
        reason_ = last_error();
        return Step::failed;
    }
    errno = 0;
    return step_of(SSL_do_handshake(library_->session.get()));
}

LogTls::Step LogTls::send(std::string_view bytes, std::size_t& taken) {
    errno = 0;
    const int result = SSL_write_ex(library_->session.get(), bytes.data(), bytes.size(), &taken);
    if (result != 1) taken = 0;
    return step_of(result);
}

LogTls::Step LogTls::drop_answers() {
    std::array<char, 512> answer;
    for (;;) {
        errno = 0;
        std::size_t size = 0;
        const int result =
            SSL_read_ex(library_->session.get(), answer.data(), answer.size(), &size);
        const Step step = step_of(result);
        if (step != Step::done) return step;
    }
}

}  // namespace skiff::monitor
