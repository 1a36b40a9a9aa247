// SPDX-License-Identifier: Apache-2.0
#include "oci/platform.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace skiff::oci {
namespace {

#if defined(__x86_64__)
constexpr const char* host_architecture = "amd64";
#elif defined(__aarch64__)
constexpr const char* host_architecture = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
constexpr const char* host_architecture = "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
constexpr const char* host_architecture = "ppc64le";
#elif defined(__s390x__)
constexpr const char* host_architecture = "s390x";
#else
#error "add the GOARCH name of this architecture"
#endif

std::string go_architecture(std::string_view name) {
    if (name == "x86_64" || name == "x86-64") return "amd64";
    if (name == "aarch64") return "arm64";
    if (name == "i386" || name == "i686") return "386";
    return std::string(name);
}

bool is_word(std::string_view text) {
    return !text.empty() &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.-") == text.npos;
}

/// Go's names (`go tool dist list`), which image-spec refers to: a misspelt one would make an image
/// that no machine takes.
bool is_known(const Platform& platform) {
    constexpr std::array<std::string_view, 13> systems{
        "aix",    "android", "darwin", "dragonfly", "freebsd", "illumos", "linux",
        "netbsd", "openbsd", "plan9",  "solaris",   "wasip1",  "windows"};
    constexpr std::array<std::string_view, 14> architectures{
        "386",      "amd64",  "arm",   "arm64",   "loong64", "mips",  "mips64",
        "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"};
    return std::ranges::find(systems, platform.os) != systems.end() &&
           std::ranges::find(architectures, platform.architecture) != architectures.end();
}

std::string usual_variant(const Platform& platform) {
    if (!platform.variant.empty()) return platform.variant;
    if (platform.architecture == "arm") return "v7";
    if (platform.architecture == "arm64") return "v8";
    return platform.architecture == "amd64" ? "v1" : "";
}

/// 7 of "v7".
std::optional<int> variant_number(const std::string& variant) {
    if (!variant.starts_with('v')) return std::nullopt;
    const auto number = parse_number<std::uint8_t>(std::string_view(variant).substr(1));
    return number ? std::optional<int>(*number) : std::nullopt;
}

}  // namespace

Platform host_platform() {
    return {"linux", host_architecture, ""};
}

Platform parse_platform(std::string_view text) {
    const std::string lower = to_lower(text);
    const std::vector<std::string_view> parts = split(lower, '/');
    Platform platform;
    if (parts.size() == 1 && parts[0] == "linux") {
        platform = host_platform();
    } else if (parts.size() == 1) {
        platform = {"linux", go_architecture(parts[0]), ""};
    } else if (parts.size() <= 3) {
        platform = {std::string(parts[0]), go_architecture(parts[1]),
                    parts.size() == 3 ? std::string(parts[2]) : ""};
    }
    if (!is_word(platform.os) || !is_word(platform.architecture) ||
        (parts.size() == 3 && !is_word(platform.variant)))
        throw Error(ErrorKind::invalid, "invalid platform {}: expected os/architecture[/variant]",
                    quoted(text));
    if (!is_known(platform))
        throw Error(ErrorKind::invalid,
                    "invalid platform {}: unknown operating system or architecture", quoted(text));
    return platform;
}

std::string to_string(const Platform& platform) {
    return platform.os + "/" + platform.architecture +
           (platform.variant.empty() ? "" : "/" + platform.variant);
}

int suitability(const Platform& wanted, const Platform& offered) {
    if (wanted.os != offered.os || wanted.architecture != offered.architecture) return 0;
    constexpr int same = 1000;
    const std::string have = usual_variant(offered);
    const std::string want = usual_variant(wanted);
    if (have == want) return wanted.variant == offered.variant ? same + 1 : same;
    const auto have_number = variant_number(have);
    const auto want_number = variant_number(want);
    // Only of these is it known that a newer one runs what was made for an older one.
    const bool ordered = wanted.architecture == "arm" || wanted.architecture == "amd64";
    if (!ordered || !have_number || !want_number || *have_number > *want_number) return 0;
    return same - (*want_number - *have_number);
}

}  // namespace skiff::oci
