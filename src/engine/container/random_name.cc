// SPDX-License-Identifier: Apache-2.0
#include "engine/container/random_name.h"

#include <array>
#include <cerrno>
#include <string_view>

#include <sys/random.h>

#include "base/error.h"

namespace skiff::engine {
namespace {

constexpr std::array<std::string_view, 108> adjectives{
    "able",   "agile",   "airy",   "amber",  "ample",   "apt",    "arctic", "azure",   "balmy",
    "blithe", "bold",    "brave",  "breezy", "bright",  "brisk",  "bronze", "bubbly",  "calm",
    "candid", "careful", "cheery", "chilly", "civil",   "clear",  "clever", "cobalt",  "cool",
    "copper", "coral",   "cosy",   "crisp",  "curious", "dapper", "daring", "deft",    "eager",
    "early",  "earnest", "easy",   "elated", "even",    "exact",  "fair",   "fancy",   "festive",
    "fine",   "firm",    "fleet",  "fluent", "frank",   "free",   "fresh",  "gentle",  "glad",
    "golden", "grand",   "green",  "handy",  "happy",   "hardy",  "honest", "humble",  "ideal",
    "jaunty", "jolly",   "keen",   "kind",   "lively",  "loyal",  "lucid",  "lucky",   "mellow",
    "merry",  "mild",    "modest", "neat",   "nimble",  "noble",  "open",   "patient", "placid",
    "plucky", "polite",  "prompt", "proud",  "quick",   "quiet",  "rapid",  "ready",   "rosy",
    "salty",  "serene",  "sharp",  "silent", "silver",  "sleek",  "smooth", "snug",    "solid",
    "sound",  "spry",    "steady", "sunny",  "swift",   "tidy",   "trusty", "vivid",   "warm"};

constexpr std::array<std::string_view, 112> nouns{
    "albatross", "anchor",  "atoll",   "auk",        "barge",   "bay",       "beacon",
    "bollard",   "boom",    "bosun",   "bow",        "breeze",  "brig",      "buoy",
    "cabin",     "canoe",   "cape",    "capstan",    "captain", "caravel",   "channel",
    "chart",     "cliff",   "clipper", "coast",      "cod",     "compass",   "coracle",
    "cormorant", "cove",    "crab",    "crew",       "crow",    "current",   "cutter",
    "davit",     "deck",    "delta",   "dinghy",     "dock",    "dolphin",   "dory",
    "drifter",   "eddy",    "estuary", "ferry",      "fjord",   "flag",      "fleet",
    "fog",       "foghorn", "frigate", "galley",     "gannet",  "gull",      "gunwale",
    "harbour",   "hatch",   "helm",    "heron",      "horizon", "hull",      "inlet",
    "island",    "jetty",   "jib",     "kayak",      "keel",    "ketch",     "knot",
    "lagoon",    "lantern", "launch",  "lighthouse", "limpet",  "log",       "lugger",
    "mainsail",  "marina",  "mast",    "mooring",    "narwhal", "navigator", "oar",
    "osprey",    "otter",   "paddle",  "pelican",    "petrel",  "pier",      "pilot",
    "porpoise",  "port",    "prow",    "puffin",     "quay",    "raft",      "reef",
    "rigging",   "rudder",  "sail",    "schooner",   "seal",    "sextant",   "shoal",
    "sloop",     "spar",    "tern",    "tide",       "tiller",  "whale",     "yawl"};

unsigned pick(unsigned count) {
    unsigned value = 0;
    while (getrandom(&value, sizeof value, 0) != sizeof value)
        if (errno != EINTR) throw SystemError(errno, "cannot read random bytes");
    return value % count;
}

}  // namespace

std::string random_name(unsigned attempt) {
    std::string name =
        fmt::format("{}_{}", adjectives[pick(adjectives.size())], nouns[pick(nouns.size())]);
    constexpr unsigned patience = 3;
    if (attempt > patience) name += std::to_string(pick(10 * attempt));
    return name;
}

}  // namespace skiff::engine
