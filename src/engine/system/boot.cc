// SPDX-License-Identifier: Apache-2.0
#include "engine/system/boot.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/userns/namespace_refusal.h"
#include "runtime/userns/subordinate_ids.h"

namespace skiff::engine {
namespace {

constexpr const char* unit_name = "skiff-boot.service";
constexpr size_t passwd_limit = 16U << 20U;
constexpr size_t mark_limit = 4096;  // it is empty

std::string unit_directory(bool of_user) {
    if (!of_user) return "/etc/systemd/system";
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config == '/')
        return fmt::format("{}/systemd/user", config);
    const char* home = std::getenv("HOME");
    if (home == nullptr || *home != '/')
        throw Error(ErrorKind::unsupported, "there is no $HOME, so no place for a unit of yours");
    return fmt::format("{}/.config/systemd/user", home);
}

/// What runs this skiff with this store, up to the action.
std::vector<std::string> boot_words(const Engine& engine) {
    std::vector<std::string> words{runtime::own_program_path()};
    // Both: where the run directory is found by $XDG_RUNTIME_DIR, that is the same at each boot.
    if (engine.options().root || std::getenv("SKIFF_ROOT") != nullptr) {
        words.insert(words.end(), {"--root", engine.root()});
        words.insert(words.end(), {"--runroot", engine.run_root()});
    }
    words.insert(words.end(), {"system", "boot"});
    return words;
}

std::string plain_command(const Engine& engine) {
    std::vector<std::string> words = boot_words(engine);
    words.emplace_back("start");
    for (std::string& word : words)
        if (word.find_first_of(" \t'\"\\$`") != std::string::npos) word = skiff::quoted(word);
    return join(words, " ");
}

bool is_run_by_systemd() {
    struct stat status{};
    return stat("/run/systemd/system", &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<std::string> linger_remark() {
    const uid_t uid = geteuid();
    const std::string user =
        runtime::find_user_name(find_file(AT_FDCWD, "/etc/passwd", passwd_limit).value_or(""), uid);
    if (user.empty() ||
        find_file(AT_FDCWD, "/var/lib/systemd/linger/" + user, mark_limit).has_value())
        return {};
    return {
        fmt::format("units of {} begin when {} logs in, not at boot (to have them then: "
                    "loginctl enable-linger {})",
                    user, user, user)};
}

}  // namespace

std::string unit_word(std::string_view word) {
    std::string text = "\"";
    for (const char c : word) {
        if (c == '"' || c == '\\') text += '\\';
        if (c == '%' || c == '$') text += c;
        if (c == '\n') {
            text += "\\n";
        } else {
            text += c;
        }
    }
    return text + '"';
}

BootUnit boot_unit(const Engine& engine) {
    BootUnit unit;
    unit.of_user = engine.rootless();
    const std::string directory = unit_directory(unit.of_user);
    const std::string target = unit.of_user ? "default.target" : "multi-user.target";
    unit.path = fmt::format("{}/{}", directory, unit_name);
    unit.link = fmt::format("{}/{}.wants/{}", directory, target, unit_name);
    std::string command;
    for (const std::string& word : boot_words(engine))
        command += fmt::format("{}{}", command.empty() ? "" : " ", unit_word(word));
    // A user's containers are in scopes, which systemd ends in an orderly way, as each monitor
    // takes SIGTERM for a shutdown. Those of root it knows nothing of: without ExecStop they would
    // end as the very last, when network and disks are gone.
    unit.text = fmt::format(
        "# Made by: skiff system boot enable\n"
        "[Unit]\n"
        "Description=Containers of skiff with a restart policy\n"
        "{}"
        "RequiresMountsFor={} {}\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        "ExecStart={} \"start\"\n"
        "{}"
        "TimeoutStopSec=90\n"
        "\n"
        "[Install]\n"
        "WantedBy={}\n",
        unit.of_user ? "" : "Wants=network-online.target\nAfter=network-online.target\n",
        unit_word(engine.root()), unit_word(runtime::own_program_path()), command,
        unit.of_user ? "" : fmt::format("ExecStop={} \"stop\"\n", command), target);
    return unit;
}

std::vector<std::string> enable_boot(const Engine& engine) {
    if (!is_run_by_systemd())
        throw Error(ErrorKind::unsupported,
                    "systemd does not run this machine: have its own init run '{0}' at boot, for "
                    "example by a line of crontab(5): @reboot {0}",
                    plain_command(engine));
    const BootUnit unit = boot_unit(engine);
    const std::string directory = unit.path.substr(0, unit.path.rfind('/'));
    const std::string wants = unit.link.substr(0, unit.link.rfind('/'));
    make_directories(wants, 0755);
    const Fd place = open_file(directory, O_RDONLY | O_DIRECTORY);
    replace_file(place.get(), unit_name, unit.text, 0644, Durability::sync);
    if (symlink(unit.path.c_str(), unit.link.c_str()) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make '{}'", unit.link);
    sync_directory(open_file(wants, O_RDONLY | O_DIRECTORY).get());
    return unit.of_user ? linger_remark() : std::vector<std::string>{};
}

bool disable_boot(const Engine& engine) {
    const BootUnit unit = boot_unit(engine);
    bool was_enabled = true;
    if (unlink(unit.link.c_str()) < 0) {
        if (errno != ENOENT) throw SystemError(errno, "cannot remove '{}'", unit.link);
        was_enabled = false;
    }
    if (unlink(unit.path.c_str()) < 0 && errno != ENOENT)
        throw SystemError(errno, "cannot remove '{}'", unit.path);
    // What enable_boot may have made, as far as nobody else uses it.
    std::string directory = unit.link;
    for (int levels = unit.of_user ? 3 : 1; levels > 0; --levels) {
        directory.resize(directory.rfind('/'));
        if (rmdir(directory.c_str()) < 0) break;
    }
    return was_enabled;
}

BootStatus boot_status(const Engine& engine) {
    const BootUnit unit = boot_unit(engine);
    BootStatus status;
    status.path = unit.path;
    const auto text = find_file(AT_FDCWD, unit.path, passwd_limit);
    status.enabled = text && find_link(AT_FDCWD, unit.link).has_value();
    if (!is_run_by_systemd()) status.remarks.emplace_back("systemd does not run this machine");
    if (text && *text != unit.text)
        status.remarks.emplace_back(
            "the unit is for another store or another skiff (skiff system boot enable renews it)");
    if (status.enabled && unit.of_user)
        for (std::string& remark : linger_remark()) status.remarks.push_back(std::move(remark));
    return status;
}

}  // namespace skiff::engine
