// SPDX-License-Identifier: Apache-2.0
// Frames of a container, from the link to libslirp. Checksums are put right first: without that
// libslirp would look at next to nothing.
//
// In a network namespace of its own: what is asked for here must not go anywhere.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "network/address_check.h"
#include "network/resolver_stream6.h"
#include "network/slirp_stack.h"

namespace {

using namespace skiff::network;

/// Once, and before there is a second thread (libFuzzer's own comes after its initialisation).
bool is_isolated() {
    static const bool done =
        unshare(CLONE_NEWNET) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
    return done;
}

void put_checksums_right(std::vector<std::uint8_t>& frame) {
    constexpr std::size_t ip_at = ethernet_header;
    ip header;
    if (frame.size() < ip_at + sizeof header || frame[12] != 0x08 || frame[13] != 0) return;
    std::memcpy(&header, frame.data() + ip_at, sizeof header);
    const std::size_t length = header.ip_hl * 4UL;
    if (length < sizeof header || frame.size() < ip_at + length) return;
    header.ip_len = htons(static_cast<std::uint16_t>(frame.size() - ip_at));
    header.ip_sum = 0;
    std::memcpy(frame.data() + ip_at, &header, sizeof header);
    header.ip_sum = checksum(Bytes(frame).subspan(ip_at, length));
    std::memcpy(frame.data() + ip_at, &header, sizeof header);
    const auto packet = parse_packet(frame);
    if (!packet || packet->transport != Transport::tcp || packet->segment.empty()) return;
    const std::size_t sum_at = ip_at + length + offsetof(tcphdr, th_sum);
    frame[sum_at] = frame[sum_at + 1] = 0;
    const std::uint16_t sum =
        checksum(packet->segment, pseudo_header_sum(AF_INET, packet->source, packet->destination,
                                                    IPPROTO_TCP, packet->segment.size()));
    std::memcpy(frame.data() + sum_at, &sum, sizeof sum);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    signal(SIGPIPE, SIG_IGN);
    is_isolated();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const HelperConfig config = make_config(default_cidr);
    AddressCheck check(config);
    EventLoop loop;
    Link link(skiff::open_file("/dev/null", O_WRONLY));
    SlirpStack slirp(loop, link, config, [] { return skiff::Fd(); });
    ResolverStream6 streams6(link, slirp, config);
    // Each frame with its length before it.
    for (std::size_t at = 0; at + 2 <= size;) {
        const std::size_t wanted = static_cast<std::size_t>(data[at] << 8U | data[at + 1]);
        at += 2;
        const std::size_t length = wanted < size - at ? wanted : size - at;
        std::vector<std::uint8_t> frame(data + at, data + at + length);
        at += length;
        put_checksums_right(frame);
        const bool is_arp = length >= ethernet_header && frame[12] == 0x08 && frame[13] == 0x06;
        const auto packet = parse_packet(frame);
        if (packet && (packet->network.size() > frame.size() ||
                       packet->payload.size() > packet->segment.size()))
            std::abort();
        if (!is_isolated() || (!is_arp && (!packet || check.take(*packet, frame)))) continue;
        if (is_arp || !streams6.take(*packet, frame)) slirp.input(frame);
    }
    return 0;
}
