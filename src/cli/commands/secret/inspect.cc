// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "cli/command.h"
#include "cli/commands/secret/secret_names.h"
#include "cli/each.h"
#include "cli/inspect_output.h"
#include "cli/inspect_types.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/secret/secrets.h"

namespace skiff::cli {
namespace {

struct InspectOptions {
    std::vector<std::string> secrets;
    std::string format;
    bool pretty = false;
    bool show = false;
};

void declare(CommandBuilder& command, InspectOptions& options) {
    declare_document_format(command, options.format);
    command.flag("--pretty", options.pretty, "Print the information in a form for people");
    command.flag("--showsecret", options.show, "Show the secret itself as well");
    command.arguments("SECRET", options.secrets, complete::secrets);
}

Json document_of(const engine::SecretRecord& secret) {
    return {{"ID", secret.id},
            {"CreatedAt", to_rfc3339(secret.created)},
            {"UpdatedAt", to_rfc3339(secret.updated)},
            {"Spec",
             {{"Name", secret.name},
              {"Driver", {{"Name", secret.driver}, {"Options", Json::object()}}},
              {"Labels", secret.labels}}}};
}

void print_plainly(const engine::SecretRecord& secret) {
    print_line(fmt::format("ID:              {}", secret.id));
    print_line(fmt::format("Name:            {}", untrusted(secret.name)));
    print_line("Labels:");
    for (const auto& [key, value] : secret.labels)
        print_line(fmt::format(" - {}={}", untrusted(key), untrusted(value)));
    print_line(fmt::format("Driver:          {}", secret.driver));
    print_line(fmt::format("Created at:      {}", to_rfc3339(secret.created)));
    print_line(fmt::format("Updated at:      {}", to_rfc3339(secret.updated)));
}

ExitCode run(engine::Engine& engine, const InspectOptions& options) {
    if (options.pretty && (options.show || !options.format.empty()))
        throw Error(ErrorKind::usage, "--pretty excludes --format and --showsecret");
    InspectOutput output(options.format);
    const ExitCode result = for_each_reporting(options.secrets, [&](const std::string& name) {
        const engine::SecretRecord secret = engine::get_secret(engine, name);
        if (options.pretty) return print_plainly(secret);
        Json document = document_of(secret);
        if (options.show) document["SecretData"] = engine::secret_data(engine, secret.id);
        output.add(document, secret_inspect_type);
    });
    if (!options.pretty) output.print_all();
    return result;
}

}  // namespace

Command secret_inspect_command() {
    return make_command<InspectOptions>(declare, run);
}

}  // namespace skiff::cli
