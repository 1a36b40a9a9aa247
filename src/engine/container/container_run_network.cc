// SPDX-License-Identifier: Apache-2.0
#include "engine/container/container_network.h"
#include "engine/container/container_run.h"
#include "engine/container/egress_log.h"
#include "engine/container/etc_files.h"
#include "engine/container/port_listeners.h"

namespace skiff::engine {

void ContainerRun::start_network() {
    if (!has_private_network(record_.request)) return;
    network::HelperConfig config = network_config(record_.request);
    config.egress = egress_rules(record_.request);
    resolv_conf_ = host_resolv_conf();
    config.resolv_conf = has_own_servers() ? own_servers() : resolv_conf_;
    network_.emplace(NetworkHelper::start());
    ports_ = publish_ports(record_, listeners_, *network_, config);
    network_->configure(config);
    engine_.phases().mark("monitor: start the network helper");
}

/// With egress= the servers of --dns are asked by the helper, not by the container.
bool ContainerRun::has_own_servers() const {
    return !record_.request.slirp.egress.empty() && !record_.request.dns.empty();
}

std::string ContainerRun::own_servers() const {
    std::string text;
    for (const std::string& server : record_.request.dns)
        text += fmt::format("nameserver {}\n", server);
    return text;
}

runtime::LaunchHooks ContainerRun::launch_hooks() {
    runtime::LaunchHooks hooks;
    if (network_ || hooks_)
        hooks.cloned = [this](const Child& init) {
            if (network_) network_->give_namespace_of(host_pid_of(init));
            if (hooks_) hooks_->note_process(init);
        };
    if (hooks_ && hooks_->wants_mounted()) hooks.mounted = [this] { hooks_->run_mounted(); };
    if (network_)
        hooks.before_program = [this] {
            network_->await_ready();
            engine_.phases().mark("monitor: wait for the network");
        };
    return hooks;
}

/// From here on without waiting: the host's name servers may change, and the helper may die.
void ContainerRun::watch_network() {
    if (!network_) return;
    if (!resolv_watch_) resolv_watch_.emplace();
    resolv_watch_->compare_with(std::move(resolv_conf_));
    follow_resolv_conf();
    supervisor_.listen_to(resolv_watch_->fd(), [this] { return follow_resolv_conf(); });
    supervisor_.listen_to(network_->channel(), [this] { return hear_network(); });
}

/// Search domains and options in the container's file, as far as it has not changed that itself;
/// the servers in the helper.
bool ContainerRun::follow_resolv_conf() {
    const std::string before = resolv_watch_->known();
    const auto content = resolv_watch_->changed();
    if (!content) return true;
    replace_shown_file(files_.directory(), "resolv.conf",
                       container_resolv_conf(record_.request, before),
                       container_resolv_conf(record_.request, *content));
    if (!has_own_servers()) network_->send_resolv_conf(*content);
    return true;
}

bool ContainerRun::hear_network() {
    const auto text = network_->receive();
    if (text) {
        const network::Message message = network::parse_message(*text);
        if (message.type == network::MessageType::log)
            append_refusal(files_.directory(), message.content);
        if (message.type != network::MessageType::failure) return true;
    }
    state_.network_lost =
        text ? network::parse_error(text->substr(1)).message()
             : "the network helper was killed: there is no network until the next start";
    state_.ports.clear();  // nobody answers there
    try {
        files_.write_state(state_, Durability::none);
    } catch (const Error&) {
        // A full disk; the container goes on, and the next state says it, too.
    }
    return false;
}

/// The watch of resolv.conf stays for the next run, or until this process ends: to close one waits
/// for all processors (15 ms on an idle machine, measured), and somebody waits for the exit code.
void ContainerRun::end_network() {
    supervisor_.stop_listening();
    network_.reset();
}

}  // namespace skiff::engine
