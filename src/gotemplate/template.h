// SPDX-License-Identifier: Apache-2.0
// Parse once, execute for each row or document.
//
//     const auto row = Template::parse("", "{{.Names}}\t{{upper .State}}", docker_functions());
//     std::string out;
//     row.execute(Value::record(&container, container_row_type), out);
//
// Limits, so that no template of a few bytes eats the machine; all of them far above what people
// write: text of 1 MiB; 200 levels of blocks and parentheses; 500 of {{template}}; values 200
// levels deep; 10 million steps of execution; 64 MiB of output and as much for intermediate text.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gotemplate/value.h"

namespace skiff::gotemplate {

/// A function that templates may call by name.
struct Function {
    std::string_view name;
    /// nullptr takes anything. Arguments of another type are refused before the call.
    std::span<const Type* const> parameters;
    /// The last parameter stands for any number of arguments.
    bool variadic = false;
    /// Throw Error to fail: "error calling NAME: message".
    Value (*call)(std::span<const Value> arguments, Scratch& scratch) = nullptr;
};

using FunctionSet = std::span<const Function>;

/// Docker's: json join split title lower upper pad truncate. (Go's own are always there.)
FunctionSet docker_functions();
/// The same names for the execution that makes a table's header, where they leave the text alone;
/// `pad` still pads. The values are the columns' titles.
FunctionSet docker_header_functions();

enum class MissingKey {
    no_value,  ///< `<no value>`, Go's default
    error,     ///< map has no entry for key "x"; Docker's raw documents
};

class Template {
  public:
    /// `name` appears in messages, Docker's is "". Functions of `functions` come before Go's own.
    /// Throws Error{invalid} with Go's text: `template: :1: unclosed action`.
    static Template parse(std::string_view name, std::string_view text,
                          FunctionSet functions = docker_functions());

    Template(Template&&) noexcept;
    Template& operator=(Template&&) noexcept;
    ~Template();

    /// Appends to `out`. Throws Error{invalid} with Go's text: `template: :1:2: executing "" at
    /// <.Foo>: can't evaluate field Foo in type …`; what was written before it stays in `out`.
    /// `functions` here replace those of parse by name (Docker's headers); a name that parse did
    /// not know changes nothing.
    void execute(const Value& data, std::string& out, MissingKey missing_key = MissingKey::no_value,
                 FunctionSet functions = {}) const;

  private:
    struct Parsed;
    explicit Template(std::unique_ptr<const Parsed> parsed);
    std::unique_ptr<const Parsed> parsed_;
};

}  // namespace skiff::gotemplate
