// guard: fixed work for the real worker, in lock-step, for callgrind to count (bench/guard.py).
//
// Usage: guard connections|messages|lone_messages COUNT [BURN], or guard about. Prints one line of
// JSON: what was done, or what this program was built with. COUNT items are counted after a
// warm-up.
#include <gnu/libc-version.h>
#include <liburing.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/guard/gate.h"
#include "bench/guard/peers.h"
#include "mqtt/encode.h"

namespace jumpgate::guard {
namespace {

constexpr std::string_view kConnack("\x20\x02\x00\x00", 4);
constexpr std::string_view kDisconnect("\xE0\x00", 2);
constexpr size_t kMessageBytes = 100;

// A fleet that the worker serves, and the clients' and the brokers' part of the script.
class Script {
  public:
    explicit Script(uint64_t burn) : burn_(burn) {}

    // Connects `count` clients at once; they stay.
    void connect(size_t count) {
        const size_t before = clients_.size();
        for (size_t i = 0; i < count; ++i) {
            clients_.push_back(Peer::connect(gate_.port()));
            const std::string packet = connect_packet();
            connect_bytes_ = packet.size();
            clients_.back().send(packet);
        }
        turn_until([&] {
            for (Broker& broker : brokers_) {
                while (std::optional<Peer> peer = broker.accept())
                    at_brokers_.push_back(std::move(*peer));
            }
            return at_brokers_.size() == before + count;
        });
        wait_for(at_brokers_, before, connect_bytes_);
        for (size_t i = before; i < at_brokers_.size(); ++i) at_brokers_[i].send(kConnack);
        wait_for(clients_, before, kConnack.size());
    }
    // Ends all clients at once.
    void disconnect() {
        for (Peer& client : clients_) client.send(kDisconnect);
        clients_.clear();
        turn_until([&] {
            for (Peer& peer : at_brokers_) {
                if (!peer.has_ended()) return false;
            }
            return true;
        });
        at_brokers_.clear();
        turn_until([&] { return gate_.clients() == 0; });
    }
    // A message from each client, and one back to each.
    void exchange() {
        const std::string message(kMessageBytes, 'm');
        up_bytes_ += kMessageBytes;
        for (Peer& client : clients_) client.send(message);
        wait_for(at_brokers_, 0, connect_bytes_ + up_bytes_);
        for (Peer& peer : at_brokers_) peer.send(message);
        wait_for(clients_, 0, kConnack.size() + up_bytes_);
    }
    void count(bool counted) { gate_.count(counted, burn_); }
    Gate& gate() { return gate_; }

  private:
    std::string connect_packet() {
        char id[24];
        std::snprintf(id, sizeof id, "tenant7/device-%07u", next_client_++);
        mqtt::ConnectView connect;
        connect.client_id = id;
        connect.has_username = true;
        connect.username = "device12";
        connect.has_password = true;
        connect.password = mqtt::bytes(std::string_view("s3cret-token"));
        connect.keep_alive_s = 60;
        connect.clean_start = true;
        std::array<uint8_t, 128> packet{};
        const size_t bytes = mqtt::encode_connect(packet, connect);
        return {reinterpret_cast<const char*>(packet.data()), bytes};
    }
    void wait_for(std::vector<Peer>& peers, size_t first, size_t bytes) {
        turn_until([&] {
            for (size_t i = first; i < peers.size(); ++i) {
                if (!peers[i].has_received(bytes)) return false;
            }
            return true;
        });
    }
    template <class Condition>
    void turn_until(Condition holds) {
        const uint64_t deadline_ns = monotonic_ns() + 20 * kNanosPerSecond;
        do {
            CHECK(monotonic_ns() < deadline_ns);
            gate_.turn();
        } while (!holds());
    }

    std::array<Broker, 3> brokers_;
    Gate gate_{std::array<uint16_t, 3>{brokers_[0].port(), brokers_[1].port(), brokers_[2].port()}};
    std::vector<Peer> clients_;
    std::vector<Peer> at_brokers_;
    unsigned next_client_ = 0;
    size_t connect_bytes_ = 0;
    size_t up_bytes_ = 0;  // of messages that each client has sent, and each has got back
    uint64_t burn_;
};

// Clients that come and go, 16 at a time.
uint64_t run_connections(Script& script, uint64_t count) {
    constexpr uint64_t kAtOnce = 16;
    const auto come_and_go = [&] {
        script.connect(kAtOnce);
        script.disconnect();
    };
    for (int i = 0; i < 8; ++i) come_and_go();
    script.count(true);
    uint64_t done = 0;
    for (; done < count; done += kAtOnce) come_and_go();
    script.count(false);
    return done;
}

// Clients that stay and talk; each exchange is two messages of each.
uint64_t run_messages(Script& script, uint64_t count, size_t clients) {
    script.connect(clients);
    for (int i = 0; i < 16; ++i) script.exchange();
    script.count(true);
    uint64_t done = 0;
    for (; done < count; done += 2 * clients) script.exchange();
    script.count(false);
    script.disconnect();
    return done;
}

int run(std::string_view workload, uint64_t count, uint64_t burn) {
    Script script(burn);
    uint64_t done = 0;
    if (workload == "connections") {
        done = run_connections(script, count);
    } else if (workload == "messages") {
        done = run_messages(script, count, 64);
    } else if (workload == "lone_messages") {
        done = run_messages(script, count, 1);
    } else {
        std::fprintf(stderr, "guard: no such workload\n");
        return 2;
    }
    std::printf("{\"count\": %llu, \"turns\": %llu}\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(script.gate().counted_turns()));
    return 0;
}

// What the counts depend on: they are compared with those of the same alone.
int about() {
    Script script(0);
    std::printf(
        "{\"compiler\": \"%s\", \"build\": \"%s\", \"libc\": \"%s\", \"liburing\": \"%d.%d\", "
        "\"ring\": \"%s\"}\n",
        __VERSION__, GUARD_BUILD, gnu_get_libc_version(), io_uring_major_version(),
        io_uring_minor_version(), script.gate().capabilities().c_str());
    return 0;
}

}  // namespace
}  // namespace jumpgate::guard

int main(int argc, char** argv) {
    using namespace jumpgate::guard;
    const std::string_view workload = argc > 1 ? argv[1] : "";
    if (workload == "about" && argc == 2) return about();
    if (argc < 3 || argc > 4) {
        std::fprintf(stderr,
                     "usage: guard connections|messages|lone_messages COUNT [BURN]\n"
                     "       guard about\n");
        return 2;
    }
    const uint64_t burn = argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 0;
    return run(workload, std::strtoull(argv[2], nullptr, 10), burn);
}
