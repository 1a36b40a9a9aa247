// SPDX-License-Identifier: Apache-2.0
#include "engine/build/layer_work.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "base/tree_size.h"
#include "engine/build/copy_sources.h"
#include "engine/build/tree_digest.h"
#include "engine/build/tree_merge.h"
#include "engine/container/layer_links.h"
#include "engine/container/mount_request.h"
#include "engine/container/mount_stubs.h"
#include "engine/container/user.h"
#include "engine/image/inherit_root.h"
#include "runtime/rootfs/overlay.h"
#include "storage/archive/decompress.h"
#include "storage/archive/sink.h"
#include "storage/archive/source.h"
#include "storage/archive/tar_write.h"

namespace skiff::engine {
namespace {

class NoSink final : public storage::ByteSink {
  public:
    void write(std::string_view) override {}
};

std::string make_scratch(storage::Lease& lease, const char* name) {
    const std::string path = fmt::format("{}/{}-{}", lease.staging_path(), name, random_hex(4));
    if (mkdirat(lease.store().fd(), path.c_str(), 0755) < 0)
        throw SystemError(errno, "cannot make a directory for a step");
    return path;
}

/// `upper`: relative to the data directory; empty: read-only.
RootDir mount_layers(const Engine& engine, storage::Lease& lease,
                     const std::vector<std::string>& visible, const std::string& upper) {
    lease.staging();
    runtime::OverlayRequest request;
    request.base_directory = engine.root() + "/l";
    request.lower = layer_links(engine, visible, "the stage");
    // Overlay wants one layer below an upper one, and two where there is none.
    while (request.lower.size() < (upper.empty() ? 2 : 1))
        request.lower.push_back("../" + make_scratch(lease, "empty"));
    if (!upper.empty()) {
        request.upper = "../" + upper;
        request.work = "../" + make_scratch(lease, "work");
    }
    request.user_xattr = engine.rootless();
    request.is_volatile = !upper.empty();
    return RootDir(runtime::mount_overlay(request));
}

/// The tree that is mounted directly below what a step writes.
std::optional<RootDir> tree_below(const LayerBase& base) {
    if (base.visible.empty()) return std::nullopt;
    return storage::open_layer_tree(base.lease.store(),
                                    *oci::Digest::from_hex(base.visible.back()));
}

/// A step begins with the "/" that the one before has left.
void inherit_root(const LayerBase& base, const storage::LayerWriter& writer) {
    if (const auto below = tree_below(base))
        engine::inherit_root(below->open(".", O_RDONLY | O_DIRECTORY).get(), writer.tree());
}

/// Topmost first.
std::vector<RootDir> open_layers(const LayerBase& base) {
    std::vector<RootDir> trees;
    for (auto layer = base.visible.rbegin(); layer != base.visible.rend(); ++layer)
        trees.push_back(
            storage::open_layer_tree(base.lease.store(), *oci::Digest::from_hex(*layer)));
    return trees;
}

/// What the launcher made as places to mount on is no work of the step.
void remove_mount_stubs(const LayerBase& base, const storage::LayerWriter& writer,
                        const std::vector<std::string>& mounted) {
    std::vector<RootDir> trees = open_layers(base);
    trees.emplace(trees.begin(), duplicate(writer.tree()));
    const LayerStack stack(std::move(trees), base.ownership.overlay_xattrs);
    for (const std::string& path : find_mount_stubs(stack, mounted)) {
        const RootDir::Parent parent = stack.top().open_parent_beneath(path, false);
        if (unlinkat(parent.directory.get(), parent.name.c_str(), 0) < 0 &&
            (errno != EISDIR ||
             unlinkat(parent.directory.get(), parent.name.c_str(), AT_REMOVEDIR) < 0))
            throw SystemError(errno, "cannot remove the mount point {}", skiff::quoted("/" + path));
    }
}

MadeLayer seal(const LayerBase& base, storage::LayerWriter& writer) {
    NoSink nowhere;
    storage::HashingSink hashing(nowhere);
    const auto below = tree_below(base);
    storage::write_layer_tar(RootDir(duplicate(writer.tree())), hashing,
                             layer_tar_options(base.ownership, below ? &*below : nullptr));
    MadeLayer made;
    made.tar_size = hashing.size();
    constexpr std::uint64_t empty_archive = 1024;  // the end marker alone
    if (made.tar_size <= empty_archive) return made;
    const auto diff = *oci::Digest::from_hex(hashing.finish_hex());
    const std::string path = fmt::format("{}/{}", base.engine.root(), writer.tree_path());
    made.size = find_tree_size(path).value_or(0);
    std::vector<oci::Digest> diffs = base.diffs;
    diffs.push_back(diff);
    made.diff = diff;
    made.key = storage::layer_keys(diffs, base.ownership.ownership).back();
    // Not waited for: the disk gets it with the image.
    writer.seal({diff, made.size, false, boot_id()});
    writer.commit(*made.key);
    return made;
}

std::pair<uid_t, gid_t> owner_from(const RootDir& root, const std::string& text) {
    // A number alone is the group as well.
    if (const auto id = parse_number<uid_t>(text)) return {*id, *id};
    const ContainerUser user = resolve_user(root, text);
    return {user.uid, user.gid};
}

/// Whether ADD unpacks it. What is no archive for us is copied.
bool is_archive(const Fd& file, const std::string& name) {
    try {
        storage::FdSource bytes(file.get(), name);
        storage::Decompressor plain(bytes, name);
        storage::TarReader reader(plain);
        return reader.next() != nullptr;
    } catch (const Error&) {
        return false;
    }
}

Fd open_found(const TakenSource& source) {
    return source.tree->root.open(source.found.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

/// The digest has owners where they are taken over.
bool owners_count(const CopyPlan& plan) {
    return plan.source.directory.empty() && plan.copy.chown.empty();
}

class CopyWork {
  public:
    CopyWork(const LayerBase& base, const CopyPlan& plan, const RootDir& root)
        : base_(base), copy_(plan.copy), root_(root), digest_(owners_count(plan)), plan_(plan) {
        MergeOptions options;
        if (!copy_.chown.empty()) options.owner = owner_from(root, copy_.chown);
        if (!copy_.chmod.empty()) options.mode = dockerfile::FileMode::parse(copy_.chmod);
        options.record_owners = base.ownership.ownership == storage::Ownership::record;
        merge_.emplace(root, options, digest_);
        options.replace = true;
        unpack_options_ = options;
    }

    std::string run() {
        const CopySources sources(base_.engine, base_.lease, plan_);
        const size_t count = sources.all().size() + copy_.heredocs.size();
        const bool into = copy_.destination.ends_with('/') || count > 1;
        const std::string destination = clean_path(copy_.destination);
        for (const TakenSource& source : sources.all()) add(source, destination, into);
        for (const dockerfile::Heredoc& document : copy_.heredocs)
            merge_->write(document.name, document.content, destination, into);
        return digest_.finish_hex();
    }

  private:
    void add(const TakenSource& source, const std::string& destination, bool into) {
        const FoundSource& found = source.found;
        const bool file = S_ISREG(found.status.st_mode);
        if (!S_ISDIR(found.status.st_mode) && !source.excluded->empty() &&
            source.excluded->excludes(found.name))
            return;
        // Nobody expects it of what comes from a URL, as nobody knows what will.
        const bool may_unpack = copy_.is_add && copy_.unpack.value_or(!source.fetched);
        if (!may_unpack || !file || !is_archive(open_found(source), found.name))
            return merge_->copy(*source.tree, found, destination, into, *source.excluded);
        std::vector<char> buffer;
        digest_.add(found.name, found.status,
                    content_digest(open_found(source).get(), found.name, buffer));
        unpack(open_found(source), skiff::quoted("/" + found.path), destination);
    }

    void unpack(const Fd& file, const std::string& name, const std::string& destination) {
        const std::string path = make_scratch(base_.lease, "add");
        const Fd directory = open_at(base_.lease.store().fd(), path, O_RDONLY | O_DIRECTORY);
        const SourceTree unpacked{.root = RootDir(duplicate(directory.get())), .owners = true};
        storage::FdSource bytes(file.get(), name);
        storage::Decompressor plain(bytes, name);
        storage::ExtractOptions options;
        options.ownership = base_.ownership.ownership;
        options.overlay_xattrs = base_.ownership.overlay_xattrs;
        options.whiteouts = false;
        options.end_marker = storage::EndMarker::optional;
        with_context([&] { storage::extract_layer(plain, unpacked.root, options); }, "{}", name);
        const std::vector<FoundSource> all = find_sources(unpacked, "/");
        TreeDigest counted_already(false);
        TreeMerge(root_, unpack_options_, counted_already)
            .copy(unpacked, all.front(), destination, true, {});
    }

    const LayerBase& base_;
    const dockerfile::Copy& copy_;
    const RootDir& root_;
    TreeDigest digest_;
    const CopyPlan& plan_;
    std::optional<TreeMerge> merge_;
    MergeOptions unpack_options_;
};

/// Where the stage has nothing at the destination, the layer can be written as it is: through an
/// overlay each new file takes more than twice as long. Makes the directories on the way as the
/// stage has them. Returns the plan with the destination's real path; nothing: overlay is needed.
std::optional<CopyPlan> find_empty_place(const LayerBase& base, const storage::LayerWriter& writer,
                                         const CopyPlan& plan) {
    const LayerStack stage(open_layers(base), base.ownership.overlay_xattrs);
    const std::string path = stage.resolve(plan.copy.destination);
    if (plan.copy.link && "/" + path != clean_path(plan.copy.destination))
        throw Error(ErrorKind::unsupported,
                    "--link is not supported where the destination is behind a link of the image "
                    "({} is {}): name {} itself, or leave --link out",
                    skiff::quoted(plan.copy.destination), skiff::quoted("/" + path),
                    skiff::quoted("/" + path));
    // Names of owners are looked up in the stage.
    if (!plan.copy.chown.empty() && !parse_number<uid_t>(plan.copy.chown)) return std::nullopt;
    if (path.empty() || stage.find(path)) return std::nullopt;
    const RootDir tree(duplicate(writer.tree()));
    for (size_t end = path.find('/'); end != std::string::npos; end = path.find('/', end + 1)) {
        const std::string parent = path.substr(0, end);
        const auto there = stage.find(parent);
        if (!there) break;
        if (!S_ISDIR(there->status.st_mode)) return std::nullopt;
        const RootDir made = tree.make_directories(parent);
        engine::inherit_root(
            stage.tree(there->tree).open_beneath(parent, O_RDONLY | O_DIRECTORY).get(),
            made.open(".", O_RDONLY | O_DIRECTORY).get());
    }
    CopyPlan alone = plan;
    alone.copy.destination = "/" + path + (plan.copy.destination.ends_with('/') ? "/" : "");
    return alone;
}

/// Modes are given, not filtered.
void clear_umask() {
    umask(0);
}

}  // namespace

std::string to_text(const MadeLayer& layer) {
    Json json = {{"tar_size", layer.tar_size}, {"size", layer.size}, {"content", layer.content}};
    if (layer.key) {
        json["key"] = layer.key->text();
        json["diff"] = layer.diff->text();
    }
    return skiff::to_text(json);
}

MadeLayer parse_made_layer(const std::string& text) {
    const std::string name = "the result of a step";
    const Json json = parse_json(text, name);
    MadeLayer layer;
    if (const std::string key = json_string(json, "key", name); !key.empty()) {
        layer.key = oci::Digest::require(key, name);
        layer.diff = oci::Digest::require(json_string(json, "diff", name), name);
    }
    layer.tar_size = static_cast<std::uint64_t>(json_integer(json, "tar_size", name));
    layer.size = static_cast<std::uint64_t>(json_integer(json, "size", name));
    layer.content = json_string(json, "content", name);
    return layer;
}

storage::TreeTarOptions layer_tar_options(const LayerOwnership& ownership, const RootDir* below) {
    return {.overlay_xattrs = ownership.overlay_xattrs,
            .recorded_owners = ownership.ownership == storage::Ownership::record,
            .implied_root = true,
            .below = below};
}

SourceTree open_source_tree(const Engine& engine, storage::Lease& lease, const CopySource& source) {
    if (source.directory.empty())
        return {.root = mount_layers(engine, lease, source.layers, ""), .owners = true};
    return {.root = RootDir(open_file(source.directory, O_RDONLY | O_DIRECTORY)),
            .rules = source.rules,
            .rules_name = source.rules_name,
            .owners = false};
}

std::string digest_copy(const Engine& engine, storage::Lease& lease, const CopyPlan& plan) {
    const CopySources sources(engine, lease, plan);
    TreeDigest digest(owners_count(plan));
    for (const TakenSource& source : sources.all())
        digest_source(*source.tree, source.found, *source.excluded, digest);
    for (const dockerfile::Heredoc& document : plan.copy.heredocs) {
        digest.add_text(document.name);
        digest.add_text(document.content);
    }
    return digest.finish_hex();
}

MadeLayer copy_layer(const LayerBase& base, storage::LayerWriter& writer, const CopyPlan& plan) {
    clear_umask();
    inherit_root(base, writer);
    std::string content;
    if (const auto alone = find_empty_place(base, writer, plan)) {
        const RootDir root(duplicate(writer.tree()));
        content = CopyWork(base, *alone, root).run();
    } else {
        const RootDir root =
            mount_layers(base.engine, base.lease, base.visible, writer.tree_path());
        content = CopyWork(base, plan, root).run();
    }
    MadeLayer made = seal(base, writer);
    made.content = std::move(content);
    return made;
}

MadeLayer directory_layer(const LayerBase& base, storage::LayerWriter& writer,
                          const std::string& path, const std::string& user) {
    clear_umask();
    inherit_root(base, writer);
    {
        const RootDir root =
            mount_layers(base.engine, base.lease, base.visible, writer.tree_path());
        TreeDigest digest(false);
        MergeOptions options;
        // Nobody is looked up where there is nothing to make.
        if (!user.empty() && !root.find_status(path)) options.owner = owner_from(root, user);
        options.record_owners = base.ownership.ownership == storage::Ownership::record;
        TreeMerge(root, options, digest).make_directory(path);
    }
    return seal(base, writer);
}

MadeLayer run_layer(const LayerBase& base, storage::LayerWriter& writer,
                    const std::vector<std::string>& mounted) {
    writer.reopen();
    remove_mount_stubs(base, writer, mounted);
    return seal(base, writer);
}

std::string copy_for_mount(const LayerBase& base, const CopySource& source, const std::string& path,
                           int target) {
    clear_umask();
    const SourceTree tree = open_source_tree(base.engine, base.lease, source);
    const RootDir root(duplicate(target));
    TreeDigest digest(tree.owners);
    MergeOptions options;
    options.record_owners = base.ownership.ownership == storage::Ownership::record;
    const FoundSource found = find_source(tree, path);
    const char* name = S_ISDIR(found.status.st_mode) ? mounted_tree : mounted_file;
    TreeMerge(root, options, digest).copy(tree, found, fmt::format("/{}", name), false, {});
    return digest.finish_hex();
}

}  // namespace skiff::engine
