// Listener: one listening socket of one worker, accepting into direct descriptors.
//
// Law: it is either armed, closed, or paused because a table is full; a paused one is armed again
// when a descriptor comes back, and once a second in case the shortage was not ours (ENOMEM).
// A multishot accept takes a client off the queue before it finds that there is no slot, and that
// client is reset; so once the table was full, clients are accepted one by one, each into a slot
// that is known to be free, until a quarter of the table is free again.
#pragma once

#include "core/io/socket.h"
#include "core/io/timer_wheel.h"

namespace jumpgate {

class Worker;

class Listener : public Op, public Timer {
  public:
    // Takes over `fd`, a listening socket; `index`: its place in the configuration; `tls`: its
    // clients begin with a handshake.
    Listener(Worker& worker, int fd, uint8_t index, bool tls);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    void arm();
    // A descriptor came back.
    void resume() {
        if (paused_) arm();
    }
    // Stops accepting. Connections that the kernel has queued are reset by the close.
    void close();
    bool in_flight() const { return armed_; }

  private:
    void on_accept(Completion done);
    void failed(int32_t result);

    Worker& worker_;
    int fd_;
    const uint8_t index_;
    const bool tls_;
    Address accepted_from_;
    Address local_;  // unknown where it listens on every address
    uint16_t port_ = 0;
    bool armed_ = false;
    bool paused_ = false;
    bool scarce_ = false;  // the table was full a moment ago
    bool closed_ = false;
};

}  // namespace jumpgate
