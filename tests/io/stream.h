// A pair of connected sockets in one ring, and a reader that keeps what it receives.
#pragma once

#include <memory>
#include <vector>

#include "core/io/buffer_ring.h"
#include "tests/io/kernel.h"

namespace jumpgate {

// Receives until the end of the stream; arms again whenever the kernel ended a receive.
class Reader : public Op {
  public:
    Reader(Ring& ring, BufferRing& buffers, Socket socket, uint32_t budget_bytes = 0)
        : Op{&Reader::received},
          ring_(ring),
          buffers_(buffers),
          socket_(socket),
          budget_bytes_(budget_bytes) {
        waiter_.reader = this;
    }

    void arm() {
        ++arms;
        recv_many(ring_, *this, socket_, buffers_.group(), budget_bytes_);
    }
    void release_held() {
        std::vector<uint16_t> ids;
        ids.swap(held);
        for (uint16_t id : ids) buffers_.release(id);
    }

    std::vector<uint8_t> bytes;
    std::vector<uint16_t> held;  // buffers kept back where `hold` is set
    bool hold = false;
    bool arm_again = true;
    unsigned arms = 0;
    unsigned pauses = 0;  // times that the receive ended
    unsigned starved = 0;
    bool ended = false;
    int32_t end = 1;

  private:
    struct Waiter : BufferWaiter {
        Waiter()
            : BufferWaiter([](BufferWaiter& self) { static_cast<Waiter&>(self).reader->arm(); }) {}
        Reader* reader = nullptr;
    };

    static void received(Op& op, Completion done) { static_cast<Reader&>(op).take(done); }
    void take(Completion done) {
        if (done.has_buffer()) {
            const uint8_t* from = buffers_.at(done.buffer());
            bytes.insert(bytes.end(), from, from + done.result);
            buffers_.taken();
            if (hold) {
                held.push_back(done.buffer());
            } else {
                buffers_.release(done.buffer());
            }
        }
        if (done.more()) return;
        ++pauses;
        if (done.result == -ENOBUFS) {
            ++starved;
            if (buffers_.replenish(waiter_)) arm();
        } else if (done.result <= 0) {
            ended = true;
            end = done.result;
        } else if (arm_again) {
            arm();
        }
    }

    Ring& ring_;
    BufferRing& buffers_;
    Socket socket_;
    uint32_t budget_bytes_;
    Waiter waiter_;
};

// Half-closes a socket as its owner would: one Op, whichever way it goes.
struct HalfClose : Op {
    HalfClose(Ring& on, Socket of) : Op{&HalfClose::step}, ring(on), socket(of) {
        shut_send(ring, *this, socket);
    }
    static void step(Op& op, Completion done) {
        HalfClose& self = static_cast<HalfClose&>(op);
        self.done = shut_send_finish(self.ring, done);
        if (self.done) return;
        self.slow = true;
        shut_send_slowly(self.ring, self, self.socket);
    }
    Ring& ring;
    Socket socket;
    bool slow = false;
    bool done = false;
};

// A dialled socket and the accepted one at its other end.
struct Connected {
    explicit Connected(Ring& on, const Listener& listener,
                       std::span<const uint8_t> first_bytes = {})
        : ring(on) {
        Recorder dialled;
        Recorder accepted;
        listener.accept_into(ring, accepted);
        const DialPlan plan = {.to = &listener.address, .first_bytes = first_bytes};
        Result<Socket> socket = dial(ring, dialled, plan);
        EXPECT_TRUE(socket);
        client = *socket;
        EXPECT_TRUE(turn_until(ring, [&] { return dialled.answered() && accepted.answered(); }));
        EXPECT_EQ(dialled.result(), static_cast<int32_t>(first_bytes.size()));
        server = Socket{accepted.result()};
        EXPECT_TRUE(server.open());
        if (accepted.ended()) return;
        cancel(ring, accepted);
        EXPECT_TRUE(turn_until(ring, [&] { return accepted.ended(); }));
    }
    ~Connected() {
        close_socket(ring, client);
        close_socket(ring, server);
        settle(ring);
        EXPECT_EQ(ring.counters().stray_errors, 0U);
    }
    Connected(const Connected&) = delete;
    Connected& operator=(const Connected&) = delete;

    Ring& ring;
    Socket client;
    Socket server;
};

}  // namespace jumpgate
