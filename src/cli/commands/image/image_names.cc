// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/image/image_names.h"

#include "base/error.h"
#include "cli/output.h"
#include "engine/image/list.h"

namespace skiff::cli {

std::vector<std::string> ask_images(const engine::EngineOptions& options) {
    std::vector<std::string> names;
    try {
        for (const engine::ImageSummary& image :
             engine::list_images(engine::Engine(options), {.pattern = "", .built_in = false}))
            names.push_back(image.repository.empty() ? std::string(short_id(image.id))
                                                     : image.repository + ":" + image.tag);
    } catch (const Error&) {
        // A shell that waits for a word wants no message.
    }
    return names;
}

}  // namespace skiff::cli
