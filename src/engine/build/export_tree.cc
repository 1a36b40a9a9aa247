// SPDX-License-Identifier: Apache-2.0
#include "engine/build/export_tree.h"

#include <fcntl.h>

#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "engine/build/layer_work.h"
#include "engine/build/tree_merge.h"
#include "storage/archive/sink.h"
#include "storage/archive/tar_write.h"

namespace skiff::engine {
namespace {

SourceTree source_of(const TreeExport& tree) {
    return open_source_tree(tree.engine, tree.lease, {.layers = tree.layers});
}

}  // namespace

OutputPlace::OutputPlace(const BuildOutput& output) {
    // As the umask says.
    constexpr mode_t file = 0666;
    constexpr mode_t directory = 0777;
    if (output.kind == BuildOutput::Kind::archive) {
        archive_.emplace(output.destination, file);
        return;
    }
    make_directories(output.destination, directory);
    directory_ = open_file(output.destination, O_RDONLY | O_DIRECTORY);
}

void write_tree(const TreeExport& tree, int target) {
    const SourceTree source = source_of(tree);
    storage::FdSink sink(target, "the archive");
    storage::write_layer_tar(source.root, sink, layer_tar_options(tree.ownership, nullptr));
}

void copy_tree(const TreeExport& tree, int target) {
    // Modes are the image's, not filtered once more.
    umask(0);
    SourceTree source = source_of(tree);
    source.owners = false;
    MergeOptions options;
    options.mode = dockerfile::FileMode::parse("ug-s");
    options.no_devices = true;
    const RootDir root(duplicate(target));
    TreeDigest digest(false);
    const FoundSource all = find_source(source, "/");
    TreeMerge(root, options, digest).copy(source, all, "/", true, {});
}

}  // namespace skiff::engine
