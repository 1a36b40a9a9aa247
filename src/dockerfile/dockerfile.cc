// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/dockerfile.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "dockerfile/lines.h"
#include "dockerfile/parse_instruction.h"
#include "dockerfile/warnings.h"

namespace skiff::dockerfile {
namespace {

struct Position {
    size_t line = 0;
    size_t column = 0;  ///< 0: unknown
};

/// Where `word` stands in the lines of an instruction; its beginning when it is nowhere on one
/// line.
Position find_word(std::string_view text, LineRange lines, std::string_view word) {
    Position first;
    size_t number = 1;
    while (number <= lines.last && !text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        if (number == lines.first)
            first = {number, std::min(line.find_first_not_of(" \t"), line.size()) + 1};
        if (number >= lines.first && !word.empty())
            if (const size_t at = line.find(word); at != std::string_view::npos)
                return {number, at + 1};
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
    }
    return first;
}

/// Reads one file from its first line to its last.
class FileParser {
  public:
    FileParser(std::string_view text, std::string_view file_name) {
        file_.file_name = file_name;
        file_.text = text;
    }

    Dockerfile parse() {
        if (file_.text.size() > max_dockerfile_size)
            throw Error(ErrorKind::invalid, "{} is larger than {} bytes", file_.file_name,
                        max_dockerfile_size);
        LineReader reader = read_directives();
        file_.escape = reader.directives().escape;
        file_.syntax = reader.directives().syntax;
        file_.check = reader.directives().check;
        while (const auto line = reader.next()) add(*line, reader);
        if (file_.stages.empty()) fail_without_stages();
        find_warnings(file_, facts_);
        return std::move(file_);
    }

  private:
    LineReader read_directives() const {
        try {
            return LineReader(file_.text);
        } catch (const Error& error) {
            // Directives are the first lines; the wrong one is the second of its name, or the
            // escape.
            fail(error.kind(), error.message(), {1, 1}, 0);
        }
    }

    void add(const LogicalLine& line, LineReader& reader) {
        Statement statement = statement_of(line.text, file_.escape);
        LineRange lines = line.lines;
        facts_.push_back({statement.keyword, line.text, lines, line.has_empty_continuation});
        ParsedBody body;
        try {
            statement.heredocs = reader.read_heredocs(heredocs_of(statement));
            lines.last = reader.line();
            body = parse_body(statement);
        } catch (const Error& error) {
            const Position at = find_word(file_.text, line.lines, statement.culprit);
            fail(error.kind(), error.message(), lines, at.column, at.line);
        }
        if (auto* from = std::get_if<From>(&body)) {
            file_.stages.push_back({std::move(*from), display_text(statement), lines, {}});
            return;
        }
        Instruction instruction{std::get<InstructionBody>(std::move(body)),
                                to_upper(statement.keyword), display_text(statement), lines};
        if (!file_.stages.empty()) {
            file_.stages.back().instructions.push_back(std::move(instruction));
        } else if (std::holds_alternative<Arg>(instruction.body)) {
            file_.global_arguments.push_back(std::move(instruction));
        } else {
            fail(ErrorKind::invalid, "no build stage in current context", lines, 0);
        }
    }

    [[noreturn]] void fail_without_stages() const {
        if (facts_.empty())
            throw Error(ErrorKind::invalid, "{}: file with no instructions", file_.file_name);
        throw Error(ErrorKind::invalid, "{}: dockerfile contains no stages to build",
                    file_.file_name);
    }

    [[noreturn]] void fail(ErrorKind kind, std::string_view message, LineRange lines, size_t column,
                           size_t line = 0) const {
        // With a word to point at only its line is marked.
        if (line > lines.first) lines = {line, line};
        throw Error(kind, "dockerfile parse error on line {}: {}\n{}", lines.first, message,
                    file_.frame(lines, column));
    }

    Dockerfile file_;
    std::vector<LineFacts> facts_;
};

}  // namespace

std::string Dockerfile::frame(LineRange lines, size_t column) const {
    return source_frame(file_name, text, lines, column);
}

const Stage* Dockerfile::find_stage(std::string_view name, size_t before) const {
    const std::span<const Stage> known = std::span(stages).first(std::min(before, stages.size()));
    if (const auto number = parse_number<size_t>(name))
        return *number < known.size() ? &known[*number] : nullptr;
    const std::string lower = to_lower(name);
    for (auto stage = known.rbegin(); stage != known.rend(); ++stage)
        if (stage->from.name == lower && !lower.empty()) return &*stage;
    return nullptr;
}

Dockerfile parse(std::string_view text, std::string_view file_name) {
    return FileParser(text, file_name).parse();
}

Instruction parse_trigger(std::string_view text, std::string_view image) {
    return with_context(
        [&] {
            LineReader reader(text);
            const auto line = reader.next();
            if (!line) throw Error(ErrorKind::invalid, std::string("it is empty"));
            Statement statement = statement_of(line->text, '\\');
            const std::string keyword = to_upper(statement.keyword);
            if (keyword == "FROM" || keyword == "ONBUILD" || keyword == "MAINTAINER")
                throw Error(ErrorKind::invalid, "{} isn't allowed as an ONBUILD trigger", keyword);
            statement.heredocs = reader.read_heredocs(heredocs_of(statement));
            const LineRange lines{line->lines.first, reader.line()};
            if (reader.next())
                throw Error(ErrorKind::invalid, std::string("it is more than one instruction"));
            ParsedBody body = parse_body(statement);
            return Instruction{std::get<InstructionBody>(std::move(body)), keyword,
                               display_text(statement), lines};
        },
        "ONBUILD trigger {} of {}", quoted(text.substr(0, 200)), image);
}

}  // namespace skiff::dockerfile
