// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/template.h"

#include <algorithm>
#include <utility>

#include "gotemplate/builtins.h"
#include "gotemplate/execution.h"
#include "gotemplate/parser.h"

namespace skiff::gotemplate {
namespace {

class KnownFunctions final : public FunctionNames {
  public:
    explicit KnownFunctions(FunctionSet functions) : functions_(functions) {}
    bool contains(std::string_view name) const override {
        const auto is_it = [&](const Function& function) { return function.name == name; };
        const FunctionSet own = go_functions();
        return std::any_of(functions_.begin(), functions_.end(), is_it) ||
               std::any_of(own.begin(), own.end(), is_it);
    }

  private:
    FunctionSet functions_;
};

}  // namespace

struct Template::Parsed {
    std::unique_ptr<const ParsedText> text;
    FunctionSet functions;
};

Template::Template(std::unique_ptr<const Parsed> parsed) : parsed_(std::move(parsed)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Template Template::parse(std::string_view name, std::string_view text, FunctionSet functions) {
    return Template(std::make_unique<const Parsed>(
        Parsed{parse_text(name, text, KnownFunctions(functions)), functions}));
}

void Template::execute(const Value& data, std::string& out, MissingKey missing_key,
                       FunctionSet functions) const {
    Execution(*parsed_->text, parsed_->functions, functions, missing_key, out).run(data.unbox());
}

}  // namespace skiff::gotemplate
