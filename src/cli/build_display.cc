// SPDX-License-Identifier: Apache-2.0
#include "cli/build_display.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <vector>

#include <unistd.h>

#include <sys/ioctl.h>

#include "base/display_width.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kept_lines = 20;   ///< of output, for the report of a failure
constexpr size_t folded_lines = 6;  ///< of output, under a step that runs
constexpr size_t longest_line = 4096;
constexpr int repaint_ms = 100;

double seconds_since(Clock::time_point time) {
    return std::chrono::duration<double>(Clock::now() - time).count();
}

/// As it is for scripts, made harmless where a terminal shows it.
std::string harmless(std::string_view text) {
    return isatty(STDERR_FILENO) == 1 ? printable(text) : std::string(text);
}

/// Output of one step, cut into lines.
class LineBuffer {
  public:
    /// Calls `act` for each line that is complete now.
    template <typename Act>
    void add(std::string_view bytes, Act act) {
        for (const char c : bytes) {
            if (c != '\n' && partial_.size() < longest_line) {
                partial_ += c;
                continue;
            }
            end_line(act);
            if (c != '\n') partial_ += c;
        }
    }
    template <typename Act>
    void finish(Act act) {
        if (!partial_.empty()) end_line(act);
    }
    const std::deque<std::string>& last() const { return last_; }

  private:
    template <typename Act>
    void end_line(Act act) {
        // A bar that is drawn over itself: what is left of it is what counts.
        while (!partial_.empty() && partial_.back() == '\r') partial_.pop_back();
        if (const size_t back = partial_.rfind('\r'); back != std::string::npos)
            partial_.erase(0, back + 1);
        last_.push_back(partial_);
        if (last_.size() > kept_lines) last_.pop_front();
        act(partial_);
        partial_.clear();
    }
    std::string partial_;
    std::deque<std::string> last_;
};

struct Row {
    std::string name;
    Clock::time_point begun = Clock::now();
    std::optional<double> took;  ///< seconds; nothing: it runs
    bool cached = false;
    bool failed = false;
    std::vector<std::string> notes;
    LineBuffer lines;
};

/// The last output of a step that failed, for those who have not seen it.
std::string failure_report(const Row& row) {
    std::string text = fmt::format("------\n > {}:\n", harmless(row.name));
    for (const std::string& line : row.lines.last()) text += harmless(line) + "\n";
    return text + "------\n";
}

class QuietDisplay : public engine::BuildEvents {
  public:
    size_t begin(const std::string& name) override {
        rows_.push_back({});
        rows_.back().name = name;
        return rows_.size() - 1;
    }
    void note(size_t, const std::string&) override {}
    void output(size_t step, std::string_view bytes) override {
        rows_[step].lines.add(bytes, [](const std::string&) {});
    }
    void done(size_t) override {}
    void cached(size_t) override {}
    void failed(size_t step, const std::string&) override {
        rows_[step].lines.finish([](const std::string&) {});
        if (!rows_[step].lines.last().empty()) print_for_people(failure_report(rows_[step]));
    }
    void warning(const std::string&) override {}
    void step_aside() override {}

  private:
    std::deque<Row> rows_;
};

class PlainDisplay final : public engine::BuildEvents {
  public:
    size_t begin(const std::string& name) override {
        rows_.push_back({});
        rows_.back().name = name;
        enter(rows_.size() - 1);
        return rows_.size() - 1;
    }
    void note(size_t step, const std::string& text) override { line(step, text); }
    void output(size_t step, std::string_view bytes) override {
        rows_[step].lines.add(bytes, [&](const std::string& text) { output_line(step, text); });
    }
    void done(size_t step) override {
        flush(step);
        line(step, fmt::format("DONE {:.1f}s", seconds_since(rows_[step].begun)));
        leave(step);
    }
    void cached(size_t step) override {
        line(step, "CACHED");
        leave(step);
    }
    void failed(size_t step, const std::string& reason) override {
        flush(step);
        line(step, "ERROR: " + reason);
        print_for_people(failure_report(rows_[step]));
    }
    void warning(const std::string& text) override { print_warning(text); }
    void step_aside() override { current_.reset(); }

  private:
    void enter(size_t step) {
        if (current_ == step) return;
        // Its end is still to come, under the same number.
        if (current_) print_for_people(fmt::format("#{} ...\n\n", *current_ + 1));
        current_ = step;
        print_for_people(fmt::format("#{} {}\n", step + 1, harmless(rows_[step].name)));
    }
    void leave(size_t step) {
        if (current_ == step) current_.reset();
        print_for_people("\n");
    }
    void line(size_t step, const std::string& text) {
        enter(step);
        print_for_people(fmt::format("#{} {}\n", step + 1, harmless(text)));
    }
    void output_line(size_t step, const std::string& text) {
        line(step, fmt::format("{:.3f} {}", seconds_since(rows_[step].begun), text));
    }
    void flush(size_t step) {
        rows_[step].lines.finish([&](const std::string& text) { output_line(step, text); });
    }

    std::deque<Row> rows_;
    std::optional<size_t> current_;  ///< whose header stands above the next line
};

/// The cursor goes up over what was painted, and every line is written anew.
class TerminalDisplay final : public engine::BuildEvents {
  public:
    ~TerminalDisplay() override {
        if (!over_) paint(true);
    }

    size_t begin(const std::string& name) override {
        rows_.push_back({});
        rows_.back().name = name;
        paint();
        return rows_.size() - 1;
    }
    void note(size_t step, const std::string& text) override {
        rows_[step].notes.push_back(text);
        paint();
    }
    void output(size_t step, std::string_view bytes) override {
        rows_[step].lines.add(bytes, [](const std::string&) {});
        paint();
    }
    void done(size_t step) override { end(step); }
    void cached(size_t step) override {
        rows_[step].cached = true;
        end(step);
    }
    void failed(size_t step, const std::string&) override {
        rows_[step].lines.finish([](const std::string&) {});
        rows_[step].failed = true;
        end(step);
        paint(true);
        print_for_people(failure_report(rows_[step]));
        painted_ = 0;
        over_ = true;
    }
    void warning(const std::string& text) override {
        step_aside();
        print_warning(text);
    }
    int interval() const override { return repaint_ms; }
    void tick() override { paint(); }
    void step_aside() override {
        paint(true);
        painted_ = 0;
        first_ = rows_.size();
    }

  private:
    void end(size_t step) {
        rows_[step].took = seconds_since(rows_[step].begun);
        paint();
    }

    winsize size() const {
        winsize size{};
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0) size = {};
        if (size.ws_col < 20) size.ws_col = 80;
        if (size.ws_row < 5) size.ws_row = 24;
        return size;
    }

    static std::string padded(const std::string& text, const std::string& time, size_t width) {
        const size_t room = width - time.size() - 2;
        std::string line = shortened(text, room);
        line.append(room - std::min(room, display_width(line)) + 1, ' ');
        return line + time;
    }

    std::vector<std::string> lines_of(const Row& row, size_t width) const {
        const double time = row.took.value_or(seconds_since(row.begun));
        const char* state = row.failed ? "ERROR " : row.cached ? "CACHED " : "";
        std::vector<std::string> lines{padded(fmt::format(" => {}{}", state, printable(row.name)),
                                              fmt::format("{:.1f}s", time), width)};
        for (const std::string& note : row.notes)
            lines.push_back(shortened(" => => " + printable(note), width - 1));
        if (row.took) return lines;
        const auto& last = row.lines.last();
        const size_t from = last.size() > folded_lines ? last.size() - folded_lines : 0;
        for (size_t i = from; i < last.size(); ++i)
            lines.push_back(shortened(" => => # " + printable(last[i]), width - 1));
        return lines;
    }

    void paint(bool at_once = false) {
        if (over_) return;
        if (!at_once && painted_ > 0 &&
            Clock::now() - last_ < std::chrono::milliseconds(repaint_ms))
            return;
        last_ = Clock::now();
        const winsize terminal = size();
        const size_t width = terminal.ws_col;
        const auto finished = static_cast<size_t>(
            std::ranges::count_if(rows_, [](const Row& row) { return row.took.has_value(); }));
        std::string text = painted_ > 0 ? fmt::format("\x1b[{}A\x1b[J", painted_) : "";
        std::vector<std::string> lines;
        for (size_t i = first_; i < rows_.size(); ++i)
            for (std::string& line : lines_of(rows_[i], width)) lines.push_back(std::move(line));
        // What has scrolled out of reach cannot be painted over, so it is written for good.
        while (lines.size() + 1 >= terminal.ws_row && first_ < rows_.size() && rows_[first_].took) {
            const size_t count = lines_of(rows_[first_], width).size();
            for (size_t i = 0; i < count; ++i) text += lines[i] + "\n";
            lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(count));
            ++first_;
        }
        const size_t most = terminal.ws_row - 2U;
        if (lines.size() > most)
            lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
        text += fmt::format("[+] Building {:.1f}s ({}/{})\n", seconds_since(begun_), finished,
                            rows_.size());
        for (const std::string& line : lines) text += line + "\n";
        painted_ = lines.size() + 1;
        print_for_people(text);
    }

    std::deque<Row> rows_;
    Clock::time_point begun_ = Clock::now();
    Clock::time_point last_{};
    size_t painted_ = 0;  ///< lines that stand above the cursor
    bool over_ = false;   ///< something failed: the report below it is the last word
    size_t first_ = 0;    ///< rows before it are written for good
};

}  // namespace

std::unique_ptr<engine::BuildEvents> make_build_display(const std::string& progress, bool quiet) {
    if (progress != "auto" && progress != "plain" && progress != "tty" && progress != "quiet")
        throw Error(ErrorKind::invalid, "invalid progress mode {}: it is auto, plain, tty or quiet",
                    quoted(progress));
    if (quiet || progress == "quiet") return std::make_unique<QuietDisplay>();
    if (progress == "tty" || (progress == "auto" && isatty(STDERR_FILENO) == 1))
        return std::make_unique<TerminalDisplay>();
    return std::make_unique<PlainDisplay>();
}

}  // namespace skiff::cli
