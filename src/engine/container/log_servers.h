// SPDX-License-Identifier: Apache-2.0
// The log drivers that send to a server: journald, syslog, gelf and fluentd, with Docker's options
// and refusals.
#pragma once

#include <memory>

#include "engine/container/record.h"
#include "monitor/log_delivery.h"

namespace skiff::engine {

bool has_log_server(const LogRequest& request);
/// Docker's dual logging: what goes to a server is kept for `logs` as well, unless it is told not
/// to (cache-disabled=true).
bool keeps_copy(const LogRequest& request);

/// Throws Error{invalid} in Docker's words, Error{unsupported} for what Docker has and skiff has
/// not: acknowledgements.
void check_server_options(const LogRequest& request);

/// Connects. Throws Error{system} "failed to initialize logging driver: …".
std::unique_ptr<monitor::LogDelivery> open_log_delivery(const ContainerRecord& record);

}  // namespace skiff::engine
