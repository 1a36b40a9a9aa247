// SPDX-License-Identifier: Apache-2.0
// COPY and ADD as steps: what they take, whether it was copied before, and from where it is
// fetched.

#include <algorithm>

#include "base/text.h"
#include "dockerfile/remote_source.h"
#include "engine/build/builder.h"

namespace skiff::engine {

void Builder::start_copy(const StepPointer& step, CopySource source) {
    auto& copy = std::get<dockerfile::Copy>(step->body);
    const auto plan = std::make_shared<CopyPlan>();
    const bool slash = copy.destination.ends_with('/') || copy.destination.ends_with("/.") ||
                       copy.destination == ".";
    plan->source = std::move(source);
    plan->copy = copy;
    plan->copy.destination = step->stage.state.absolute(copy.destination);
    if (slash && plan->copy.destination != "/") plan->copy.destination += '/';
    std::string text = copy.is_add ? "ADD" : "COPY";
    for (const std::string& name : copy.sources) text += " " + name;
    step->key.add("the instruction", text + " " + plan->copy.destination);
    step->key.add("--chown", copy.chown);
    step->key.add("--chmod", copy.chmod);
    // Only where it is said, so that what was built before stays what it is.
    if (copy.parents) step->key.add("--parents", "true");
    if (copy.unpack) step->key.add("--unpack", *copy.unpack ? "true" : "false");
    if (copy.keep_git) step->key.add("--keep-git-dir", "true");
    if (copy.is_add && std::ranges::any_of(copy.sources, dockerfile::is_remote_source))
        return start_fetch(step, plan);
    if (!plan->source.layers.empty()) {
        StepKey quick = step->key;
        quick.add("the layers that it copies from", join(plan->source.layers, " "));
        quick.add("--exclude", join(copy.exclude, " "));
        step->quick_key = quick.digest();
        if (look_up_quickly(step)) return;
    }
    find_or_copy(step, plan);
}

/// What servers have under these names is asked first: a file that was fetched before, and has kept
/// its entity tag, is not fetched again. One with a checksum is not even asked for.
void Builder::start_fetch(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan) {
    const dockerfile::Copy& copy = plan->copy;
    const bool all_files =
        copy.heredocs.empty() && std::ranges::all_of(copy.sources, dockerfile::is_remote_file);
    if (!copy.checksum.empty()) {
        StepKey quick = step->key;
        quick.add("--checksum", copy.checksum);
        step->quick_key = quick.digest();
        if (!look_up_quickly(step)) fetch(step, plan, "");
        return;
    }
    if (!all_files || request_.no_cache) return fetch(step, plan, "");
    work(
        step, BuildWorker::Place::ours, [plan] { return ask_validators(plan->copy.sources); },
        [this, step, plan](const std::string& validators) {
            if (validators.empty()) return fetch(step, plan, "");
            StepKey quick = step->key;
            quick.add("the entity tags", validators);
            step->quick_key = quick.digest();
            if (!look_up_quickly(step)) fetch(step, plan, validators);
        });
}

void Builder::fetch(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan,
                    const std::string& validators) {
    lease_.staging();
    work(
        step, BuildWorker::Place::ours,
        [this, plan] {
            std::vector<Fetched> all;
            for (const std::string& name : plan->copy.sources) {
                if (!dockerfile::is_remote_source(name)) continue;
                if (const auto git = dockerfile::find_git_source(name))
                    all.push_back(fetch_repository(
                        lease_, engine_.root(),
                        {.source = *git, .written = name, .keep_git = plan->copy.keep_git}));
                else
                    all.push_back(fetch_file(lease_, name, plan->copy.checksum));
            }
            return to_text(all);
        },
        [this, step, plan, validators](const std::string& result) {
            plan->fetched = parse_fetched(result);
            // They may have changed since they were asked for.
            std::string now;
            for (const Fetched& file : plan->fetched) now += validator_text(file.validator);
            if (!validators.empty() && now != validators) step->quick_key.reset();
            find_or_copy(step, plan);
        });
}

void Builder::find_or_copy(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan) {
    // Nobody asks whether it was done before, so what is copied is read once.
    if (request_.no_cache && !request_.explain) {
        history_->keep(fmt::format("{}/{}", step->stage.number, step->stage.next));
        return this->copy(step, plan, step->key);
    }
    const bool mounts = plan->source.directory.empty() || context_.unpacked;
    work(
        step, mounts ? BuildWorker::Place::store : BuildWorker::Place::ours,
        [this, plan] { return digest_copy(engine_, lease_, *plan); },
        [this, step, plan](const std::string& digest) {
            StepKey key = step->key;
            step->key.add("what it copies", digest);
            if (!look_up(step)) this->copy(step, plan, std::move(key));
        });
}

void Builder::copy(const StepPointer& step, const std::shared_ptr<CopyPlan>& plan, StepKey key) {
    const auto writer = std::make_shared<storage::LayerWriter>(lease_);
    work(
        step, BuildWorker::Place::store,
        [this, step, plan, writer] {
            return to_text(copy_layer(layer_base(step->stage), *writer, *plan));
        },
        [this, step, key = std::move(key)](const std::string& result) mutable {
            const MadeLayer made = parse_made_layer(result);
            // Of what was copied, should it have changed since it was looked at.
            key.add("what it copies", made.content);
            after_work(step, made, key.digest());
        });
}

}  // namespace skiff::engine
