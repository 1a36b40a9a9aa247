// SPDX-License-Identifier: Apache-2.0
// The log of a container, both ways: a file of any bytes is read to its end without harm, and any
// output of a container becomes entries that parse, with the same lines in them.
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

void read_any(std::string_view bytes) {
    const skiff::Fd file(memfd_create("log", MFD_CLOEXEC));
    skiff::write_all(file.get(), bytes, "a log");
    std::size_t all = 0;
    read_log(file.get(), {}, [&](const LogLine&) {
        ++all;
        return true;
    });
    std::size_t tail = 0;
    read_log(file.get(), {.tail = 3}, [&](const LogLine& line) {
        nine_digits(line.time);
        ++tail;
        return true;
    });
    // Three lines and one that lacks its newline.
    if (tail > 4 || tail > all) std::abort();
}

void write_any(std::string_view text) {
    std::string entry(entry_room(text.size()), '\0');
    const char* end =
        write_entry(entry.data(), text, true, Stream::errors, "2026-11-22T03:28:07.015242816Z");
    entry.resize(static_cast<std::size_t>(end - entry.data()));
    if (entry.find('\n') != entry.size() - 1) std::abort();
    entry.pop_back();
    LogEntry parsed;
    if (!parse_entry(entry, parsed) || parsed.stream != Stream::errors) std::abort();
    if (is_plain(text) && parsed.text != std::string(text) + '\n') std::abort();
    // What was once made valid stays as it is.
    const std::string valid = parsed.text.substr(0, parsed.text.size() - 1);
    std::string again(entry_room(valid.size()), '\0');
    end = write_entry(again.data(), valid, true, Stream::errors, "2026-11-22T03:28:07.015242816Z");
    again.resize(static_cast<std::size_t>(end - again.data()) - 1);
    if (!parse_entry(again, parsed) || parsed.text != valid + '\n') std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    read_any(bytes);
    write_any(bytes);
    return 0;
}
