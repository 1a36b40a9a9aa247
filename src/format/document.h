// SPDX-License-Identifier: Apache-2.0
// What --format makes of JSON documents (inspect, version, info), and documents as Docker prints
// them: with the members in the order of its types.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "gotemplate/template.h"
#include "gotemplate/value.h"

namespace skiff::format {

using Json = nlohmann::json;

/// How a template sees a document.
enum class View {
    typed,  ///< by its type alone
    raw,    ///< as the JSON is, a missing member being an error
    /// As `docker inspect`: a template that the typed document cannot answer is tried on the raw
    /// one, where members have the names of the JSON; the second complaint is the one that counts.
    typed_then_raw,
};

/// One --format for documents. Nothing in it is an escape.
class DocumentFormat {
  public:
    /// `name` is the template's in messages. Throws Error{invalid}: "template parsing error: …".
    explicit DocumentFormat(std::string_view text, std::string_view name = "");

    /// What the template makes of `document`, without an end of line. Throws Error{invalid}.
    std::string text(const Json& document, const gotemplate::Type& type, View view) const;

  private:
    gotemplate::Template template_;
};

/// Pretty (four blanks of indentation) or compact text. Records have their members in the order of
/// the type's fields, then what the type does not know; everything else is in the order of its
/// keys. Control characters are escaped, also DEL and C1, which JSON would allow as they are:
/// nothing of it reaches a terminal.
std::string pretty_document(const Json& document, const gotemplate::Type& type);
std::string compact_document(const Json& document, const gotemplate::Type& type);

}  // namespace skiff::format
