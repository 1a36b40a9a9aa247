// SPDX-License-Identifier: Apache-2.0
#include "engine/build/build.h"

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/size.h"
#include "base/text.h"
#include "cli/build_display.h"
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/isolation_flags.h"
#include "cli/output.h"
#include "cli/resource_flags.h"
#include "cli/transfer_display.h"
#include "cli/values.h"

namespace skiff::cli {
namespace {

struct BuildOptions {
    engine::BuildRequest request;
    std::string file;
    std::string iid_file;
    std::string progress = "auto";
    bool quiet = false;
    bool remove = true;
    bool force_remove = false;
    bool disable_content_trust = true;
    bool load = true;
};

constexpr std::array unsupported{
    UnsupportedFlag{"allow"},         UnsupportedFlag{"annotation"},
    UnsupportedFlag{"build-context"}, UnsupportedFlag{"builder"},
    UnsupportedFlag{"cache-from"},    UnsupportedFlag{"cache-to"},
    UnsupportedFlag{"call"},          UnsupportedFlag{"check"},
    UnsupportedFlag{"compress"},      UnsupportedFlag{"metadata-file"},
    UnsupportedFlag{"push"},          UnsupportedFlag{"no-cache-filter"},
    UnsupportedFlag{"security-opt"},  UnsupportedFlag{"squash"},
};

void add_argument(engine::BuildRequest& request, std::string_view text) {
    const Cut parts = cut(text, '=');
    if (parts.before.empty())
        throw Error(ErrorKind::invalid, "{} is not of the form NAME=VALUE", quoted(text));
    const std::string name(parts.before);
    if (parts.found) {
        request.arguments[name] = parts.after;
    } else if (const char* value = std::getenv(name.c_str())) {
        request.arguments[name] = value;
    }
}

void add_secret(engine::BuildRequest& request, std::string_view text) {
    engine::BuildSecret secret;
    std::string type;
    for (const std::string_view field : split(text, ',')) {
        const Cut parts = cut(field, '=');
        const std::string value(parts.after);
        if (parts.before == "id") {
            secret.id = value;
        } else if (parts.before == "src" || parts.before == "source") {
            secret.file = value;
        } else if (parts.before == "env") {
            secret.environment = value;
        } else if (parts.before == "type" && (value == "file" || value == "env")) {
            type = value;
        } else {
            throw Error(ErrorKind::invalid,
                        "invalid secret {}: it is id=NAME with src=FILE or env=VARIABLE",
                        quoted(field));
        }
    }
    if (secret.id.empty())
        throw Error(ErrorKind::invalid, "a secret needs an id: {}", quoted(text));
    if (type == "env" && secret.environment.empty()) {
        secret.environment = secret.file.empty() ? secret.id : secret.file;
        secret.file.clear();
    }
    if (secret.file.empty() && secret.environment.empty()) {
        if (type.empty() && std::getenv(secret.id.c_str()) != nullptr)
            secret.environment = secret.id;
        else
            secret.file = secret.id;
    }
    request.secrets.push_back(std::move(secret));
}

/// "default", "ID", "ID=SOCKET".
void add_ssh_agent(engine::BuildRequest& request, std::string_view text) {
    const Cut parts = cut(text, '=');
    std::string socket(parts.after);
    if (parts.before.empty())
        throw Error(ErrorKind::invalid, "invalid ssh {}: it is default or ID=SOCKET", quoted(text));
    if (socket.find(',') != std::string::npos)
        throw Error(ErrorKind::unsupported,
                    "--ssh {}: several paths are keys, and keys themselves are not given to "
                    "builds: start ssh-agent, 'ssh-add KEY…', then --ssh {}=$SSH_AUTH_SOCK",
                    parts.before, parts.before);
    if (socket.empty()) {
        const char* value = std::getenv("SSH_AUTH_SOCK");
        if (value == nullptr || *value == '\0')
            throw Error(ErrorKind::not_found,
                        "--ssh {}: invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set",
                        text);
        socket = value;
    }
    if (!request.ssh_agents.emplace(parts.before, socket).second)
        throw Error(ErrorKind::invalid, "--ssh {}: this id is given twice", parts.before);
}

void set_network(engine::BuildRequest& request, std::string_view value) {
    if (value != "default" && value != "none" && value != "host" && value != "bridge" &&
        value != "slirp")
        throw Error(ErrorKind::unsupported,
                    "the network {} of a build is not supported by this version of skiff: it is "
                    "default, none or host",
                    quoted(value));
    request.network = value == "none" || value == "host" ? value : "";
}

/// Documents about a build are not made: what asks for none is what is done.
void refuse_attestation(std::string_view option, std::string_view value) {
    if (value == "false" || value == "disabled=true" || value.ends_with(",disabled=true")) return;
    throw Error(ErrorKind::unsupported,
                "--{} {} is not supported by this version of skiff: attestations are not made "
                "(--{}=false says so)",
                option, value, option);
}

/// "type=local,dest=DIR", or a path alone: DIR, and "-" for an archive on standard output.
void set_output(engine::BuildOutput& output, std::string_view text) {
    using Kind = engine::BuildOutput::Kind;
    std::string type;
    std::string destination;
    if (text.find('=') == std::string_view::npos) {
        type = text == "-" ? "tar" : "local";
        destination = text;
    } else {
        for (const std::string_view field : split(text, ',')) {
            const Cut parts = cut(field, '=');
            if (parts.before == "type")
                type = parts.after;
            else if (parts.before == "dest")
                destination = parts.after;
            else
                throw Error(ErrorKind::unsupported,
                            "--output: {} is not supported by this version "
                            "of skiff: it is type=local|tar|docker|image, and dest",
                            quoted(field));
        }
    }
    if (type == "local" || type == "tar") {
        if (destination.empty() && type == "local")
            throw Error(ErrorKind::invalid, "--output type=local needs dest=DIRECTORY");
        output = {.kind = type == "tar" ? Kind::archive : Kind::directory,
                  .destination = destination.empty() ? "-" : destination};
        return;
    }
    if (type != "docker" && type != "image")
        throw Error(ErrorKind::unsupported,
                    "--output type={} is not supported by this version of skiff: it is local, tar, "
                    "docker or image",
                    type);
    if (!destination.empty())
        throw Error(ErrorKind::unsupported,
                    "--output type={},dest={} is not supported by this version of skiff: give the "
                    "image a name with -t, then use 'skiff save -o {} NAME'",
                    type, destination, destination);
    output = {};
}

void declare(CommandBuilder& command, BuildOptions& options) {
    engine::BuildRequest& request = options.request;
    command.parsed(
        "--add-host",
        [&request](std::string_view value) {
            request.add_hosts.push_back(parse_extra_host(value));
        },
        "list", "Add a custom host-to-IP mapping (host:ip)");
    command.parsed(
        "--attest", [](std::string_view value) { refuse_attestation("attest", value); }, "list",
        "Attestations, which are not made: type=TYPE,disabled=true alone");
    command.parsed(
        "--build-arg", [&request](std::string_view value) { add_argument(request, value); }, "list",
        "Set build-time variables");
    command.option("--cgroup-parent", request.resources.cgroup_parent, "string",
                   "Parent control group of the steps");
    command.flag("--disable-content-trust", options.disable_content_trust,
                 "Skip image verification by Notary, which is no more: no effect");
    command.flag("--explain", request.explain, "Tell for each step why it was done again or not");
    command.option("-f,--file", options.file, "string",
                   "Name of the Dockerfile, - for standard input (default PATH/Dockerfile)",
                   complete::files);
    command.flag("--force-rm", options.force_remove, "Remove the containers of steps (always so)");
    command.option("--iidfile", options.iid_file, "string", "Write the image ID to the file",
                   complete::files);
    declare_isolation_technology(command);
    command.parsed(
        "--label", [&request](std::string_view value) { add_label(request.labels, value); }, "list",
        "Set metadata for an image");
    command.parsed(
        "--network", [&request](std::string_view value) { set_network(request, value); }, "string",
        "Network of the RUN steps: default, none or host", complete::words("default none host"));
    command.flag("--load", options.load, "Keep the image in the store (always so)");
    command.flag("--no-cache", request.no_cache, "Do every step again");
    command.parsed(
        "-o,--output", [&request](std::string_view value) { set_output(request.output, value); },
        "list",
        "What comes out: type=local,dest=DIR or type=tar,dest=FILE (the files), "
        "type=docker (an image)");
    command.option("--platform", request.platform, "string",
                   "Build for this os/architecture, where base images have it");
    command.option("--progress", options.progress, "string",
                   "How to show progress: auto, plain, tty, quiet",
                   complete::words("auto plain tty quiet"));
    command.parsed(
        "--provenance", [](std::string_view value) { refuse_attestation("provenance", value); },
        "string", "Provenance attestations, which are not made: false alone");
    command.flag("--pull", request.pull, "Ask registries for newer base images");
    command.flag("-q,--quiet", options.quiet, "Print only the image ID");
    command.flag("--rm", options.remove, "Remove the containers of steps (always so)");
    command.parsed(
        "--sbom", [](std::string_view value) { refuse_attestation("sbom", value); }, "string",
        "SBOM attestations, which are not made: false alone");
    command.parsed(
        "--secret", [&request](std::string_view value) { add_secret(request, value); }, "list",
        "A secret for RUN --mount=type=secret (id=NAME,src=FILE or id=NAME,env=VARIABLE)");
    command.parsed(
        "--shm-size",
        [&request](std::string_view value) { request.shm_size = parse_binary_size(value); },
        "bytes", "Size of /dev/shm");
    command.parsed(
        "-t,--tag",
        [&request](std::string_view value) {
            engine::check_build_tag(value);
            request.tags.emplace_back(value);
        },
        "list", "Name and optionally a tag (name:tag)", complete::none);
    command.parsed(
        "--ssh", [&request](std::string_view value) { add_ssh_agent(request, value); }, "list",
        "An SSH agent for RUN --mount=type=ssh (default, or ID=SOCKET)");
    command.option("--target", request.target, "string", "Build up to this stage");
    command.parsed(
        "--ulimit",
        [&request](std::string_view value) { request.ulimits.push_back(parse_ulimit(value)); },
        "ulimit", "Limit of a process (format: <name>=<soft>[:<hard>], -1 is unlimited)");
    declare_resource_flags(command, request.resources);
    command.unsupported(unsupported);
    command.argument("PATH|URL|-", request.context, complete::directories);
}

ExitCode run(engine::Engine& engine, const BuildOptions& options) {
    if (!options.remove)
        throw Error(ErrorKind::unsupported, "--rm=false: the containers of steps cannot be kept");
    if (!options.load)
        throw Error(ErrorKind::unsupported, "--load=false: the image is built in the store");
    if (options.request.platform.find(',') != std::string::npos)
        throw Error(ErrorKind::unsupported, "--platform {}: one platform at a time",
                    options.request.platform);
    engine::BuildRequest request = options.request;
    if (!options.file.empty()) request.file = options.file;
    // An id of an earlier build must not look like one of this.
    if (!options.iid_file.empty()) unlink(options.iid_file.c_str());
    try {
        std::optional<oci::Digest> image;
        {
            const auto display = make_build_display(options.progress, options.quiet);
            image = engine::build_image(engine, request, *display,
                                        bring_image(engine, request.platform, options.quiet))
                        .image;
        }
        if (!image) return ExitCode::ok;
        if (!options.iid_file.empty())
            replace_file(AT_FDCWD, options.iid_file, image->text(), 0644, Durability::none);
        if (options.quiet) print_line(image->text());
        return ExitCode::ok;
    } catch (const Error& error) {
        end_by_transfer_signal();
        if (error.kind() == ErrorKind::usage) throw;
        // Docker's status for whatever goes wrong in a build.
        print_error(error);
        return ExitCode{1};
    }
}

}  // namespace

Command build_command() {
    return make_command<BuildOptions>(declare, run);
}

}  // namespace skiff::cli
