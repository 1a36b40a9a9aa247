// SPDX-License-Identifier: Apache-2.0
// What a build tells while it runs. Called from one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skiff::engine {

class BuildEvents {
  public:
    BuildEvents() = default;
    BuildEvents(const BuildEvents&) = delete;
    BuildEvents& operator=(const BuildEvents&) = delete;
    virtual ~BuildEvents() = default;

    /// A step begins; returns what the others are told of it by. Several may be under way.
    virtual size_t begin(const std::string& name) = 0;
    /// A line about the step that is not its program's.
    virtual void note(size_t step, const std::string& text) = 0;
    /// Of its program, as it comes: parts of lines, any bytes.
    virtual void output(size_t step, std::string_view bytes) = 0;
    virtual void done(size_t step) = 0;
    /// It was done before, and nothing was done now.
    virtual void cached(size_t step) = 0;
    virtual void failed(size_t step, const std::string& reason) = 0;
    /// A sentence that belongs to no step.
    virtual void warning(const std::string& text) = 0;
    /// Milliseconds after which `tick` wants to be called although nothing happens; -1: never.
    virtual int interval() const { return -1; }
    virtual void tick() {}
    /// Somebody else will write to the terminal now (the progress of a pull).
    virtual void step_aside() = 0;
};

}  // namespace skiff::engine
