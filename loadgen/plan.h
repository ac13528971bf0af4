// Plan: how many clients play which role, and who is to hear whom.
//
// Publishers and subscribers are dealt to cells; a subscriber hears the publishers of its cell and
// no others. A pair is a cell of two, a fan-out one cell with all, a fan-in one cell for each
// subscriber. Each publisher and subscriber of a cell are a stream, which is accounted for.
// Law: pure arithmetic over indices, so that nothing of it is stored per client.
#pragma once

#include <array>
#include <cstdint>

namespace jumpgate::load {

enum class Role : uint8_t { Idle, Publisher, Subscriber, Both };

constexpr bool publishes(Role role) { return role == Role::Publisher || role == Role::Both; }
constexpr bool subscribes(Role role) { return role == Role::Subscriber || role == Role::Both; }

// What the clients play; each is a subcommand.
enum class Mode : uint8_t { Conn, Pub, Sub, P2p, Fanout, Fanin, Sharedsub, Pubsub };
inline constexpr std::array kModes = {Mode::Conn,   Mode::Pub,   Mode::Sub,       Mode::P2p,
                                      Mode::Fanout, Mode::Fanin, Mode::Sharedsub, Mode::Pubsub};

struct Plan {
    // The order of the clients 0 .. clients() - 1; idle ones come last in each.
    enum class Layout : uint8_t {
        Apart,  // all subscribers, so that they are there first, then all publishers
        Pairs,  // subscriber i is client 2i, publisher i is client 2i + 1
        Both,   // publisher i and subscriber i are client i
    };

    uint32_t publishers = 0;
    uint32_t subscribers = 0;
    uint32_t idle = 0;
    uint32_t cells = 1;      // at least 1
    uint32_t neighbour = 0;  // a subscriber hears the cell so many before its own number's
    Layout layout = Layout::Apart;
    bool shared = false;  // a cell's subscribers share one subscription: one of them gets a message

    uint32_t clients() const;
    Role role(uint32_t index) const;
    // Of the client within its role, from 0; a publisher's is its number in messages and in the
    // schedule.
    uint32_t number(uint32_t index) const;

    uint32_t cell_of_publisher(uint32_t publisher) const { return publisher % cells; }
    uint32_t cell_of_subscriber(uint32_t subscriber) const {
        return static_cast<uint32_t>((uint64_t{subscriber} + cells - neighbour) % cells);
    }
    // How many are in it; they are cell, cell + cells, cell + 2 * cells ...
    uint32_t publishers_in(uint32_t cell) const { return (publishers + cells - 1 - cell) / cells; }
    uint32_t publisher(uint32_t cell, uint32_t slot) const { return cell + slot * cells; }
    uint32_t slot(uint32_t publisher) const { return publisher / cells; }
    bool hears(uint32_t subscriber, uint32_t publisher) const {
        return publisher < publishers &&
               cell_of_publisher(publisher) == cell_of_subscriber(subscriber);
    }

    // Both ends of every message are in this process, and each message can be accounted for.
    bool accounts() const { return publishers > 0 && subscribers > 0; }
    // How many (publisher, subscriber), or (publisher, group), have an account.
    uint64_t streams() const;

    // Clients of one unit belong to one thread: both ends of a pair, the members of a group.
    uint32_t units() const;
    uint32_t unit(uint32_t index) const;
    // A bound of the clients that one of `threads` threads gets where unit u goes to u % threads.
    uint64_t clients_per_thread(uint32_t threads) const;
};

}  // namespace jumpgate::load
