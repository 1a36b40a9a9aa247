// SPDX-License-Identifier: Apache-2.0
#include "engine/build/context.h"

#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/remote_source.h"
#include "engine/build/fetch.h"
#include "engine/build/worker.h"
#include "engine/store_namespace.h"
#include "storage/archive/decompress.h"
#include "storage/archive/extract.h"
#include "storage/archive/source.h"

namespace skiff::engine {
namespace {

constexpr size_t max_rules_size = 4U << 20U;
constexpr size_t tar_block = 512;

std::string name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string absolute_directory(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    struct stat status{};
    if (!real || stat(real.get(), &status) < 0)
        throw Error(ErrorKind::not_found, "unable to prepare context: path {} not found",
                    quoted(path));
    if (!S_ISDIR(status.st_mode))
        throw Error(ErrorKind::invalid,
                    "unable to prepare context: the build context {} must be a directory",
                    quoted(path));
    return real.get();
}

bool is_directory(const std::string& path) {
    struct stat status{};
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// As for ADD, and "github.com/USER/NAME".
std::optional<dockerfile::GitSource> find_repository(const std::string& text) {
    if (!text.starts_with("github.com/")) return dockerfile::find_git_source(text);
    const Cut parts = cut(text, '#');
    std::string url = fmt::format("https://{}", parts.before);
    if (!url.ends_with(".git")) url += ".git";
    if (parts.found) url += fmt::format("#{}", parts.after);
    return dockerfile::find_git_source(url);
}

/// A source whose beginning was read already.
class Rejoined final : public storage::ByteSource {
  public:
    Rejoined(std::string_view first, storage::ByteSource& rest) : first_(first), rest_(rest) {}
    size_t read(std::span<char> buffer) override {
        return first_left_ ? take(buffer) : rest_.read(buffer);
    }

  private:
    size_t take(std::span<char> buffer) {
        const size_t n = first_.read(buffer);
        if (n > 0) return n;
        first_left_ = false;
        return rest_.read(buffer);
    }
    storage::MemorySource first_;
    storage::ByteSource& rest_;
    bool first_left_ = true;
};

bool begins_like_archive(std::string_view first) {
    using storage::Compression;
    if (storage::recognise_compression(first) != Compression::none) return true;
    constexpr size_t magic_at = 257;
    return first.size() == tar_block && first.substr(magic_at, 5) == "ustar";
}

/// Unpacked where its owners do not matter, but its names and modes do.
std::string unpack_context(const Engine& engine, storage::Lease& lease, std::string_view first,
                           int rest, const std::string& name) {
    lease.staging();
    const std::string path = lease.staging_path() + "/context";
    if (mkdirat(lease.store().fd(), path.c_str(), 0700) < 0)
        throw SystemError(errno, "cannot make a directory for the context");
    const LayerOwnership ownership = layer_ownership(engine);
    BuildWorker worker(engine, BuildWorker::Place::store, [&] {
        storage::FdSource input(rest, name);
        Rejoined whole(first, input);
        storage::Decompressor plain(whole, name);
        storage::ExtractOptions options;
        options.ownership = ownership.ownership;
        options.overlay_xattrs = ownership.overlay_xattrs;
        options.whiteouts = false;
        const RootDir target(
            open_at(lease.store().fd(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        with_context([&] { storage::extract_layer(plain, target, options); }, "{}", name);
        return std::string();
    });
    worker.finish();
    return engine.root() + "/" + path;
}

std::string read_input(size_t limit) {
    if (isatty(STDIN_FILENO) == 1)
        throw Error(ErrorKind::usage, std::string("standard input is a terminal: redirect the "
                                                  "Dockerfile, or the context, into it"));
    return read_to_end(STDIN_FILENO, limit, "standard input");
}

/// A checkout of ours, or the directory of it that is wanted.
std::string clone_context(const Engine& engine, storage::Lease& lease, const std::string& written,
                          const dockerfile::GitSource& source) {
    lease.staging();
    BuildWorker worker(engine, BuildWorker::Place::ours, [&] {
        // The caller has named it, so it is fetched with the caller's keys.
        return to_text(std::vector{fetch_repository(
            lease, engine.root(), {.source = source, .written = written, .as_caller = true})});
    });
    const Fetched tree = parse_fetched(worker.finish()).front();
    const RootDir root(open_at(lease.store().fd(), tree.directory, O_RDONLY | O_DIRECTORY));
    const auto wanted = root.find(tree.name.empty() ? "." : tree.name, O_RDONLY | O_DIRECTORY);
    if (!wanted)
        throw Error(ErrorKind::not_found, "{} has no directory {}", source.repository,
                    quoted(tree.name));
    // Links of the repository were followed, inside of it.
    return find_link(AT_FDCWD, fmt::format("/proc/self/fd/{}", wanted->get())).value();
}

Fd fetch_context(const Engine& engine, storage::Lease& lease, const std::string& url) {
    lease.staging();
    BuildWorker worker(engine, BuildWorker::Place::ours,
                       [&] { return to_text(std::vector{fetch_file(lease, url, "")}); });
    const Fetched file = parse_fetched(worker.finish()).front();
    return open_at(lease.store().fd(), file.directory + "/" + file.name, O_RDONLY | O_NOFOLLOW);
}

/// A file of the context, whose links stay in it.
std::optional<std::string> find_inside(const Engine& engine, const BuildContext& context,
                                       const std::string& name, size_t limit) {
    const auto read = [&]() -> std::string {
        const RootDir root(open_file(context.directory, O_RDONLY | O_DIRECTORY));
        const auto text = root.find_file(name, limit);
        return text ? "+" + *text : "";
    };
    std::string found;
    if (context.unpacked)
        found = BuildWorker(engine, BuildWorker::Place::store, read).finish();
    else
        found = read();
    if (found.empty()) return std::nullopt;
    return found.substr(1);
}

void read_dockerfile(const Engine& engine, const BuildRequest& request, BuildContext& context) {
    constexpr size_t limit = dockerfile::max_dockerfile_size;
    if (request.file == "-") {
        context.dockerfile_name = "Dockerfile";
        context.dockerfile = read_input(limit);
        return;
    }
    context.dockerfile_name = name_of(request.file.value_or("Dockerfile"));
    if (request.file && !context.foreign) {
        // From where we are, as for every other command; below the context where there is none.
        auto text = find_file(AT_FDCWD, *request.file, limit);
        if (!text && !request.file->starts_with('/') && !context.directory.empty())
            text = find_inside(engine, context, *request.file, limit);
        if (!text)
            throw Error(ErrorKind::not_found,
                        "failed to read dockerfile: open {}: no such file or directory",
                        *request.file);
        context.dockerfile = *std::move(text);
        return;
    }
    std::vector<std::string> names = {request.file.value_or("Dockerfile")};
    if (!request.file) names.emplace_back("Containerfile");
    for (const std::string& name : names) {
        if (auto text = find_inside(engine, context, name, limit)) {
            context.dockerfile_name = name;
            context.dockerfile = *std::move(text);
            return;
        }
    }
    throw Error(ErrorKind::not_found,
                "failed to read dockerfile: open {}: no such file or directory (in {}; another "
                "one can be named with -f)",
                names.front(), quoted(request.context));
}

void read_rules(const Engine& engine, const BuildRequest& request, BuildContext& context) {
    std::optional<std::string> text;
    if (request.file && request.file != "-" && !context.foreign) {
        context.rules_name = *request.file + ".dockerignore";
        text = find_file(AT_FDCWD, context.rules_name, max_rules_size);
    }
    const std::string own = request.file.value_or(context.dockerfile_name) + ".dockerignore";
    for (const std::string& name : {own, std::string(".dockerignore")}) {
        if (text || context.directory.empty()) break;
        context.rules_name = name;
        text = find_inside(engine, context, name, max_rules_size);
    }
    if (!text) {
        context.rules_name.clear();
        return;
    }
    context.rules_size = text->size();
    context.rules = dockerfile::IgnoreRules::parse(*text, context.rules_name);
}

}  // namespace

CopySource BuildContext::source() const {
    return {.directory = directory, .rules = rules, .rules_name = rules_name};
}

BuildContext open_context(const Engine& engine, storage::Lease& lease,
                          const BuildRequest& request) {
    BuildContext context;
    const bool here = is_directory(request.context);
    const auto git = find_repository(request.context);
    if (git && !here) {
        context.directory = clone_context(engine, lease, request.context, *git);
        context.foreign = true;
    } else if (request.context == "-" || (dockerfile::is_remote_file(request.context) && !here)) {
        const bool input = request.context == "-";
        if (input && request.file == "-")
            throw Error(ErrorKind::usage, std::string("invalid argument: can't use stdin for both "
                                                      "build context and dockerfile"));
        if (input && isatty(STDIN_FILENO) == 1) read_input(0);
        const Fd fetched = input ? Fd() : fetch_context(engine, lease, request.context);
        const int source = input ? STDIN_FILENO : fetched.get();
        const std::string name = input ? "the context on standard input" : request.context;
        std::string first(tar_block, '\0');
        first.resize(read_full(source, first, name));
        context.foreign = true;
        if (begins_like_archive(first)) {
            context.directory = unpack_context(engine, lease, first, source, name);
            context.unpacked = true;
        } else {
            context.dockerfile_name = "Dockerfile";
            context.dockerfile = first + read_to_end(source, dockerfile::max_dockerfile_size, name);
            return context;
        }
    } else {
        context.directory = absolute_directory(request.context);
    }
    read_dockerfile(engine, request, context);
    read_rules(engine, request, context);
    return context;
}

}  // namespace skiff::engine
