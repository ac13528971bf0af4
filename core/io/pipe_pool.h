// PipePool: kernel pipes for splice(2), borrowed while bytes stream and given back when they rest.
//
// Law: a pipe in the pool is empty; one that still holds bytes is closed instead. Sockets given to
// splice_* must be O_NONBLOCK: SPLICE_F_NONBLOCK covers only the pipe's side.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/result.h"

namespace jumpgate {

struct Pipe {
    int read_fd = -1;
    int write_fd = -1;
    uint32_t capacity_bytes = 0;
    uint32_t held_bytes = 0;
};

class PipePool {
  public:
    // Up to `pipes_max` pipes of `pipe_bytes` each (the kernel may grant less: pipe-max-size,
    // pipe-user-pages-soft); they are made on demand.
    PipePool(uint32_t pipes_max, uint32_t pipe_bytes)
        : pipes_max_(pipes_max), pipe_bytes_(pipe_bytes) {}
    ~PipePool();
    PipePool(const PipePool&) = delete;
    PipePool& operator=(const PipePool&) = delete;

    // Errors: OutOfBuffers where all are lent, OutOfFiles at RLIMIT_NOFILE.
    Result<Pipe*> borrow();
    void give_back(Pipe* pipe);
    uint32_t lent() const { return lent_; }

  private:
    uint32_t pipes_max_;
    uint32_t pipe_bytes_;
    uint32_t lent_ = 0;
    std::vector<Pipe*> idle_;
};

// Moves up to the pipe's free space from a socket. > 0 bytes, 0 at the end of the stream, or a
// negated errno; -EAGAIN: the socket is empty or the pipe cannot take more.
int64_t splice_in(int socket_fd, Pipe& pipe);
// Reads what the pipe holds into memory, all `held_bytes` of it, where splicing on is no use.
void read_out(Pipe& pipe, uint8_t* to);
// Moves what the pipe holds to a TCP socket. > 0 bytes or a negated errno; -EAGAIN: the socket is
// full.
int64_t splice_out(Pipe& pipe, int socket_fd);

}  // namespace jumpgate
