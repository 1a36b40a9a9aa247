// SPDX-License-Identifier: Apache-2.0
#include "registry/credential_helper.h"

#include <array>
#include <csignal>

#include <spawn.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr size_t max_answer = 1U << 20U;
/// A refresh token has this name in the user's place.
constexpr std::string_view token_user = "<token>";

struct Answer {
    int status = 0;
    std::string text;
};

Answer run_helper(const std::string& name, const char* verb, const std::string& input) {
    // A name is part of a program's, never a path.
    if (name.empty() || name.find('/') != std::string::npos)
        throw Error(ErrorKind::invalid, "{} is no name of a credential helper",
                    skiff::quoted(name));
    const std::string program = "docker-credential-" + name;
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
    std::array<char*, 3> arguments{const_cast<char*>(program.c_str()), const_cast<char*>(verb),
                                   nullptr};
    pid_t pid = -1;
    const int error =
        posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        throw Error(ErrorKind::not_found, "error getting credentials: cannot run {}: {}", program,
                    errno_text(error));
    in.read.reset();
    out.write.reset();
    // The input is short enough for the pipe's buffer; a helper that does not read it is no reason
    // to die.
    const auto before = std::signal(SIGPIPE, SIG_IGN);
    [[maybe_unused]] const ssize_t n = ::write(in.write.get(), input.data(), input.size());
    std::signal(SIGPIPE, before);
    in.write.reset();
    Answer answer;
    answer.text = read_to_end(out.read.get(), max_answer, program);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    return answer;
}

bool says_not_found(const Answer& answer) {
    return to_lower(answer.text).find("credentials not found") != std::string::npos;
}

[[noreturn]] void fail(const std::string& name, const Answer& answer) {
    throw Error(ErrorKind::system, "docker-credential-{} failed (exit status {}): {}", name,
                answer.status, printable(trim(answer.text)));
}

}  // namespace

Credentials ask_helper(const std::string& name, const std::string& server) {
    const Answer answer = run_helper(name, "get", server);
    if (answer.status != 0) {
        if (says_not_found(answer)) return {};
        fail(name, answer);
    }
    const std::string what = "the answer of docker-credential-" + name;
    const Json document = parse_json(answer.text, what);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is no JSON object", what);
    const std::string user = json_string(document, "Username", what);
    const std::string secret = json_string(document, "Secret", what);
    if (user == token_user) return {{}, {}, secret};
    return {user, secret, {}};
}

void tell_helper(const std::string& name, const std::string& server,
                 const Credentials& credentials) {
    const bool token = !credentials.identity_token.empty();
    const Json document = {{"ServerURL", server},
                           {"Username", token ? std::string(token_user) : credentials.user},
                           {"Secret", token ? credentials.identity_token : credentials.password}};
    const Answer answer = run_helper(name, "store", to_text(document));
    if (answer.status != 0) fail(name, answer);
}

bool erase_from_helper(const std::string& name, const std::string& server) {
    const bool had = !ask_helper(name, server).empty();
    const Answer answer = run_helper(name, "erase", server);
    if (answer.status != 0 && !says_not_found(answer)) fail(name, answer);
    return had;
}

}  // namespace skiff::registry
