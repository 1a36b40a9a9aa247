// SPDX-License-Identifier: Apache-2.0
// From a Dockerfile to an image.
//
// The stages that the target needs are taken forward side by side, each by one step at a time. A
// step is a chain of pieces of work in other processes (a worker, a container), and what follows
// each of them runs here, in the one thread there is. Killed at any moment, a build has lost
// the steps that were under way and nothing else: each layer is in the store, and in the cache,
// before the next step begins.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dockerfile/dockerfile.h"
#include "engine/build/build.h"
#include "engine/build/context.h"
#include "engine/build/events.h"
#include "engine/build/explain.h"
#include "engine/build/layer_work.h"
#include "engine/build/plan.h"
#include "engine/build/run_mounts.h"
#include "engine/build/run_step.h"
#include "engine/build/stage_state.h"
#include "engine/build/step_key.h"
#include "engine/build/worker.h"
#include "storage/build_steps.h"

namespace skiff::engine {

class Builder {
  public:
    /// Borrows all of it.
    Builder(const Engine& engine, const storage::Store& store, const BuildRequest& request,
            BuildEvents& events, const BringImage& bring);
    ~Builder();
    Builder(const Builder&) = delete;
    Builder& operator=(const Builder&) = delete;

    BuildResult run();

  private:
    /// What a stage waits for.
    struct Job {
        std::unique_ptr<BuildWorker> worker;
        std::unique_ptr<RunStep> container;
        std::function<bool()> retry;                    ///< until it returns true
        std::function<void(std::string)> after_worker;  ///< with its result
        std::function<void()> after_container;
        bool active() const { return worker || container || retry; }
    };
    struct Stage {
        size_t number = 0;
        const PlannedStage* plan = nullptr;
        StageState state;
        std::vector<dockerfile::Instruction> instructions;  ///< triggers of the base image first
        size_t next = 0;
        size_t step = 0;  ///< of those that progress counts, begun
        size_t steps = 0;
        bool prepared = false;  ///< its images are there, its instructions known
        bool begun = false;
        bool done = false;
        size_t event = 0;  ///< of the step under way
        Job job;
    };
    /// One step under way.
    struct Step {
        Stage& stage;
        const dockerfile::Instruction& instruction;
        dockerfile::InstructionBody body;
        StepKey key;
        /// Of a copy from layers: by their names, without a look at what is in them.
        std::optional<oci::Digest> quick_key;
        /// Of a RUN, without what is mounted, which may yet change until it is.
        StepKey open_key = {};
        /// What to do, where its program found no room on the disk of the store.
        std::string disk_advice = {};
    };
    using StepPointer = std::shared_ptr<Step>;

    // builder.cc: context, plan, stages
    void load();
    /// Nothing is fetched later, while steps run: all that stages take from is known before.
    void prepare_stages();
    void prepare(Stage& stage);
    void bring_image(const std::string& name, const std::string& platform);
    /// One that was brought.
    const StageState& image(const std::string& name, const std::string& platform) const;
    void loop();
    /// Changes whenever a stage has come further.
    size_t progress() const;
    void serve(Stage& stage);
    void advance(Stage& stage);
    bool begin(Stage& stage);
    void run_instruction(Stage& stage);
    void warn_of_arguments();
    BuildResult finish();
    void write_output();
    void clean_up() noexcept;
    [[noreturn]] void fail(const Stage& stage, const dockerfile::Instruction& instruction,
                           const Error& error);
    std::string step_name(const Stage& stage, const std::string& text) const;
    /// Nothing: a stage that is not done yet.
    std::optional<CopySource> find_source(const Stage& stage, const std::string& from);

    // builder_steps.cc: RUN, COPY, ADD, WORKDIR
    bool start_step(Stage& stage, const dockerfile::Instruction& instruction,
                    dockerfile::InstructionBody body);
    void start_run(const StepPointer& step);
    void start_copy(const StepPointer& step, CopySource source);
    void start_fetch(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan);
    void fetch(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan,
               const std::string& validators);
    void find_or_copy(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan);
    void start_directory(const StepPointer& step);
    /// True when the step is done.
    bool look_up(const StepPointer& step);
    bool look_up_quickly(const StepPointer& step);
    std::optional<storage::BuildStep> find_entry(const oci::Digest& key);
    void put_entry(const oci::Digest& key, const storage::BuildStep& entry);
    void take_entry(const StepPointer& step, const storage::BuildStep& entry);
    void take_layer(const StepPointer& step, const MadeLayer& made, Timestamp created);
    void after_work(const StepPointer& step, const MadeLayer& made, const oci::Digest& key);
    void work(const StepPointer& step, BuildWorker::Place place, std::function<std::string()> act,
              std::function<void(std::string)> then);
    void execute(const StepPointer& step, std::shared_ptr<RunMounts> mounts);
    void run_container(const StepPointer& step, const std::shared_ptr<RunMounts>& mounts);
    LayerBase layer_base(const Stage& stage);
    void copy(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan, StepKey key);
    bool disk_is_full() const;
    /// For whoever was told that there is no space left.
    std::string disk_advice() const;

    const Engine& engine_;
    const storage::Store& store_;
    const BuildRequest& request_;
    BuildEvents& events_;
    const BringImage& bring_;
    storage::Lease lease_;
    LayerOwnership ownership_;
    BuildContext context_;
    dockerfile::Dockerfile file_;
    BuildArguments arguments_;
    BuildPlan plan_;
    std::vector<Stage> stages_;
    /// Those that stages take from, by name and platform.
    std::map<std::pair<std::string, std::string>, StageState> images_;
    std::optional<StepHistory> history_;
    bool made_something_ = false;
    bool told_context_ = false;
};

}  // namespace skiff::engine
