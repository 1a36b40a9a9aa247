// SPDX-License-Identifier: Apache-2.0
#include "engine/container/container_hooks.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr std::string_view before_pivot = "createContainer";
constexpr int milliseconds = 1000;
constexpr off_t most_output = 2000;

Fd memory_file(const char* name) {
    Fd file(memfd_create(name, MFD_CLOEXEC));
    if (!file.valid()) throw SystemError(errno, "cannot make a file in memory");
    return file;
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

/// Throws when it could not be started, failed, or took too long; with what it wrote.
void run_hook(const oci::SpecHook& hook, const std::string& state) {
    const std::string what = fmt::format("the {} hook '{}'", hook.name, hook.path);
    const Fd input = memory_file("state");
    write_all(input.get(), state, "a hook");
    if (lseek(input.get(), 0, SEEK_SET) < 0) throw SystemError(errno, "cannot rewind a file");
    const Fd output = memory_file("output");
    const std::vector<char*> arguments = pointers(hook.args);
    const std::vector<char*> environment = pointers(hook.env);
    Pipe failure = make_pipe();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        if (dup2(input.get(), 0) == 0 && dup2(output.get(), 1) == 1 && dup2(output.get(), 2) == 2 &&
            syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0) {
            setsid();
            reset_signals();
            execve(hook.path.c_str(), arguments.data(), environment.data());
        }
        const int error = errno;
        [[maybe_unused]] const ssize_t n = ::write(failure.write.get(), &error, sizeof error);
        _exit(125);
    }
    failure.write.reset();
    int error = 0;
    const ssize_t got = ::read(failure.read.get(), &error, sizeof error);
    bool late = false;
    if (hook.timeout != 0) {
        pollfd ended{cloned.child.pidfd(), POLLIN, 0};
        int ready = 0;
        do ready = poll(&ended, 1, static_cast<int>(hook.timeout) * milliseconds);
        while (ready < 0 && errno == EINTR);
        late = ready == 0;
        if (late) cloned.child.kill(SIGKILL);
    }
    const ExitStatus status = cloned.child.wait();
    if (got == sizeof error) throw SystemError(error, "cannot execute {}", what);
    if (status.ok()) return;
    struct stat size{};
    std::string said;
    if (fstat(output.get(), &size) == 0 && size.st_size > 0) {
        const off_t begin = std::max<off_t>(0, size.st_size - most_output);
        said.resize(static_cast<size_t>(size.st_size - begin));
        const ssize_t n = pread(output.get(), said.data(), said.size(), begin);
        said = printable(trim(said.substr(0, static_cast<size_t>(std::max<ssize_t>(0, n)))));
    }
    if (!said.empty()) said.insert(0, ": ");
    if (late)
        throw Error(ErrorKind::system, "{} took longer than its {} s{}", what, hook.timeout, said);
    throw Error(ErrorKind::system, "{} failed with status {}{}", what, status.shell_code(), said);
}

}  // namespace

ContainerHooks::ContainerHooks(const ContainerFiles& files, oci::RuntimeSpec spec)
    : files_(files), spec_(std::move(spec)), bundle_(files.path() + "/bundle") {
    for (oci::SpecHook& hook : spec_.hooks)
        if (hook.args.empty()) hook.args.push_back(hook.path);
}

bool ContainerHooks::has(std::string_view name) const {
    return std::ranges::find(spec_.hooks, name, &oci::SpecHook::name) != spec_.hooks.end();
}

void ContainerHooks::prepare(runtime::LaunchPlan& plan) {
    remove_tree(files_.directory(), "bundle");
    const Fd bundle = open_or_make_directory(files_.directory(), "bundle", 0700);
    open_or_make_directory(bundle.get(), "rootfs", 0755);
    spec_.root_path = bundle_ + "/rootfs";
    replace_file(bundle.get(), "config.json", to_text(oci::to_json(spec_)), 0600, Durability::none);
    plan.root_path = spec_.root_path;
    for (const oci::SpecHook& hook : spec_.hooks)
        if (hook.name == before_pivot)
            plan.hooks.push_back({hook.path, hook.args, hook.env, hook.timeout});
    if (plan.hooks.empty()) return;
    plan.hook_state = memory_file("state");
    plan.hook_output = memory_file("output");
    state_file_ = duplicate(plan.hook_state.get());
}

void ContainerHooks::note_process(const Child& init) {
    pid_ = host_pid_of(init);
    if (!state_file_.valid()) return;
    write_all(state_file_.get(), state("creating"), "the hooks' state");
    state_file_.reset();
}

std::string ContainerHooks::state(std::string_view status) const {
    Json json = {
        {"ociVersion", "1.0.2"}, {"id", files_.id()}, {"status", status}, {"bundle", bundle_}};
    if (status != "stopped") json["pid"] = pid_;
    if (!spec_.annotations.empty()) json["annotations"] = spec_.annotations;
    return to_text(json);
}

bool ContainerHooks::wants_mounted() const {
    return has("prestart") || has("createRuntime");
}

void ContainerHooks::run_mounted() const {
    for (const std::string_view name : {"prestart", "createRuntime"})
        for (const oci::SpecHook& hook : spec_.hooks)
            if (hook.name == name) run_hook(hook, state("creating"));
}

std::vector<std::string> ContainerHooks::run_each(std::string_view name,
                                                  std::string_view status) const {
    std::vector<std::string> failed;
    for (const oci::SpecHook& hook : spec_.hooks) {
        if (hook.name != name) continue;
        try {
            run_hook(hook, state(status));
        } catch (const Error& error) {
            failed.push_back(error.message());
        }
    }
    return failed;
}

std::vector<std::string> ContainerHooks::run_started() const {
    return run_each("poststart", "running");
}

std::vector<std::string> ContainerHooks::run_stopped() const {
    return run_each("poststop", "stopped");
}

}  // namespace skiff::engine
