// SPDX-License-Identifier: Apache-2.0
#include "engine/build/copy_sources.h"

#include <algorithm>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "dockerfile/wildcard.h"
#include "engine/container/mount_request.h"

namespace skiff::engine {

using dockerfile::IgnoreRules;

CopySources::CopySources(const Engine& engine, storage::Lease& lease, const CopyPlan& plan)
    : tree_(open_source_tree(engine, lease, plan.source)) {
    rules_.push_back(IgnoreRules::from_patterns(plan.copy.exclude));
    for (const std::string& source : plan.copy.sources) {
        const auto fetched = std::ranges::find(plan.fetched, source, &Fetched::source);
        if (fetched != plan.fetched.end())
            take_fetched(lease, *fetched);
        else if (plan.copy.parents)
            take_with_parents(source, plan.copy.exclude);
        else
            take(tree_, find_sources(tree_, source), false);
    }
}

void CopySources::take(const SourceTree& tree, std::vector<FoundSource> found, bool fetched) {
    for (FoundSource& source : found)
        all_.push_back({&tree, std::move(source), &rules_.front(), fetched});
}

/// All of a directory, but for what the pattern does not fit: so directories on the way come along,
/// with their attributes. It begins at "/./", where that is in the pattern.
void CopySources::take_with_parents(const std::string& pattern,
                                    const std::vector<std::string>& excluded) {
    constexpr std::string_view pivot = "/./";
    const size_t at = pattern.find(pivot);
    const bool whole = at == std::string::npos;
    const std::string wanted =
        clean_path("/" + (whole ? pattern : pattern.substr(at + pivot.size()))).substr(1);
    FoundSource top = find_source(tree_, whole ? "/" : pattern.substr(0, at));
    if (!S_ISDIR(top.status.st_mode))
        throw Error(ErrorKind::invalid, "{} is not a directory", quoted("/" + top.path));
    std::vector<std::string> rules;
    if (!wanted.empty()) {
        rules = {"**", "!" + wanted};
        if (!dockerfile::has_wildcard(wanted)) {
            // It must be there; and links on the way would be copied, not followed.
            const std::string path = top.path.empty() ? wanted : top.path + "/" + wanted;
            find_source(tree_, path);
            try {
                tree_.root.open_beneath(path, O_PATH);
            } catch (const SystemError&) {
                throw Error(ErrorKind::unsupported,
                            "--parents does not follow links, and one is in {}",
                            quoted("/" + path));
            }
        }
    }
    for (const std::string& pattern_excluded : excluded) rules.push_back(pattern_excluded);
    rules_.push_back(IgnoreRules::from_patterns(rules));
    all_.push_back({&tree_, std::move(top), &rules_.back()});
}

void CopySources::take_fetched(const storage::Lease& lease, const Fetched& fetched) {
    fetched_.push_back({.root = RootDir(open_at(lease.store().fd(), fetched.directory,
                                                O_RDONLY | O_DIRECTORY | O_NOFOLLOW))});
    std::vector<FoundSource> found;
    found.push_back(find_source(fetched_.back(), fetched.name));
    take(fetched_.back(), std::move(found), true);
}

}  // namespace skiff::engine
