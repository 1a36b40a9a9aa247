// SPDX-License-Identifier: Apache-2.0
// The store's files: what is visible when, what is kept, what goes. Real directories, real locks,
// real processes.
#include "storage/store.h"

#include <array>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "storage/archive/sha256.h"
#include "storage/blobs.h"
#include "storage/collect.h"
#include "storage/image_records.h"
#include "storage/layers.h"
#include "storage/lease.h"
#include "storage/partial_blob.h"

namespace skiff::storage {
namespace {

oci::Digest digest_of(std::string_view text) {
    return *oci::Digest::from_hex(sha256_hex(text));
}

class StoreTest : public testing::Test {
  protected:
    TempDir directory_;
    Store store_ = Store::open(directory_.path() + "/data");

    bool exists(const std::string& path) const {
        return faccessat(store_.fd(), path.c_str(), F_OK, 0) == 0;
    }
    size_t count(const char* directory) const {
        return list_directory(open_at(store_.fd(), directory, O_RDONLY | O_DIRECTORY).get()).size();
    }
    Collection collect_now() const { return collect(store_, store_.lock(LockMode::exclusive)); }

    /// A layer with one file.
    void add_layer(Lease& lease, const oci::Digest& chain, std::string_view content = "x") {
        LayerWriter writer(lease);
        create_file(writer.tree(), "file", content, 0644, Durability::none);
        writer.seal({chain, content.size(), false});
        writer.commit(chain);
    }

    /// An image named `name`, with one layer, whose configuration is its name.
    ImageRecord add_image(const std::string& name) {
        Lease lease = Lease::take(store_);
        const BlobName config = write_blob(lease, name);
        const BlobName manifest = write_blob(lease, "manifest of " + name);
        const oci::Digest chain = digest_of("layer of " + name);
        add_layer(lease, chain);
        const ImageRecord record{
            config.digest,
            {std::string(oci::media_type::oci_manifest), manifest.digest, manifest.size, {}, {}},
            {config.digest},
            {{chain, 1, false}},
            now()};
        const StoreLock lock = store_.lock(LockMode::shared);
        put_image_record(store_, lock, record);
        put_reference(store_, lock, {oci::parse_tag_target(name), record.id, record.manifest});
        return record;
    }
};

TEST_F(StoreTest, IsNotThereBeforeItIsMade) {
    EXPECT_FALSE(Store::find(directory_.path() + "/other"));
    EXPECT_TRUE(Store::find(directory_.path() + "/data"));
}

TEST_F(StoreTest, OfANewerFormatIsRefused) {
    replace_file(store_.fd(), "format", "9 9\n", 0600, Durability::none);
    EXPECT_THROW(Store::find(store_.root()), Error);
    replace_file(store_.fd(), "format", "9 1\n", 0600, Durability::none);
    EXPECT_TRUE(Store::find(store_.root())) << "a newer writer says that we can read it";
    replace_file(store_.fd(), "format", "x\n", 0600, Durability::none);
    EXPECT_THROW(Store::find(store_.root()), Error);
}

TEST_F(StoreTest, ThatOthersMayWriteToIsRefused) {
    ASSERT_EQ(chmod(store_.root().c_str(), 0777), 0);
    EXPECT_THROW(Store::find(store_.root()), Error);
}

TEST_F(StoreTest, APackedBlobReadsBackByTheNameOfItsPlainBytes) {
    const std::string content(1U << 20U, 'a');
    Lease lease = Lease::take(store_);
    BlobWriter writer(lease, BlobForm::packed);
    writer.write(std::string_view(content).substr(0, 1000));
    writer.write(std::string_view(content).substr(1000));
    const BlobName name = writer.finish();
    EXPECT_EQ(name.digest, digest_of(content));
    EXPECT_EQ(name.size, content.size());
    EXPECT_FALSE(has_blob(store_, name.digest)) << "visible before publish";
    writer.publish();
    EXPECT_EQ(read_blob(store_, name.digest, 2U << 20U), content);
}

TEST_F(StoreTest, ADamagedBlobIsNotRead) {
    Lease lease = Lease::take(store_);
    const BlobName name = write_blob(lease, "content");
    const Fd file = open_at(store_.fd(), blob_path(name.digest, BlobForm::verbatim), O_WRONLY);
    write_all(file.get(), "CONTENT", "it");
    EXPECT_THROW(read_blob(store_, name.digest, 100), Error);
}

TEST_F(StoreTest, APartialBlobOutlivesItsWriterAndHasOneAtATime) {
    const BlobName name{digest_of("content"), 7};
    {
        Lease lease = Lease::take(store_);
        auto partial = PartialBlob::attempt(lease, name);
        ASSERT_TRUE(partial);
        partial->append("cont");
        EXPECT_FALSE(PartialBlob::attempt(lease, name)) << "two writers";
    }
    collect_now();
    Lease lease = Lease::take(store_);
    auto partial = PartialBlob::attempt(lease, name);
    ASSERT_TRUE(partial);
    EXPECT_EQ(partial->size(), 4U);
    partial->append("ent");
    EXPECT_FALSE(has_blob(store_, name.digest)) << "visible before publish";
    partial->publish();
    EXPECT_EQ(read_blob(store_, name.digest, 100), "content");
    EXPECT_EQ(count("partial"), 0U);
}

TEST_F(StoreTest, APartialBlobThatNobodyCameBackForGoes) {
    const BlobName name{digest_of("content"), 7};
    const std::string path = "partial/" + name.digest.hex();
    const std::array<timespec, 2> old{timespec{1, 0}, timespec{1, 0}};
    {
        Lease lease = Lease::take(store_);
        auto partial = PartialBlob::attempt(lease, name);
        partial->append("cont");
        ASSERT_EQ(utimensat(store_.fd(), path.c_str(), old.data(), 0), 0);
        collect_now();
        EXPECT_TRUE(exists(path)) << "its writer lives";
    }
    EXPECT_EQ(collect_now().bytes, 4U);
    EXPECT_FALSE(exists(path));
}

TEST_F(StoreTest, WhatWasNotPublishedLeavesNothing) {
    {
        Lease lease = Lease::take(store_);
        BlobWriter(lease, BlobForm::verbatim).write("x");
        LayerWriter layer(lease);
        EXPECT_EQ(count("staging"), 1U);
    }
    EXPECT_EQ(count("staging") + count("leases") + count("layers") + count("images/blobs/sha256"),
              0U);
}

TEST_F(StoreTest, TwoLayersThatWantTheSameShortNameGetTwo) {
    Lease lease = Lease::take(store_);
    // They share their first eight digits.
    const oci::Digest one = *oci::Digest::from_hex("01234567" + std::string(56, 'a'));
    const oci::Digest two = *oci::Digest::from_hex("01234567" + std::string(56, 'b'));
    add_layer(lease, one, "one");
    add_layer(lease, two, "two");
    EXPECT_EQ(find_layer_link(store_, one), "01234567");
    EXPECT_EQ(find_layer_link(store_, two), "bbbbbbbb");
    EXPECT_EQ(find_file(store_.fd(), "l/bbbbbbbb/file", 10), "two");
    EXPECT_FALSE(find_layer_link(store_, digest_of("no layer")));
}

TEST_F(StoreTest, TheSecondOfTwoEqualLayersIsDropped) {
    Lease lease = Lease::take(store_);
    const oci::Digest chain = digest_of("chain");
    add_layer(lease, chain, "first");
    add_layer(lease, chain, "second");
    EXPECT_EQ(find_layer(store_, chain)->size, 5U);
    EXPECT_EQ(count("layers"), 1U);
    EXPECT_EQ(count("l"), 1U);
}

// image-spec config.md, "Layer ChainID".
TEST_F(StoreTest, AChainIdCoversWhatIsBelow) {
    const std::vector<oci::Digest> diffs = {digest_of("a"), digest_of("b")};
    const std::vector<oci::Digest> chains = chain_ids(diffs);
    EXPECT_EQ(chains[0], diffs[0]);
    EXPECT_EQ(chains[1], digest_of(diffs[0].text() + " " + diffs[1].text()));
}

TEST_F(StoreTest, ARecordReadsBack) {
    const ImageRecord record = add_image("one");
    const std::optional<ImageRecord> found = find_image_record(store_, record.id);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->manifest.digest, record.manifest.digest);
    EXPECT_EQ(found->visible_layers(), record.visible_layers());
    EXPECT_EQ(found->size(), 1U);
    EXPECT_EQ(find_image_ids(store_, record.id.hex().substr(0, 5)), std::vector{record.id});
    EXPECT_TRUE(find_image_ids(store_, "zz").empty());
}

TEST_F(StoreTest, AnOpaqueLayerHidesTheOnesBelow) {
    ImageRecord record = add_image("one");
    record.layers.push_back({digest_of("top"), 1, true});
    EXPECT_EQ(record.visible_layers(), std::vector{digest_of("top")});
}

TEST_F(StoreTest, FileNamesOfReferencesAreShortAndDiffer) {
    const oci::Reference plain = oci::Reference::parse("localhost:5000/a/b:1");
    EXPECT_EQ(reference_file_name(plain), "localhost:5000%2Fa%2Fb:1");
    const std::string path(240, 'a');
    const std::string one = reference_file_name(oci::Reference::parse("x.y/" + path + ":1"));
    const std::string two = reference_file_name(oci::Reference::parse("x.y/" + path + ":2"));
    EXPECT_LE(one.size(), 240U);
    EXPECT_NE(one, two);
}

TEST_F(StoreTest, CollectionKeepsWhatImagesReachAndDropsTheRest) {
    const ImageRecord kept = add_image("kept");
    const ImageRecord gone = add_image("gone");
    {
        const StoreLock lock = store_.lock(LockMode::exclusive);
        EXPECT_TRUE(remove_reference(store_, lock, oci::parse_tag_target("gone")));
        EXPECT_TRUE(remove_image_record(store_, lock, gone.id));
        EXPECT_FALSE(remove_image_record(store_, lock, gone.id));
    }
    const Collection collection = collect_now();
    EXPECT_EQ(collection.layers, gone.visible_layers());
    EXPECT_EQ(collection.bytes, 1 + std::string("gone"
                                                "manifest of gone")
                                        .size());
    EXPECT_TRUE(collection.trash);
    empty_trash(store_);
    EXPECT_EQ(count("trash"), 0U);
    EXPECT_TRUE(has_blob(store_, kept.id));
    EXPECT_TRUE(find_layer_link(store_, kept.layers[0].chain));
    EXPECT_FALSE(has_blob(store_, gone.id));
    EXPECT_FALSE(has_blob(store_, gone.manifest.digest));
    EXPECT_EQ(count("l"), 1U);
}

TEST_F(StoreTest, CollectionKeepsWhatALeaseListsAndWhatAContainerUses) {
    const oci::Digest leased = digest_of("leased");
    const oci::Digest used = digest_of("used");
    Lease lease = Lease::take(store_);
    {
        Lease other = Lease::take(store_);
        add_layer(other, leased);
        add_layer(other, used);
        lease.add_layer(leased);
    }
    const Fd containers = open_at(store_.fd(), "containers", O_RDONLY | O_DIRECTORY);
    const Fd container = open_or_make_directory(containers.get(), "c1", 0700);
    create_file(
        container.get(), "config.json",
        R"({"image":")" + digest_of("image").text() + R"(","layers":[")" + used.hex() + R"("]})",
        0600, Durability::none);
    collect_now();
    EXPECT_TRUE(has_layer(store_, leased));
    EXPECT_TRUE(has_layer(store_, used));
    Damages damaged;
    const std::vector<ContainerUse> uses = list_container_uses(store_, damaged);
    ASSERT_EQ(uses.size(), 1U);
    EXPECT_FALSE(uses[0].running);
    EXPECT_TRUE(damaged.empty());
}

TEST_F(StoreTest, ACopyWithOtherOwnersStaysAsLongAsItsOriginal) {
    const oci::Digest kept = add_image("kept").layers.at(0).chain;
    const oci::Digest lost = digest_of("lost");
    const auto copy_of = [&](const oci::Digest& origin) {
        const oci::Digest key = mapped_layer_key(origin, "u 0 1 10\n");
        EXPECT_NE(key, mapped_layer_key(origin, "u 0 2 10\n"));
        Lease lease = Lease::take(store_);
        LayerWriter writer(lease);
        writer.seal({.diff = origin, .size = 1, .opaque = false, .boot = {}, .origin = origin});
        writer.commit(key);
        EXPECT_EQ(find_layer(store_, key)->origin, origin);
        return key;
    };
    const oci::Digest kept_copy = copy_of(kept);
    const oci::Digest lost_copy = copy_of(lost);
    collect_now();
    EXPECT_TRUE(has_layer(store_, kept_copy));
    EXPECT_FALSE(has_layer(store_, lost_copy));
    EXPECT_EQ(find_layer(store_, kept)->origin, std::nullopt);
}

TEST_F(StoreTest, OnDoubtNothingIsCollected) {
    Lease::take(store_);
    const Fd containers = open_at(store_.fd(), "containers", O_RDONLY | O_DIRECTORY);
    const Fd container = open_or_make_directory(containers.get(), "c1", 0700);
    create_file(container.get(), "config.json", "{ damaged", 0600, Durability::none);
    {
        Lease lease = Lease::take(store_);
        add_layer(lease, digest_of("perhaps its layer"));
    }
    const Collection collection = collect_now();
    ASSERT_EQ(collection.damaged.size(), 1U);
    EXPECT_EQ(collection.damaged[0].object(), DamagedObject::container);
    EXPECT_EQ(collection.damaged[0].path(), "containers/c1/config.json");
    EXPECT_TRUE(has_layer(store_, digest_of("perhaps its layer")));
}

TEST_F(StoreTest, ADamagedFileDoesNotHideTheOthers) {
    const ImageRecord one = add_image("one");
    const ImageRecord two = add_image("two");
    const std::string reference = reference_file_name(oci::parse_tag_target("one"));
    replace_file(store_.fd(), "images/refs/" + reference, "", 0600, Durability::none);
    replace_file(store_.fd(), "images/records/" + two.id.hex(), "{}", 0600, Durability::none);
    Damages damaged;
    ASSERT_EQ(list_references(store_, damaged).size(), 1U);
    ASSERT_EQ(damaged.size(), 1U);
    EXPECT_EQ(damaged[0].name(), "one:latest");
    const std::vector<ImageRecord> records = list_image_records(store_, damaged);
    ASSERT_EQ(records.size(), 1U);
    EXPECT_EQ(records[0].id, one.id);
    ASSERT_EQ(damaged.size(), 2U);
    EXPECT_EQ(damaged[1].name(), two.id.short_id());
    EXPECT_THROW(find_image_record(store_, two.id), DamagedFile);
    const Collection collection = collect_now();
    EXPECT_EQ(collection.damaged.size(), 2U);
    EXPECT_TRUE(has_layer(store_, two.layers[0].chain));
}

TEST_F(StoreTest, WritingAgainMendsWhatWasDamaged) {
    const ImageRecord image = add_image("one");
    const std::string blob = blob_path(image.id, BlobForm::verbatim);
    const std::string reference =
        "images/refs/" + reference_file_name(oci::parse_tag_target("one"));
    const std::string meta = "layers/" + image.layers[0].chain.hex() + "/meta.json";
    for (const std::string& path : {blob, reference}) {
        ASSERT_EQ(unlinkat(store_.fd(), path.c_str(), 0), 0);
        create_file(open_or_make_directory(store_.fd(), path, 0700).get(), "x", "x", 0600,
                    Durability::none);
    }
    replace_file(store_.fd(), meta, "garbage", 0600, Durability::none);
    EXPECT_FALSE(has_layer(store_, image.layers[0].chain));
    add_image("one");
    EXPECT_EQ(read_blob(store_, image.id, 100), "one");
    EXPECT_TRUE(find_reference(store_, oci::parse_tag_target("one")));
    EXPECT_TRUE(has_layer(store_, image.layers[0].chain));
}

TEST_F(StoreTest, ALostFolderOrLinkComesBack) {
    const ImageRecord image = add_image("one");
    const std::string elsewhere = store_.root() + "-elsewhere";
    ASSERT_EQ(renameat(store_.fd(), "l", AT_FDCWD, elsewhere.c_str()), 0);
    const ScopeExit remove([&] { remove_tree(AT_FDCWD, elsewhere); });
    ASSERT_EQ(unlinkat(store_.fd(), "format", 0), 0);
    const std::optional<Store> found = Store::find(store_.root());
    ASSERT_TRUE(found);
    EXPECT_TRUE(exists("format"));
    EXPECT_TRUE(find_layer_link(*found, image.layers[0].chain));
    EXPECT_EQ(count("l"), 1U);
}

TEST_F(StoreTest, IsRefusedWhereSomethingElseIs) {
    EXPECT_THROW(Store::find("/dev/null"), Error);
    EXPECT_THROW(Store::find("/dev/null/below"), Error);
}

TEST_F(StoreTest, ADirectoryOfOtherThingsIsNone) {
    const std::string home = store_.root() + "-home";
    ASSERT_EQ(mkdir(home.c_str(), 0700), 0);
    const ScopeExit remove([&] { remove_tree(AT_FDCWD, home); });
    ASSERT_EQ(mkdir((home + "/images").c_str(), 0700), 0);
    const Fd directory = open_file(home, O_RDONLY | O_DIRECTORY);
    create_file(directory.get(), "letter", "dear", 0600, Durability::none);
    EXPECT_THROW(Store::find(home), Error);
    EXPECT_THROW(Store::open(home), Error);
    EXPECT_EQ(list_directory(directory.get()).size(), 2U);
    unlinkat(directory.get(), "letter", 0);
    EXPECT_NO_THROW(Store::open(home));  // what a killed creator left
}

TEST_F(StoreTest, LayersOfRecordedOwnersHaveNamesOfTheirOwn) {
    const std::array diffs{digest_of("a"), digest_of("b")};
    EXPECT_EQ(layer_keys(diffs, Ownership::apply), chain_ids(diffs));
    const std::vector<oci::Digest> recorded = layer_keys(diffs, Ownership::record);
    EXPECT_NE(recorded[0], chain_ids(diffs)[0]);
    EXPECT_NE(recorded[1], chain_ids(diffs)[1]);
    EXPECT_NE(recorded[0], recorded[1]);
}

TEST_F(StoreTest, WhatAKilledProcessLeftIsCollected) {
    const pid_t child = fork();
    if (child == 0) {
        Lease lease = Lease::take(store_);
        LayerWriter half(lease);
        create_file(half.tree(), "file", "x", 0644, Durability::none);
        write_blob(lease, "nobody needs it");
        raise(SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(count("staging") + count("leases"), 2U);
    collect_now();
    empty_trash(store_);
    EXPECT_EQ(count("staging") + count("leases") + count("trash") + count("images/blobs/sha256"),
              0U);
}

// Each process adds an image and collects at once; what one adds no other may take away.
TEST_F(StoreTest, ThirtyTwoProcessesAtOnceLoseNothing) {
    constexpr int processes = 32;
    for (int i = 0; i < processes; ++i) {
        if (fork() != 0) continue;
        int failed = 0;
        try {
            add_image("image" + std::to_string(i));
            collect_now();
            empty_trash(store_);
        } catch (const std::exception&) {
            failed = 1;
        }
        _exit(failed);
    }
    for (int i = 0; i < processes; ++i) {
        int status = 0;
        ASSERT_GT(wait(&status), 0);
        EXPECT_EQ(status, 0);
    }
    Damages damaged;
    EXPECT_EQ(list_references(store_, damaged).size(), static_cast<size_t>(processes));
    for (const ImageRecord& image : list_image_records(store_, damaged)) {
        EXPECT_TRUE(has_blob(store_, image.id));
        EXPECT_TRUE(has_blob(store_, image.manifest.digest));
        EXPECT_TRUE(find_layer_link(store_, image.layers[0].chain));
    }
    EXPECT_EQ(count("staging") + count("leases"), 0U);
}

}  // namespace
}  // namespace skiff::storage
