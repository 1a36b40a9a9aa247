// SPDX-License-Identifier: Apache-2.0
#include "registry/transfer_failure.h"

#include <algorithm>
#include <array>

#include <curl/curl.h>

#include "base/text.h"
#include "registry/http.h"

namespace skiff::registry {
namespace {

using Cause = ConnectionError::Cause;

template <typename... Values>
[[noreturn]] void raise(Cause cause, const TransferFailure& failure,
                        fmt::format_string<Values...> text, Values&&... values) {
    throw ConnectionError(
        cause, failure.request + ": " + fmt::format(text, std::forward<Values>(values)...));
}

[[noreturn]] void raise_not_connected(const TransferFailure& failure) {
    const std::string why =
        failure.os_error != 0 ? to_lower(errno_text(failure.os_error)) : failure.detail;
    if (failure.proxy.empty())
        raise(Cause::refused, failure, "dial tcp {}: connect: {}", failure.host, why);
    // Of the proxy's URL the host alone: it may hold a password.
    const bool whole = failure.proxy.find("://") != std::string::npos;
    raise(Cause::refused, failure, "proxyconnect tcp: dial tcp {}: connect: {}",
          host_of_url(whole ? failure.proxy : "http://" + failure.proxy), why);
}

[[noreturn]] void raise_certificate(const TransferFailure& failure) {
    // X509_V_ERR_…; OpenSSL's headers are curl's business.
    constexpr std::array unknown_authority{2L, 18L, 19L, 20L, 21L};
    constexpr std::array out_of_date{9L, 10L};
    constexpr std::string_view failed = "tls: failed to verify certificate: x509: ";
    const auto is_one_of = [&](const auto& list) {
        return std::ranges::find(list, failure.verify_result) != list.end();
    };
    if (is_one_of(out_of_date))
        raise(Cause::certificate, failure,
              "{}certificate has expired or is not yet valid ({}; is this machine's clock right?)",
              failed, failure.detail);
    if (!is_one_of(unknown_authority))
        raise(Cause::certificate, failure, "{}certificate is not valid for {} ({})", failed,
              failure.host, failure.detail);
    const std::string known =
        failure.ca_files.empty()
            ? ""
            : "it is not signed by that of " + join(failure.ca_files, ", ") + " either; ";
    raise(
        Cause::certificate, failure,
        "{}certificate signed by unknown authority ({}; {}the CA of a private registry belongs "
        "into /etc/docker/certs.d/{}/ca.crt or ~/.config/docker/certs.d/{}/ca.crt, or is named in "
        "config.yaml)",
        failed, failure.detail, known, failure.host, failure.host);
}

/// Throws if the server has ended the conversation because of who we are. With TLS 1.3 it does so
/// when it is being read from.
void check_alert(const TransferFailure& failure) {
    constexpr std::string_view mark = " alert ";
    const std::string_view detail = failure.detail;
    const size_t at = detail.find(mark);
    if (at == detail.npos) return;
    const std::string_view alert = cut(detail.substr(at + mark.size()), ',').before;
    if (alert.find("certificate") == alert.npos && alert != "unknown ca" &&
        alert != "handshake failure")
        return;
    if (!failure.client_certificate.empty())
        raise(Cause::certificate, failure, "remote error: tls: {} (it was shown {})", alert,
              failure.client_certificate);
    raise(Cause::certificate, failure,
          "remote error: tls: {} (a client's certificate and key belong into "
          "/etc/docker/certs.d/{}/ as client.cert and client.key, or are named in config.yaml)",
          alert, failure.host);
}

}  // namespace

void throw_transfer_failure(const TransferFailure& failure) {
    switch (failure.code) {
        case CURLE_COULDNT_RESOLVE_PROXY:
            raise(Cause::no_host, failure, "proxyconnect tcp: {}", failure.detail);
        case CURLE_OPERATION_TIMEDOUT:
            raise(Cause::refused, failure, "dial tcp {}: i/o timeout ({})", failure.host,
                  failure.detail);
        case CURLE_COULDNT_RESOLVE_HOST:
            raise(Cause::no_host, failure, "dial tcp: lookup {}: no such host", failure.host);
        case CURLE_COULDNT_CONNECT:
            raise_not_connected(failure);
        case CURLE_PEER_FAILED_VERIFICATION:
            raise_certificate(failure);
        case CURLE_SSL_CACERT_BADFILE:
            raise(Cause::certificate, failure, "{} (from {})", failure.detail,
                  failure.ca_files.empty() ? "the system's certificates"
                                           : join(failure.ca_files, ", "));
        case CURLE_SSL_CERTPROBLEM:
            raise(Cause::certificate, failure, "{}", failure.detail);
        case CURLE_SSL_CONNECT_ERROR:
            for (const char* plain : {"wrong version number", "packet length too long"})
                if (failure.detail.find(plain) != std::string::npos)
                    raise(Cause::plain_answer, failure,
                          "http: server gave HTTP response to HTTPS client (if that is meant, "
                          "config.yaml calls this registry 'insecure: true')");
            break;
        default:
            break;
    }
    check_alert(failure);
    raise(Cause::broken, failure, "{}", failure.detail);
}

}  // namespace skiff::registry
