// SPDX-License-Identifier: Apache-2.0
// BuildKit's shell lexer with its switches; expand.h is what others use of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/expand.h"

namespace skiff::dockerfile {

struct LexerOptions {
    bool keep_quotes = false;   ///< quotes work, and stay
    bool keep_escapes = false;  ///< escapes work, and stay
    bool plain_quotes = false;  ///< quotes are characters like others
    bool skip_unset = false;    ///< what is not set stays as written, and is not undefined
    bool split = false;         ///< fill `words`
};

struct Lexed {
    std::string text;
    std::vector<std::string> words;
};

/// Throws Error{invalid}: 'failed to process "…": …'.
Lexed lex(std::string_view source, const Variables& variables, LexerOptions options);

}  // namespace skiff::dockerfile
