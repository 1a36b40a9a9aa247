// SPDX-License-Identifier: Apache-2.0
// Times 1,000 rows through a template of ten fields, for typed rows and for JSON documents. It is
// the CPU time of the process that counts: nothing here waits, so that is what an idle machine
// takes, and a busy one does not spoil it.
#include "gotemplate/template.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "gotemplate/json_value.h"

namespace {

namespace gt = skiff::gotemplate;

constexpr size_t rows = 1000;
constexpr int rounds = 101;
constexpr double goal_milliseconds = 5;
constexpr std::string_view line =
    "{{.ID}}\t{{.Names}}\t{{.Image}}\t{{.Command}}\t{{.State}}\t{{.Status}}\t{{.Ports}}\t"
    "{{.Labels}}\t{{.Networks}}\t{{.Size}}\n";
constexpr std::string_view names[] = {"ID",     "Names", "Image",  "Command",  "State",
                                      "Status", "Ports", "Labels", "Networks", "Size"};

/// A row as a command would hold it: one text per column.
struct Row {
    std::string columns[10];
};

template <size_t column>
gt::Value text(const void* row, const gt::Field&, gt::Scratch&) {
    return gt::Value::of(std::string_view(static_cast<const Row*>(row)->columns[column]));
}

template <size_t column>
constexpr gt::Field field() {
    return {.name = names[column], .get = text<column>, .type = &gt::string_type, .method = true};
}

constexpr gt::Field fields[] = {field<0>(), field<1>(), field<2>(), field<3>(), field<4>(),
                                field<5>(), field<6>(), field<7>(), field<8>(), field<9>()};
constexpr gt::Type row_type{.kind = gt::Kind::record,
                            .name = "*formatter.ContainerContext",
                            .fields = fields,
                            .pointer = true,
                            .marshals_methods = true};

double cpu_milliseconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Prints what a round takes, parsing included, and whether that is within the goal.
template <typename ValueOf>
void measure(const char* what, ValueOf value_of) {
    std::vector<double> milliseconds;
    size_t bytes = 0;
    for (int round = 0; round < rounds; ++round) {
        const double before = cpu_milliseconds();
        std::string out;
        const auto parsed = gt::Template::parse("", line);
        for (size_t i = 0; i < rows; ++i) parsed.execute(value_of(i), out);
        milliseconds.push_back(cpu_milliseconds() - before);
        bytes = out.size();
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const double median = milliseconds[milliseconds.size() / 2];
    const bool met = median < goal_milliseconds;
    std::printf(
        "%-14s %zu rows of 10 fields, %zu bytes: median %.2f ms of CPU time, fastest %.2f ms; %s\n",
        what, rows, bytes, median, milliseconds.front(),
        met ? "met (goal: 5 ms)" : "missed (goal: 5 ms)");
}

}  // namespace

int main() {
    std::vector<Row> typed(rows);
    std::vector<gt::Json> documents;
    for (size_t i = 0; i < rows; ++i) {
        gt::Json& document = documents.emplace_back();
        for (size_t column = 0; column < std::size(names); ++column) {
            typed[i].columns[column] =
                std::string(names[column]) + " of container " + std::to_string(i);
            document[std::string(names[column])] = typed[i].columns[column];
        }
    }
    measure("typed rows", [&](size_t i) { return gt::Value::record(&typed[i], row_type); });
    measure("JSON documents", [&](size_t i) { return gt::float_json(documents[i]); });
    return 0;
}
