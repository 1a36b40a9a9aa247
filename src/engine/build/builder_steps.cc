// SPDX-License-Identifier: Apache-2.0
// The steps that make layers: what all have in common, RUN, WORKDIR.

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/statvfs.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "dockerfile/remote_source.h"
#include "dockerfile/run_mount.h"
#include "dockerfile/run_program.h"
#include "engine/build/builder.h"
#include "engine/container/mount_stubs.h"

namespace skiff::engine {
namespace {

std::string network_word(const dockerfile::Run& run, const std::string& asked) {
    switch (run.network) {
        case dockerfile::Run::Network::none:
            return "none";
        case dockerfile::Run::Network::host:
            // The Dockerfile may be somebody else's; what listens on loopback is not for it.
            if (asked != "host")
                throw Error(ErrorKind::denied,
                            "RUN --network=host: the host's network is given to a build only with "
                            "--network host on the command line");
            return "host";
        case dockerfile::Run::Network::standard:
            break;
    }
    return asked == "default" ? "" : asked;
}

/// Exit statuses above 128 are signals, of which one has a likely cause.
std::string failure_text(const std::vector<std::string>& argv, int code) {
    return fmt::format("failed to solve: process {} did not complete successfully: exit code: {}{}",
                       quoted(join(argv, " ")), code,
                       code == 137 ? " (killed, perhaps for want of memory)" : "");
}

}  // namespace

bool Builder::disk_is_full() const {
    constexpr std::uint64_t little = 16U << 20U;
    struct statvfs disk{};
    if (fstatvfs(store_.fd(), &disk) < 0) return false;
    const auto blocks = geteuid() == 0 ? disk.f_bfree : disk.f_bavail;
    return blocks * disk.f_frsize < little || disk.f_ffree == 0;
}

std::string Builder::disk_advice() const {
    return fmt::format(
        "\nthe disk of the store '{}' is full ('skiff system df' says of what; 'skiff builder "
        "prune' "
        "and 'skiff image prune' make room, --root DIR is a store on another disk)",
        engine_.root());
}

LayerBase Builder::layer_base(const Stage& stage) {
    return {.engine = engine_,
            .lease = lease_,
            .ownership = ownership_,
            .visible = stage.state.visible(),
            .diffs = stage.state.diffs()};
}

bool Builder::start_step(Stage& stage, const dockerfile::Instruction& instruction,
                         dockerfile::InstructionBody body) {
    // What it takes from other stages must be there before it begins.
    std::optional<CopySource> source;
    if (const auto* copy = std::get_if<dockerfile::Copy>(&body)) {
        const bool from_context = copy->from.empty();
        const bool elsewhere = std::ranges::all_of(copy->sources, [&](const std::string& name) {
            return copy->is_add && dockerfile::is_remote_source(name);
        });
        if (from_context && elsewhere)
            source = CopySource{};  // documents of the Dockerfile and URLs alone
        else
            source = find_source(stage, copy->from);
        if (!source) return false;
        if (from_context && !elsewhere && !told_context_) {
            told_context_ = true;
            events_.done(events_.begin("[internal] load build context"));
        }
    }
    if (const auto* run = std::get_if<dockerfile::Run>(&body))
        for (const std::string& mount : run->mounts)
            if (const auto parsed = dockerfile::parse_run_mount(mount);
                !parsed.from.empty() && !find_source(stage, parsed.from))
                return false;
    ++stage.step;
    const dockerfile::Variables variables{.lookup = stage.state.lookup(), .escape = file_.escape};
    stage.event =
        events_.begin(step_name(stage, dockerfile::expanded_text(instruction, variables)));
    const auto step = std::make_shared<Step>(Step{stage, instruction, std::move(body), {}, {}, {}});
    step->key.add("what it stands on", stage.state.file_system_name());
    step->key.add("the platform", oci::to_string(stage.state.config.platform));
    try {
        if (std::holds_alternative<dockerfile::Run>(step->body)) start_run(step);
        if (std::holds_alternative<dockerfile::Copy>(step->body))
            start_copy(step, *std::move(source));
        if (std::holds_alternative<dockerfile::WorkDir>(step->body)) start_directory(step);
    } catch (const Error& error) {
        events_.failed(stage.event, std::string(cut(error.message(), '\n').before));
        fail(stage, instruction, error);
    }
    return true;
}

void Builder::work(const StepPointer& step, BuildWorker::Place place,
                   std::function<std::string()> act, std::function<void(std::string)> then) {
    Job& job = step->stage.job;
    job = {};
    job.worker = std::make_unique<BuildWorker>(engine_, place, act);
    job.after_worker = std::move(then);
}

/// An entry whose layer is there, which then stays.
std::optional<storage::BuildStep> Builder::find_entry(const oci::Digest& key) {
    if (request_.no_cache) return std::nullopt;
    auto entry = storage::find_build_step(store_, key);
    if (!entry || !entry->layer) return entry;
    lease_.add_layer(*entry->layer);
    if (!storage::has_layer(store_, *entry->layer)) return std::nullopt;
    return entry;
}

void Builder::put_entry(const oci::Digest& key, const storage::BuildStep& entry) {
    const storage::StoreLock lock = store_.lock(LockMode::shared);
    storage::put_build_step(store_, lock, key, entry);
}

void Builder::take_entry(const StepPointer& step, const storage::BuildStep& entry) {
    if (request_.explain)
        events_.note(step->stage.event,
                     fmt::format("explain: the same as on {}", to_rfc3339(entry.created)));
    events_.cached(step->stage.event);
    take_layer(
        step,
        {.key = entry.layer, .diff = entry.diff, .tar_size = entry.tar_size, .size = entry.size},
        entry.created);
}

bool Builder::look_up(const StepPointer& step) {
    const std::string place = fmt::format("{}/{}", step->stage.number, step->stage.next);
    const std::string difference = history_->compare(place, step->key);
    if (const auto entry = find_entry(step->key.digest())) {
        if (step->quick_key) put_entry(*step->quick_key, *entry);
        take_entry(step, *entry);
        return true;
    }
    if (request_.explain)
        events_.note(step->stage.event,
                     "explain: done again: " + (request_.no_cache ? "--no-cache" : difference));
    return false;
}

/// What is copied out of the same layers is the same: no need to read it.
bool Builder::look_up_quickly(const StepPointer& step) {
    const auto entry = find_entry(*step->quick_key);
    if (!entry) return false;
    history_->keep(fmt::format("{}/{}", step->stage.number, step->stage.next));
    take_entry(step, *entry);
    return true;
}

void Builder::take_layer(const StepPointer& step, const MadeLayer& made, Timestamp created) {
    Stage& stage = step->stage;
    if (made.key)
        stage.state.layers.push_back(
            {*made.key, *made.diff, made.size, false,
             oci::Descriptor{
                 std::string(oci::media_type::oci_layer), *made.diff, made.tar_size, {}, {}}});
    stage.state.apply(step->body, arguments_);
    stage.state.add_step_history(step->body, created, !made.key);
    ++stage.next;
}

void Builder::after_work(const StepPointer& step, const MadeLayer& made, const oci::Digest& key) {
    const Timestamp created = now();
    const storage::BuildStep entry{.layer = made.key,
                                   .diff = made.diff,
                                   .tar_size = made.tar_size,
                                   .size = made.size,
                                   .created = created,
                                   .text = step->instruction.text.substr(0, 200)};
    put_entry(key, entry);
    if (step->quick_key) put_entry(*step->quick_key, entry);
    made_something_ = true;
    events_.done(step->stage.event);
    take_layer(step, made, created);
}

void Builder::start_directory(const StepPointer& step) {
    const std::string path =
        step->stage.state.absolute(std::get<dockerfile::WorkDir>(step->body).path);
    const std::string& user = step->stage.state.config.config.user;
    step->key.add("the instruction", "WORKDIR " + path);
    if (!user.empty()) step->key.add("the user", user);
    if (look_up(step)) return;
    const auto writer = std::make_shared<storage::LayerWriter>(lease_);
    work(
        step, BuildWorker::Place::store,
        [this, step, writer, path, user] {
            return to_text(directory_layer(layer_base(step->stage), *writer, path, user));
        },
        [this, step](const std::string& result) {
            after_work(step, parse_made_layer(result), step->key.digest());
        });
}

void Builder::start_run(const StepPointer& step) {
    const auto& run = std::get<dockerfile::Run>(step->body);
    Stage& stage = step->stage;
    std::vector<dockerfile::RunMount> parsed;
    for (const std::string& mount : run.mounts)
        parsed.push_back(dockerfile::parse_run_mount(mount));
    const auto mounts = std::make_shared<RunMounts>(
        RunMounts::Place{engine_, request_, layer_base(stage)}, parsed,
        [&](const std::string& from) { return find_source(stage, from).value(); },
        [&](const std::string& path) { return stage.state.absolute(path); });
    const dockerfile::RunProgram program = dockerfile::run_program(run, stage.state.shell());
    std::string argv;
    for (const std::string& word : program.argv) argv += quoted(word) + " ";
    step->key.add("the instruction", "RUN " + argv + program.script);
    step->key.add("the environment", [&] {
        std::vector<std::string> all = stage.state.config.config.environment;
        // Proxies are no part of what a step is, unless there is an ARG for them.
        BuildArguments none;
        for (const std::string& entry : stage.state.argument_environment(none))
            all.push_back(entry);
        return join(all, "\n");
    }());
    step->key.add("the user", stage.state.config.config.user);
    step->key.add("the working directory", stage.state.config.config.working_directory);
    step->key.add("the network", network_word(run, request_.network));
    step->key.add("the hosts", join(request_.add_hosts, " "));
    step->open_key = step->key;
    if (!mounts->has_content()) {
        step->key.add("what is mounted", mounts->text());
        if (!look_up(step)) execute(step, mounts);
        return;
    }
    work(
        step, BuildWorker::Place::store, [mounts] { return mounts->digest(); },
        [this, step, mounts](const std::string& digest) {
            step->key.add("what is mounted", digest);
            if (!look_up(step)) execute(step, mounts);
        });
}

void Builder::execute(const StepPointer& step, std::shared_ptr<RunMounts> mounts) {
    if (!mounts->lock_caches()) {
        Job& job = step->stage.job;
        job = {};
        job.retry = [this, step, mounts] {
            if (!mounts->lock_caches()) return false;
            execute(step, mounts);
            return true;
        };
        return;
    }
    if (mounts->empty()) return run_container(step, mounts);
    mounts->start_agents();
    work(
        step, BuildWorker::Place::store, [mounts] { return mounts->make(); },
        [this, step, mounts](const std::string& digest) {
            step->key = step->open_key;
            step->key.add("what is mounted", digest);
            run_container(step, mounts);
        });
}

void Builder::run_container(const StepPointer& step, const std::shared_ptr<RunMounts>& mounts) {
    const auto& run = std::get<dockerfile::Run>(step->body);
    Stage& stage = step->stage;
    const dockerfile::RunProgram program = dockerfile::run_program(run, stage.state.shell());
    const auto writer = std::make_shared<storage::LayerWriter>(lease_);
    RunPlan plan;
    plan.argv = program.argv;
    plan.environment = stage.state.run_environment(arguments_);
    if (const std::string variable = mounts->agent_variable();
        !variable.empty() && std::ranges::none_of(plan.environment, [](const std::string& entry) {
            return entry.starts_with("SSH_AUTH_SOCK=");
        }))
        plan.environment.push_back(variable);
    plan.secrets = mounts->secrets();
    plan.user = stage.state.config.config.user;
    plan.working_directory = stage.state.config.config.working_directory;
    plan.layers = stage.state.visible();
    plan.network = network_word(run, request_.network);
    plan.mounts = mounts->requests();
    plan.layer = writer->tree_path();
    std::vector<std::string> targets = mounts->targets();
    targets.insert(targets.end(), launcher_targets().begin(), launcher_targets().end());
    if (!program.script.empty()) {
        const std::string name = fmt::format("script-{}", random_hex(4));
        const Fd staging = open_at(store_.fd(), lease_.staging_path(), O_RDONLY | O_DIRECTORY);
        create_file(staging.get(), name, program.script, 0755, Durability::none);
        MountRequest script;
        script.source = fmt::format("{}/{}/{}", engine_.root(), lease_.staging_path(), name);
        script.target = program.script_path;
        script.read_only = true;
        plan.mounts.push_back(std::move(script));
    }
    Job& job = stage.job;
    job = {};
    const size_t event = stage.event;
    job.container = std::make_unique<RunStep>(
        engine_, request_, std::move(plan), [this, event, step](std::string_view bytes) {
            events_.output(event, bytes);
            // Now, while what the step has written is there.
            if (step->disk_advice.empty() && bytes.find(errno_text(ENOSPC)) != bytes.npos &&
                disk_is_full())
                step->disk_advice = disk_advice();
        });
    job.after_container = [this, step, mounts, writer, targets, argv = program.argv] {
        Job& over = step->stage.job;
        const int code = over.container->exit_code();
        over.container.reset();
        if (code != 0)
            throw Error(ErrorKind::invalid, failure_text(argv, code) + step->disk_advice);
        work(
            step, BuildWorker::Place::store,
            [this, step, writer, targets] {
                return to_text(run_layer(layer_base(step->stage), *writer, targets));
            },
            [this, step](const std::string& result) {
                after_work(step, parse_made_layer(result), step->key.digest());
            });
    };
}

}  // namespace skiff::engine
