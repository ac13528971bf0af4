#include "core/io/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/check.h"

namespace jumpgate {

static void close_pipe(Pipe* pipe) {
    close(pipe->read_fd);
    close(pipe->write_fd);
    delete pipe;
}

PipePool::~PipePool() {
    CHECK(lent_ == 0);
    for (Pipe* pipe : idle_) close_pipe(pipe);
}

Result<Pipe*> PipePool::borrow() {
    if (lent_ == pipes_max_) return error_from_errno(ENOBUFS, Side::Internal);
    ++lent_;
    if (!idle_.empty()) {
        Pipe* pipe = idle_.back();
        idle_.pop_back();
        return pipe;
    }
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) {
        --lent_;
        return error_from_errno(errno, Side::Internal);
    }
    // A refused size is no fault: the pipe works with the size it has, only less well.
    fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(pipe_bytes_));
    const int granted = fcntl(ends[1], F_GETPIPE_SZ);
    return new Pipe{ends[0], ends[1], granted > 0 ? static_cast<uint32_t>(granted) : 4096, 0};
}

void PipePool::give_back(Pipe* pipe) {
    CHECK(lent_ > 0);
    --lent_;
    if (pipe->held_bytes == 0) {
        idle_.push_back(pipe);
    } else {
        close_pipe(pipe);
    }
}

int64_t splice_in(int socket_fd, Pipe& pipe) {
    if (pipe.held_bytes >= pipe.capacity_bytes) return -EAGAIN;
    const ssize_t moved =
        splice(socket_fd, nullptr, pipe.write_fd, nullptr, pipe.capacity_bytes - pipe.held_bytes,
               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved < 0) return -errno;
    pipe.held_bytes += static_cast<uint32_t>(moved);
    return moved;
}

void read_out(Pipe& pipe, uint8_t* to) {
    while (pipe.held_bytes > 0) {
        const ssize_t got = read(pipe.read_fd, to, pipe.held_bytes);
        CHECK(got > 0);  // the bytes are there, and we are the only reader
        to += got;
        pipe.held_bytes -= static_cast<uint32_t>(got);
    }
}

int64_t splice_out(Pipe& pipe, int socket_fd) {
    const ssize_t moved = splice(pipe.read_fd, nullptr, socket_fd, nullptr, pipe.held_bytes,
                                 SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (moved < 0) return -errno;
    pipe.held_bytes -= static_cast<uint32_t>(moved);
    return moved;
}

}  // namespace jumpgate
