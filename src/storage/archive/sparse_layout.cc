// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/sparse_layout.h"

#include <limits>

#include "base/text.h"
#include "storage/archive/tar_format.h"

namespace skiff::storage {
namespace {

constexpr uint64_t largest_file = std::numeric_limits<int64_t>::max();
constexpr size_t gnu_number_size = 12;

}  // namespace

bool SparseLayout::is_sound(uint64_t stored) const {
    if (file_size > largest_file) return false;
    uint64_t end = 0;
    uint64_t sum = 0;
    for (const SparseSegment& segment : segments) {
        if (segment.offset < end || segment.offset > file_size ||
            segment.length > file_size - segment.offset)
            return false;
        end = segment.offset + segment.length;
        sum += segment.length;
    }
    return sum == stored;
}

bool append_gnu_segments(std::string_view fields, size_t count,
                         std::vector<SparseSegment>& segments) {
    for (size_t i = 0; i < count; ++i) {
        const std::string_view pair = fields.substr(i * 2 * gnu_number_size, 2 * gnu_number_size);
        if (pair[0] == '\0') break;
        const std::optional<int64_t> offset = parse_tar_number(pair.substr(0, gnu_number_size));
        const std::optional<int64_t> length = parse_tar_number(pair.substr(gnu_number_size));
        if (!offset || !length || *offset < 0 || *length < 0) return false;
        segments.push_back({static_cast<uint64_t>(*offset), static_cast<uint64_t>(*length)});
    }
    return true;
}

std::optional<std::vector<SparseSegment>> parse_sparse_list(std::string_view text, size_t limit) {
    std::vector<SparseSegment> segments;
    if (text.empty()) return segments;
    const std::vector<std::string_view> numbers = split(text, ',');
    if (numbers.size() % 2 != 0 || numbers.size() / 2 > limit) return std::nullopt;
    for (size_t i = 0; i < numbers.size(); i += 2) {
        const std::optional<uint64_t> offset = parse_number<uint64_t>(numbers[i]);
        const std::optional<uint64_t> length = parse_number<uint64_t>(numbers[i + 1]);
        if (!offset || !length) return std::nullopt;
        segments.push_back({*offset, *length});
    }
    return segments;
}

bool SparseTextParser::add(uint64_t number) {
    if (!count_) {
        count_ = number;
        return number <= limit_;
    }
    if (has_offset_) {
        segments_.push_back({offset_, number});
    } else {
        offset_ = number;
    }
    has_offset_ = !has_offset_;
    return true;
}

SparseTextParser::State SparseTextParser::feed(std::string_view block) {
    for (const char c : block) {
        if (c == '\n') {
            if (digits_ == 0 || !add(number_)) return State::malformed;
            if (count_ == segments_.size()) return State::complete;
            number_ = 0;
            digits_ = 0;
            continue;
        }
        // 18 digits cannot overflow, and reach past any file a kernel takes.
        if (c < '0' || c > '9' || ++digits_ > 18) return State::malformed;
        number_ = number_ * 10 + static_cast<uint64_t>(c - '0');
    }
    return State::more;
}

}  // namespace skiff::storage
