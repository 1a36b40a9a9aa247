// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/namespace_note.h"
#include "runtime/capabilities/capability_set.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

std::optional<std::string> absolute_variable(const char* name) {
    const char* value = std::getenv(name);
    // The XDG specification: a relative path in one of its variables is to be ignored.
    if (value == nullptr || *value != '/') return std::nullopt;
    return std::string(value);
}

std::string absolute(const std::string& path) {
    if (path.starts_with('/')) return path;
    char* here = get_current_dir_name();
    if (here == nullptr) throw SystemError(errno, "cannot find the current directory");
    std::string result = fmt::format("{}/{}", here, path);
    std::free(here);
    return result;
}

/// $HOME, or under `env -i` and cron what /etc/passwd says. Read by hand: getpwuid would load NSS
/// modules into a static binary.
std::string home_directory() {
    if (const auto home = absolute_variable("HOME")) return *home;
    const std::string uid = std::to_string(getuid());
    const std::string passwd = find_file(AT_FDCWD, "/etc/passwd", 16U << 20U).value_or("");
    for (const std::string_view line : split(passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() >= 6 && fields[2] == uid && fields[5].starts_with('/'))
            return std::string(fields[5]);
    }
    throw Error(ErrorKind::invalid,
                "no home directory: set HOME, or name the store with --root or SKIFF_ROOT");
}

bool is_ours(const std::string& path) {
    struct stat status{};
    return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == geteuid();
}

std::string default_run_root(bool rootless) {
    if (!rootless) return "/run/skiff";
    // `su` keeps the variable of the user who called it, so it counts only when the directory is
    // ours.
    if (const auto runtime = absolute_variable("XDG_RUNTIME_DIR"); runtime && is_ours(*runtime))
        return *runtime + "/skiff";
    const std::string session = fmt::format("/run/user/{}", geteuid());
    if (is_ours(session)) return session + "/skiff";
    return fmt::format("/tmp/skiff-run-{}", geteuid());
}

/// Root of a container has a name, and no more rights here than any other user has.
bool rules_namespace() {
    return geteuid() == 0 && runtime::caller_capabilities().has(CAP_SYS_ADMIN);
}

}  // namespace

Engine::Engine(EngineOptions options)
    : options_(std::move(options)), rootless_(!rules_namespace()) {
    // Where things are goes by the name.
    const bool is_root = geteuid() == 0;
    if (options_.timing) phases_ = Phases(options_.timing_origin);
    const auto given = [](const std::optional<std::string>& option, const char* variable,
                          const char* flag) -> std::optional<std::string> {
        // "$UNSET" must not mean the store of everything.
        if (option && option->empty())
            throw Error(ErrorKind::invalid, "{}: a path is expected, not an empty word", flag);
        if (option) return absolute(*option);
        const char* value = std::getenv(variable);
        if (value == nullptr || *value == '\0') return std::nullopt;
        return absolute(value);
    };
    if (const auto root = given(options_.root, "SKIFF_ROOT", "--root")) {
        root_ = *root;
    } else if (is_root) {
        root_ = "/var/lib/skiff";
    } else if (const auto data = absolute_variable("XDG_DATA_HOME")) {
        root_ = *data + "/skiff";
    } else {
        root_ = home_directory() + "/.local/share/skiff";
    }
    run_root_ = given(options_.run_root, "SKIFF_RUNROOT", "--runroot").value_or("");
    if (run_root_.empty()) run_root_ = default_run_root(!is_root);
    if (const auto config = given(options_.config, "SKIFF_CONFIG", "--config")) {
        config_path_ = *config;
    } else if (is_root) {
        config_path_ = "/etc/skiff/config.yaml";
    } else if (const auto config_home = absolute_variable("XDG_CONFIG_HOME")) {
        config_path_ = *config_home + "/skiff/config.yaml";
    } else {
        config_path_ = home_directory() + "/.config/skiff/config.yaml";
    }
}

std::vector<std::string> Engine::cdi_directories() const {
    std::vector<std::string> directories;
    for (const std::string& given : options_.cdi_directories)
        directories.push_back(absolute(given));
    if (!directories.empty()) return directories;
    directories = {"/etc/cdi", "/var/run/cdi"};
    if (!rootless_) return directories;
    if (const auto config_home = absolute_variable("XDG_CONFIG_HOME")) {
        directories.push_back(*config_home + "/cdi");
    } else {
        directories.push_back(home_directory() + "/.config/cdi");
    }
    if (const auto runtime = absolute_variable("XDG_RUNTIME_DIR"); runtime && is_ours(*runtime))
        directories.push_back(*runtime + "/cdi");
    return directories;
}

void refuse_newer_store(const Engine& engine) {
    storage::refuse_newer_store(engine.root());
}

Fd open_private_directory(const std::string& path) {
    const size_t slash = path.find_last_of('/');
    if (slash != std::string::npos && slash > 0) make_directories(path.substr(0, slash), 0755);
    if (mkdir(path.c_str(), 0700) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make the directory '{}'", path);
    // Checked by descriptor: in /tmp somebody else may own the name, or make it a link, at any
    // moment.
    Fd directory = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    struct stat status{};
    if (fstat(directory.get(), &status) < 0) throw SystemError(errno, "cannot inspect '{}'", path);
    if (status.st_uid != geteuid())
        throw Error(
            ErrorKind::denied,
            "'{}' belongs to user {}, not to you ({}); refused as a place for skiff's state", path,
            status.st_uid, geteuid());
    if ((status.st_mode & 0077U) != 0 && fchmod(directory.get(), 0700) < 0)
        throw SystemError(errno, "cannot close '{}' for others", path);
    return directory;
}

Fd open_data_directory(const Engine& engine) {
    storage::refuse_foreign_directory(engine.root());
    return open_private_directory(engine.root());
}

bool is_run_entry(std::string_view name) {
    constexpr size_t id_length = 64;
    const bool is_of_container = name.size() > id_length &&
                                 name.find_first_not_of("0123456789abcdef") == id_length &&
                                 name[id_length] == '.';
    return is_of_container || name == NamespaceNote::file_name;
}

Fd open_run_directory(const Engine& engine) {
    const std::string& path = engine.run_root();
    struct stat status{};
    if (lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
        (status.st_mode & 0077U) != 0)
        for (const std::string& name :
             list_directory(open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get()))
            if (!is_run_entry(name))
                throw Error(ErrorKind::denied,
                            "'{}' is open to others and holds files that are not skiff's ({}); "
                            "name another run directory (--runroot, SKIFF_RUNROOT)",
                            path, quoted(name));
    return open_private_directory(path);
}

}  // namespace skiff::engine
