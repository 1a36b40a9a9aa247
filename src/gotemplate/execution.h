// SPDX-License-Identifier: Apache-2.0
// One execution of a template.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gotemplate/node.h"
#include "gotemplate/template.h"

namespace skiff::gotemplate {

class Execution {
  public:
    /// Everything is borrowed.
    Execution(const ParsedText& parsed, FunctionSet functions, FunctionSet overriding,
              MissingKey missing_key, std::string& out);
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

    void run(const Value& data);

  private:
    using Arguments = std::span<const Node* const>;
    enum class Flow { next, next_round, leave_loop };
    struct Variable {
        std::string_view name;
        Value value;
    };
    struct Signature {
        std::string_view name;
        std::span<const Type* const> parameters;
        bool variadic;
    };
    /// A level of recursion, which is also a step.
    class Level {
      public:
        explicit Level(Execution& execution);
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        ~Level() { --execution_.levels_; }

      private:
        Execution& execution_;
    };

    [[noreturn]] void fail(std::string_view message) const;
    void step();
    void write(std::string_view text);

    Flow walk(const Value& dot, const Node& node);
    Flow walk_if_or_with(const Value& dot, const Node& node);
    Flow walk_range(const Value& dot, const Node& node);
    bool range_over(const Value& value, const Node& node);
    bool range_over_integer(const Value& value, const Node& node);
    bool range_round(const Value& index, const Value& element, const Node& node);
    void walk_template(const Value& dot, const Node& node);

    Value& variable(std::string_view name);
    void set_variable(std::string_view name, const Value& value);

    Value evaluate_pipeline(const Value& dot, const Node& pipe);
    Value evaluate_command(const Value& dot, const Node& command, const Value* final);
    Value evaluate_chain(const Value& dot, const Node& chain, Arguments arguments,
                         const Value* final);
    Value evaluate_variable(const Value& dot, const Node& node, Arguments arguments,
                            const Value* final);
    Value evaluate_fields(const Value& dot, Value receiver, const Node& node,
                          std::span<const std::string_view> names, Arguments arguments,
                          const Value* final);
    Value evaluate_field(const Value& dot, std::string_view name, const Node& node,
                         Arguments arguments, const Value* final, const Value& receiver);
    Value call_method(const Value& dot, const Field& field, const Value& receiver, const Node& node,
                      Arguments arguments, const Value* final);
    Value evaluate_function(const Value& dot, const Node& word, const Node& command,
                            Arguments arguments, const Value* final);
    template <typename Body>
    Value invoke(std::string_view name, const Node& node, Body body);
    Value and_or(const Value& dot, const Signature& signature, Arguments arguments,
                 const Value* final);
    void check_count(const Signature& signature, size_t arguments, bool final) const;
    std::vector<Value> evaluate_arguments(const Value& dot, const Signature& signature,
                                          Arguments arguments, const Value* final);
    Value evaluate_argument(const Value& dot, const Type* type, const Node& node);
    Value validated(const Value& value, const Type* type) const;
    Value constant(const Node& node);
    Value typed_constant(const Node& node, const Type* type);
    void not_a_function(const Node& word, Arguments arguments, const Value* final) const;

    const ParsedText& parsed_;
    FunctionSet functions_;
    FunctionSet overriding_;
    MissingKey missing_key_;
    std::string& out_;
    size_t output_end_;
    Scratch scratch_;
    std::string_view template_name_;
    const Node* at_ = nullptr;  ///< for messages
    std::vector<Variable> variables_;
    size_t first_variable_ = 0;  ///< of the template that runs
    int template_depth_ = 0;
    int levels_ = 0;
    int steps_ = 0;
};

}  // namespace skiff::gotemplate
