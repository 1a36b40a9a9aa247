// SPDX-License-Identifier: Apache-2.0
// Whatever the container sends, what the SYN gate and the egress filter answer is a well-formed
// packet from the destination to the container.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "network/frame.h"
#include "network/syn_answer.h"

using namespace skiff::network;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool same(const in6_addr& a, const in6_addr& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Bytes frame(data, size);
    const auto packet = parse_packet(frame);
    if (!packet) return 0;
    if (const auto bytes = prohibited_answer(*packet, frame); !bytes.empty()) {
        const auto answer = parse_packet(bytes);
        require(answer && same(answer->source, packet->destination) &&
                same(answer->destination, packet->source));
    }
    if (packet->transport != Transport::tcp) return 0;
    for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, ETIMEDOUT}) {
        const auto bytes = syn_answer(*packet, frame, error);
        if (bytes.empty()) continue;
        require(error != ETIMEDOUT);
        const auto answer = parse_packet(bytes);
        require(answer && same(answer->source, packet->destination) &&
                same(answer->destination, packet->source));
        require(std::memcmp(bytes.data(), data + 6, 6) == 0);
        const Transport icmp = packet->family == AF_INET6 ? Transport::icmp6 : Transport::icmp;
        require(answer->transport == (error == ECONNREFUSED ? Transport::tcp : icmp));
    }
    return 0;
}
