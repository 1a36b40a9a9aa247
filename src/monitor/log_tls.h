// SPDX-License-Identifier: Apache-2.0
// TLS over the connection of a log driver (log_delivery.h), without ever waiting: OpenSSL is asked
// for one step at a time, and says what it waits for. Nothing of it is touched by a container
// whose log goes elsewhere.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace skiff::monitor {

struct TlsSettings {
    std::string host;         ///< name or address that the server's certificate must have
    std::string authorities;  ///< file of certificates; "" : `directory`
    std::string directory;    ///< of certificates by hash; "" and no file: nobody is trusted
    std::string certificate;  ///< our own, and its key: files, or both ""
    std::string key;
    bool verify = true;
};

class LogTls {
  public:
    /// Reads the files. Throws Error{system}, naming the one that cannot be used.
    explicit LogTls(TlsSettings settings);
    LogTls(const LogTls&) = delete;
    LogTls& operator=(const LogTls&) = delete;
    ~LogTls();

    enum class Step { done, wants_to_read, wants_to_write, failed };
    /// The next step to a session over a connection that stands; `socket` is lent until end().
    Step handshake(int socket);
    /// Tells the server that nothing more comes. The connection need not stand any more.
    void end() noexcept;

    /// How many bytes were taken; at most `bytes`, with the same ones again after a want.
    Step send(std::string_view bytes, std::size_t& taken);
    /// Reads and drops what the server says. `failed` at its end as well.
    Step drop_answers();

    /// Of the last failure: "certificate verify failed (self-signed certificate)".
    const std::string& reason() const { return reason_; }

  private:
    struct Library;
    bool begin(int socket);
    Step step_of(int result);

    TlsSettings settings_;
    std::unique_ptr<Library> library_;
    std::string reason_;
};

}  // namespace skiff::monitor
