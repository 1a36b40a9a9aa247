// SPDX-License-Identifier: Apache-2.0
#include "registry/http.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <mutex>

#include <fcntl.h>
#include <nss.h>

#include <curl/curl.h>

#include "base/cancellation.h"
#include "base/file.h"
#include "base/text.h"
#include "registry/proxy.h"
#include "registry/system_certificates.h"
#include "registry/transfer_failure.h"

namespace skiff::registry {
namespace {

using Cause = ConnectionError::Cause;
using Clock = std::chrono::steady_clock;

constexpr long connect_seconds = 20;
constexpr long receive_buffer = 256L << 10U;
constexpr int max_redirects = 10;
constexpr size_t max_header_bytes = 256U << 10U;
constexpr size_t max_discarded_body = 1U << 20U;
constexpr size_t max_bundle = 16U << 20U;
constexpr std::chrono::milliseconds wait_step{1000};

void initialise_library() {
    static std::once_flag once;
    std::call_once(once, [] {
        // The other modules of nsswitch.conf are shared objects for another C library than the one
        // that is linked into us.
        __nss_configure_lookup("hosts", "files dns");
        curl_global_init(CURL_GLOBAL_DEFAULT);
    });
}

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

Url parse_url(const std::string& text) {
    Url url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return nullptr;
    return url;
}

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string result(text);
    curl_free(text);
    return result;
}

/// Who gets what was meant for the host of a URL.
bool same_origin(const std::string& a, const std::string& b) {
    return host_of_url(a) == host_of_url(b) && is_https(a) == is_https(b);
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// "Get", as Go writes it in errors.
std::string method_title(const std::string& method) {
    return method.substr(0, 1) + to_lower(method.substr(1));
}

struct FreeList {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void append(HeaderList& list, const std::string& line) {
    list.reset(curl_slist_append(list.release(), line.c_str()));
}

void append(HeaderList& list, const HttpHeader& header) {
    if (header.first.find_first_of("\r\n:") != std::string::npos ||
        header.second.find_first_of("\r\n") != std::string::npos)
        throw Error(ErrorKind::invalid, "a header {} of a request is malformed",
                    skiff::quoted(header.first));
    append(list, header.first + ": " + header.second);
}

}  // namespace

std::optional<std::string_view> HttpAnswer::find(std::string_view name) const {
    for (const HttpHeader& header : headers)
        if (header.first == name) return header.second;
    return std::nullopt;
}

std::optional<std::chrono::seconds> HttpAnswer::retry_after() const {
    const auto text = find("retry-after");
    if (!text) return std::nullopt;
    if (const auto seconds = parse_number<int>(*text); seconds && *seconds >= 0)
        return std::chrono::seconds(*seconds);
    const time_t date = curl_getdate(std::string(*text).c_str(), nullptr);
    if (date < 0) return std::nullopt;
    return std::chrono::seconds(std::max<time_t>(0, date - std::time(nullptr)));
}

std::string resolve_url(const std::string& base, const std::string& location) {
    Url url = parse_url(base);
    if (!url || curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK)
        throw Error(ErrorKind::invalid, "the server at {} redirects to {}, which is no URL",
                    host_of_url(base), skiff::quoted(location));
    return url_part(url.get(), CURLUPART_URL);
}

std::string host_of_url(const std::string& text) {
    const Url url = parse_url(text);
    if (!url) return {};
    const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") return {};
    const std::string port = url_part(url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
    const std::string host = to_lower(url_part(url.get(), CURLUPART_HOST));
    return port.empty() ? host : host + ":" + port;
}

bool is_https(std::string_view url) {
    return to_lower(url.substr(0, 8)) == "https://";
}

std::string escape_query(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || std::strchr("-._~/:,", c) != nullptr;
        if (plain && c != '\0')
            result += c;
        else
            result += "%" + to_upper(to_hex({&c, 1}));
    }
    return result;
}

/// One easy handle and the multi handle that drives it.
class HttpClient::Conversation {
  public:
    Conversation() {
        initialise_library();
        multi_ = curl_multi_init();
        easy_ = curl_easy_init();
        if (multi_ == nullptr || easy_ == nullptr)
            throw Error(ErrorKind::system, "cannot start an HTTP client");
    }
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;
    ~Conversation() {
        leave();
        curl_easy_cleanup(easy_);
        curl_multi_cleanup(multi_);
    }

    /// Sends `request` (to `url`, which a redirect may have changed) and returns with the headers.
    HttpAnswer begin(const HttpRequest& request, const std::string& url, bool with_private,
                     const HostSettings& host);
    size_t read(std::span<char> buffer);
    /// What is left of a body that nobody wants: read if it is short, so that the connection can
    /// be kept.
    void discard();
    /// The source of an upload failed; the error is thrown by begin.
    std::exception_ptr upload_error_;

  private:
    void leave() {
        if (entered_) curl_multi_remove_handle(multi_, easy_);
        entered_ = false;
    }
    template <typename Value>
    void set(CURLoption option, Value value) {
        if (curl_easy_setopt(easy_, option, value) != CURLE_OK)
            throw Error(ErrorKind::system, "cannot set option {} of the HTTP client",
                        static_cast<int>(option));
    }
    void set_host(const HostSettings& host);
    void set_authorities(const HostSettings& host);
    void set_body(const HttpRequest& request);
    void step();
    [[noreturn]] void fail() const;

    static size_t take_header(char* data, size_t size, size_t count, void* self);
    static size_t take_body(char* data, size_t size, size_t count, void* self);
    static size_t give_body(char* data, size_t size, size_t count, void* self);

    CURLM* multi_ = nullptr;
    CURL* easy_ = nullptr;
    std::chrono::seconds timeout_{};
    bool entered_ = false;
    bool headers_done_ = false;
    bool done_ = false;
    CURLcode result_ = CURLE_OK;  ///< once done_
    long os_error_ = 0;
    long verify_result_ = 0;  ///< X509_V_ERR_…, or 0
    std::string proxy_;
    std::vector<std::string> ca_files_;
    std::string client_certificate_;
    bool informational_ = false;
    std::string method_;
    std::string url_;
    HttpAnswer answer_;
    size_t header_bytes_ = 0;
    HeaderList headers_;
    std::string received_;
    size_t used_ = 0;  ///< of received_
    std::string_view body_;
    storage::ByteSource* upload_ = nullptr;
    Clock::time_point last_progress_;
    std::array<char, CURL_ERROR_SIZE> detail_{};
};

void HttpClient::Conversation::set_host(const HostSettings& host) {
    const bool https = is_https(url_);
    proxy_ = host.proxy ? *host.proxy
                        : find_proxy(ProxyVariables::from_environment(), https, host_of_url(url_));
    // Said for every request, also if there is none: curl reads the environment otherwise.
    set(CURLOPT_PROXY, proxy_.c_str());
    set(CURLOPT_NOPROXY, "");
    ca_files_ = host.ca_files;
    client_certificate_ = host.certificate;
    if (!https) return;
    set(CURLOPT_SSL_VERIFYPEER, host.insecure ? 0L : 1L);
    set(CURLOPT_SSL_VERIFYHOST, host.insecure ? 0L : 2L);
    set_authorities(host);
    if (host.certificate.empty()) return;
    set(CURLOPT_SSLCERT, host.certificate.c_str());
    set(CURLOPT_SSLKEY, host.key.c_str());
}

void HttpClient::Conversation::set_authorities(const HostSettings& host) {
    const SystemCertificates system = find_system_certificates();
    // A bundle of all authorities takes 45 ms to read, a directory of hashed names nothing.
    set(CURLOPT_CAPATH, system.directory.empty() ? nullptr : system.directory.c_str());
    const std::string bundle = system.directory.empty() ? system.bundle : "";
    if (host.ca.empty()) {
        set(CURLOPT_CAINFO, bundle.empty() ? nullptr : bundle.c_str());
        return;
    }
    // A registry's own authorities come besides the system's, never instead of them.
    std::string all = host.ca;
    if (!bundle.empty()) all += find_file(AT_FDCWD, bundle, max_bundle).value_or("");
    curl_blob blob{all.data(), all.size(), CURL_BLOB_COPY};
    set(CURLOPT_CAINFO, static_cast<const char*>(nullptr));
    set(CURLOPT_CAINFO_BLOB, &blob);
}

void HttpClient::Conversation::set_body(const HttpRequest& request) {
    body_ = request.body;
    upload_ = request.upload;
    if (request.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET") {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_READFUNCTION, give_body);
        set(CURLOPT_READDATA, this);
        const curl_off_t size =
            request.upload == nullptr ? static_cast<curl_off_t>(request.body.size())
            : request.upload_size     ? static_cast<curl_off_t>(*request.upload_size)
                                      : curl_off_t{-1};
        set(CURLOPT_INFILESIZE_LARGE, size);
        set(CURLOPT_UPLOAD_BUFFERSIZE, receive_buffer);
    }
    if (request.method != "GET" && request.method != "HEAD")
        set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

HttpAnswer HttpClient::Conversation::begin(const HttpRequest& request, const std::string& url,
                                           bool with_private, const HostSettings& host) {
    leave();
    curl_easy_reset(easy_);
    headers_done_ = done_ = informational_ = false;
    result_ = CURLE_OK;
    os_error_ = verify_result_ = 0;
    answer_ = {};
    answer_.url = url_ = url;
    method_ = request.method;
    header_bytes_ = 0;
    received_.clear();
    used_ = 0;
    upload_error_ = nullptr;
    detail_.fill('\0');

    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
    set(CURLOPT_BUFFERSIZE, receive_buffer);
    set(CURLOPT_ERRORBUFFER, detail_.data());
    set(CURLOPT_HEADERFUNCTION, take_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, take_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // the proxy's answer is none of the server
    set(CURLOPT_USERAGENT, "skiff/" SKIFF_VERSION);
    // Nothing of what the answer says about encodings is acted on: digests are of what was sent.
    set(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set_host(host);
    set_body(request);

    headers_.reset();
    append(headers_, std::string("Expect:"));
    append(headers_, std::string("Accept-Encoding: identity"));
    for (const HttpHeader& header : request.headers) append(headers_, header);
    if (with_private)
        for (const HttpHeader& header : request.private_headers) append(headers_, header);
    set(CURLOPT_HTTPHEADER, headers_.get());

    if (curl_multi_add_handle(multi_, easy_) != CURLM_OK)
        throw Error(ErrorKind::system, "cannot start an HTTP request");
    entered_ = true;
    timeout_ = host.timeout;
    last_progress_ = Clock::now();
    while (!headers_done_ && !done_) step();
    if (!headers_done_) fail();
    return answer_;
}

void HttpClient::Conversation::step() {
    Cancellation::check();
    int running = 0;
    const size_t had = received_.size() + header_bytes_;
    const bool had_headers = headers_done_;
    if (curl_multi_perform(multi_, &running) != CURLM_OK)
        throw Error(ErrorKind::system, "the HTTP client failed");
    if (upload_error_) {
        leave();
        std::rethrow_exception(upload_error_);
    }
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left))
        if (message->msg == CURLMSG_DONE) {
            done_ = true;
            result_ = message->data.result;
            curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &os_error_);
            curl_easy_getinfo(easy_, CURLINFO_SSL_VERIFYRESULT, &verify_result_);
        }
    if (done_) leave();
    if (received_.size() + header_bytes_ != had) last_progress_ = Clock::now();
    if (done_ || used_ < received_.size() || headers_done_ != had_headers) return;
    if (Clock::now() - last_progress_ > timeout_) {
        leave();
        throw ConnectionError(
            Cause::broken, fmt::format("{} \"{}\": the server sent nothing for {} seconds", method_,
                                       url_, timeout_.count()));
    }
    curl_waitfd cancelled{Cancellation::fd(), CURL_WAIT_POLLIN, 0};
    const unsigned others = cancelled.fd >= 0 ? 1 : 0;
    curl_multi_poll(multi_, &cancelled, others, static_cast<int>(wait_step.count()), nullptr);
}

void HttpClient::Conversation::fail() const {
    throw_transfer_failure(
        {.request = fmt::format("{} \"{}\"", method_title(method_), url_),
         .host = host_of_url(url_),
         .code = static_cast<int>(result_),
         .detail = detail_[0] != '\0' ? detail_.data() : curl_easy_strerror(result_),
         .os_error = static_cast<int>(os_error_),
         .verify_result = verify_result_,
         .proxy = proxy_,
         .ca_files = ca_files_,
         .client_certificate = client_certificate_});
}

size_t HttpClient::Conversation::read(std::span<char> buffer) {
    while (used_ == received_.size() && !done_) {
        received_.clear();
        used_ = 0;
        last_progress_ = Clock::now();
        while (!done_ && received_.empty()) step();
    }
    // What came before it broke off is not lost.
    if (used_ == received_.size() && result_ != CURLE_OK) fail();
    const size_t count = std::min(buffer.size(), received_.size() - used_);
    std::memcpy(buffer.data(), received_.data() + used_, count);
    used_ += count;
    return count;
}

void HttpClient::Conversation::discard() {
    std::array<char, 16384> buffer;
    size_t total = 0;
    while (total <= max_discarded_body) {
        const size_t count = read(buffer);
        if (count == 0) return;
        total += count;
    }
    leave();
}

size_t HttpClient::Conversation::take_header(char* data, size_t size, size_t count, void* self) {
    Conversation& my = *static_cast<Conversation*>(self);
    const size_t length = size * count;
    my.header_bytes_ += length;
    if (my.header_bytes_ > max_header_bytes) return 0;
    const std::string_view line = trim({data, length});
    if (line.starts_with("HTTP/")) {
        // Informational ones come before.
        my.answer_.headers.clear();
        my.answer_.status = parse_number<int>(trim(cut(line, ' ').after).substr(0, 3)).value_or(0);
        my.informational_ = my.answer_.status < 200;
    } else if (line.empty()) {
        my.headers_done_ = !my.informational_;
    } else {
        const Cut parts = cut(line, ':');
        if (parts.found)
            my.answer_.headers.emplace_back(to_lower(trim(parts.before)),
                                            std::string(trim(parts.after)));
    }
    return length;
}

size_t HttpClient::Conversation::take_body(char* data, size_t size, size_t count, void* self) {
    Conversation& my = *static_cast<Conversation*>(self);
    my.received_.append(data, size * count);
    return size * count;
}

size_t HttpClient::Conversation::give_body(char* data, size_t size, size_t count, void* self) {
    Conversation& my = *static_cast<Conversation*>(self);
    my.last_progress_ = Clock::now();
    const std::span<char> room(data, size * count);
    if (my.upload_ == nullptr) {
        const size_t n = my.body_.copy(room.data(), room.size());
        my.body_.remove_prefix(n);
        return n;
    }
    try {
        Cancellation::check();
        return my.upload_->read(room);
    } catch (...) {
        my.upload_error_ = std::current_exception();
        return CURL_READFUNC_ABORT;
    }
}

class HttpClient::Body final : public storage::ByteSource {
  public:
    explicit Body(Conversation& conversation) : conversation_(conversation) {}
    size_t read(std::span<char> buffer) override { return conversation_.read(buffer); }

  private:
    Conversation& conversation_;
};

HttpClient::HttpClient(FindHost find_host)
    : find_host_(std::move(find_host)), conversation_(std::make_unique<Conversation>()) {}
HttpClient::~HttpClient() = default;

HttpClient::Stream HttpClient::start(const HttpRequest& request) {
    std::string url = request.url;
    for (int redirects = 0;; ++redirects) {
        const std::string host = host_of_url(url);
        if (host.empty())
            throw Error(ErrorKind::invalid, "{} is no http or https URL", skiff::quoted(url));
        const HostSettings settings = find_host_(host);
        HttpAnswer answer =
            conversation_->begin(request, url, same_origin(url, request.url), settings);
        const auto location = answer.find("location");
        const bool follow = is_redirect(answer.status) && location &&
                            (request.method == "GET" || request.method == "HEAD");
        if (!follow) return {std::move(answer), std::make_unique<Body>(*conversation_)};
        if (redirects == max_redirects)
            throw Error(ErrorKind::invalid, "{} \"{}\": stopped after {} redirects", request.method,
                        request.url, max_redirects);
        const std::string next = resolve_url(url, std::string(*location));
        if (is_https(url) && !is_https(next) && !find_host_(host_of_url(next)).insecure)
            throw Error(ErrorKind::denied,
                        "{} \"{}\": the server redirects to {}, which is not encrypted",
                        request.method, request.url, host_of_url(next));
        conversation_->discard();
        url = next;
    }
}

HttpAnswer HttpClient::perform(const HttpRequest& request, size_t limit) {
    Stream stream = start(request);
    stream.answer.body =
        storage::read_to_end(*stream.body, limit, "the answer of " + host_of_url(request.url));
    return std::move(stream.answer);
}

}  // namespace skiff::registry
