// SPDX-License-Identifier: Apache-2.0
// What a registry says when it refuses (distribution-spec "Error Codes").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "registry/http.h"

namespace skiff::registry {

/// The registry answered, with a refusal. `code` is its own upper-case word, "" where it has none.
class RefusedError : public Error {
  public:
    RefusedError(ErrorKind kind, int status, std::string code, std::string message)
        : Error(kind, std::move(message)), status_(status), code_(std::move(code)) {}
    int status() const { return status_; }
    const std::string& code() const { return code_; }

  private:
    int status_;
    std::string code_;
};

/// Of an error document: "denied: requested access to the resource is denied"; several are joined.
/// Of anything else (a proxy's page) status and a short beginning of the text.
RefusedError refusal(const HttpAnswer& answer, std::string_view method);

/// Whether the same request may be answered otherwise a little later.
bool is_transient(int status);

}  // namespace skiff::registry
