// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/arriving_blob.h"

#include <array>
#include <cerrno>
#include <vector>

#include <unistd.h>

#include "base/error.h"
#include "registry/answer_error.h"

namespace skiff::engine {
namespace {

constexpr size_t buffer_size = 256U << 10U;
/// A follower is woken for so much at once: waking costs more than a few packets.
constexpr std::uint64_t wake_step = 128U << 10U;

void hash_beginning(int fd, std::uint64_t size, std::span<char> buffer, storage::Sha256& sha) {
    std::uint64_t offset = 0;
    while (offset < size) {
        const ssize_t n =
            pread(fd, buffer.data(), std::min<std::uint64_t>(buffer.size(), size - offset),
                  static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw SystemError(errno, "cannot read a partial blob");
        if (n == 0) throw Error(ErrorKind::system, "a partial blob shrank while it was read");
        sha.update({buffer.data(), static_cast<size_t>(n)});
        offset += static_cast<std::uint64_t>(n);
    }
}

}  // namespace

class ArrivingBlob::Follower final : public storage::ByteSource {
  public:
    explicit Follower(ArrivingBlob& blob) : blob_(blob), round_(blob.round_) {}

    size_t read(std::span<char> buffer) override {
        std::uint64_t available = 0;
        {
            std::unique_lock lock(blob_.mutex_);
            blob_.changed_.wait(lock, [&] {
                return blob_.available_ > offset_ || blob_.complete_ || blob_.failure_ ||
                       blob_.round_ != round_;
            });
            if (blob_.round_ != round_) throw BlobRestarted();
            if (blob_.failure_) std::rethrow_exception(blob_.failure_);
            available = blob_.available_;
        }
        if (available == offset_) return 0;
        const std::uint64_t wanted = std::min<std::uint64_t>(buffer.size(), available - offset_);
        for (;;) {
            const ssize_t n =
                pread(blob_.partial_->fd(), buffer.data(), wanted, static_cast<off_t>(offset_));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) throw SystemError(errno, "cannot read a partial blob");
            offset_ += static_cast<std::uint64_t>(n);
            return static_cast<size_t>(n);
        }
    }

  private:
    ArrivingBlob& blob_;
    int round_;
    std::uint64_t offset_ = 0;
};

std::unique_ptr<storage::ByteSource> ArrivingBlob::follow() {
    const std::lock_guard guard(mutex_);
    return std::make_unique<Follower>(*this);
}

void ArrivingBlob::wait_verified() {
    std::unique_lock lock(mutex_);
    const int round = round_;
    changed_.wait(lock, [&] { return verified_ || failure_ || round_ != round; });
    if (failure_) std::rethrow_exception(failure_);
    if (round_ != round) throw BlobRestarted();
}

void ArrivingBlob::restart() {
    const std::lock_guard guard(mutex_);
    partial_->restart();
    available_ = 0;
    complete_ = false;
    ++round_;
    changed_.notify_all();
}

void ArrivingBlob::give_up(std::exception_ptr failure) {
    const std::lock_guard guard(mutex_);
    if (!verified_ && !failure_) failure_ = std::move(failure);
    changed_.notify_all();
}

void ArrivingBlob::fetch(std::span<const Source> sources, const Watch& watch) {
    try {
        buffer_.resize(buffer_size);
        fetch_all(sources, watch);
        const std::lock_guard guard(mutex_);
        verified_ = true;
        changed_.notify_all();
    } catch (...) {
        give_up(std::current_exception());
        throw;
    }
    buffer_ = {};
}

void ArrivingBlob::fetch_all(std::span<const Source> sources, const Watch& watch) {
    const storage::BlobName& wanted = partial_->finish();
    bool resumed = partial_->size() > 0;
    for (;;) {
        storage::Sha256 sha;
        hash_beginning(partial_->fd(), partial_->size(), buffer_, sha);
        fetch_rest(sources, sha, watch);
        {
            const std::lock_guard guard(mutex_);
            complete_ = true;
            changed_.notify_all();
        }
        watch.complete();
        const std::string hex = sha.finish_hex();
        if (hex == wanted.digest.hex()) return;
        if (!resumed) {
            partial_->remove();
            throw Error(ErrorKind::invalid,
                        "filesystem layer verification failed for digest {}: the registry sent the "
                        "content sha256:{}",
                        wanted.digest.text(), hex);
        }
        // The beginning came at another time, perhaps from somewhere else.
        resumed = false;
        restart();
    }
}

void ArrivingBlob::fetch_rest(std::span<const Source> sources, storage::Sha256& sha,
                              const Watch& watch) {
    for (size_t i = 0;; ++i) {
        try {
            return fetch_rest_from(sources[i], sha, watch);
        } catch (const registry::RefusedError&) {
            if (i + 1 == sources.size()) throw;
        } catch (const registry::ConnectionError&) {
            if (i + 1 == sources.size()) throw;
        }
    }
}

void ArrivingBlob::fetch_rest_from(const Source& source, storage::Sha256& sha, const Watch& watch) {
    const storage::BlobName& wanted = partial_->finish();
    registry::Repository repository(*source.connection, source.path);
    registry::Backoff backoff;
    while (partial_->size() < wanted.size) {
        try {
            receive(repository.open_blob(wanted.digest, partial_->size()), sha, backoff, watch);
            // An answer without a length just ends where it breaks off.
            if (partial_->size() < wanted.size && !backoff.again())
                throw Error(ErrorKind::invalid,
                            "the blob {} ended after {} bytes, where its manifest says {}",
                            wanted.digest.text(), partial_->size(), wanted.size);
        } catch (const registry::ConnectionError& error) {
            if (!source.connection->worth_another_try(error) || !backoff.again()) throw;
            watch.retrying();
        } catch (const registry::RefusedError& error) {
            // There is no such part: what is here is not what they have.
            constexpr int range_not_satisfiable = 416;
            if (error.status() != range_not_satisfiable || partial_->size() == 0) throw;
            restart();
            sha = storage::Sha256();
        }
    }
}

void ArrivingBlob::receive(registry::Repository::BlobStream stream, storage::Sha256& sha,
                           registry::Backoff& backoff, const Watch& watch) {
    const storage::BlobName& wanted = partial_->finish();
    if (stream.size && *stream.size != wanted.size)
        throw Error(ErrorKind::invalid,
                    "the blob {} has {} bytes at the registry, where its manifest says {}",
                    wanted.digest.text(), *stream.size, wanted.size);
    const ScopeExit show([&] { show_available(); });
    // A registry that gives no parts begins from the beginning.
    std::uint64_t skip = partial_->size() - stream.offset;
    while (const size_t count = stream.body->read(buffer_)) {
        std::string_view bytes(buffer_.data(), count);
        const std::uint64_t skipped = std::min<std::uint64_t>(skip, count);
        bytes.remove_prefix(skipped);
        skip -= skipped;
        if (bytes.empty()) continue;
        if (partial_->size() + bytes.size() > wanted.size)
            throw Error(ErrorKind::invalid,
                        "the blob {} is longer than the {} bytes that its manifest says",
                        wanted.digest.text(), wanted.size);
        partial_->append(bytes);
        sha.update(bytes);
        backoff.progress();
        if (partial_->size() - available_ < wake_step) continue;
        show_available();
        watch.received(partial_->size());
    }
}

/// Only the fetching thread changes available_, so it may read it without the lock.
void ArrivingBlob::show_available() {
    const std::lock_guard guard(mutex_);
    available_ = partial_->size();
    changed_.notify_all();
}

}  // namespace skiff::engine
