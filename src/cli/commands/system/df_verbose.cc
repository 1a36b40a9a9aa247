// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/system/df_verbose.h"

#include "base/size.h"
#include "base/timestamp.h"
#include "cli/commands/container/ps_row.h"
#include "cli/output.h"
#include "engine/build/prune.h"
#include "engine/container/lifecycle.h"
#include "engine/image/list.h"
#include "engine/system/disk_usage_details.h"
#include "format/listing.h"

namespace skiff::cli {
namespace {

using format::column;

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : untrusted(text);
}

// --- images

struct ImageRow {
    const engine::ImageSummary& image;
    engine::ImageUsage usage;
    Timestamp reference;
};

std::string repository(const ImageRow& row) {
    return or_none(row.image.repository);
}
std::string tag(const ImageRow& row) {
    return or_none(row.image.tag);
}
std::string image_id(const ImageRow& row) {
    return std::string(short_id(row.image.id));
}
std::string image_created(const ImageRow& row) {
    return time_ago(row.image.created, row.reference);
}
std::string image_size(const ImageRow& row) {
    return human_size(row.image.size);
}
std::string shared_size(const ImageRow& row) {
    return human_size(row.usage.shared, 4);
}
std::string unique_size(const ImageRow& row) {
    return human_size(row.usage.unique, 4);
}
std::string containers(const ImageRow& row) {
    return std::to_string(row.usage.containers);
}

constexpr std::array image_columns{
    column<ImageRow, repository>("Repository", "REPOSITORY"),
    column<ImageRow, tag>("Tag", "TAG"),
    column<ImageRow, image_id>("ID", "IMAGE ID"),
    column<ImageRow, image_created>("CreatedSince", "CREATED"),
    column<ImageRow, image_size>("Size", "SIZE"),
    column<ImageRow, shared_size>("SharedSize", "SHARED SIZE"),
    column<ImageRow, unique_size>("UniqueSize", "UNIQUE SIZE"),
    column<ImageRow, containers>("Containers", "CONTAINERS"),
};
constexpr format::RowShape<image_columns.size()> image_shape("*formatter.imageContext",
                                                             image_columns);
constexpr format::RowType image_type = image_shape.type();
constexpr std::string_view image_table =
    "table {{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t"
    "{{.UniqueSize}}\t{{.Containers}}";

std::string images(const engine::Engine& engine, Timestamp reference) {
    format::Listing listing(std::string(image_table), image_type);
    const auto usage = engine::image_usage(engine);
    for (const engine::ImageSummary& image : engine::list_images(engine, {})) {
        const auto found = usage.find(image.id);
        listing.add(ImageRow{image, found == usage.end() ? engine::ImageUsage{} : found->second,
                             reference});
    }
    return listing.text();
}

// --- containers

constexpr std::string_view container_table =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t"
    "{{.RunningFor}}\t{{.Status}}\t{{.Names}}";

std::string container_rows(const engine::Engine& engine) {
    const std::vector<engine::ContainerSummary> all = engine::list_containers(engine, true);
    const PsList list(engine, all, true, true);
    format::Listing listing(std::string(container_table), container_usage_row_type);
    for (const engine::ContainerSummary& container : all) listing.add(PsRow{container, list});
    return listing.text();
}

// --- volumes

using VolumeRow = engine::VolumeUsage;

std::string volume_name(const VolumeRow& row) {
    return untrusted(row.name);
}
std::string links(const VolumeRow& row) {
    return std::to_string(row.links);
}
std::string volume_size(const VolumeRow& row) {
    return human_size(row.size, 4);
}

constexpr std::array volume_columns{
    column<VolumeRow, volume_name>("Name", "VOLUME NAME"),
    column<VolumeRow, links>("Links", "LINKS"),
    column<VolumeRow, volume_size>("Size", "SIZE"),
};
constexpr format::RowShape<volume_columns.size()> volume_shape("*formatter.volumeContext",
                                                               volume_columns);
constexpr format::RowType volume_type = volume_shape.type();

std::string volumes(const engine::Engine& engine) {
    format::Listing listing("table {{.Name}}\t{{.Links}}\t{{.Size}}", volume_type);
    for (const VolumeRow& volume : engine::volume_usage(engine)) listing.add(volume);
    return listing.text();
}

// --- the build cache

struct CacheRow {
    const engine::CachedStep& step;
    Timestamp reference;
};

std::string cache_id(const CacheRow& row) {
    return std::string(short_id(row.step.id));
}
std::string cache_kind(const CacheRow& row) {
    return row.step.kind;
}
std::string cache_size(const CacheRow& row) {
    return human_size(row.step.size);
}
std::string cache_created(const CacheRow& row) {
    return time_ago(row.step.created, row.reference);
}
std::string cache_used(const CacheRow& row) {
    return time_ago(row.step.used, row.reference);
}
/// Nobody counts: an entry has the time of its last use.
std::string cache_uses(const CacheRow&) {
    return "N/A";
}
std::string cache_shared(const CacheRow& row) {
    return row.step.in_use ? "true" : "false";
}

constexpr std::array cache_columns{
    column<CacheRow, cache_id>("ID", "CACHE ID"),
    column<CacheRow, cache_kind>("CacheType", "CACHE TYPE"),
    column<CacheRow, cache_size>("Size", "SIZE"),
    column<CacheRow, cache_created>("CreatedSince", "CREATED"),
    column<CacheRow, cache_used>("LastUsedSince", "LAST USED"),
    column<CacheRow, cache_uses>("UsageCount", "USAGE"),
    column<CacheRow, cache_shared>("Shared", "SHARED"),
};
constexpr format::RowShape<cache_columns.size()> cache_shape("*formatter.buildCacheContext",
                                                             cache_columns);
constexpr format::RowType cache_type = cache_shape.type();
constexpr std::string_view cache_table =
    "table {{.ID}}\t{{.CacheType}}\t{{.Size}}\t{{.CreatedSince}}\t{{.LastUsedSince}}\t"
    "{{.UsageCount}}\t{{.Shared}}";

std::string build_cache(const engine::Engine& engine, Timestamp reference) {
    format::Listing listing(std::string(cache_table), cache_type);
    std::uint64_t size = 0;
    for (const engine::CachedStep& step : engine::list_build_cache(engine)) {
        // What an image has as well is counted there.
        if (!step.in_use) size += step.size;
        listing.add(CacheRow{step, reference});
    }
    return fmt::format("Build cache usage: {}\n\n{}", human_size(size, 4), listing.text());
}

}  // namespace

std::string verbose_usage(const engine::Engine& engine) {
    const Timestamp reference = now();
    return fmt::format(
        "Images space usage:\n\n{}\nContainers space usage:\n\n{}\nLocal Volumes space "
        "usage:\n\n{}\n{}",
        images(engine, reference), container_rows(engine), volumes(engine),
        build_cache(engine, reference));
}

}  // namespace skiff::cli
