// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec_request.h"

#include <cerrno>

#include <nlohmann/json.hpp>
#include <sys/mman.h>

#include "base/error.h"
#include "base/json.h"

namespace skiff::engine {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ExecRequest, command, environment, user,
                                                working_directory, interactive, tty, privileged,
                                                dies_with_session)

std::string to_document(const ExecRequest& request) {
    return to_text(Json(request));
}

Fd to_memory_file(const ExecRequest& request) {
    const std::string text = to_document(request);
    if (text.size() > exec_request_limit)
        throw Error(ErrorKind::invalid, "the command and its environment are too long");
    Fd file(memfd_create("skiff-exec", MFD_CLOEXEC));
    if (!file.valid()) throw SystemError(errno, "cannot pass the command to the container");
    write_all(file.get(), text, "the command for the container");
    return file;
}

ExecRequest parse_exec_request(std::string_view text) {
    constexpr std::string_view name = "the request of exec";
    const Json document = parse_json(text, name);
    try {
        return document.get<ExecRequest>();
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::invalid, "{} is malformed: {}", name, error.what());
    }
}

}  // namespace skiff::engine
