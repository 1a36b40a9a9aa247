// SPDX-License-Identifier: Apache-2.0
// The file as instructions stand in it: directives, comments, continuation lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/instruction.h"
#include "dockerfile/location.h"
#include "dockerfile/words.h"

namespace skiff::dockerfile {

/// What the first lines of a file say about the rest.
struct Directives {
    char escape = '\\';
    std::string syntax;
    std::string check;
};

/// One instruction's line, continuation lines joined.
struct LogicalLine {
    std::string text;
    LineRange lines;
    bool has_empty_continuation = false;
};

/// Goes through a file once, from front to back.
class LineReader {
  public:
    /// Reads the directives. Throws Error{invalid}; `line()` is then the one that is wrong.
    explicit LineReader(std::string_view text);

    const Directives& directives() const { return directives_; }
    /// The next instruction's line; nothing at the end.
    std::optional<LogicalLine> next();
    /// The documents that the line just read announces. Throws Error{invalid}: unterminated
    /// heredoc.
    std::vector<Heredoc> read_heredocs(const std::vector<HeredocMark>& marks);
    /// The number of the last line that was read.
    size_t line() const { return number_; }

  private:
    std::optional<std::string_view> take_line();
    void read_directives();
    /// Cuts the escape off that continues the line, if it ends in one.
    bool take_continuation(std::string_view& line) const;

    std::string_view rest_;
    size_t number_ = 0;
    Directives directives_;
};

}  // namespace skiff::dockerfile
