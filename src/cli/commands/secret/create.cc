// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/values.h"
#include "engine/secret/secrets.h"

namespace skiff::cli {
namespace {

struct CreateOptions {
    engine::SecretCreation creation;
    std::string source;
    std::string driver;
    bool from_variable = false;
};

void declare(CommandBuilder& command, CreateOptions& options) {
    command.option("-d,--driver", options.driver, "string",
                   "Secret driver name: file is the only one", complete::words("file"));
    command.flag("--env", options.from_variable, "Read the secret from the variable of that name");
    command.flag("--ignore", options.creation.ignore, "Leave one that exists as it is");
    command.parsed(
        "-l,--label",
        [&options](std::string_view value) { add_label(options.creation.labels, value); }, "list",
        "Set metadata for a secret");
    command.flag("--replace", options.creation.replace, "Put it in the place of one that exists");
    command.argument("NAME", options.creation.name);
    command.argument("FILE|-", options.source, complete::files);
}

std::string read_secret(const CreateOptions& options) {
    if (options.from_variable) {
        const char* value = std::getenv(options.source.c_str());
        if (value == nullptr)
            throw Error(ErrorKind::invalid,
                        "cannot create store secret data: environment variable "
                        "{} is not set",
                        printable(options.source));
        return value;
    }
    // One byte more than there may be, which is then refused by its size.
    if (options.source == "-") {
        if (isatty(STDIN_FILENO) == 1)
            throw Error(ErrorKind::usage,
                        "if `-` is used, data must be passed into stdin, and not typed");
        return read_to_end(STDIN_FILENO, engine::largest_secret, "standard input");
    }
    const Fd file = open_file(options.source, O_RDONLY);
    return read_to_end(file.get(), engine::largest_secret, options.source);
}

ExitCode run(engine::Engine& engine, const CreateOptions& options) {
    if (!options.driver.empty() && options.driver != "file")
        throw Error(ErrorKind::unsupported,
                    "the secret driver {} is not supported by this version of skiff: file is the "
                    "only one",
                    quoted(options.driver));
    engine::SecretCreation creation = options.creation;
    creation.data = read_secret(options);
    print_line(engine::create_secret(engine, creation));
    return ExitCode::ok;
}

}  // namespace

Command secret_create_command() {
    return make_command<CreateOptions>(declare, run);
}

}  // namespace skiff::cli
