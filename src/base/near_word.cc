// SPDX-License-Identifier: Apache-2.0
#include "base/near_word.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace skiff {

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), size_t{0});
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = last;
        last = row;
    }
    return last.back();
}

std::string_view near_word(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    size_t best_distance = word.size() < 4 ? 2 : 3;
    for (const std::string_view name : known) {
        // The difference in length is a lower bound: words of any length cost nothing.
        const size_t longer = std::max(name.size(), word.size());
        if (name.empty() || longer - std::min(name.size(), word.size()) >= best_distance) continue;
        if (const size_t distance = edit_distance(word, name); distance < best_distance) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace skiff
