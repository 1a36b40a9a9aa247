// SPDX-License-Identifier: Apache-2.0
// Variables and quotes: any text is a word or an Error, of bounded size. URLs and modes besides.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "dockerfile/expand.h"
#include "dockerfile/file_mode.h"
#include "dockerfile/remote_source.h"
#include "dockerfile/words.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

std::optional<std::string> look_up(std::string_view name) {
    if (name == "U") return std::nullopt;
    if (name == "E") return "";
    return "/usr/local/lib/lib*.so.1 " + std::string(name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    for (const char escape : {'\\', '`'}) {
        std::vector<std::string> undefined;
        try {
            const Variables variables{.lookup = look_up, .escape = escape, .undefined = &undefined};
            const std::string word = expand_word(text, variables);
            require(word.size() <= size_t{16} << 20U);
            const std::vector<std::string> words = expand_words(text, variables);
            for (const std::string& part : words)
                require(!part.empty() && word.find(part) != std::string::npos);
        } catch (const Error& error) {
            require(error.message().starts_with("failed to process"));
        }
        for (const std::string& word : quoted_words(text, escape)) require(!word.empty());
    }
    try {
        for (const HeredocMark& mark : heredoc_marks(text)) require(!mark.name.empty());
    } catch (const Error&) {
    }
    const std::string name = remote_file_name(text);
    require(!name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
            name.find('\0') == std::string::npos);
    try {
        if (const auto git = find_git_source(text)) require(!git->reference.starts_with('-'));
    } catch (const Error&) {
    }
    try {
        require(FileMode::parse(text).apply(0644, false) <= 07777);
    } catch (const Error&) {
    }
    std::string_view rest = text;
    for (const Flag& flag : take_flags(rest)) require(flag.word.starts_with("--"));
    require(rest.size() <= text.size());
    return 0;
}
