// SPDX-License-Identifier: Apache-2.0
// What the inspect commands print: an array of documents, or what --format makes of each.
#pragma once

#include <optional>
#include <string>

#include "format/document.h"

namespace skiff::cli {

class InspectOutput {
  public:
    /// `format` as typed: "" is the pretty array, "json" the compact one. Throws Error{invalid}.
    explicit InspectOutput(const std::string& format);

    /// A type without a kind: a document that nobody has types for. Throws Error{invalid} when the
    /// template does.
    void add(const format::Json& document, const gotemplate::Type& type);
    /// Prints what was added; an empty line or array where nothing was, as in Docker.
    void print_all() const;

  private:
    bool pretty_;
    std::optional<format::DocumentFormat> format_;  ///< nothing: an array
    std::string text_;
};

}  // namespace skiff::cli
