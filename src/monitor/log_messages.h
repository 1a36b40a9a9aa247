// SPDX-License-Identifier: Apache-2.0
// How a line of a container looks to each kind of log server. Pure: the texts are Docker's, so that
// queries and dashboards written for its drivers go on working.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/log_delivery.h"

namespace skiff::monitor {

/// What a message says about its container.
struct LogOrigin {
    std::string id;    ///< 64 digits
    std::string name;  ///< without a slash
    std::string image_id;
    std::string image_name;
    std::string command;  ///< with its arguments
    std::string created;  ///< RFC 3339
    std::string tag;
    std::string hostname;                      ///< of this machine
    int process = 0;                           ///< pid of the monitor
    std::map<std::string, std::string> extra;  ///< what labels and env select
};
using LineFormat = std::function<void(const OutgoingLine& line, std::vector<std::string>& to)>;

/// https://systemd.io/JOURNAL_NATIVE_PROTOCOL: one datagram a line.
LineFormat journald_format(const LogOrigin& origin);
/// The name of a field: upper case letters, digits and '_', no '_' in front.
std::string journal_field(std::string_view key);

enum class SyslogForm { plain, rfc3164, rfc5424, rfc5424micro };
struct SyslogSettings {
    unsigned facility = 3;  ///< 0 to 23; daemon
    SyslogForm form = SyslogForm::plain;
};
LineFormat syslog_format(const LogOrigin& origin, const SyslogSettings& settings);

enum class GelfCompression { none, gzip, zlib };
struct GelfSettings {
    bool stream = false;  ///< TCP: a zero byte ends a message, nothing is compressed
    GelfCompression compression = GelfCompression::gzip;
    int level = 1;  ///< -1 to 9
};
/// GELF 1.1. A datagram of more than 1420 bytes becomes chunks, 128 at most: a message that is
/// longer is left out, as by Docker's library.
LineFormat gelf_format(const LogOrigin& origin, const GelfSettings& settings);

struct FluentdSettings {
    bool sub_second = false;
};
/// The forward protocol's message mode, in msgpack.
LineFormat fluentd_format(const LogOrigin& origin, const FluentdSettings& settings);

}  // namespace skiff::monitor
