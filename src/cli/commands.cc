// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include <algorithm>
#include <array>

#include "base/near_word.h"
#include "base/text.h"

namespace skiff::cli {

// Each is defined in src/cli/commands/<group>/<verb>.cc.
Command run_command();
Command create_command();
Command exec_command();
Command attach_command();
Command start_command();
Command stop_command();
Command kill_command();
Command restart_command();
Command pause_command();
Command unpause_command();
Command wait_command();
Command rename_command();
Command top_command();
Command port_command();
Command rm_command();
Command container_prune_command();
Command container_exists_command();
Command ps_command();
Command logs_command();
Command inspect_command();
Command df_command();
Command info_command();
Command reset_command();
Command build_command();
Command builder_prune_command();
Command commit_command();
Command export_command();
Command images_command();
Command import_command();
Command load_command();
Command pull_command();
Command push_command();
Command login_command();
Command logout_command();
Command search_command();
Command manifest_inspect_command();
Command save_command();
Command tag_command();
Command rmi_command();
Command history_command();
Command image_inspect_command();
Command image_prune_command();
Command image_exists_command();
Command secret_create_command();
Command secret_exists_command();
Command secret_inspect_command();
Command secret_ls_command();
Command secret_rm_command();
Command system_boot_command();
Command update_command();
Command volume_create_command();
Command volume_exists_command();
Command volume_inspect_command();
Command volume_ls_command();
Command volume_prune_command();
Command volume_rm_command();
Command version_command();
Command help_command();
Command complete_command();
Command completion_command();
Command man_command();

namespace {

constexpr std::array groups{
    GroupRow{"builder", "Manage the build cache"},
    GroupRow{"buildx", "Build as Docker's scripts spell it"},
    GroupRow{"container", "Manage containers"},
    GroupRow{"image", "Manage images"},
    GroupRow{"manifest", "Look at manifests in registries"},
    GroupRow{"secret", "Manage secrets"},
    GroupRow{"system", "Manage skiff's own data"},
    GroupRow{"volume", "Manage volumes"},
};

// group, name, aliases, at top level, section, exit rules, summary, factory
constexpr std::array commands{
    CommandRow{"container", "run", "", "run", Section::common, ExitRules::program,
               "Create and run a new container from an image", run_command},
    CommandRow{"container", "create", "", "create", Section::container, ExitRules::program,
               "Create a new container", create_command},
    CommandRow{"container", "exec", "", "exec", Section::common, ExitRules::program,
               "Execute a command in a running container", exec_command},
    CommandRow{"container", "attach", "", "attach", Section::container, ExitRules::program,
               "Attach local standard input, output, and error streams to a running container",
               attach_command},
    CommandRow{"container", "start", "", "start", Section::container, ExitRules::program,
               "Start containers that exist", start_command},
    CommandRow{"container", "stop", "", "stop", Section::container, ExitRules::objects,
               "Stop running containers", stop_command},
    CommandRow{"container", "kill", "", "kill", Section::container, ExitRules::objects,
               "Send a signal to running containers", kill_command},
    CommandRow{"container", "restart", "", "restart", Section::container, ExitRules::objects,
               "Stop containers and start them again", restart_command},
    CommandRow{"container", "pause", "", "pause", Section::container, ExitRules::objects,
               "Stop all processes of containers for a time", pause_command},
    CommandRow{"container", "unpause", "", "unpause", Section::container, ExitRules::objects,
               "Let the processes of paused containers go on", unpause_command},
    CommandRow{"container", "wait", "", "wait", Section::container, ExitRules::objects,
               "Wait until containers have ended, then print their exit codes", wait_command},
    CommandRow{"container", "update", "", "update", Section::container, ExitRules::program,
               "Change limits and restart policies of containers", update_command},
    CommandRow{"container", "rename", "", "rename", Section::container, ExitRules::objects,
               "Give a container another name", rename_command},
    CommandRow{"container", "top", "", "top", Section::container, ExitRules::objects,
               "Show the processes of a container", top_command},
    CommandRow{"container", "port", "", "port", Section::container, ExitRules::objects,
               "Show where the published ports of a container are", port_command},
    CommandRow{"container", "rm", "remove", "rm", Section::container, ExitRules::objects,
               "Remove containers", rm_command},
    CommandRow{"container", "prune", "", "", Section::container, ExitRules::objects,
               "Remove all containers that do not run", container_prune_command},
    CommandRow{"container", "exists", "", "", Section::container, ExitRules::objects,
               "Tell by the exit status whether a container exists", container_exists_command},
    CommandRow{"container", "ls", "list ps", "ps", Section::common, ExitRules::objects,
               "List containers", ps_command},
    CommandRow{"container", "logs", "", "logs", Section::container, ExitRules::objects,
               "Show what a container wrote", logs_command},
    CommandRow{"container", "inspect", "", "inspect", Section::container, ExitRules::objects,
               "Show all about containers, images and volumes as JSON", inspect_command},
    CommandRow{"container", "commit", "", "commit", Section::container, ExitRules::objects,
               "Make an image from a container's files and configuration", commit_command},
    CommandRow{"container", "export", "", "export", Section::container, ExitRules::objects,
               "Write a container's files to an archive", export_command},
    CommandRow{"image", "build", "", "build", Section::common, ExitRules::objects,
               "Build an image from a Dockerfile", build_command},
    CommandRow{"builder", "build", "", "", Section::common, ExitRules::objects,
               "Build an image from a Dockerfile", build_command},
    CommandRow{"buildx", "build", "b", "", Section::common, ExitRules::objects,
               "Build an image from a Dockerfile", build_command},
    CommandRow{"builder", "prune", "", "", Section::image, ExitRules::objects,
               "Remove the build cache", builder_prune_command},
    CommandRow{"image", "ls", "list", "images", Section::image, ExitRules::objects,
               "Show the images in the store", images_command},
    CommandRow{"image", "import", "", "import", Section::image, ExitRules::objects,
               "Make an image from the archive of a root file system", import_command},
    CommandRow{"image", "load", "", "load", Section::image, ExitRules::objects,
               "Read images from an archive", load_command},
    CommandRow{"image", "pull", "", "pull", Section::common, ExitRules::objects,
               "Bring an image from a registry", pull_command},
    CommandRow{"image", "push", "", "push", Section::common, ExitRules::objects,
               "Send an image to a registry", push_command},
    CommandRow{"image", "save", "", "save", Section::image, ExitRules::objects,
               "Write images to an archive", save_command},
    CommandRow{"image", "tag", "", "tag", Section::image, ExitRules::objects,
               "Give an image another name", tag_command},
    CommandRow{"image", "rm", "remove", "rmi", Section::image, ExitRules::objects,
               "Remove names of images, and images", rmi_command},
    CommandRow{"image", "history", "", "history", Section::image, ExitRules::objects,
               "Show how an image was made", history_command},
    CommandRow{"image", "inspect", "", "", Section::image, ExitRules::objects,
               "Show all about images as JSON", image_inspect_command},
    CommandRow{"image", "prune", "", "", Section::image, ExitRules::objects,
               "Remove images that have no name", image_prune_command},
    CommandRow{"image", "exists", "", "", Section::image, ExitRules::objects,
               "Tell by the exit status whether an image exists", image_exists_command},
    CommandRow{"system", "boot", "", "", Section::other, ExitRules::program,
               "Have restart policies outlive a reboot", system_boot_command},
    CommandRow{"system", "df", "", "", Section::other, ExitRules::objects,
               "Show how much room images, containers, volumes and the build cache take",
               df_command},
    CommandRow{"system", "info", "", "info", Section::other, ExitRules::objects,
               "Show what skiff found on this machine", info_command},
    CommandRow{"system", "reset", "", "", Section::other, ExitRules::objects,
               "Remove all containers, images and other data", reset_command},
    CommandRow{"secret", "create", "", "", Section::other, ExitRules::program,
               "Keep a secret for containers", secret_create_command},
    CommandRow{"secret", "exists", "", "", Section::other, ExitRules::objects,
               "Tell by the exit status whether a secret exists", secret_exists_command},
    CommandRow{"secret", "inspect", "", "", Section::other, ExitRules::objects,
               "Show all about secrets as JSON", secret_inspect_command},
    CommandRow{"secret", "ls", "list", "", Section::other, ExitRules::objects, "List secrets",
               secret_ls_command},
    CommandRow{"secret", "rm", "", "", Section::other, ExitRules::objects, "Remove secrets",
               secret_rm_command},
    CommandRow{"volume", "create", "", "", Section::other, ExitRules::objects, "Create a volume",
               volume_create_command},
    CommandRow{"volume", "exists", "", "", Section::other, ExitRules::objects,
               "Tell by the exit status whether a volume exists", volume_exists_command},
    CommandRow{"volume", "inspect", "", "", Section::other, ExitRules::objects,
               "Show all about volumes as JSON", volume_inspect_command},
    CommandRow{"volume", "ls", "list", "", Section::other, ExitRules::objects, "List volumes",
               volume_ls_command},
    CommandRow{"volume", "prune", "", "", Section::other, ExitRules::objects,
               "Remove volumes that no container uses", volume_prune_command},
    CommandRow{"volume", "rm", "remove", "", Section::other, ExitRules::objects, "Remove volumes",
               volume_rm_command},
    CommandRow{"", "login", "", "login", Section::common, ExitRules::objects,
               "Prove to a registry who you are, and keep it", login_command},
    CommandRow{"", "logout", "", "logout", Section::common, ExitRules::objects,
               "Forget what a registry was shown", logout_command},
    CommandRow{"", "search", "", "search", Section::common, ExitRules::objects,
               "Look for images at Docker Hub or another registry", search_command},
    CommandRow{"manifest", "inspect", "", "", Section::image, ExitRules::objects,
               "Show a manifest or an index of a registry", manifest_inspect_command},
    CommandRow{"", "version", "", "version", Section::other, ExitRules::objects,
               "Show the version of skiff", version_command},
    CommandRow{"", "completion", "", "completion", Section::other, ExitRules::objects,
               "Print the script that completes skiff's words in a shell", completion_command},
    CommandRow{"", "help", "", "help", Section::other, ExitRules::objects,
               "Show how to use a command", help_command},
    CommandRow{"", "__complete", "", "__complete", Section::hidden, ExitRules::objects,
               "Print what may complete the last word", complete_command},
    CommandRow{"", "__man", "", "__man", Section::hidden, ExitRules::objects,
               "Print the manual page of a command", man_command},
};

bool is_word_of(std::string_view list, std::string_view word) {
    const std::vector<std::string_view> words = split(list, ' ');
    return !word.empty() && std::ranges::find(words, word) != words.end();
}

}  // namespace

bool CommandRow::has_name(std::string_view word) const {
    return name == word || is_word_of(aliases, word);
}

std::string CommandRow::page_name() const {
    if (!top_level.empty()) return std::string(top_level);
    return fmt::format("{}-{}", group, name);
}

std::string CommandRow::short_path() const {
    if (!top_level.empty()) return fmt::format("skiff {}", top_level);
    return fmt::format("skiff {} {}", group, name);
}

std::span<const CommandRow> all_commands() {
    return commands;
}
std::span<const GroupRow> all_groups() {
    return groups;
}

ResolvedCommand resolve_command(std::span<const std::string_view> words) {
    if (words.empty() || words[0].empty()) return {};
    const auto row = std::ranges::find(commands, words[0], &CommandRow::top_level);
    if (row != commands.end()) return {&*row, nullptr, fmt::format("skiff {}", words[0]), 1};
    const auto group = std::ranges::find(groups, words[0], &GroupRow::name);
    if (group == groups.end()) return {};
    if (words.size() > 1) {
        const auto member = std::ranges::find_if(commands, [&](const CommandRow& command) {
            return command.group == group->name && command.has_name(words[1]);
        });
        if (member != commands.end()) {
            return {&*member, nullptr, fmt::format("skiff {} {}", group->name, words[1]), 2};
        }
    }
    return {nullptr, &*group, fmt::format("skiff {}", group->name), 1};
}

std::string_view nearest_name(std::string_view word, std::string_view group) {
    std::vector<std::string_view> known;
    for (const CommandRow& command : commands) {
        if (command.section == Section::hidden) continue;
        if (group.empty()) {
            known.push_back(command.top_level);
        } else if (command.group == group) {
            known.push_back(command.name);
        }
    }
    if (group.empty()) {
        for (const GroupRow& row : groups) known.push_back(row.name);
    }
    return near_word(word, known);
}

}  // namespace skiff::cli
