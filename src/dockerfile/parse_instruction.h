// SPDX-License-Identifier: Apache-2.0
// One line to one instruction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dockerfile/instruction.h"
#include "dockerfile/words.h"

namespace skiff::dockerfile {

/// A line with its keyword taken off.
struct Statement {
    std::string keyword;         ///< as written
    std::string_view arguments;  ///< trimmed
    char escape = '\\';
    /// The heredocs of the line, read once the instruction is known to take some.
    std::vector<Heredoc> heredocs;
    /// Out: the word an error is about, as it stands in the line; for the column.
    std::string culprit;
};

Statement statement_of(std::string_view line, char escape);

/// The marks of the line's heredocs; none where the instruction takes none.
std::vector<HeredocMark> heredocs_of(const Statement& statement);

using ParsedBody = std::variant<InstructionBody, From>;

/// Throws Error{invalid} or {unsupported} with BuildKit's words, without a position.
ParsedBody parse_body(Statement& statement);

/// Keyword in upper case, then the rest of the line.
std::string display_text(const Statement& statement);

}  // namespace skiff::dockerfile
