// SPDX-License-Identifier: Apache-2.0
// The language of Dockerfiles: text in, plain data out. Nothing here reads a file, runs a step or
// knows an image; what a step does with its words is the build's affair.
//
// The language is that of BuildKit's frontend docker/dockerfile:1 (docs.docker.com/reference/
// dockerfile). What is left out is refused by its name, never ignored. A `# syntax=` line is read
// and kept: it names the frontend image that BuildKit would fetch and run; skiff is its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/instruction.h"

namespace skiff::dockerfile {

/// Largest Dockerfile that is read, in bytes.
constexpr size_t max_dockerfile_size = 16U << 20U;

struct Stage {
    From from;
    std::string text;  ///< of the FROM line, as Instruction::text
    LineRange lines;   ///< of the FROM line
    std::vector<Instruction> instructions;
};

/// What is no error but deserves a word, with BuildKit's names of its rules.
struct Warning {
    std::string rule;     ///< "StageNameCasing"
    std::string message;  ///< one sentence, naming the object
    LineRange lines;
};

struct Dockerfile {
    std::string file_name;  ///< as given to parse: for messages
    std::string text;       ///< the whole file: for source_frame
    char escape = '\\';     ///< `# escape=`: '\\' or '`'; give it to the functions of expand.h
    std::string syntax;     ///< `# syntax=`
    std::string check;      ///< `# check=`
    /// ARG before the first FROM. Only FROM lines see them, and a stage's ARG of that name without
    /// a value of its own.
    std::vector<Instruction> global_arguments;
    std::vector<Stage> stages;  ///< at least one
    std::vector<Warning> warnings;

    /// source_frame of this file.
    std::string frame(LineRange lines, size_t column = 0) const;
    /// The stage called `name` (any case) or numbered so, among the first `before`; nothing when
    /// there is none. Of two with one name the later.
    const Stage* find_stage(std::string_view name, size_t before) const;
};

/// Parses and checks everything that can be checked without values of variables.
///
/// Throws Error{invalid}, or {unsupported} for what skiff does not do yet; the message is one line
/// in BuildKit's words ("dockerfile parse error on line 3: unknown instruction: RUM (did you mean
/// RUN?)"), then a newline and the frame. Time and memory are linear in the size of `text`.
Dockerfile parse(std::string_view text, std::string_view file_name);

/// An instruction of an image's OnBuild list. FROM, ONBUILD and MAINTAINER are refused. `image` is
/// for messages. Line numbers are those within `text`.
Instruction parse_trigger(std::string_view text, std::string_view image);

}  // namespace skiff::dockerfile
