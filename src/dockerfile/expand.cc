// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/expand.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "dockerfile/file_mode.h"
#include "dockerfile/lexer.h"
#include "dockerfile/remote_source.h"
#include "dockerfile/run_mount_fields.h"
#include "dockerfile/words.h"

namespace skiff::dockerfile {
namespace {

constexpr size_t max_port = 65535;
constexpr size_t sha256_digits = 64;

[[noreturn]] void fail(std::string message) {
    throw Error(ErrorKind::invalid, std::move(message));
}

/// Ports of EXPOSE as sets: "1-65535" may be written as often as a file has room.
class PortSet {
  public:
    void add(std::string_view spec) {
        const Cut parts = cut(spec, '/');
        const std::string protocol = parts.found ? to_lower(parts.after) : "tcp";
        const auto index = std::ranges::find(protocols, protocol) - protocols.begin();
        const Cut range = cut(parts.before, '-');
        const auto first = parse_number<size_t>(range.before);
        const auto last = range.found ? parse_number<size_t>(range.after) : first;
        if (static_cast<size_t>(index) == protocols.size())
            fail(fmt::format("invalid proto: {} in {}", parts.after, quoted(spec)));
        if (!first || !last || *first < 1 || *last < *first || *last > max_port)
            fail(fmt::format("invalid containerPort: {}", spec));
        auto& ports = sets_[static_cast<size_t>(index)];
        ports.resize(max_port + 1);
        std::fill(ports.begin() + static_cast<std::ptrdiff_t>(*first),
                  ports.begin() + static_cast<std::ptrdiff_t>(*last) + 1, true);
    }

    std::vector<std::string> list() const {
        std::vector<std::string> list;
        for (size_t i = 0; i < protocols.size(); ++i)
            for (size_t port = 1; port < sets_[i].size(); ++port)
                if (sets_[i][port]) list.push_back(fmt::format("{}/{}", port, protocols[i]));
        return list;
    }

  private:
    static constexpr std::array<std::string_view, 3> protocols = {"tcp", "udp", "sctp"};
    std::array<std::vector<bool>, protocols.size()> sets_;
};

/// Replaces each field of an instruction that the language expands.
class Expander {
  public:
    explicit Expander(const Variables& variables) : variables_(variables) {}

    void operator()(Copy& copy) const {
        each(copy.sources);
        word(copy.destination);
        word(copy.chown);
        word(copy.chmod);
        word(copy.checksum);
        each(copy.exclude);
        for (Heredoc& document : copy.heredocs)
            // Quotes are the document's own; the escape is always a backslash here.
            if (document.expand)
                document.content =
                    lex(document.content, with_backslash(), {.plain_quotes = true}).text;
        check(copy);
    }
    void operator()(Env& env) const { pairs(env.variables, "ENV"); }
    void operator()(Label& label) const { pairs(label.labels, "LABEL"); }
    void operator()(Expose& expose) const {
        PortSet ports;
        for (const std::string& spec : expose.ports)
            for (const std::string& port : expand_words(spec, variables_)) ports.add(port);
        expose.ports = ports.list();
    }
    void operator()(Volume& volume) const {
        each(volume.paths);
        for (const std::string& path : volume.paths)
            if (trim(path).empty()) fail("VOLUME specified can not be an empty string");
    }
    void operator()(User& user) const { word(user.user); }
    void operator()(WorkDir& directory) const { word(directory.path); }
    void operator()(StopSignal& stop) const {
        word(stop.signal);
        if (!find_signal(stop.signal)) fail(fmt::format("invalid signal: {}", stop.signal));
    }
    void operator()(Arg& arg) const {
        for (Arg::Argument& argument : arg.arguments) {
            word(argument.name);
            if (argument.value) word(*argument.value);
            if (argument.name.empty()) fail("ARG names can not be blank");
        }
    }
    void operator()(Run& run) const {
        for (std::string& mount : run.mounts) {
            std::vector<MountField> fields = mount_fields(mount);
            for (MountField& field : fields)
                if (field.value) word(*field.value);
            mount = mount_text(fields);
            check_run_mount(mount);
        }
    }
    // What runs later is expanded by what runs it.
    void operator()(Cmd&) const {}
    void operator()(Entrypoint&) const {}
    void operator()(Shell&) const {}
    void operator()(HealthCheck&) const {}
    void operator()(OnBuild&) const {}
    void operator()(Maintainer&) const {}

  private:
    Variables with_backslash() const {
        Variables variables = variables_;
        variables.escape = '\\';
        return variables;
    }
    void word(std::string& text) const { text = expand_word(text, variables_); }
    void each(std::vector<std::string>& words) const {
        for (std::string& text : words) word(text);
    }
    void pairs(std::vector<KeyValue>& list, std::string_view keyword) const {
        for (KeyValue& pair : list) {
            word(pair.key);
            word(pair.value);
            if (pair.key.empty()) fail(fmt::format("{} names can not be blank", keyword));
        }
    }

    static void check(const Copy& copy) {
        const std::string_view keyword = copy.is_add ? "ADD" : "COPY";
        for (const std::string& source : copy.sources)
            if (source.empty() && copy.from.empty())
                fail(fmt::format("{} has an empty source", keyword));
        if (copy.destination.empty()) fail(fmt::format("{} has an empty destination", keyword));
        if (!copy.chmod.empty()) FileMode::parse(copy.chmod);
        if (!copy.checksum.empty()) check_checksum(copy);
        if (!copy.is_add) return;
        for (const std::string& source : copy.sources) check_remote_source(source);
    }

    static void check_checksum(const Copy& copy) {
        if (copy.sources.size() + copy.heredocs.size() != 1)
            fail("checksum can't be specified for multiple sources");
        if (!is_remote_file(copy.sources.empty() ? "" : copy.sources.front()))
            fail("checksum can't be specified for non-HTTP(S) sources");
        const Cut parts = cut(copy.checksum, ':');
        const bool known = parts.before == "sha256" && parts.after.size() == sha256_digits &&
                           parts.after.find_first_not_of("0123456789abcdef") == parts.after.npos;
        if (!known)
            fail(fmt::format("checksum {} is not sha256: and {} digits in lower case",
                             quoted(copy.checksum), sha256_digits));
    }

    const Variables& variables_;
};

std::string summary_of(const Heredoc& document) {
    const std::string_view text = trim(document.content);
    const size_t end = text.find_first_of("\r\n");
    return fmt::format("{}{}", text.substr(0, end), end == std::string_view::npos ? "" : "...");
}

}  // namespace

std::string expand_word(std::string_view word, const Variables& variables) {
    return lex(word, variables, {}).text;
}

std::vector<std::string> expand_words(std::string_view text, const Variables& variables) {
    return lex(text, variables, {.split = true}).words;
}

InstructionBody expand_instruction(const Instruction& instruction, const Variables& variables) {
    InstructionBody body = instruction.body;
    std::visit(Expander(variables), body);
    return body;
}

From expand_from(const From& from, const Variables& variables) {
    From expanded = from;
    expanded.image = expand_word(from.image, variables);
    if (expanded.image.empty()) fail(fmt::format("base name ({}) should not be blank", from.image));
    expanded.platform = expand_word(from.platform, variables);
    if (expanded.platform.empty() && !from.platform.empty())
        fail(fmt::format("empty platform value from expression {}", from.platform));
    return expanded;
}

std::string expanded_text(const Instruction& instruction, const Variables& variables) {
    std::string text = instruction.text;
    Variables quiet = variables;
    quiet.undefined = nullptr;
    try {
        text =
            lex(text, quiet, {.keep_quotes = true, .keep_escapes = true, .skip_unset = true}).text;
    } catch (const Error&) {
        // A shell's line need not be ours: then it is shown as written.
        text = instruction.text;
    }
    const auto* run = std::get_if<Run>(&instruction.body);
    if (run != nullptr && run->heredocs.size() == 1 && !run->command.words.empty() &&
        find_heredoc(run->command.words[0]))
        text += fmt::format(" ({})", summary_of(run->heredocs[0]));
    return text;
}

}  // namespace skiff::dockerfile
