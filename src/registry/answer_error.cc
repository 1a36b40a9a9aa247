// SPDX-License-Identifier: Apache-2.0
#include "registry/answer_error.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace skiff::registry {
namespace {

constexpr size_t max_shown_errors = 4;
constexpr size_t max_shown_text = 200;

struct Reason {
    std::string code;
    std::string text;
};

/// Docker's form: the code in lower case with blanks, and the message.
std::vector<Reason> read_errors(const std::string& body) {
    std::vector<Reason> reasons;
    try {
        const Json document = parse_json(body, "the answer");
        if (!document.is_object()) return reasons;
        const auto errors = document.find("errors");
        if (errors != document.end() && errors->is_array()) {
            for (const Json& error : *errors) {
                if (!error.is_object() || reasons.size() == max_shown_errors) break;
                std::string code = json_string(error, "code", "the answer");
                std::string words = to_lower(code);
                std::ranges::replace(words, '_', ' ');
                reasons.push_back(
                    {std::move(code), words + ": " + json_string(error, "message", "the answer")});
            }
        } else if (document.contains("details") || document.contains("message")) {
            const char* key = document.contains("details") ? "details" : "message";
            reasons.push_back({"", json_string(document, key, "the answer")});
        }
    } catch (const Error&) {
        reasons.clear();
    }
    return reasons;
}

ErrorKind kind_of(int status) {
    switch (status) {
        case 401:
        case 403:
            return ErrorKind::denied;
        case 404:
            return ErrorKind::not_found;
        default:
            return ErrorKind::system;
    }
}

}  // namespace

RefusedError refusal(const HttpAnswer& answer, std::string_view method) {
    std::vector<Reason> reasons = read_errors(answer.body);
    // The answer to HEAD has no body, whatever it would say.
    if (reasons.empty() && answer.body.empty() && answer.status == 401)
        reasons.push_back({"UNAUTHORIZED", "unauthorized: authentication required"});
    if (reasons.empty() && answer.body.empty() && answer.status == 403)
        reasons.push_back({"DENIED", "denied: requested access to the resource is denied"});
    if (reasons.empty()) {
        const std::string shown =
            printable(trim(std::string_view(answer.body).substr(0, max_shown_text)));
        return {kind_of(answer.status), answer.status, "",
                fmt::format("{} \"{}\": unexpected status {}{}", method, answer.url, answer.status,
                            shown.empty() ? "" : ": " + shown)};
    }
    std::string text;
    for (const Reason& reason : reasons)
        text += (text.empty() ? "" : "; ") + printable(reason.text);
    return {kind_of(answer.status), answer.status, reasons.front().code, text};
}

bool is_transient(int status) {
    return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 ||
           status == 504;
}

}  // namespace skiff::registry
