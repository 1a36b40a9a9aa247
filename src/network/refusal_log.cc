// SPDX-License-Identifier: Apache-2.0
#include "network/refusal_log.h"

#include <algorithm>

#include <fmt/format.h>

namespace skiff::network {

RefusalLog::RefusalLog(std::function<bool(const std::string&)> write) : write_(std::move(write)) {}

bool RefusalLog::has_room(Time now) {
    const auto lines = (now - refilled_) / line_interval;
    if (lines > 0) {
        room_ = static_cast<unsigned>(std::min<std::int64_t>(burst, room_ + lines));
        refilled_ = now;
    }
    if (room_ == 0) return false;
    --room_;
    return true;
}

void RefusalLog::note(const std::string& what, Time now) {
    const auto known = told_.find(what);
    const bool repeated = known != told_.end() && now - known->second < repeat_interval;
    if (repeated || !has_room(now)) {
        ++left_out_;
        return;
    }
    if (known == told_.end() && told_.size() >= most_remembered)
        told_.erase(std::ranges::min_element(
            told_, [](const auto& a, const auto& b) { return a.second < b.second; }));
    told_[what] = now;
    const std::string more =
        left_out_ == 0 ? "" : fmt::format(" ({} more were not listed)", left_out_);
    if (write_(what + more)) {
        left_out_ = 0;
    } else {
        ++left_out_;
    }
}

}  // namespace skiff::network
