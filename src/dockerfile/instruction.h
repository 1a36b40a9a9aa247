// SPDX-License-Identifier: Apache-2.0
// The instructions of a Dockerfile as data. Words are as written: variables are not yet expanded
// and quotes are still there where expand_instruction (expand.h) will take them away.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dockerfile/location.h"

namespace skiff::dockerfile {

/// A document in the file: `<<NAME`, `<<-NAME`, `<<"NAME"`.
struct Heredoc {
    std::string name;         ///< without quotes
    std::string content;      ///< every line with its newline; `<<-` has lost its leading tabs
    bool expand = true;       ///< false: the name was quoted
    std::string raw_content;  ///< as it stands in the file, for RUN, where the shell reads it

    bool operator==(const Heredoc&) const = default;
};

/// What RUN, CMD and ENTRYPOINT hold.
struct Command {
    /// Exec form: the argv. Shell form: one word, the line for the shell.
    std::vector<std::string> words;
    bool exec_form = false;

    bool operator==(const Command&) const = default;
};

struct KeyValue {
    std::string key;
    std::string value;

    bool operator==(const KeyValue&) const = default;
};

struct From {
    std::string image;     ///< a reference, a stage's name, or "scratch"; may hold variables
    std::string platform;  ///< --platform; empty: the build's
    std::string name;      ///< AS; lower case; empty: none

    bool operator==(const From&) const = default;
};

struct Run {
    Command command;
    std::vector<std::string> mounts;  ///< values of --mount; see parse_run_mount (run_mount.h)
    enum class Network { standard, none, host } network = Network::standard;
    std::vector<Heredoc> heredocs;  ///< see run_program (run_program.h)

    bool operator==(const Run&) const = default;
};

/// COPY or ADD.
struct Copy {
    bool is_add = false;
    /// Paths, perhaps with wildcards, in the order written. Not the heredocs. A JSON list gives the
    /// same fields as words do.
    std::vector<std::string> sources;
    /// A trailing '/' is kept: it says "a directory". Several files need one, or a directory that
    /// is there; which it is only the build knows.
    std::string destination;
    std::vector<Heredoc> heredocs;  ///< files of mode 0644 called by their names
    std::string
        from;  ///< --from (COPY only): a stage's name or number, or an image; empty: context
    std::string chown;                 ///< --chown: user[:group], names or ids
    std::string chmod;                 ///< --chmod: octal digits, or as chmod(1) has it
    bool link = false;                 ///< --link: the layer does not depend on what is below
    bool parents = false;              ///< --parents: sources keep the directories they are in
    std::vector<std::string> exclude;  ///< --exclude: patterns as in .dockerignore
    std::string checksum;              ///< --checksum (ADD only): "sha256:" and 64 digits
    std::optional<bool> unpack;        ///< --unpack (ADD only); nothing: what is no URL
    bool keep_git = false;             ///< --keep-git-dir (ADD only): .git is not left out

    bool operator==(const Copy&) const = default;
};

struct Cmd {
    Command command;
    bool operator==(const Cmd&) const = default;
};
struct Entrypoint {
    Command command;  ///< exec form without words: takes the base image's away
    bool operator==(const Entrypoint&) const = default;
};
struct Shell {
    std::vector<std::string> words;  ///< at least one
    bool operator==(const Shell&) const = default;
};
struct Env {
    std::vector<KeyValue> variables;
    bool operator==(const Env&) const = default;
};
struct Label {
    std::vector<KeyValue> labels;
    bool operator==(const Label&) const = default;
};
struct Expose {
    /// After expansion each is "80/tcp": ranges are single ports, the protocol is never left out.
    std::vector<std::string> ports;
    bool operator==(const Expose&) const = default;
};
struct Volume {
    std::vector<std::string> paths;
    bool operator==(const Volume&) const = default;
};
struct User {
    std::string user;
    bool operator==(const User&) const = default;
};
struct WorkDir {
    std::string path;  ///< as written: relative to the stage's directory, not cleaned
    bool operator==(const WorkDir&) const = default;
};
struct StopSignal {
    std::string signal;  ///< checked by expand_instruction, kept as written
    bool operator==(const StopSignal&) const = default;
};
/// Zero means that the engine's default holds.
struct HealthCheck {
    /// {"NONE"}, {"CMD", argv…} or {"CMD-SHELL", line}.
    std::vector<std::string> test;
    std::chrono::nanoseconds interval{};
    std::chrono::nanoseconds timeout{};
    std::chrono::nanoseconds start_period{};
    std::chrono::nanoseconds start_interval{};
    int retries = 0;
    bool operator==(const HealthCheck&) const = default;
};
struct OnBuild {
    std::string trigger;  ///< the instruction, for the image's configuration; see parse_trigger
    bool operator==(const OnBuild&) const = default;
};
struct Maintainer {
    std::string name;
    bool operator==(const Maintainer&) const = default;
};
struct Arg {
    struct Argument {
        std::string name;
        std::optional<std::string> value;
        bool operator==(const Argument&) const = default;
    };
    std::vector<Argument>
        arguments;  ///< at least one; all see the variables before the instruction
    bool operator==(const Arg&) const = default;
};

using InstructionBody =
    std::variant<Run, Copy, Cmd, Entrypoint, Shell, Env, Label, Expose, Volume, User, WorkDir,
                 StopSignal, HealthCheck, OnBuild, Maintainer, Arg>;

struct Instruction {
    InstructionBody body;
    std::string keyword;  ///< upper case: "COPY"
    /// Keyword in upper case and the rest on one line: continuation lines joined, comments gone,
    /// heredocs left out. Variables as written; expanded_text (expand.h) is what progress shows.
    std::string text;
    LineRange lines;  ///< with its heredocs
};

}  // namespace skiff::dockerfile
