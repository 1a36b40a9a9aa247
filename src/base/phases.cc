// SPDX-License-Identifier: Apache-2.0
#include "base/phases.h"

#include <ctime>
#include <iterator>

namespace skiff {

std::int64_t monotonic_time() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void Phases::add(const char* name) {
    const std::int64_t now = monotonic_time();
    list_.push_back({name, last_, now});
    last_ = now;
}

void Phases::append(std::vector<Phase> others) {
    if (!on_) return;
    std::move(others.begin(), others.end(), std::back_inserter(list_));
}

}  // namespace skiff
