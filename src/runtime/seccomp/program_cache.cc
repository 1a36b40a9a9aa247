// SPDX-License-Identifier: Apache-2.0
#include "runtime/seccomp/program_cache.h"

#include <array>
#include <cstdint>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

using Sum = std::array<unsigned char, 32>;

Sum sha256(std::string_view bytes) {
    Sum sum{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, EVP_sha256(), nullptr) != 1 ||
        size != sum.size())
        throw Error(ErrorKind::system, "cannot compute a SHA-256");
    return sum;
}

struct Header {
    std::array<char, 8> magic{'s', 'k', 'i', 'f', 'f', 'b', 'p', 'f'};
    std::uint32_t version = 1;
    std::uint32_t count = 0;
    Sum key{};
    Sum content{};
    bool operator==(const Header&) const = default;
};
static_assert(sizeof(Header) == 80, "written as it lies in memory: no padding");

std::string_view bytes_of(std::span<const sock_filter> program) {
    return {reinterpret_cast<const char*>(program.data()), program.size_bytes()};
}

Header header_of(std::string_view key, std::span<const sock_filter> program) {
    Header header;
    header.count = static_cast<std::uint32_t>(program.size());
    header.key = sha256(key);
    header.content = sha256(bytes_of(program));
    return header;
}

std::string name_of(std::string_view key) {
    const Sum sum = sha256(key);
    return to_hex({reinterpret_cast<const char*>(sum.data()), sum.size()});
}

/// A plain file that only we could have written.
bool is_trusted(int fd) {
    struct stat status{};
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 07777) == 0600;
}

}  // namespace

std::string ProgramCache::path_of(std::string_view key) const {
    return fmt::format("{}/{}", directory_, name_of(key));
}

std::optional<std::vector<sock_filter>> ProgramCache::find(std::string_view key) const {
    constexpr size_t max_size = sizeof(Header) + BPF_MAXINSNS * sizeof(sock_filter);
    std::string text;
    try {
        const Fd file = find_at(AT_FDCWD, path_of(key), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!file.valid() || !is_trusted(file.get())) return std::nullopt;
        text = read_to_end(file.get(), max_size, "a kept seccomp program");
    } catch (const Error&) {
        return std::nullopt;  // whatever it is, it is made anew
    }
    if (text.size() <= sizeof(Header) || (text.size() - sizeof(Header)) % sizeof(sock_filter) != 0)
        return std::nullopt;
    Header header;
    std::memcpy(&header, text.data(), sizeof header);
    std::vector<sock_filter> program((text.size() - sizeof header) / sizeof(sock_filter));
    std::memcpy(program.data(), text.data() + sizeof header, text.size() - sizeof header);
    if (header != header_of(key, program)) return std::nullopt;
    return program;
}

void ProgramCache::keep(std::string_view key, std::span<const sock_filter> program) const {
    const Header header = header_of(key, program);
    std::string text(reinterpret_cast<const char*>(&header), sizeof header);
    text += bytes_of(program);
    try {
        make_directories(directory_, 0700);
        const Fd directory = open_file(directory_, O_RDONLY | O_DIRECTORY);
        replace_file(directory.get(), name_of(key), text, 0600, Durability::none);
    } catch (const Error&) {
        // The program is at hand; the next start compiles it again.
    }
}

}  // namespace skiff::runtime
