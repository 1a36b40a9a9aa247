// SPDX-License-Identifier: Apache-2.0
#include "engine/build/run_step.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "engine/config.h"
#include "engine/container/container_files.h"
#include "engine/container/monitor_process.h"
#include "engine/container/record.h"
#include "engine/secret/secrets.h"
#include "monitor/protocol.h"

namespace skiff::engine {
namespace {

constexpr size_t id_bytes = 32;
constexpr const char* hostname = "buildkitsandbox";  // as scripts in Dockerfiles have seen it

ContainerRecord make_record(const Engine& engine, const BuildRequest& request, RunPlan plan) {
    ContainerRecord record;
    record.id = random_hex(id_bytes);
    // No name is claimed: nobody is to find it by one.
    record.name = "build-" + record.id.substr(0, 12);
    record.created = now();
    record.image_name = "a build";
    record.layers = std::move(plan.layers);
    record.by_run = true;
    record.build_layer = std::move(plan.layer);
    record.run_root = engine.run_root();
    record.mounts = std::move(plan.mounts);
    CreateRequest& wanted = record.request;
    wanted.image = record.image_name;
    wanted.auto_remove = true;
    wanted.log.driver = "none";
    wanted.add_hosts = request.add_hosts;
    wanted.shm_size = request.shm_size;
    wanted.ulimits = request.ulimits;
    wanted.resources = request.resources;
    for (const RunSecret& secret : plan.secrets) wanted.secrets.push_back(secret.request);
    wanted.namespaces.network = plan.network;
    wanted.security.no_new_privileges = load_config(engine).no_new_privileges;
    EffectiveConfig& config = record.config;
    config.command = std::move(plan.argv);
    config.environment = std::move(plan.environment);
    config.user = std::move(plan.user);
    config.working_directory = std::move(plan.working_directory);
    config.hostname = hostname;
    return record;
}

void stop_waiting(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        throw SystemError(errno, "cannot read without waiting");
}

}  // namespace

RunStep::RunStep(const Engine& engine, const BuildRequest& request, RunPlan plan,
                 std::function<void(std::string_view)> output)
    : output_(std::move(output)), frame_(monitor::max_frame) {
    std::vector<std::string> secrets;
    for (const RunSecret& secret : plan.secrets) secrets.push_back(secret.data);
    const ContainerRecord record = make_record(engine, request, std::move(plan));
    NewContainer made = make_container_directory(engine, record.id);
    ScopeExit discard([&] { delete_trash(discard_container(engine, made.files, record.name)); });
    keep_secrets(made.files.directory(), secrets);
    made.files.write_record(record, Durability::none);
    Pipe out = make_pipe();
    Pipe errors = make_pipe();
    socket_ = start_monitor(engine, record, std::move(made.lock));
    discard.release();  // the monitor's from here on
    monitor::AttachFrame attach;
    attach.streams = {.input = false, .output = true, .errors = true};
    attach.handed = attach.streams;
    const std::array handed{out.write.get(), errors.write.get()};
    monitor::send_frame(socket_.get(), monitor::FrameType::attach, monitor::encode(attach), handed);
    stop_waiting(out.read.get());
    stop_waiting(errors.read.get());
    stdout_ = std::move(out.read);
    stderr_ = std::move(errors.read);
}

void RunStep::add_polls(std::vector<pollfd>& polls) const {
    for (const int fd : {socket_.get(), stdout_.get(), stderr_.get()})
        if (fd >= 0) polls.push_back({fd, POLLIN, 0});
}

void RunStep::read_output(Fd& pipe) {
    std::array<char, 16384> buffer;
    // Other steps, and whoever interrupts the build, have their turn in between; at the end all of
    // it is taken.
    constexpr int pieces_per_turn = 16;
    for (int i = 0; pipe.valid() && (exit_code_ || i < pieces_per_turn); ++i) {
        const ssize_t n = read(pipe.get(), buffer.data(), buffer.size());
        if (n > 0) {
            output_({buffer.data(), static_cast<size_t>(n)});
        } else if (n == 0) {
            pipe.reset();
        } else if (errno != EINTR) {
            return;  // nothing now
        }
    }
}

void RunStep::read_frames() {
    while (!exit_code_) {
        monitor::Frame frame;
        switch (monitor::receive_frame(socket_.get(), frame_, frame)) {
            case monitor::Arrival::nothing:
                return;
            case monitor::Arrival::end:
                throw Error(ErrorKind::system, "the step's monitor ended unexpectedly");
            case monitor::Arrival::frame:
                break;
        }
        if (frame.type == monitor::FrameType::warnings)
            for (const std::string& warning : monitor::decode_warnings(frame.payload))
                output_("Warning: " + warning + "\n");
        if (frame.type == monitor::FrameType::failed) throw monitor::decode_failed(frame.payload);
        if (frame.type == monitor::FrameType::exited)
            exit_code_ = monitor::decode_number(frame.payload);
    }
}

bool RunStep::serve() {
    read_frames();
    // All of it is in the pipes before the end is told.
    read_output(stdout_);
    read_output(stderr_);
    return exit_code_.has_value();
}

}  // namespace skiff::engine
