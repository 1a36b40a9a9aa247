// SPDX-License-Identifier: Apache-2.0
// Variables and quotes: BuildKit's shell lexer, and which field of which instruction goes through
// it. It is no shell: no commands, no arithmetic, no globs.
//
//     $x ${x}                    the value; unset is empty
//     ${x-w} ${x:-w}             w when unset (or empty)
//     ${x+w} ${x:+w}             w when set (and not empty), else empty
//     ${x?w} ${x:?w}             an error saying w when unset (or empty)
//     ${x#p} ${x##p} ${x%p} ${x%%p}   the shortest or longest prefix or suffix that fits p removed
//     ${x/p/w} ${x//p/w}         the first or every match of p replaced by w
//
// In p, '*' is any text, '?' any character, and the escape makes the next character ordinary. Words
// w nest up to 100 deep.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/instruction.h"

namespace skiff::dockerfile {

/// The value of a variable; nothing when it is not set.
using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

struct Variables {
    Lookup lookup;
    char escape = '\\';  ///< Dockerfile::escape
    /// Receives, where given, each name that was used without a modifier and is not set (BuildKit's
    /// rule UndefinedVar).
    std::vector<std::string>* undefined = nullptr;
};

/// One word: variables expanded, quotes and escapes gone, blanks kept. Throws Error{invalid} for an
/// unfinished quote or brace, an unknown modifier, a bad pattern, and by ${x?…}. The result may
/// have at most 16 MiB.
std::string expand_word(std::string_view word, const Variables& variables);

/// The same, then the words between unquoted blanks. An expanded variable is split too, unless
/// quoted.
std::vector<std::string> expand_words(std::string_view text, const Variables& variables);

/// Expands what the language says is expanded: FROM, ADD, COPY (and unquoted heredocs of both),
/// ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, ARG and the mounts of RUN. Then checks
/// what could not be checked before (ports, signals, modes, empty paths). The words of RUN, CMD,
/// ENTRYPOINT, HEALTHCHECK, SHELL, ONBUILD and MAINTAINER stay as they are.
///
/// Throws Error{invalid}; the caller adds Dockerfile::frame of the instruction.
InstructionBody expand_instruction(const Instruction& instruction, const Variables& variables);

/// FROM with variables of the global arguments.
From expand_from(const From& from, const Variables& variables);

/// The instruction's text for progress and messages, as BuildKit shows it: set variables expanded,
/// unset ones and quotes as written; a lone heredoc is summed up ("RUN <<EOF (echo one...)"). Never
/// throws.
std::string expanded_text(const Instruction& instruction, const Variables& variables);

}  // namespace skiff::dockerfile
