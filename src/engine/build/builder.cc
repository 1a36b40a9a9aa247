// SPDX-License-Identifier: Apache-2.0
#include "engine/build/builder.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/build/base_image.h"
#include "engine/image/find.h"
#include "oci/reference.h"
#include "storage/collect.h"

namespace skiff::engine {
namespace {

constexpr int retry_ms = 50;  ///< a cache of RUN that another build has to itself

/// Has its lines of the Dockerfile in it.
class StepError final : public Error {
  public:
    using Error::Error;
};

bool is_step(const dockerfile::InstructionBody& body) {
    return std::holds_alternative<dockerfile::Run>(body) ||
           std::holds_alternative<dockerfile::Copy>(body) ||
           std::holds_alternative<dockerfile::WorkDir>(body);
}

std::string in_docker_words(const std::string& image, bool tagged = false) {
    const auto reference = oci::Reference::parse(image);
    return tagged ? reference.with_default_tag().text() : reference.text();
}

}  // namespace

Builder::Builder(const Engine& engine, const storage::Store& store, const BuildRequest& request,
                 BuildEvents& events, const BringImage& bring)
    : engine_(engine),
      store_(store),
      request_(request),
      events_(events),
      bring_(bring),
      lease_(storage::Lease::take(store)),
      ownership_(layer_ownership(engine)) {}

Builder::~Builder() {
    // Containers and workers first: they write where we clean up.
    stages_.clear();
    clean_up();
}

void Builder::clean_up() noexcept {
    try {
        const std::string path = lease_.staging_path();
        if (faccessat(store_.fd(), path.c_str(), F_OK, 0) != 0) return;
        BuildWorker(engine_, BuildWorker::Place::store, [&] {
            const size_t slash = path.rfind('/');
            const Fd folder = open_at(store_.fd(), path.substr(0, slash), O_RDONLY | O_DIRECTORY);
            remove_tree(folder.get(), path.substr(slash + 1));
            return std::string();
        }).finish();
    } catch (const Error&) {
        // The next collection does it: the lease is given up.
    }
}

BuildResult Builder::run() {
    load();
    prepare_stages();
    const Cancellation cancellation;
    loop();
    warn_of_arguments();
    return finish();
}

void Builder::load() {
    const std::string wanted = request_.file.value_or("Dockerfile");
    const size_t definition = events_.begin("[internal] load build definition from " +
                                            wanted.substr(wanted.rfind('/') + 1));
    try {
        context_ = open_context(engine_, lease_, request_);
        events_.note(definition,
                     fmt::format("transferring dockerfile: {}B", context_.dockerfile.size()));
        file_ = dockerfile::parse(context_.dockerfile, context_.dockerfile_name);
        plan_ = plan_build(file_, request_, arguments_);
    } catch (const Error& error) {
        events_.failed(definition, std::string(cut(error.message(), '\n').before));
        throw;
    }
    events_.done(definition);
    for (const dockerfile::Warning& warning : file_.warnings)
        events_.warning(
            fmt::format("{}: {} (line {})", warning.rule, warning.message, warning.lines.first));
    const size_t ignore = events_.begin("[internal] load .dockerignore");
    events_.note(ignore, fmt::format("transferring context: {}B", context_.rules_size));
    events_.done(ignore);
    history_.emplace(store_, context_.foreign ? request_.context : context_.directory,
                     context_.dockerfile_name);

    stages_.resize(plan_.stages.size());
    for (size_t number = 0; number < stages_.size(); ++number) {
        stages_[number].number = number;
        stages_[number].plan = &plan_.stages[number];
    }
}

const StageState& Builder::image(const std::string& name, const std::string& platform) const {
    return images_.at({name, platform.empty() ? request_.platform : platform});
}

void Builder::bring_image(const std::string& name, const std::string& platform) {
    const std::string& wanted = platform.empty() ? request_.platform : platform;
    if (images_.contains({name, wanted})) return;
    const std::string full_name = in_docker_words(name, true);
    const size_t event = events_.begin("[internal] load metadata for " + full_name);
    try {
        require_base_image(engine_, name, wanted, request_.pull,
                           [&](const std::string& image, bool missing) {
                               events_.step_aside();
                               bring_(image, missing);
                           });
        StageState state = load_base_image(store_, lease_, name);
        if (!wanted.empty() &&
            oci::suitability(oci::parse_platform(wanted), state.config.platform) == 0)
            throw Error(ErrorKind::not_found, "image {} is for {}, not for {}", full_name,
                        oci::to_string(state.config.platform), wanted);
        images_.emplace(std::pair(name, wanted), std::move(state));
    } catch (const Error& error) {
        events_.failed(event, error.message());
        throw;
    }
    events_.done(event);
}

void Builder::prepare_stages() {
    // What one stage takes from may show that another one is needed.
    for (bool more = true; more;) {
        more = false;
        for (Stage& stage : stages_) {
            if (!stage.plan->needed || stage.prepared) continue;
            prepare(stage);
            stage.prepared = more = true;
        }
    }
}

void Builder::prepare(Stage& stage) {
    const PlannedStage& plan = *stage.plan;
    const auto at_lines = [&](dockerfile::LineRange lines, const std::function<void()>& act) {
        try {
            act();
        } catch (const Error& error) {
            throw StepError(error.kind(), error.message() + "\n" + file_.frame(lines));
        }
    };
    std::vector<std::string> triggers;
    if (plan.base) {
        for (const dockerfile::Instruction& instruction :
             plan_.stages[*plan.base].source->instructions)
            if (const auto* trigger = std::get_if<dockerfile::OnBuild>(&instruction.body))
                triggers.push_back(trigger->trigger);
    } else if (!plan.scratch) {
        at_lines(plan.source->lines, [&] { bring_image(plan.from.image, plan.from.platform); });
        triggers = image(plan.from.image, plan.from.platform).config.opaque.on_build;
    }
    const auto prepare_sources = [&](const dockerfile::Instruction& instruction) {
        for (const std::string& name : sources_of(instruction)) {
            if (name == "scratch") continue;
            if (const auto number = find_stage_number(file_, name, stage.number))
                mark_needed(plan_, *number);
            else
                bring_image(name, "");
        }
    };
    for (const std::string& trigger : triggers) {
        stage.instructions.push_back(dockerfile::parse_trigger(trigger, plan.from.image));
        // Its own lines are in another file.
        at_lines(plan.source->lines, [&] {
            with_context([&] { prepare_sources(stage.instructions.back()); },
                         "ONBUILD trigger {} of {}", quoted(trigger), plan.from.image);
        });
    }
    for (const dockerfile::Instruction& instruction : plan.source->instructions) {
        at_lines(instruction.lines, [&] { prepare_sources(instruction); });
        stage.instructions.push_back(instruction);
    }
    stage.steps = static_cast<size_t>(std::ranges::count_if(
        stage.instructions, [](const auto& instruction) { return is_step(instruction.body); }));
    if (!plan.scratch) ++stage.steps;
}

void Builder::loop() {
    Stage& target = stages_[plan_.target];
    while (!target.done) {
        // A stage may let others go on.
        for (size_t before = 0, after = 1; before != after;) {
            before = progress();
            for (Stage& stage : stages_) advance(stage);
            after = progress();
        }
        if (target.done) return;
        if (std::ranges::none_of(stages_, [](const Stage& s) { return s.job.active(); }))
            throw Error(ErrorKind::system, "the stages of the build wait for each other");
        std::vector<pollfd> polls;
        int patience = events_.interval();
        if (Cancellation::fd() >= 0) polls.push_back({Cancellation::fd(), POLLIN, 0});
        for (const Stage& stage : stages_) {
            if (stage.job.worker) polls.push_back({stage.job.worker->fd(), POLLIN, 0});
            if (stage.job.container) stage.job.container->add_polls(polls);
            if (stage.job.retry) patience = patience < 0 ? retry_ms : std::min(patience, retry_ms);
        }
        const int ready = poll(polls.data(), polls.size(), patience);
        if (ready < 0 && errno != EINTR) throw SystemError(errno, "cannot wait for the steps");
        if (ready == 0) events_.tick();
        Cancellation::check();
        for (Stage& stage : stages_) serve(stage);
    }
}

size_t Builder::progress() const {
    size_t sum = 0;
    for (const Stage& stage : stages_)
        sum += stage.next + size_t{stage.begun} + size_t{stage.done} + size_t{stage.job.active()};
    return sum;
}

void Builder::serve(Stage& stage) {
    Job& job = stage.job;
    if (!job.active()) return;
    const dockerfile::Instruction& instruction = stage.instructions.at(stage.next);
    try {
        if (job.worker) {
            pollfd entry{job.worker->fd(), POLLIN, 0};
            if (poll(&entry, 1, 0) <= 0) return;
            const auto worker = std::move(job.worker);
            const auto then = std::move(job.after_worker);
            then(worker->finish());
        } else if (job.container) {
            if (!job.container->serve()) return;
            const auto then = std::move(job.after_container);
            then();
        } else if (job.retry) {
            const auto act = std::move(job.retry);
            job.retry = nullptr;
            if (!act() && !job.active()) job.retry = act;
        }
    } catch (const Error& error) {
        events_.failed(stage.event, std::string(cut(error.message(), '\n').before));
        fail(stage, instruction, error);
    }
}

void Builder::fail(const Stage& stage, const dockerfile::Instruction& instruction,
                   const Error& error) {
    std::string message = error.message();
    if (message.ends_with(errno_text(ENOSPC)) || message.ends_with(errno_text(EDQUOT)))
        message += disk_advice();
    // A trigger's lines are those of another file.
    const size_t triggers = stage.instructions.size() - stage.plan->source->instructions.size();
    if (stage.next < triggers) throw StepError(error.kind(), std::move(message));
    throw StepError(error.kind(), message + "\n" + file_.frame(instruction.lines));
}

void Builder::advance(Stage& stage) {
    if (!stage.plan->needed || stage.done || stage.job.active()) return;
    if (!stage.begun && !begin(stage)) return;
    while (!stage.job.active() && stage.next < stage.instructions.size()) {
        const size_t before = stage.next;
        run_instruction(stage);
        if (stage.next == before) return;  // under way, or waiting for another stage
    }
    stage.done = !stage.job.active() && stage.next == stage.instructions.size();
}

bool Builder::begin(Stage& stage) {
    const PlannedStage& plan = *stage.plan;
    if (plan.base) {
        const Stage& base = stages_[*plan.base];
        if (!base.done) return false;
        stage.state = base.state;
    } else if (plan.scratch) {
        stage.state = scratch_stage(oci::parse_platform(arguments_.predefined["TARGETPLATFORM"]));
    } else {
        stage.state = image(plan.from.image, plan.from.platform);
    }
    stage.begun = true;
    stage.state.begin_stage();
    stage.state.config.opaque.on_build.clear();  // they are among the instructions
    if (plan.scratch) return true;
    ++stage.step;
    const std::string from = plan.base ? plan.from.image : in_docker_words(plan.from.image);
    const size_t event = events_.begin(step_name(stage, "FROM " + from));
    plan.base ? events_.done(event) : events_.cached(event);
    return true;
}

std::string Builder::step_name(const Stage& stage, const std::string& text) const {
    const auto needed =
        std::ranges::count_if(stages_, [](const Stage& s) { return s.plan->needed; });
    const std::string name = needed > 1 || plan_.stages.size() > 1 ? stage.plan->name + " " : "";
    return fmt::format("[{}{}/{}] {}", name, stage.step, stage.steps, text);
}

void Builder::run_instruction(Stage& stage) {
    const dockerfile::Instruction& instruction = stage.instructions[stage.next];
    try {
        const dockerfile::Variables variables{.lookup = stage.state.lookup(),
                                              .escape = file_.escape};
        dockerfile::InstructionBody body = dockerfile::expand_instruction(instruction, variables);
        if (is_step(body)) {
            start_step(stage, instruction, std::move(body));
            return;
        }
        stage.state.apply(body, arguments_);
        stage.state.add_history(body);
        ++stage.next;
    } catch (const StepError&) {
        throw;  // has told of it already, with its lines
    } catch (const Error& error) {
        fail(stage, instruction, error);
    }
}

std::optional<CopySource> Builder::find_source(const Stage& stage, const std::string& from) {
    if (from.empty()) {
        if (context_.directory.empty())
            throw Error(ErrorKind::not_found,
                        std::string("there is no build context: the Dockerfile came alone"));
        return context_.source();
    }
    if (from == "scratch") return CopySource{};
    if (const auto number = find_stage_number(file_, from, stage.number)) {
        const Stage& other = stages_[*number];
        if (!other.done) return std::nullopt;
        return CopySource{.layers = other.state.visible()};
    }
    return CopySource{.layers = image(from, "").visible()};
}

void check_build_tag(std::string_view text) {
    oci::parse_tag_target(text);
}

BuildResult build_image(const Engine& engine, const BuildRequest& request, BuildEvents& events,
                        const BringImage& bring) {
    // Everything that can be wrong with the request is said first.
    for (const std::string& tag : request.tags) oci::parse_tag_target(tag);
    if (!request.platform.empty()) oci::parse_platform(request.platform);
    for (const auto& [id, socket] : request.ssh_agents) check_ssh_agent(id, socket);
    const storage::Store store = storage::Store::open(engine.root());
    // What a killed build was about to make.
    if (storage::discard_dead_leases(store)) empty_store_trash(engine, store);
    Builder builder(engine, store, request, events, bring);
    return builder.run();
}

}  // namespace skiff::engine
