// SPDX-License-Identifier: Apache-2.0
// Three network namespaces in one process: a host, a container on it, and another machine on the
// host's wire. The helper's loop runs in a thread of its own; sockets are made in whichever
// namespace a test wants and used from anywhere.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/event_loop.h"
#include "network/flow.h"
#include "network/inside.h"
#include "network/link.h"
#include "network/local_paths.h"
#include "network/syn_gate.h"
#include "network/tcp_ports.h"
#include "network/udp_ports.h"

namespace skiff::network {

enum class Place { host, container, remote };

// The wire between host and remote.
inline constexpr const char* host_address = "192.0.2.1";
inline constexpr const char* remote_address = "192.0.2.5";
inline constexpr const char* host_address6 = "2001:db8::1";
inline constexpr const char* remote_address6 = "2001:db8::5";
inline constexpr const char* silent_address = "192.0.2.99";   ///< takes packets, says nothing
inline constexpr const char* missing_address = "192.0.2.77";  ///< nobody has it
inline constexpr const char* prohibited_address = "203.0.113.1";
inline constexpr const char* unrouted_address = "198.51.100.1";
inline constexpr const char* container_address = "10.0.2.100";
inline constexpr const char* gateway_address = "10.0.2.2";

class World {
  public:
    struct Options {
        bool gate = true;
        std::vector<std::uint16_t> udp_ports = {};
        std::size_t descriptors = 4096;
        bool host_loopback = false;
    };
    explicit World(const Options& options);
    ~World();

    /// Runs `act` in this thread with its network namespace set to `place`'s.
    template <typename Act>
    auto in(Place place, Act act) {
        enter(place);
        struct Back {
            World& world;
            ~Back() { world.enter(Place::host); }
        } back{*this};
        return act();
    }
    Fd socket_in(Place place, int family, int type);
    /// Listening (TCP) or bound (UDP) at `address`; blocking, as all sockets of tests.
    Fd server(Place place, int type, const Endpoint& at);
    /// Connected; throws SystemError. `from`: its own address, or nothing.
    Fd client(Place place, int type, const Endpoint& to, const Endpoint* from = nullptr);

    /// Publishes `port` of the container at `at` of the host.
    void publish(int type, const Endpoint& at, std::uint16_t port);
    /// Runs `act` in the helper's thread, between two events.
    void in_loop(const std::function<void()>& act);

    /// Neighbour entry of the silent address: from here on it is the remote's.
    void wake_silent();

    const HelperConfig& config() const { return config_; }
    const LocalPaths& paths() const { return paths_; }
    FlowSet& flows() { return *flows_; }

  private:
    class Acts;
    class Frames;
    void enter(Place place);
    void make_namespaces();
    void make_wire();
    void make_container(const Options& options);

    HelperConfig config_;
    Fd namespaces_[3];
    LocalPaths paths_;
    std::vector<Fd> listeners_;
    std::unique_ptr<Link> link_;
    EventLoop loop_;
    std::unique_ptr<FlowSet> flows_;
    std::unique_ptr<Inside> inside_;
    std::unique_ptr<TcpPorts> tcp_;
    std::unique_ptr<UdpPorts> udp_;
    std::unique_ptr<SynGate> gate_;
    std::unique_ptr<Frames> frames_;
    std::unique_ptr<Acts> acts_;
    std::thread thread_;
};

/// "10.0.2.100", 80
Endpoint at(const char* address, std::uint16_t port);
Endpoint name_of(int socket);
Endpoint peer_of(int socket);
std::string text_of(const Endpoint& endpoint);

/// Why this machine has no such namespaces for us, and the tests are skipped; empty: it has.
const std::string& obstacle();

}  // namespace skiff::network
