// SPDX-License-Identifier: Apache-2.0
#include "archive_support.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "storage/archive/sha256.h"
#include "storage/archive/xattrs.h"

namespace skiff::storage::test {
namespace {

template <size_t N>
void put(char (&field)[N], const std::string& text) {
    std::memcpy(field, text.data(), std::min(text.size(), N));
}

std::string attributes(const std::string& path) {
    std::string names(4096, '\0');
    const ssize_t n = llistxattr(path.c_str(), names.data(), names.size());
    names.resize(n > 0 ? static_cast<size_t>(n) : 0);
    std::vector<std::string> lines;
    for (const std::string_view name : split(names, '\0')) {
        if (!is_portable_xattr(name)) continue;
        std::string value(65536, '\0');
        const ssize_t length =
            lgetxattr(path.c_str(), std::string(name).c_str(), value.data(), value.size());
        lines.push_back(fmt::format(
            " {}={}", name,
            to_hex(value.substr(0, static_cast<size_t>(std::max<ssize_t>(length, 0))))));
    }
    std::sort(lines.begin(), lines.end());
    return join({lines.begin(), lines.end()}, "");
}

}  // namespace

TarHeader TarBuilder::header_of(const Member& member) {
    TarHeader header{};
    put(header.name, member.name);
    put(header.link_name, member.link);
    format_tar_octal(header.mode, sizeof header.mode, member.mode);
    format_tar_octal(header.uid, sizeof header.uid, member.uid);
    format_tar_octal(header.gid, sizeof header.gid, member.gid);
    format_tar_octal(header.size, sizeof header.size, member.content.size());
    format_tar_octal(header.mtime, sizeof header.mtime, static_cast<uint64_t>(member.mtime));
    format_tar_octal(header.device_major, sizeof header.device_major, member.major);
    format_tar_octal(header.device_minor, sizeof header.device_minor, member.minor);
    header.type = member.type;
    std::memcpy(header.magic, ustar_magic.data(), ustar_magic.size());
    return header;
}

TarBuilder& TarBuilder::header(TarHeader header) {
    format_tar_octal(header.checksum, sizeof header.checksum,
                     static_cast<uint64_t>(compute_tar_checksum(header).as_unsigned));
    bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
    return *this;
}

TarBuilder& TarBuilder::raw(std::string_view bytes) {
    bytes_ += bytes;
    bytes_.resize(tar_padded(bytes_.size()), '\0');
    return *this;
}

TarBuilder& TarBuilder::add(const Member& member) {
    if (!member.pax.empty()) {
        std::string body;
        for (const PaxRecord& record : member.pax)
            append_pax_record(body, record.key, record.value);
        add({.name = "pax", .type = 'x', .content = body});
    }
    return header(header_of(member)).raw(member.content);
}

Sandbox::Sandbox() {
    mkdir(path("root").c_str(), 0755);
    const Fd canary = open_file(path("canary"), O_WRONLY | O_CREAT | O_EXCL, 0600);
    write_all(canary.get(), "untouched", "canary");
}

RootDir Sandbox::root() const {
    return RootDir(open_file(path("root"), O_PATH | O_DIRECTORY));
}

RootDir Sandbox::fresh(const std::string& name) const {
    mkdir(path(name).c_str(), 0755);
    return RootDir(open_file(path(name), O_PATH | O_DIRECTORY));
}

ExtractResult Sandbox::extract(std::string_view tar, const ExtractOptions& options) const {
    MemorySource source(tar);
    const RootDir target = root();
    return extract_layer(source, target, options);
}

std::string Sandbox::failure(std::string_view tar, const ExtractOptions& options) const {
    try {
        extract(tar, options);
        return "";
    } catch (const Error& error) {
        return error.message();
    }
}

bool Sandbox::is_unharmed() const {
    std::vector<std::string> names =
        list_directory(open_file(temp_.path(), O_RDONLY | O_DIRECTORY).get());
    std::sort(names.begin(), names.end());
    struct stat status{};
    return names == std::vector<std::string>{"canary", "root"} &&
           stat(path("canary").c_str(), &status) == 0 && status.st_mode == (S_IFREG | 0600) &&
           status.st_nlink == 1 && text_of(path("canary")) == "untouched";
}

std::string manifest(const std::string& path) {
    std::vector<std::string> lines;
    const auto describe = [&](const std::string& object) {
        struct stat status{};
        if (lstat(object.c_str(), &status) < 0) throw SystemError(errno, "lstat {}", object);
        std::string what;
        if (S_ISREG(status.st_mode)) what = sha256_hex(text_of(object));
        if (S_ISLNK(status.st_mode)) what = std::filesystem::read_symlink(object).string();
        if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
            what = fmt::format("{}:{}", major(status.st_rdev), minor(status.st_rdev));
        lines.push_back(fmt::format(
            "{} {:o} {}:{} {} {} {}.{:09} {}{}", object.substr(path.size()), status.st_mode,
            status.st_uid, status.st_gid, S_ISDIR(status.st_mode) ? 0 : status.st_nlink,
            S_ISDIR(status.st_mode) ? 0 : status.st_size, status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, what, attributes(object)));
    };
    describe(path);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
        describe(entry.path().string());
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
}

std::string text_of(const std::string& path) {
    return read_file(path, 1U << 30U);
}

size_t open_descriptors() {
    const auto entries = std::filesystem::directory_iterator("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

void run_program(const std::vector<std::string>& command) {
    const HelperResult result = Helper::start(command.front(), command).finish();
    if (!result.status.ok())
        throw Error(ErrorKind::system, "{} failed ({}): {}", command.front(),
                    result.status.shell_code(), result.errors);
}

bool is_real_root() {
    return geteuid() == 0 && text_of("/proc/self/uid_map").find("4294967295") != std::string::npos;
}

}  // namespace skiff::storage::test
