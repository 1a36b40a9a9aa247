// SPDX-License-Identifier: Apache-2.0
#include "engine/build/export_tree.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
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

OutputPlace::OutputPlace(const BuildOutput& output) : name_(output.destination) {
    if (output.kind == BuildOutput::Kind::directory) {
        if (mkdir(name_.c_str(), 0777) < 0 && errno != EEXIST)
            throw SystemError(errno, "cannot make the directory {}", quoted(name_));
        fd_ = open_file(name_, O_RDONLY | O_DIRECTORY);
    } else if (name_ != "-") {
        part_ = fmt::format("{}.{}", name_, random_hex(4));
        constexpr mode_t mode = 0666;
        fd_ = open_file(part_, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    } else if (isatty(STDOUT_FILENO) == 1) {
        throw Error(ErrorKind::usage,
                    "refusing to write an archive to a terminal: use dest=FILE, or redirect the "
                    "output");
    } else {
        fd_ = duplicate(STDOUT_FILENO);
    }
}

OutputPlace::~OutputPlace() {
    if (!part_.empty()) unlink(part_.c_str());
}

void OutputPlace::keep() {
    if (!part_.empty() && rename(part_.c_str(), name_.c_str()) < 0)
        throw SystemError(errno, "cannot write {}", quoted(name_));
    part_.clear();
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
