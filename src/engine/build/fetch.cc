// SPDX-License-Identifier: Apache-2.0
#include "engine/build/fetch.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/die_with.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "registry/http.h"
#include "storage/archive/sink.h"

namespace skiff::engine {
namespace {

constexpr int attempts = 3;  ///< of a transfer that breaks off
constexpr const char* result_name = "what was fetched";

std::string make_directory(storage::Lease& lease) {
    lease.staging();
    std::string path = fmt::format("{}/fetch-{}", lease.staging_path(), random_hex(4));
    if (mkdirat(lease.store().fd(), path.c_str(), 0755) < 0)
        throw SystemError(errno, "cannot make a directory for what is fetched");
    return path;
}

registry::HttpClient plain_client() {
    return registry::HttpClient([](std::string_view) { return registry::HostSettings{}; });
}

/// A weak one may stay when bytes change (RFC 9110, 8.8.1).
std::string strong_tag(const registry::HttpAnswer& answer) {
    const auto tag = answer.find("etag");
    return tag && tag->starts_with('"') ? std::string(*tag) : "";
}

timespec modification_time(const registry::HttpAnswer& answer) {
    const auto text = answer.find("last-modified");
    std::tm parts{};
    // The one form that servers send (RFC 9110, 5.6.7).
    if (!text ||
        strptime(std::string(*text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr)
        return {};
    return {.tv_sec = timegm(&parts), .tv_nsec = 0};
}

void require_success(const std::string& url, int status) {
    if (status >= 200 && status < 300) return;
    const auto kind = status == 404 || status == 410   ? ErrorKind::not_found
                      : status == 401 || status == 403 ? ErrorKind::denied
                                                       : ErrorKind::invalid;
    throw Error(kind, "failed to fetch {}: invalid response status {}", url, status);
}

void receive(const Fetched& file, int target, const std::string& checksum, std::string& validator) {
    registry::HttpClient client = plain_client();
    registry::HttpClient::Stream stream = client.start({.url = file.source});
    require_success(file.source, stream.answer.status);
    storage::FdSink sink(target, file.name);
    storage::HashingSink hashing(sink);
    std::vector<char> buffer(256U << 10U);
    while (const size_t n = stream.body->read(buffer)) hashing.write({buffer.data(), n});
    const std::string digest = "sha256:" + hashing.finish_hex();
    if (!checksum.empty() && digest != checksum)
        throw Error(ErrorKind::invalid, "digest mismatch: {} is {}, not {}", file.source, digest,
                    checksum);
    validator = strong_tag(stream.answer);
    const timespec time = modification_time(stream.answer);
    const std::array times{time, time};
    if (futimens(target, times.data()) < 0)
        throw SystemError(errno, "cannot set the times of {}", skiff::quoted(file.name));
}

/// Where the caller's PATH has it, in absolute directories alone.
std::string find_git() {
    const char* path = std::getenv("PATH");
    for (const std::string_view directory : split(path == nullptr ? "" : path, ':')) {
        std::string file = fmt::format("{}/git", directory);
        if (directory.starts_with('/') && access(file.c_str(), X_OK) == 0) return file;
    }
    throw Error(ErrorKind::unsupported,
                "a Git repository is fetched by the program git, which is not in PATH: install "
                "it, or use a directory or an archive");
}

class Git {
  public:
    Git(std::string directory, const GitFetch& fetch)
        : program_(find_git()), directory_(std::move(directory)), fetch_(fetch) {
        for (const char* name :
             {"PATH", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY"})
            inherit(name);
        environment_.insert(environment_.end(), {"GIT_TERMINAL_PROMPT=0", "LC_ALL=C"});
        if (fetch.as_caller) {
            for (const char* name :
                 {"HOME", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO"})
                inherit(name);
            return;
        }
        // Nobody's name, keys and settings: the Dockerfile may be anybody's.
        environment_.insert(environment_.end(),
                            {"HOME=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null",
                             "GIT_CONFIG_NOSYSTEM=1", "GIT_SSH_COMMAND=false", "GIT_ASKPASS=true"});
    }

    void run(const std::vector<std::string>& words) const {
        std::vector<std::string> argv = {program_, "-C", directory_};
        // Neither files of this machine nor programs: for a repository's submodules too.
        for (const char* setting : {"protocol.file.allow=never", "protocol.ext.allow=never",
                                    "core.hooksPath=/dev/null", "advice.detachedHead=false"})
            argv.insert(argv.end(), {"-c", setting});
        argv.insert(argv.end(), words.begin(), words.end());
        Pipe errors = make_pipe();
        const pid_t parent = getpid();
        CloneResult cloned = clone_process(0);
        if (cloned.in_child) execute(parent, argv, errors.write.get());
        errors.write.reset();
        std::string text;
        std::array<char, 4096> block{};
        while (const size_t n = read_full(errors.read.get(), block, "git"))
            if (text.size() < block.size()) text.append(block.data(), n);
        if (cloned.child.wait().ok()) return;
        std::string reason;
        for (const std::string_view line : split(text, '\n'))
            if (!trim(line).empty()) reason = trim(line);
        throw Error(ErrorKind::invalid, "failed to fetch {}: git {}: {}", fetch_.source.repository,
                    words.front(), printable(reason));
    }

  private:
    void inherit(const char* name) {
        if (const char* value = std::getenv(name))
            environment_.push_back(fmt::format("{}={}", name, value));
    }

    [[noreturn]] void execute(pid_t parent, const std::vector<std::string>& argv,
                              int errors) const {
        // It ends with the build, however that ends.
        try {
            die_with(parent);
        } catch (const Error&) {
            _exit(1);
        }
        const auto pointers = [](const std::vector<std::string>& list) {
            std::vector<char*> all;
            for (const std::string& text : list) all.push_back(const_cast<char*>(text.c_str()));
            all.push_back(nullptr);
            return all;
        };
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        if (dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
            dup2(errors, STDERR_FILENO) >= 0)
            execve(program_.c_str(), pointers(argv).data(), pointers(environment_).data());
        _exit(127);
    }

    std::string program_;
    std::string directory_;
    const GitFetch& fetch_;
    std::vector<std::string> environment_;
};

}  // namespace

std::string to_text(const std::vector<Fetched>& all) {
    Json list = Json::array();
    for (const Fetched& one : all)
        list.push_back({{"source", one.source},
                        {"directory", one.directory},
                        {"name", one.name},
                        {"validator", one.validator}});
    return skiff::to_text({{"all", list}});
}

std::vector<Fetched> parse_fetched(const std::string& text) {
    const std::string name = result_name;
    const Json document = parse_json(text, name);
    std::vector<Fetched> all;
    for (const Json& one : document.at("all"))
        all.push_back({.source = json_string(one, "source", name),
                       .directory = json_string(one, "directory", name),
                       .name = json_string(one, "name", name),
                       .validator = json_string(one, "validator", name)});
    return all;
}

std::string validator_text(const std::string& validator) {
    return fmt::format("{}:{}", validator.size(), validator);
}

std::string ask_validators(const std::vector<std::string>& urls) {
    std::string all;
    try {
        registry::HttpClient client = plain_client();
        for (const std::string& url : urls) {
            const auto answer = client.perform({.method = "HEAD", .url = url}, 0);
            const std::string tag = strong_tag(answer);
            if (answer.status != 200 || tag.empty()) return "";
            all += validator_text(tag);
        }
    } catch (const Error&) {
        return "";
    }
    return all;
}

Fetched fetch_file(storage::Lease& lease, const std::string& url, const std::string& checksum) {
    Fetched file{.source = url,
                 .directory = make_directory(lease),
                 .name = dockerfile::remote_file_name(url),
                 .validator = {}};
    const Fd directory = open_at(lease.store().fd(), file.directory, O_RDONLY | O_DIRECTORY);
    for (int attempt = 1;; ++attempt) {
        constexpr mode_t mode = 0600;
        const Fd target =
            open_at(directory.get(), file.name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
        try {
            receive(file, target.get(), checksum, file.validator);
            return file;
        } catch (const registry::ConnectionError& error) {
            if (error.cause() != registry::ConnectionError::Cause::broken || attempt == attempts)
                throw Error(error.kind(), "failed to fetch {}: {}", url, error.message());
        }
    }
}

Fetched fetch_repository(storage::Lease& lease, const std::string& root, const GitFetch& fetch) {
    const dockerfile::GitSource& source = fetch.source;
    Fetched tree{.source = fetch.written,
                 .directory = make_directory(lease),
                 .name = source.subdirectory,
                 .validator = {}};
    // What modes a checkout has is the umask's: the same everywhere, or the cache would miss.
    umask(022);
    const Git git(fmt::format("{}/{}", root, tree.directory), fetch);
    const std::string reference = source.reference.empty() ? "HEAD" : source.reference;
    git.run({"init", "-q"});
    git.run({"fetch", "-q", "--depth", "1", "--", source.repository, reference});
    git.run({"checkout", "-q", "--force", "FETCH_HEAD", "--"});
    git.run({"submodule", "-q", "update", "--init", "--recursive", "--depth", "1"});
    if (!fetch.keep_git) {
        const Fd directory = open_at(lease.store().fd(), tree.directory, O_RDONLY | O_DIRECTORY);
        remove_tree(directory.get(), ".git");
    }
    return tree;
}

}  // namespace skiff::engine
