// SPDX-License-Identifier: Apache-2.0
#include "engine/builtin/host_etc.h"

#include <cerrno>
#include <functional>

#include <fcntl.h>
#include <unistd.h>

#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t account_file_limit = 16U << 20U;
constexpr unsigned first_person = 1000;
constexpr unsigned nobody = 65534;

bool everybody_may_enter(const struct stat& status) {
    return (status.st_mode & 0005U) == 0005U;
}
bool everybody_may_read(const struct stat& status) {
    return (status.st_mode & 0004U) != 0;
}

/// Visits what everybody may see below `directory`, parents first. `visit` returns the directory to
/// go on with for a directory. A file that vanishes meanwhile is passed over.
void walk(int directory, const std::string& prefix,
          const std::function<void(int, const std::string&, const std::string&,
                                   const struct stat&)>& visit) {
    for (const std::string& name : list_directory(directory)) {
        struct stat status{};
        if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
        const std::string path = prefix + name;
        if (S_ISDIR(status.st_mode)) {
            if (!everybody_may_enter(status)) continue;
            const Fd child = find_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
            if (!child.valid()) continue;
            visit(directory, path, name, status);
            walk(child.get(), path + "/", visit);
        } else if (S_ISLNK(status.st_mode) ||
                   (S_ISREG(status.st_mode) && everybody_may_read(status))) {
            visit(directory, path, name, status);
        }
    }
}

class Fingerprint {
  public:
    void add(std::string_view bytes) {
        for (const char c : bytes) mix(static_cast<unsigned char>(c));
        mix(0);
    }
    template <typename Number>
    void add_number(Number number) {
        add(std::to_string(number));
    }
    std::uint64_t value() const { return value_; }

  private:
    // FNV-1a: this tells changes apart, it does not resist anybody.
    void mix(unsigned char byte) { value_ = (value_ ^ byte) * 1099511628211U; }
    std::uint64_t value_ = 14695981039346656037U;
};

void copy_file(int from_directory, const std::string& name, int target, const std::string& path,
               const struct stat& status, unsigned owner) {
    const Fd from(
        openat(from_directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!from.valid()) return;  // vanished, or guarded by more than its mode
    const Fd to = open_at(target, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    for (;;) {
        const ssize_t n = sendfile(to.get(), from.get(), nullptr, 1U << 30U);
        if (n < 0) throw SystemError(errno, "cannot copy '/etc/{}'", path);
        if (n == 0) break;
    }
    // setuid bits and group rights mean nothing once everything belongs to one owner.
    const mode_t mode = 0644U | ((status.st_mode & 0001U) != 0 ? 0111U : 0U);
    if (fchown(to.get(), owner, owner) < 0 || fchmod(to.get(), mode) < 0)
        throw SystemError(errno, "cannot copy '/etc/{}'", path);
}

void copy_link(int from_directory, const std::string& name, int target, const std::string& path,
               unsigned owner) {
    const auto text = find_link(from_directory, name);
    if (!text) return;
    if (symlinkat(text->c_str(), target, path.c_str()) < 0 ||
        fchownat(target, path.c_str(), owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot copy '/etc/{}'", path);
}

void write_owned(int target, const char* name, const std::string& content, mode_t mode,
                 unsigned owner) {
    const Fd file = open_at(target, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    write_all(file.get(), content, name);
    if (fchown(file.get(), owner, owner) < 0 || fchmod(file.get(), mode) < 0)
        throw SystemError(errno, "cannot write '{}'", name);
}

bool is_system_id(std::string_view text) {
    const auto id = parse_number<unsigned>(text);
    return id && *id != 0 && (*id < first_person || *id == nobody);
}

struct Accounts {
    std::string passwd;
    std::string group;
    std::string shadow;
};

Accounts make_accounts(const std::string& etc) {
    const char* shell = access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
    Accounts accounts{fmt::format("root:x:0:0:root:/root:{}\n", shell), "root:x:0:\n",
                      "root:*:19000:0:99999:7:::\n"};
    const std::string passwd =
        find_file(AT_FDCWD, etc + "/passwd", account_file_limit).value_or("");
    for (const std::string_view line : split(passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() != 7 || !is_system_id(fields[2])) continue;
        accounts.passwd += fmt::format("{}:x:{}:{}:{}:{}:{}\n", fields[0], fields[2], fields[3],
                                       fields[4], fields[5], fields[6]);
        accounts.shadow += fmt::format("{}:*:19000:0:99999:7:::\n", fields[0]);
    }
    const std::string group = find_file(AT_FDCWD, etc + "/group", account_file_limit).value_or("");
    for (const std::string_view line : split(group, '\n')) {
        const auto fields = split(line, ':');
        // Members are people: left out.
        if (fields.size() == 4 && is_system_id(fields[2]))
            accounts.group += fmt::format("{}:x:{}:\n", fields[0], fields[2]);
    }
    return accounts;
}

bool is_made_anew(const std::string& path) {
    for (const char* name : {"passwd", "passwd-", "group", "group-", "shadow", "shadow-", "gshadow",
                             "gshadow-", "subuid", "subuid-", "subgid", "subgid-", "machine-id",
                             "hosts", "hostname", "resolv.conf"})
        if (path == name) return true;
    return false;
}

}  // namespace

std::uint64_t etc_fingerprint(const std::string& etc) {
    Fingerprint fingerprint;
    const Fd directory = open_file(etc, O_RDONLY | O_DIRECTORY);
    walk(directory.get(), "",
         [&](int, const std::string& path, const std::string&, const struct stat& status) {
             fingerprint.add(path);
             fingerprint.add_number(status.st_ino);
             fingerprint.add_number(status.st_mode);
             fingerprint.add_number(status.st_size);
             fingerprint.add_number(status.st_mtim.tv_sec);
             fingerprint.add_number(status.st_mtim.tv_nsec);
         });
    return fingerprint.value();
}

void copy_etc(const std::string& etc, int target, unsigned owner) {
    const Fd directory = open_file(etc, O_RDONLY | O_DIRECTORY);
    walk(
        directory.get(), "",
        [&](int from, const std::string& path, const std::string& name, const struct stat& status) {
            if (is_made_anew(path)) return;
            if (S_ISDIR(status.st_mode)) {
                if (mkdirat(target, path.c_str(), 0755) < 0 ||
                    fchownat(target, path.c_str(), owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
                    throw SystemError(errno, "cannot copy '/etc/{}'", path);
            } else if (S_ISLNK(status.st_mode)) {
                copy_link(from, name, target, path, owner);
            } else {
                copy_file(from, name, target, path, status, owner);
            }
        });
    const Accounts accounts = make_accounts(etc);
    write_owned(target, "passwd", accounts.passwd, 0644, owner);
    write_owned(target, "group", accounts.group, 0644, owner);
    write_owned(target, "shadow", accounts.shadow, 0640, owner);
    for (const char* name : {"hosts", "hostname", "resolv.conf", "machine-id"})
        write_owned(target, name, "", 0644, owner);
}

}  // namespace skiff::engine
