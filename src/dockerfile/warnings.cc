// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/warnings.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/words.h"

namespace skiff::dockerfile {
namespace {

class Finder {
  public:
    explicit Finder(Dockerfile& file) : file_(file) {}

    void look_at(const std::vector<LineFacts>& facts) {
        const auto is_upper = [](const LineFacts& line) {
            return line.keyword == to_upper(line.keyword);
        };
        const size_t upper = static_cast<size_t>(std::ranges::count_if(facts, is_upper));
        const bool upper_rules = upper * 2 >= facts.size();
        for (const LineFacts& line : facts) {
            const std::string wanted =
                upper_rules ? to_upper(line.keyword) : to_lower(line.keyword);
            if (line.keyword != wanted)
                add("ConsistentInstructionCasing", line.lines,
                    fmt::format("Command '{}' should match the case of the command majority ({})",
                                line.keyword, upper_rules ? "uppercase" : "lowercase"));
            if (line.has_empty_continuation)
                add("NoEmptyContinuation", line.lines,
                    fmt::format("Empty continuation line found in: {}", line.text.substr(0, 200)));
            if (to_upper(line.keyword) == "FROM") look_at_from(line);
        }
    }

    void look_at_stages() {
        std::set<std::string> names;
        for (const Stage& stage : file_.stages) {
            const std::string& name = stage.from.name;
            if (name == "scratch" || name == "context")
                add("ReservedStageName", stage.lines,
                    fmt::format("Stage name should not use the same name as reserved stage {}",
                                quoted(name)));
            if (!name.empty() && !names.insert(name).second)
                add("DuplicateStageName", stage.lines,
                    fmt::format("Duplicate stage name {}, stage names should be unique",
                                quoted(name)));
            std::array<const Instruction*, 3> last{};
            for (const Instruction& instruction : stage.instructions) look_at(instruction, last);
        }
    }

    void finish() {
        std::ranges::sort(file_.warnings, {}, [](const Warning& warning) {
            return std::pair(warning.lines.first, std::string_view(warning.rule));
        });
        bool fail = false;
        for (const std::string_view option : split(file_.check, ';')) {
            const Cut parts = cut(trim(option), '=');
            const std::string_view value = trim(parts.after);
            if (trim(parts.before) == "skip") skip(value);
            if (trim(parts.before) == "error") fail = to_lower(value) == "true";
        }
        if (!fail || file_.warnings.empty()) return;
        const Warning& first = file_.warnings.front();
        throw Error(ErrorKind::invalid, "lint violation found for rules: {}: {}\n{}", first.rule,
                    first.message, file_.frame(first.lines));
    }

  private:
    void add(std::string_view rule, LineRange lines, std::string message) {
        file_.warnings.push_back({std::string(rule), std::move(message), lines});
    }

    void skip(std::string_view rules) {
        for (const std::string_view rule : split(rules, ','))
            std::erase_if(file_.warnings, [&](const Warning& warning) {
                return trim(rule) == "all" || to_lower(trim(rule)) == to_lower(warning.rule);
            });
    }

    void look_at_from(const LineFacts& line) {
        const std::vector<std::string> words = blank_separated(line.text);
        if (words.size() < 4) return;
        const std::string& as = words[words.size() - 2];
        const std::string& name = words.back();
        if ((as == to_upper(as)) != (line.keyword == to_upper(line.keyword)))
            add("FromAsCasing", line.lines,
                fmt::format("'{}' and '{}' keywords' casing do not match", as, line.keyword));
        if (name != to_lower(name))
            add("StageNameCasing", line.lines,
                fmt::format("Stage name '{}' should be lowercase", name));
    }

    void look_at(const Instruction& instruction, std::array<const Instruction*, 3>& last) {
        constexpr std::array<std::string_view, 3> single = {"CMD", "ENTRYPOINT", "HEALTHCHECK"};
        const auto which = std::ranges::find(single, instruction.keyword) - single.begin();
        if (static_cast<size_t>(which) < single.size()) {
            const Instruction*& before = last[static_cast<size_t>(which)];
            if (before != nullptr)
                add("MultipleInstructionsDisallowed", before->lines,
                    fmt::format("Multiple {} instructions should not be used in the same stage "
                                "because only the last one will be used",
                                instruction.keyword));
            before = &instruction;
        }
        const auto* cmd = std::get_if<Cmd>(&instruction.body);
        const auto* entrypoint = std::get_if<Entrypoint>(&instruction.body);
        if ((cmd != nullptr && !cmd->command.exec_form) ||
            (entrypoint != nullptr && !entrypoint->command.exec_form))
            add("JSONArgsRecommended", instruction.lines,
                fmt::format("JSON arguments recommended for {} to prevent unintended behavior "
                            "related to OS signals",
                            instruction.keyword));
        if (instruction.keyword == "MAINTAINER")
            add("MaintainerDeprecated", instruction.lines,
                "Maintainer instruction is deprecated in favor of using label");
        if (instruction.keyword == "ENV" || instruction.keyword == "LABEL")
            look_at_pairs(instruction);
    }

    void look_at_pairs(const Instruction& instruction) {
        const std::vector<std::string> words = blank_separated(instruction.text);
        if (words.size() > 2 && words[1].find('=') == std::string::npos)
            add("LegacyKeyValueFormat", instruction.lines,
                fmt::format("\"{0} key=value\" should be used instead of legacy \"{0} key value\" "
                            "format",
                            instruction.keyword));
    }

    Dockerfile& file_;
};

}  // namespace

void find_warnings(Dockerfile& file, const std::vector<LineFacts>& facts) {
    Finder finder(file);
    finder.look_at(facts);
    finder.look_at_stages();
    finder.finish();
}

}  // namespace skiff::dockerfile
