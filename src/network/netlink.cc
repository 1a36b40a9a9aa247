// SPDX-License-Identifier: Apache-2.0
#include "network/netlink.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"

namespace skiff::network {
namespace {

template <typename Value>
Bytes bytes_of(const Value& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void append(std::vector<std::uint8_t>& bytes, Bytes value) {
    bytes.insert(bytes.end(), value.begin(), value.end());
    bytes.resize(NLMSG_ALIGN(bytes.size()));
}

}  // namespace

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags, Bytes header) {
    nlmsghdr start{};
    start.nlmsg_type = type;
    start.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(bytes_, bytes_of(start));
    append(bytes_, header);
}

NetlinkMessage& NetlinkMessage::add(std::uint16_t attribute, Bytes value) {
    const nlattr header{static_cast<std::uint16_t>(sizeof header + value.size()), attribute};
    append(bytes_, bytes_of(header));
    append(bytes_, value);
    return *this;
}

NetlinkMessage& NetlinkMessage::add(std::uint16_t attribute, std::string_view text) {
    const std::string terminated(text);
    return add(attribute, Bytes(reinterpret_cast<const std::uint8_t*>(terminated.c_str()),
                                terminated.size() + 1));
}

NetlinkMessage& NetlinkMessage::add_number(std::uint16_t attribute, std::uint32_t value) {
    return add(attribute, bytes_of(value));
}
NetlinkMessage& NetlinkMessage::add_byte(std::uint16_t attribute, std::uint8_t value) {
    return add(attribute, bytes_of(value));
}
NetlinkMessage& NetlinkMessage::add_address(std::uint16_t attribute, in_addr address) {
    return add(attribute, bytes_of(address));
}
NetlinkMessage& NetlinkMessage::add_address(std::uint16_t attribute, const in6_addr& address) {
    return add(attribute, bytes_of(address));
}

NetlinkMessage& NetlinkMessage::begin(std::uint16_t attribute) {
    open_.push_back(bytes_.size());
    const nlattr header{sizeof header, static_cast<std::uint16_t>(attribute | NLA_F_NESTED)};
    append(bytes_, bytes_of(header));
    return *this;
}

NetlinkMessage& NetlinkMessage::raw(Bytes value) {
    append(bytes_, value);
    return *this;
}

NetlinkMessage& NetlinkMessage::end() {
    const std::size_t start = open_.back();
    open_.pop_back();
    const auto length = static_cast<std::uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start + offsetof(nlattr, nla_len), &length, sizeof length);
    return *this;
}

Netlink::Netlink(int protocol) : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
    if (!socket_.valid()) throw SystemError(errno, "cannot speak with the kernel (netlink)");
}

std::vector<int> Netlink::request(const std::vector<NetlinkMessage>& messages) {
    std::vector<std::uint8_t> all;
    const std::uint32_t first = sequence_ + 1;
    for (const NetlinkMessage& message : messages) {
        const std::size_t start = all.size();
        append(all, message.bytes());
        nlmsghdr header;
        std::memcpy(&header, all.data() + start, sizeof header);
        header.nlmsg_len = static_cast<std::uint32_t>(message.bytes().size());
        header.nlmsg_seq = ++sequence_;
        std::memcpy(all.data() + start, &header, sizeof header);
    }
    if (send(socket_.get(), all.data(), all.size(), 0) < 0)
        throw SystemError(errno, "cannot speak with the kernel (netlink)");

    std::vector<int> answers(messages.size(), -1);
    alignas(nlmsghdr) std::array<char, 16384> buffer;
    for (std::size_t missing = messages.size(); missing > 0;) {
        const ssize_t n = recv(socket_.get(), buffer.data(), buffer.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw SystemError(n == 0 ? EPIPE : errno, "no answer of the kernel (netlink)");
        std::size_t left = static_cast<std::size_t>(n);
        for (const char* at = buffer.data(); left >= sizeof(nlmsghdr);) {
            nlmsghdr header;
            std::memcpy(&header, at, sizeof header);
            if (header.nlmsg_len < sizeof header || header.nlmsg_len > left) break;
            const std::uint32_t index = header.nlmsg_seq - first;
            if (header.nlmsg_type == NLMSG_ERROR && index < answers.size() &&
                header.nlmsg_len >= sizeof header + sizeof(int) && answers[index] < 0) {
                int error = 0;
                std::memcpy(&error, at + sizeof header, sizeof error);
                answers[index] = -error;
                --missing;
            }
            const std::size_t step = std::min<std::size_t>(left, NLMSG_ALIGN(header.nlmsg_len));
            at += step;
            left -= step;
        }
    }
    return answers;
}

int Netlink::transaction(const std::vector<NetlinkMessage>& changes) {
    const auto mark = [](std::uint16_t type) {
        nfgenmsg body{};
        body.res_id = htons(NFNL_SUBSYS_NFTABLES);
        return NetlinkMessage::of(type, 0, body);
    };
    std::vector<std::uint8_t> all;
    const auto put = [&](const NetlinkMessage& message, std::uint16_t flags) {
        const std::size_t start = all.size();
        append(all, message.bytes());
        nlmsghdr header;
        std::memcpy(&header, all.data() + start, sizeof header);
        header.nlmsg_len = static_cast<std::uint32_t>(message.bytes().size());
        header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags & flags);
        header.nlmsg_seq = ++sequence_;
        std::memcpy(all.data() + start, &header, sizeof header);
    };
    // Marks are answered by some kernels only, and only when they ask for it.
    constexpr std::uint16_t unanswered = 0xffff & ~NLM_F_ACK;
    put(mark(NFNL_MSG_BATCH_BEGIN), unanswered);
    for (const NetlinkMessage& change : changes) put(change, 0xffff);
    put(mark(NFNL_MSG_BATCH_END), unanswered);
    if (send(socket_.get(), all.data(), all.size(), 0) < 0)
        throw SystemError(errno, "cannot speak with the kernel (netlink)");

    // All answers are there when send returns. A refusal of the whole is one answer, to the mark.
    alignas(nlmsghdr) std::array<char, 16384> buffer;
    int refusal = 0;
    bool answered = false;
    for (;;) {
        const ssize_t n = recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(int))) break;
        nlmsghdr header;
        std::memcpy(&header, buffer.data(), sizeof header);
        if (header.nlmsg_type != NLMSG_ERROR) continue;
        answered = true;
        int error = 0;
        std::memcpy(&error, buffer.data() + sizeof header, sizeof error);
        if (refusal == 0) refusal = -error;
    }
    return answered ? refusal : EPROTO;
}

unsigned interface_index(const std::string& name) {
    const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    name.copy(request.ifr_name, sizeof request.ifr_name - 1);
    if (ioctl(any.get(), SIOCGIFINDEX, &request) < 0)
        throw SystemError(errno, "cannot find the interface '{}'", name);
    return static_cast<unsigned>(request.ifr_ifindex);
}

}  // namespace skiff::network
