// SPDX-License-Identifier: Apache-2.0
#include "cli/transfer_display.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include <unistd.h>

#include <sys/ioctl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/output.h"
#include "engine/registry/pull.h"

namespace skiff::cli {
namespace {

using engine::LayerEvent;
using engine::LayerStep;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds repaint_interval{100};
constexpr unsigned default_columns = 80;
constexpr size_t bar_width = 50;

std::string words_of(const LayerEvent& event) {
    switch (event.step) {
        case LayerStep::pulling:
            return "Pulling fs layer";
        case LayerStep::waiting:
            return "Waiting";
        case LayerStep::downloading:
            return "Downloading";
        case LayerStep::retrying:
            return "Retrying";
        case LayerStep::verifying:
            return "Verifying Checksum";
        case LayerStep::downloaded:
            return "Download complete";
        case LayerStep::extracting:
            return "Extracting";
        case LayerStep::pulled:
            return "Pull complete";
        case LayerStep::already_exists:
            return "Already exists";
        case LayerStep::preparing:
            return "Preparing";
        case LayerStep::pushing:
            return "Pushing";
        case LayerStep::pushed:
            return "Pushed";
        case LayerStep::layer_exists:
            return "Layer already exists";
        case LayerStep::mounted:
            return "Mounted from " + event.text;
    }
    return "";
}

bool is_moving(LayerStep step) {
    return step == LayerStep::downloading || step == LayerStep::extracting ||
           step == LayerStep::pushing;
}

class NoDisplay final : public engine::TransferProgress {
  public:
    void line(const std::string&) override {}
    void layer(const LayerEvent&) override {}
    void end() override {}
};

class PlainDisplay final : public engine::TransferProgress {
  public:
    explicit PlainDisplay(int fd) : fd_(fd) {}
    void line(const std::string& text) override {
        const std::lock_guard guard(mutex_);
        write_all(fd_, text + "\n", "the progress");
    }
    void layer(const LayerEvent& event) override {
        if (is_moving(event.step)) return;
        line(event.id + ": " + words_of(event));
    }
    void end() override {}

  private:
    int fd_;
    std::mutex mutex_;
};

/// Repaints in place: the cursor goes up over the lines of the layers, and each is written anew.
class TerminalDisplay final : public engine::TransferProgress {
  public:
    explicit TerminalDisplay(int fd) : fd_(fd) {}
    ~TerminalDisplay() override {
        try {
            end();
        } catch (const Error&) {
        }
    }

    void line(const std::string& text) override {
        const std::lock_guard guard(mutex_);
        finish();
        write_all(fd_, printable(text) + "\n", "the progress");
    }

    void layer(const LayerEvent& event) override {
        const std::lock_guard guard(mutex_);
        auto row = std::ranges::find(rows_, event.id, [](const Row& r) { return r.event.id; });
        if (row == rows_.end()) row = rows_.insert(rows_.end(), Row{});
        const bool changed = row->event.step != event.step || row->event.id.empty();
        // An extraction that runs behind the arriving bytes must not hide how much there is to
        // come.
        const bool behind = event.step == LayerStep::extracting && !row->arrived;
        if (event.step == LayerStep::downloaded || event.step == LayerStep::already_exists ||
            row->event.step == LayerStep::preparing)
            row->arrived = true;
        if (behind && row->event.step == LayerStep::downloading) return;
        if (changed) {
            row->since = Clock::now();
            row->from = event.current;
        }
        row->event = event;
        if (changed || Clock::now() - painted_ >= repaint_interval) paint();
    }

    void end() override {
        const std::lock_guard guard(mutex_);
        finish();
    }

  private:
    struct Row {
        LayerEvent event;
        bool arrived = false;
        Clock::time_point since;  ///< of this step
        std::uint64_t from = 0;   ///< bytes at its beginning
    };

    void finish() {
        if (!rows_.empty()) paint();
        rows_.clear();
        painted_rows_ = 0;
    }

    unsigned columns() const {
        winsize size{};
        if (ioctl(fd_, TIOCGWINSZ, &size) < 0 || size.ws_col == 0) return default_columns;
        return size.ws_col;
    }

    /// "12.3MB/s 4s", once there is something to go by.
    static std::string rate(const Row& row) {
        const auto passed = std::chrono::duration<double>(Clock::now() - row.since).count();
        const std::uint64_t done = row.event.current - std::min(row.from, row.event.current);
        if (passed < 0.5 || done == 0) return "";
        const double per_second = static_cast<double>(done) / passed;
        std::string text = "  " + human_size(static_cast<std::uint64_t>(per_second)) + "/s";
        if (row.event.total > row.event.current) {
            const double left = static_cast<double>(row.event.total - row.event.current);
            text += fmt::format(" {:.0f}s", left / per_second + 0.5);
        }
        return text;
    }

    void paint() {
        const unsigned width = columns();
        std::string text;
        if (painted_rows_ > 0) text += fmt::format("\x1b[{}A", painted_rows_);
        for (const Row& row : rows_) {
            std::string line = row.event.id + ": " + printable(words_of(row.event)) + " ";
            if (is_moving(row.event.step)) {
                const std::string end = rate(row);
                const size_t used = line.size() + end.size() + 1;
                if (used < width)
                    line += progress_bar(row.event.current, row.event.total, width - used);
                line += end;
            }
            // A line that wraps would be two to go up over.
            text += "\r\x1b[2K" + line.substr(0, width - 1) + "\n";
        }
        write_all(fd_, text, "the progress");
        painted_rows_ = rows_.size();
        painted_ = Clock::now();
    }

    int fd_;
    std::mutex mutex_;
    std::vector<Row> rows_;
    size_t painted_rows_ = 0;
    Clock::time_point painted_;
};

}  // namespace

std::string progress_bar(std::uint64_t current, std::uint64_t total, size_t width) {
    const std::string amounts =
        total == 0 ? human_size(current) : human_size(current) + "/" + human_size(total);
    if (total == 0 || width < amounts.size() + 8) return amounts.substr(0, width);
    const size_t room = std::min(bar_width, width - amounts.size() - 4);
    const auto filled = static_cast<size_t>(static_cast<double>(std::min(current, total)) /
                                            static_cast<double>(total) * static_cast<double>(room));
    std::string bar(filled, '=');
    if (filled < room) bar += '>';
    bar.resize(room, ' ');
    return "[" + bar + "]  " + amounts;
}

std::unique_ptr<engine::TransferProgress> make_transfer_display(TransferOutput output) {
    if (output == TransferOutput::none) return std::make_unique<NoDisplay>();
    flush_output();
    const int fd = output == TransferOutput::data ? STDOUT_FILENO : STDERR_FILENO;
    if (isatty(fd) == 1) return std::make_unique<TerminalDisplay>(fd);
    return std::make_unique<PlainDisplay>(fd);
}

std::function<void(const std::string& image, bool missing)> bring_image(
    const engine::Engine& engine, const std::string& platform, bool quiet) {
    return [&engine, platform, quiet](const std::string& image, bool missing) {
        if (missing && !quiet)
            print_for_people(
                fmt::format("Unable to find image '{}' locally\n", engine::familiar_name(image)));
        const auto display =
            make_transfer_display(quiet ? TransferOutput::none : TransferOutput::people);
        try {
            engine::pull_images(
                engine, {.image = engine::familiar_name(image), .platform = platform}, *display);
        } catch (const Error&) {
            end_by_transfer_signal();
            throw;
        }
    };
}

void end_by_transfer_signal() {
    const int number = engine::transfer_signal();
    if (number == 0) return;
    std::signal(number, SIG_DFL);
    std::raise(number);
}

}  // namespace skiff::cli
