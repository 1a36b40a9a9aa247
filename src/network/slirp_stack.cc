// SPDX-License-Identifier: Apache-2.0
#include "network/slirp_stack.h"

#include <algorithm>
#include <exception>

#include <libslirp.h>

#include <sys/epoll.h>

#include "base/error.h"

namespace skiff::network {
namespace {

constexpr int dns_port = 53;

std::uint32_t to_epoll(int events) {
    std::uint32_t result = 0;
    if ((events & SLIRP_POLL_IN) != 0) result |= EPOLLIN;
    if ((events & SLIRP_POLL_OUT) != 0) result |= EPOLLOUT;
    if ((events & SLIRP_POLL_PRI) != 0) result |= EPOLLPRI;
    // Always reported; asked for here so that no entry is without any event.
    return result | EPOLLERR | EPOLLHUP;
}

int from_epoll(std::uint32_t events) {
    int result = 0;
    if ((events & EPOLLIN) != 0) result |= SLIRP_POLL_IN;
    if ((events & EPOLLOUT) != 0) result |= SLIRP_POLL_OUT;
    if ((events & EPOLLPRI) != 0) result |= SLIRP_POLL_PRI;
    if ((events & EPOLLERR) != 0) result |= SLIRP_POLL_ERR;
    if ((events & EPOLLHUP) != 0) result |= SLIRP_POLL_HUP;
    return result;
}

}  // namespace

/// C functions with `this` as their last argument. No exception may pass through libslirp: a
/// connection that cannot be watched, for lack of memory, stands still.
struct SlirpStack::Callbacks {
    static SlirpStack& self(void* opaque) { return *static_cast<SlirpStack*>(opaque); }

    static ssize_t send_packet(const void* data, size_t length, void* opaque) {
        try {
            self(opaque).answer({static_cast<const std::uint8_t*>(data), length});
        } catch (const std::exception&) {
            // No memory: as lost on the way.
        }
        return static_cast<ssize_t>(length);
    }
    static void guest_error(const char*, void*) {}  // the container's own mistake
    static int64_t clock_get_ns(void*) {
        return std::chrono::nanoseconds(EventLoop::Clock::now().time_since_epoch()).count();
    }
    // The one timer is for router advertisements. The container has its addresses already, and
    // nobody is to be woken every few seconds for nothing.
    static void* timer_new(SlirpTimerCb, void*, void* opaque) { return opaque; }
    static void timer_free(void*, void*) {}
    static void timer_mod(void*, int64_t, void*) {}
    static void register_poll_fd(int, void*) {}
    static void unregister_poll_fd(int fd, void* opaque) { self(opaque).forget(fd); }
    static void notify(void* opaque) { self(opaque).changed_ = true; }

    static int add_poll(int fd, int events, void* opaque) {
        try {
            return self(opaque).want(fd, to_epoll(events));
        } catch (const std::exception&) {
            return -1;
        }
    }
    static int get_events(int fd, void* opaque) {
        const auto& polled = self(opaque).polled_;
        const auto index = static_cast<std::size_t>(fd);
        return fd < 0 || index >= polled.size() ? 0 : from_epoll(polled[index].happened);
    }
    static int open_stream(void* opaque) {
        try {
            return self(opaque).open_stream_().release();
        } catch (const std::exception&) {
            return -1;
        }
    }

    static constexpr SlirpCb table{.send_packet = send_packet,
                                   .guest_error = guest_error,
                                   .clock_get_ns = clock_get_ns,
                                   .timer_new = timer_new,
                                   .timer_free = timer_free,
                                   .timer_mod = timer_mod,
                                   .register_poll_fd = register_poll_fd,
                                   .unregister_poll_fd = unregister_poll_fd,
                                   .notify = notify,
                                   .init_completed = nullptr,
                                   .timer_new_opaque = nullptr};
};

SlirpStack::SlirpStack(EventLoop& loop, Link& link, const HelperConfig& config,
                       std::function<Fd()> open_stream)
    : loop_(loop), link_(link), open_stream_(std::move(open_stream)), slirp_(nullptr, nullptr) {
    SlirpConfig settings{};
    settings.version = 4;
    settings.in_enabled = true;
    settings.vnetwork = config.network;
    settings.vnetmask.s_addr = htonl(~0U << (32U - config.prefix_length));
    settings.vhost = config.gateway;
    settings.in6_enabled = true;
    settings.vprefix_addr6 = config.network6;
    settings.vprefix_len = prefix_length6;
    settings.vhost6 = config.gateway6;
    settings.vnameserver6 = config.resolver6;  // so that its hardware address is known
    settings.if_mtu = settings.if_mru = config.mtu;
    settings.disable_host_loopback = !config.host_loopback;
    settings.disable_dns = true;
    settings.disable_dhcp = true;
    slirp_ = {slirp_new(&settings, &Callbacks::table, this), slirp_cleanup};
    if (!slirp_) throw Error(ErrorKind::system, "libslirp refuses the network's numbers");
    in_addr resolver = config.resolver;
    if (slirp_add_guest_stream(slirp_.get(), Callbacks::open_stream, this, &resolver, dns_port) < 0)
        throw Error(ErrorKind::system, "libslirp refuses the resolver's address");
    loop_.set_before_wait(*this);
}

SlirpStack::~SlirpStack() = default;

void SlirpStack::input(Bytes frame) {
    slirp_input(slirp_.get(), frame.data(), static_cast<int>(frame.size()));
    changed_ = true;
}

void SlirpStack::answer(Bytes frame) {
    if (answers_ == nullptr || !answers_->take_answer(frame)) link_.send(frame);
}

void SlirpStack::on_ready(int fd, std::uint32_t events) {
    polled_[static_cast<std::size_t>(fd)].happened |= events;
    happened_ = true;
}

int SlirpStack::want(int fd, std::uint32_t events) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= polled_.size()) polled_.resize(index + 1);
    Polled& polled = polled_[index];
    polled.round = round_;
    if (polled.wanted == 0) {
        loop_.add(fd, events, *this);
        watched_.push_back(fd);
    } else if (polled.wanted != events) {
        loop_.change(fd, events);
    }
    polled.wanted = events;
    return fd;
}

/// Before libslirp closes it.
void SlirpStack::forget(int fd) {
    const auto index = static_cast<std::size_t>(fd);
    if (fd < 0 || index >= polled_.size() || polled_[index].wanted == 0) return;
    loop_.remove(fd);
    polled_[index] = {};
    std::erase(watched_, fd);
}

std::chrono::milliseconds SlirpStack::before_wait() {
    using std::chrono::milliseconds;
    const auto now = EventLoop::Clock::now();
    if (changed_) {
        changed_ = false;
        ++round_;
        std::uint32_t timeout = UINT32_MAX;
        slirp_pollfds_fill(slirp_.get(), &timeout, Callbacks::add_poll, this);
        std::erase_if(watched_, [&](int fd) {
            Polled& polled = polled_[static_cast<std::size_t>(fd)];
            if (polled.round == round_) return false;
            loop_.remove(fd);
            polled = {};
            return true;
        });
        due_ = timeout == UINT32_MAX ? EventLoop::Clock::time_point::max()
                                     : now + milliseconds(timeout);
    }
    if (due_ == EventLoop::Clock::time_point::max()) return milliseconds(-1);
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(due_ - now));
}

void SlirpStack::after_wait() {
    if (!happened_ && EventLoop::Clock::now() < due_) return;
    slirp_pollfds_poll(slirp_.get(), 0, Callbacks::get_events, this);
    if (happened_)
        for (const int fd : watched_) polled_[static_cast<std::size_t>(fd)].happened = 0;
    happened_ = false;
    changed_ = true;
}

}  // namespace skiff::network
