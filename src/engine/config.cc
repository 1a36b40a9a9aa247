// SPDX-License-Identifier: Apache-2.0
#include "engine/config.h"

#include <fcntl.h>

#include <yaml-cpp/yaml.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t file_limit = 1U << 20U;

Error at(const std::string& name, const YAML::Mark& mark, std::string_view problem) {
    // Marks count from 0, people from 1.
    return Error(ErrorKind::invalid, "{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, problem);
}

bool read_bool(const YAML::Node& value, const std::string& key, const std::string& name) {
    bool result = false;
    if (!value.IsScalar() || !YAML::convert<bool>::decode(value, result))
        throw at(name, value.Mark(), fmt::format("'{}' must be true or false", key));
    return result;
}

std::string read_text(const YAML::Node& value, const std::string& key, const std::string& name) {
    if (!value.IsScalar()) throw at(name, value.Mark(), fmt::format("'{}' must be text", key));
    return value.Scalar();
}

/// "host[:port][/path]": where images are, not a URL.
std::string read_location(const YAML::Node& value, const std::string& key,
                          const std::string& name) {
    std::string text = read_text(value, key, name);
    if (text.empty() || text.find("://") != text.npos || text.ends_with('/') ||
        text.find_first_of(" \t") != text.npos)
        throw at(name, value.Mark(),
                 fmt::format("'{}' must be host[:port][/path], not {}", key, quoted(text)));
    return text;
}

std::string read_path(const YAML::Node& value, const std::string& key, const std::string& name) {
    std::string text = read_text(value, key, name);
    if (!text.starts_with('/'))
        throw at(name, value.Mark(),
                 fmt::format("'{}' must be an absolute path, not {}", key, quoted(text)));
    return text;
}

registry::Mirror read_mirror(const YAML::Node& value, const std::string& name) {
    if (value.IsScalar()) return {read_location(value, "mirrors", name)};
    if (!value.IsMap())
        throw at(name, value.Mark(), "a mirror must be host[:port][/path], or have 'location'");
    registry::Mirror mirror;
    for (const auto& entry : value) {
        const std::string key = read_text(entry.first, "mirrors", name);
        if (key == "location") {
            mirror.location = read_location(entry.second, key, name);
        } else if (key == "insecure") {
            mirror.insecure = read_bool(entry.second, key, name);
        } else {
            throw at(name, entry.first.Mark(),
                     fmt::format("unknown key {} of a mirror; known are: location, insecure",
                                 quoted(key)));
        }
    }
    if (mirror.location.empty()) throw at(name, value.Mark(), "a mirror has no 'location'");
    return mirror;
}

registry::RegistrySettings read_registry(const YAML::Node& prefix, const YAML::Node& values,
                                         const std::string& name) {
    registry::RegistrySettings settings;
    settings.prefix = read_location(prefix, "registries", name);
    if (!values.IsMap())
        throw at(name, values.Mark(), fmt::format("expected the keys of {}", settings.prefix));
    for (const auto& entry : values) {
        const std::string key = read_text(entry.first, settings.prefix, name);
        const YAML::Node& value = entry.second;
        if (key == "location") {
            settings.location = read_location(value, key, name);
        } else if (key == "insecure") {
            settings.insecure = read_bool(value, key, name);
        } else if (key == "ca") {
            settings.ca = read_path(value, key, name);
        } else if (key == "cert") {
            settings.certificate = read_path(value, key, name);
        } else if (key == "key") {
            settings.key = read_path(value, key, name);
        } else if (key == "proxy") {
            settings.proxy = read_text(value, key, name);
        } else if (key == "timeout") {
            const auto seconds = parse_number<unsigned>(read_text(value, key, name));
            if (!seconds || *seconds == 0 || *seconds > 86400)
                throw at(name, value.Mark(), "'timeout' must be a number of seconds, 1 to 86400");
            settings.timeout = std::chrono::seconds(*seconds);
        } else if (key == "mirrors") {
            if (!value.IsSequence()) throw at(name, value.Mark(), "'mirrors' must be a list");
            for (const YAML::Node& mirror : value)
                settings.mirrors.push_back(read_mirror(mirror, name));
        } else {
            throw at(
                name, entry.first.Mark(),
                fmt::format("unknown key {} of a registry; known are: ca, cert, insecure, key, "
                            "location, mirrors, proxy, timeout",
                            quoted(key)));
        }
    }
    if (settings.certificate.empty() != settings.key.empty())
        throw at(name, values.Mark(), "'cert' and 'key' come together");
    return settings;
}

}  // namespace

Config parse_config(const std::string& text, const std::string& name) {
    Config config;
    YAML::Node document;
    try {
        document = YAML::Load(text);
    } catch (const YAML::Exception& error) {
        throw at(name, error.mark, error.msg);
    }
    if (document.IsNull()) return config;
    if (!document.IsMap()) throw at(name, document.Mark(), "expected 'key: value' lines");
    for (const auto& entry : document) {
        if (!entry.first.IsScalar()) throw at(name, entry.first.Mark(), "expected a key");
        const std::string key = entry.first.Scalar();
        if (key == "no_new_privileges") {
            config.no_new_privileges = read_bool(entry.second, key, name);
        } else if (key == "registries") {
            if (!entry.second.IsMap())
                throw at(name, entry.second.Mark(), "'registries' must have names of registries");
            for (const auto& registry : entry.second)
                config.registries.push_back(read_registry(registry.first, registry.second, name));
        } else {
            throw at(name, entry.first.Mark(),
                     fmt::format("unknown key {}; known are: no_new_privileges, registries",
                                 quoted(key)));
        }
    }
    return config;
}

const Config& load_config(const Engine& engine) {
    if (engine.config_) return *engine.config_;
    const std::string& path = engine.config_path();
    const auto text = find_file(AT_FDCWD, path, file_limit);
    if (!text && engine.options().config)
        throw Error(ErrorKind::invalid, "there is no configuration file '{}'", path);
    engine.config_ = std::make_shared<const Config>(text ? parse_config(*text, path) : Config{});
    return *engine.config_;
}

}  // namespace skiff::engine
