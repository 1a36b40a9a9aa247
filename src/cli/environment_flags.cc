// SPDX-License-Identifier: Apache-2.0
#include "cli/environment_flags.h"

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::cli {
namespace {

constexpr size_t largest_config = 1 << 20;

std::string docker_config_path() {
    if (const char* directory = std::getenv("DOCKER_CONFIG"); directory != nullptr && *directory)
        return fmt::format("{}/config.json", directory);
    const char* home = std::getenv("HOME");
    return home == nullptr || *home == '\0' ? "" : fmt::format("{}/.docker/config.json", home);
}

/// What people keep in that file is mostly credentials: it is parsed only where it has proxies.
std::vector<std::string> configured_proxies() {
    const std::string path = docker_config_path();
    if (path.empty()) return {};
    std::optional<std::string> text;
    try {
        text = find_file(AT_FDCWD, path, largest_config);
    } catch (const SystemError&) {
        return {};  // not ours to read: then it is not ours
    }
    if (!text || text->find("\"proxies\"") == std::string::npos) return {};
    return proxy_variables(*text, path);
}

void add_caller_proxies(std::vector<std::string>& environment) {
    for (const char* name : {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY",
                             "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
            environment.push_back(fmt::format("{}={}", name, value));
}

}  // namespace

void declare_environment_flags(CommandBuilder& command, EnvironmentFlags& flags) {
    command.flag("--env-host", flags.host, "Pass the whole environment of the caller");
    command.flag("--http-proxy", flags.http_proxy,
                 "Pass the proxy variables of the caller; with =false not even those of Docker's "
                 "config.json");
    command.option("--unsetenv", flags.unset, "list",
                   "Take away a variable that the image or skiff sets");
    command.flag("--unsetenv-all", flags.unset_all,
                 "Take away all variables that the image or skiff sets");
}

std::vector<std::string> proxy_variables(const std::string& text, const std::string& name) {
    constexpr std::array<std::pair<const char*, const char*>, 5> keys{
        {{"httpProxy", "HTTP_PROXY"},
         {"httpsProxy", "HTTPS_PROXY"},
         {"noProxy", "NO_PROXY"},
         {"ftpProxy", "FTP_PROXY"},
         {"allProxy", "ALL_PROXY"}}};
    const Json document = parse_json(text, name);
    std::vector<std::string> variables;
    const Json none = Json::object();
    const Json proxies = document.is_object() ? document.value("proxies", none) : none;
    const Json chosen = proxies.is_object() ? proxies.value("default", none) : none;
    if (!chosen.is_object())
        throw Error(ErrorKind::invalid, "{}: proxies.default is no object", name);
    for (const auto& [key, variable] : keys) {
        const std::string value = json_string(chosen, key, name);
        if (value.empty()) continue;
        variables.push_back(fmt::format("{}={}", variable, value));
        variables.push_back(fmt::format("{}={}", to_lower(variable), value));
    }
    return variables;
}

void apply_environment_flags(const EnvironmentFlags& flags, engine::CreateRequest& request) {
    engine::DefaultEnvironment& defaults = request.default_environment;
    defaults.unset = flags.unset;
    defaults.unset_all = flags.unset_all;
    for (char** variable = environ; flags.host && *variable != nullptr; ++variable)
        if (cut(*variable, '=').found && **variable != '=') defaults.base.emplace_back(*variable);
    if (flags.http_proxy.value_or(false)) add_caller_proxies(defaults.base);
    if (!flags.http_proxy.value_or(true)) return;
    std::vector<std::string> proxies = configured_proxies();
    request.environment.insert(request.environment.begin(), proxies.begin(), proxies.end());
}

}  // namespace skiff::cli
