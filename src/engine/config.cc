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
        if (key != "no_new_privileges")
            throw at(name, entry.first.Mark(),
                     fmt::format("unknown key {}; known is: no_new_privileges", quoted(key)));
        config.no_new_privileges = read_bool(entry.second, key, name);
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
