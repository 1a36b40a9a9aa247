// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/login.h"

#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr size_t max_password = 64U << 10U;

struct LoginOptions {
    std::string server;
    std::string user;
    std::string password;
    bool from_stdin = false;
};

void declare(CommandBuilder& command, LoginOptions& options) {
    command.option("-p,--password", options.password, "string",
                   "Password or access token; others on this machine can see it");
    command.flag("--password-stdin", options.from_stdin, "Take the password from standard input");
    command.option("-u,--username", options.user, "string", "Username");
    command.optional_argument("SERVER", options.server);
}

/// The terminal shows nothing of what is typed while this lives.
class NoEcho {
  public:
    NoEcho() {
        if (tcgetattr(STDIN_FILENO, &before_) < 0)
            throw SystemError(errno, "cannot read the settings of the terminal");
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        if (tcsetattr(STDIN_FILENO, TCSADRAIN, &silent) < 0)
            throw SystemError(errno, "cannot keep the terminal from showing the password");
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;
    ~NoEcho() { tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }

  private:
    termios before_{};
};

std::string without_line_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

/// A line, byte by byte: what follows it is not ours.
std::string read_line() {
    std::string line;
    char c = 0;
    while (line.size() < max_password && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') line += c;
    return without_line_end(line);
}

std::string ask(const std::string& question, bool secret) {
    print_line("");
    print(question);
    flush_output();
    if (!secret) return read_line();
    const NoEcho no_echo;
    std::string answer = read_line();
    print_line("");
    return answer;
}

void complete_from_terminal(LoginOptions& options, const std::string& registry) {
    if (isatty(STDIN_FILENO) != 1)
        throw Error(ErrorKind::usage, "Cannot perform an interactive login from a non TTY device");
    if (options.user.empty()) {
        const std::string known = engine::known_user(registry);
        options.user =
            trim(ask(known.empty() ? "Username: " : fmt::format("Username ({}): ", known), false));
        if (options.user.empty()) options.user = known;
    }
    if (options.user.empty()) throw Error(ErrorKind::invalid, "username is required");
    if (options.password.empty()) options.password = ask("Password: ", true);
}

ExitCode run(engine::Engine& engine, const LoginOptions& typed) {
    LoginOptions options = typed;
    if (options.from_stdin && !options.password.empty())
        throw Error(ErrorKind::usage, "--password and --password-stdin are mutually exclusive");
    if (options.from_stdin && options.user.empty())
        throw Error(ErrorKind::usage, "Must provide --username with --password-stdin");
    const std::string registry = engine::registry_name(options.server);
    if (!options.password.empty())
        print_for_people(
            "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (options.from_stdin)
        options.password =
            without_line_end(read_to_end(STDIN_FILENO, max_password, "standard input"));
    if (options.user.empty() && options.password.empty() &&
        engine::is_logged_in(engine, registry)) {
        print_line("Authenticating with existing credentials...");
        print_line("Login Succeeded");
        return ExitCode::ok;
    }
    if (options.user.empty() || (options.password.empty() && !options.from_stdin))
        complete_from_terminal(options, registry);
    if (options.password.empty()) throw Error(ErrorKind::invalid, "password is required");
    const auto file = engine::log_in(engine, registry, options.user, options.password);
    if (file)
        print_for_people(fmt::format(
            "\nWARNING! Your credentials are stored unencrypted in '{}'.\nConfigure a credential "
            "helper to remove this warning. See\n"
            "https://docs.docker.com/go/credential-store/\n\n",
            *file));
    print_line("Login Succeeded");
    return ExitCode::ok;
}

}  // namespace

Command login_command() {
    return make_command<LoginOptions>(declare, run);
}

}  // namespace skiff::cli
