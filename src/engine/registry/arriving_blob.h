// SPDX-License-Identifier: Apache-2.0
// A blob that is fetched by one thread while another one reads it.
//
// The bytes go into the partial blob's file, and the reader follows behind in it: so fetching never
// waits for unpacking, memory stays small, and what is there outlives a cut.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "registry/repository.h"
#include "storage/archive/sha256.h"
#include "storage/partial_blob.h"

namespace skiff::engine {

/// What was read turned out to be a wrong beginning of an earlier attempt, and comes anew.
struct BlobRestarted {};

class ArrivingBlob {
  public:
    explicit ArrivingBlob(std::unique_ptr<storage::PartialBlob> partial)
        : partial_(std::move(partial)), available_(partial_->size()) {}

    struct Watch {
        std::function<void(std::uint64_t bytes)> received;  ///< so far, now and then
        std::function<void()> retrying;
        std::function<void()> complete;  ///< not verified yet
    };
    struct Source {
        registry::Connection* connection;
        std::string path;  ///< of the repository there
    };
    /// Gets what is missing from the first source that has it, and verifies size and digest. Goes
    /// on where it was when the connection breaks. Whatever it throws, wait_verified throws too.
    void fetch(std::span<const Source> sources, const Watch& watch);
    /// It will not be fetched, and whoever waits for it throws this. No effect on what is verified.
    void give_up(std::exception_ptr failure);

    /// The bytes as they come, from the beginning; waits where they are not there yet. Its read()
    /// throws BlobRestarted, or what fetch threw. Borrows this.
    std::unique_ptr<storage::ByteSource> follow();
    /// Waits until all of it is there and right.
    void wait_verified();

    /// Once it is verified.
    std::unique_ptr<storage::PartialBlob> take() { return std::move(partial_); }
    storage::PartialBlob& partial() { return *partial_; }
    const storage::BlobName& name() const { return partial_->finish(); }

  private:
    class Follower;
    void fetch_all(std::span<const Source> sources, const Watch& watch);
    void fetch_rest(std::span<const Source> sources, storage::Sha256& sha, const Watch& watch);
    void fetch_rest_from(const Source& source, storage::Sha256& sha, const Watch& watch);
    void receive(registry::Repository::BlobStream stream, storage::Sha256& sha,
                 registry::Backoff& backoff, const Watch& watch);
    void show_available();
    void restart();

    std::unique_ptr<storage::PartialBlob> partial_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<char> buffer_;  ///< of the fetching thread
    std::uint64_t available_ = 0;
    int round_ = 0;  ///< counts restarts
    bool complete_ = false;
    bool verified_ = false;
    std::exception_ptr failure_;
};

}  // namespace skiff::engine
