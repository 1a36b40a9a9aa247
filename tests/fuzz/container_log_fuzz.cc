// SPDX-License-Identifier: Apache-2.0
// The log of a container, both ways and in both formats: files of any bytes are read to its end
// without harm, and any output of a container becomes entries that parse, with the same lines in
// them.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <unistd.h>

#include <sys/mman.h>

#include "base/fd.h"
#include "monitor/log_entry.h"
#include "monitor/log_reader.h"

using namespace skiff::monitor;

namespace {

bool is_plain(std::string_view text) {
    for (const char c : text)
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
}

/// The bytes as two files of one log, cut in the middle, as a rotation cuts them.
void read_any(LogFormat format, std::string_view bytes) {
    const skiff::Fd older(memfd_create("log", MFD_CLOEXEC));
    const skiff::Fd newer(memfd_create("log", MFD_CLOEXEC));
    skiff::write_all(older.get(), bytes.substr(0, bytes.size() / 2), "a log");
    skiff::write_all(newer.get(), bytes.substr(bytes.size() / 2), "a log");
    const std::array files{older.get(), newer.get()};
    std::size_t all = 0;
    read_log(files, format, {}, [&](const LogLine&) {
        ++all;
        return true;
    });
    std::size_t tail = 0;
    read_log(files, format, {.tail = 3, .since = skiff::Timestamp{}, .times = true},
             [&](const LogLine& line) {
                 if (line.time < skiff::Timestamp{}) std::abort();
                 ++tail;
                 return true;
             });
    // Three lines, and one of each file that lacks its newline.
    if (tail > 5 || tail > all) std::abort();
}

std::string written(LogFormat format, std::string_view text) {
    constexpr std::string_view attributes = R"({"a":"b"})";
    std::string entry(entry_room(text.size(), attributes.size()), '\0');
    const char* end = write_entry(entry.data(), format, text, true, Stream::errors,
                                  "2026-11-22T03:28:07.015242816Z", attributes);
    entry.resize(static_cast<std::size_t>(end - entry.data()));
    if (entry.find('\n') != entry.size() - 1) std::abort();
    entry.pop_back();
    return entry;
}

void write_any(std::string text) {
    // A line is what the writer puts into an entry; it has none of these.
    std::erase(text, '\n');
    LogEntry parsed;
    if (!parse_entry(LogFormat::local, written(LogFormat::local, text), parsed) ||
        parsed.stream != Stream::errors || parsed.text != text + '\n')
        std::abort();
    if (!parse_entry(LogFormat::json_file, written(LogFormat::json_file, text), parsed) ||
        parsed.stream != Stream::errors)
        std::abort();
    if (is_plain(text) && parsed.text != text + '\n') std::abort();
    // What was once made valid stays as it is.
    const std::string valid = parsed.text.substr(0, parsed.text.size() - 1);
    if (!parse_entry(LogFormat::json_file, written(LogFormat::json_file, valid), parsed) ||
        parsed.text != valid + '\n')
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_any(LogFormat::json_file, bytes);
    read_any(LogFormat::local, bytes);
    write_any(std::string(bytes));
    return 0;
}
