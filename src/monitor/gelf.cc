// SPDX-License-Identifier: Apache-2.0
// GELF 1.1 (https://go2docs.graylog.org, "GELF Payload Specification").
#include <algorithm>

#include <zlib.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "monitor/log_entry.h"
#include "monitor/log_messages.h"

namespace skiff::monitor {
namespace {

constexpr std::size_t chunk_size = 1420;
constexpr std::size_t chunk_header = 12;
constexpr std::size_t most_chunks = 128;

std::string compressed(const std::string& text, const GelfSettings& settings) {
    if (settings.compression == GelfCompression::none) return text;
    constexpr int zlib_window = 15;
    constexpr int gzip_window = 15 + 16;
    z_stream stream{};
    const int window = settings.compression == GelfCompression::gzip ? gzip_window : zlib_window;
    if (deflateInit2(&stream, settings.level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        throw Error(ErrorKind::system, "cannot compress a log message");
    std::string packed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

void add_datagrams(const std::string& message, std::vector<std::string>& to) {
    if (message.size() <= chunk_size) {
        to.push_back(message);
        return;
    }
    constexpr std::size_t room = chunk_size - chunk_header;
    const std::size_t count = (message.size() + room - 1) / room;
    if (count > most_chunks) return;
    // Random, since nothing else tells the chunks of two containers apart: 16 digits for 8 bytes.
    const std::string digits = random_hex(8);
    std::string id;
    for (std::size_t i = 0; i < digits.size(); i += 2)
        id += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    for (std::size_t i = 0; i < count; ++i)
        to.push_back(fmt::format("\x1e\x0f{}{}{}{}", id, static_cast<char>(i),
                                 static_cast<char>(count), message.substr(i * room, room)));
}

}  // namespace

LineFormat gelf_format(const LogOrigin& origin, const GelfSettings& settings) {
    std::string fixed = fmt::format(R"({{"version":"1.1","host":{})", json_string(origin.hostname));
    const auto add = [&](std::string_view key, std::string_view value) {
        fixed += fmt::format(",{}:{}", json_string(fmt::format("_{}", key)), json_string(value));
    };
    add("container_id", origin.id);
    add("container_name", origin.name);
    add("image_id", origin.image_id);
    add("image_name", origin.image_name);
    add("command", origin.command);
    add("tag", origin.tag);
    add("created", origin.created);
    for (const auto& [key, value] : origin.extra) add(key, value);
    return [fixed, settings](const OutgoingLine& line, std::vector<std::string>& to) {
        using std::chrono::milliseconds;
        const auto time =
            std::chrono::duration_cast<milliseconds>(line.time.time_since_epoch()).count();
        std::string message =
            fmt::format(R"({},"short_message":{},"timestamp":{}.{:03},"level":{}}})", fixed,
                        json_string(line.text), time / 1000, time % 1000,
                        line.stream == Stream::errors ? 3 : 6);
        if (settings.stream) {
            message += '\0';
            to.push_back(std::move(message));
        } else {
            add_datagrams(compressed(message, settings), to);
        }
    };
}

}  // namespace skiff::monitor
