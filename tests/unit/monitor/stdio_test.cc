// SPDX-License-Identifier: Apache-2.0
#include "monitor/stdio.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/file.h"

namespace skiff::monitor {
namespace {

using Outcome = Transfer::Outcome;

/// Writes until blocked; returns the count.
std::size_t fill(Endpoint& endpoint) {
    const std::string block(65536, 'x');
    std::size_t count = 0;
    for (;;) {
        const Transfer transfer = endpoint.write(block);
        if (transfer.outcome != Outcome::progressed) return count;
        count += transfer.count;
    }
}

TEST(Stdio, ABorrowedPipeNeverBlocksAndKeepsItsFlags) {
    Pipe pipe = make_pipe();
    Endpoint to = Endpoint::borrow_for_writing(duplicate(pipe.write.get()));
    EXPECT_GE(fill(to), 4096U);
    EXPECT_EQ(fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK, 0);
    Endpoint from = Endpoint::borrow_for_reading(duplicate(pipe.read.get()));
    std::array<char, 65536> buffer;
    while (from.read(buffer).outcome == Outcome::progressed) {
    }
    EXPECT_EQ(from.read(buffer).outcome, Outcome::blocked);
    EXPECT_EQ(fcntl(pipe.read.get(), F_GETFL) & O_NONBLOCK, 0);
    to.close();
    pipe.write.reset();
    EXPECT_EQ(from.read(buffer).outcome, Outcome::ended);
}

TEST(Stdio, APipeThatCannotBeOpenedAnewNeverBlocksEither) {
    // Its mode forbids it, and we are not root in this thread's file system ids.
    Pipe pipe = make_pipe();
    if (geteuid() != 0) GTEST_SKIP() << "needs a second user";
    ASSERT_EQ(fchmod(pipe.write.get(), 0), 0);
    ASSERT_EQ(seteuid(65534), 0);
    Endpoint to = Endpoint::borrow_for_writing(duplicate(pipe.write.get()));
    Endpoint from = Endpoint::borrow_for_reading(duplicate(pipe.read.get()));
    const std::size_t written = fill(to);
    std::array<char, 65536> buffer;
    std::size_t count = 0;
    Transfer transfer;
    while ((transfer = from.read(buffer)).outcome == Outcome::progressed) count += transfer.count;
    ASSERT_EQ(seteuid(0), 0);
    EXPECT_GE(written, 60000U);
    EXPECT_EQ(count, written);
    EXPECT_EQ(transfer.outcome, Outcome::blocked);
}

TEST(Stdio, APipeWithoutAReaderFailsWithEpipe) {
    signal(SIGPIPE, SIG_IGN);
    Pipe pipe = make_pipe();
    pipe.read.reset();
    Endpoint to = Endpoint::borrow_for_writing(std::move(pipe.write));
    const Transfer transfer = to.write("x");
    EXPECT_EQ(transfer.outcome, Outcome::failed);
    EXPECT_EQ(transfer.error, EPIPE);
}

TEST(Stdio, ASocketNeverBlocksAndKeepsItsFlags) {
    SocketPair pair = make_socket_pair(SOCK_STREAM);
    Endpoint to = Endpoint::borrow_for_writing(duplicate(pair.ours.get()));
    EXPECT_GE(fill(to), 4096U);
    EXPECT_EQ(fcntl(pair.ours.get(), F_GETFL) & O_NONBLOCK, 0);
    pair.theirs.reset();
    EXPECT_EQ(to.write("x").outcome, Outcome::failed);
}

TEST(Stdio, AFileIsWrittenAtTheOffsetItsOwnerSees) {
    const TempDir temp;
    const Fd file = open_file(temp.path() + "/f", O_RDWR | O_CREAT, 0600);
    write_all(file.get(), "before ", "f");
    Endpoint to = Endpoint::borrow_for_writing(duplicate(file.get()));
    EXPECT_EQ(to.write("between ").count, 8U);
    write_all(file.get(), "after", "f");
    EXPECT_EQ(read_file(temp.path() + "/f", 100), "before between after");
}

TEST(Stdio, AFullDeviceIsAFailure) {
    Endpoint to = Endpoint::borrow_for_writing(open_file("/dev/full", O_WRONLY));
    EXPECT_EQ(to.write("x").error, ENOSPC);
    Endpoint null = Endpoint::borrow_for_writing(open_file("/dev/null", O_WRONLY));
    EXPECT_EQ(null.write(std::string(65536, 'x')).count, 65536U);
}

}  // namespace
}  // namespace skiff::monitor
