// SPDX-License-Identifier: Apache-2.0
// From tokens to the tree of each template in a text.
#pragma once

#include <memory>
#include <string_view>

#include "gotemplate/node.h"

namespace skiff::gotemplate {

/// Blocks and parentheses inside one another.
inline constexpr int nesting_limit = 200;
inline constexpr size_t text_limit = 1 << 20;

/// Whether a function of this name exists.
class FunctionNames {
  public:
    virtual bool contains(std::string_view name) const = 0;

  protected:
    ~FunctionNames() = default;
};

/// Throws Error{invalid}: "template: NAME:LINE: what is wrong".
std::unique_ptr<ParsedText> parse_text(std::string_view name, std::string_view text,
                                       const FunctionNames& functions);

}  // namespace skiff::gotemplate
