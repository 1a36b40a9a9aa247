// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/file_mode.h"

#include <string>

#include "base/error.h"
#include "base/text.h"

namespace skiff::dockerfile {
namespace {

constexpr mode_t users = 0700;
constexpr mode_t groups = 0070;
constexpr mode_t others = 0007;
constexpr mode_t everybody = users | groups | others;
constexpr mode_t run = 1;
constexpr mode_t read_run_write = 7;
constexpr mode_t set_user = 04000;
constexpr mode_t set_group = 02000;
constexpr mode_t sticky = 01000;
constexpr mode_t all_bits = 07777;

mode_t class_of(char letter) {
    switch (letter) {
        case 'u':
            return users;
        case 'g':
            return groups;
        case 'o':
            return others;
        case 'a':
            return everybody;
        default:
            return 0;
    }
}

/// The same three bits for everybody.
mode_t spread(mode_t bits) {
    return bits << 6U | bits << 3U | bits;
}

[[noreturn]] void refuse(std::string_view text) {
    throw Error(ErrorKind::invalid,
                "invalid chmod parameter: '{}'. it should be octal string and between 0 and 07777, "
                "or changes like u+x",
                text);
}

}  // namespace

FileMode FileMode::parse(std::string_view text) {
    FileMode result;
    if (const auto octal = parse_number<mode_t>(text, 8)) {
        if (*octal > all_bits) refuse(text);
        result.absolute_ = true;
        result.mode_ = *octal;
        return result;
    }
    for (const std::string_view clause : split(text, ',')) {
        size_t at = 0;
        mode_t who = 0;
        while (at < clause.size() && class_of(clause[at]) != 0) who |= class_of(clause[at++]);
        if (who == 0) who = everybody;
        if (at == clause.size()) refuse(text);
        while (at < clause.size()) {
            Change change{.who = who, .act = clause[at++]};
            if (change.act != '+' && change.act != '-' && change.act != '=') refuse(text);
            for (; at < clause.size(); ++at) {
                const char letter = clause[at];
                if (letter == '+' || letter == '-' || letter == '=') break;
                if (letter == 'r')
                    change.bits |= 4;
                else if (letter == 'w')
                    change.bits |= 2;
                else if (letter == 'x')
                    change.bits |= run;
                else if (letter == 'X')
                    change.if_runs = true;
                else if (letter == 's')
                    change.bits |= set_user | set_group;
                else if (letter == 't')
                    change.bits |= sticky;
                else if ((letter == 'u' || letter == 'g' || letter == 'o') && change.like == '\0')
                    change.like = letter;
                else
                    refuse(text);
            }
            result.changes_.push_back(change);
        }
    }
    return result;
}

mode_t FileMode::apply(mode_t mode, bool directory) const {
    if (absolute_) return mode_;
    for (const Change& change : changes_) {
        mode_t bits = change.bits & read_run_write;
        if (change.if_runs && (directory || (mode & spread(run)) != 0)) bits |= run;
        if (change.like == 'u') bits |= mode >> 6U & read_run_write;
        if (change.like == 'g') bits |= mode >> 3U & read_run_write;
        if (change.like == 'o') bits |= mode & read_run_write;
        mode_t wanted = spread(bits) & change.who;
        // The special bits belong to a class each.
        mode_t own = change.who;
        if ((change.who & users) != 0) own |= set_user;
        if ((change.who & groups) != 0) own |= set_group;
        if (change.who == everybody) own |= sticky;
        wanted |= change.bits & own & ~everybody;
        if (change.act == '+')
            mode |= wanted;
        else if (change.act == '-')
            mode &= ~wanted;
        else
            mode = (mode & ~own) | wanted;
    }
    return mode & all_bits;
}

}  // namespace skiff::dockerfile
