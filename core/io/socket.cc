#include "core/io/socket.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace jumpgate {

// Option values outlive every submission that points at them.
static int option_on = 1;

static Error last_error(Side side) { return error_from_errno(errno, side); }

static bool set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static bool set_buffers(int fd, const SocketOptions& options) {
    return (options.receive_bytes == 0 ||
            set_option(fd, SOL_SOCKET, SO_RCVBUF, options.receive_bytes)) &&
           (options.send_bytes == 0 || set_option(fd, SOL_SOCKET, SO_SNDBUF, options.send_bytes));
}

// ---- Listening -------------------------------------------------------------------------------

Result<int> listen_tcp(const Address& address, const SocketOptions& options, int backlog) {
    const int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return last_error(Side::Internal);
    // What is set here, the accepted sockets inherit (tcp(7)): no system call per connection.
    const bool ready = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
                       set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
                       set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) && set_buffers(fd, options) &&
                       bind(fd, &address.any, address.length) == 0 && listen(fd, backlog) == 0;
    if (ready) return fd;
    const Error error = last_error(Side::Internal);
    close(fd);
    return error;
}

Address local_address(int fd) {
    Address address;
    socklen_t length = sizeof address.v6;
    if (getsockname(fd, &address.any, &length) == 0) address.length = length;
    return address;
}

void close_fd(int fd) { close(fd); }

void accept(Ring& ring, Op& op, int listener_fd, Address& peer, bool once) {
    const Capabilities& can = ring.capabilities();
    io_uring_sqe& sqe = ring.next_sqe(op);
    // O_NONBLOCK from birth: splice(2) honours the socket's own flag, not SPLICE_F_NONBLOCK.
    if (can.accept_multishot && can.peer_name && !once) {
        io_uring_prep_multishot_accept_direct(&sqe, listener_fd, nullptr, nullptr, SOCK_NONBLOCK);
        return;
    }
    peer.length = sizeof peer.v6;
    io_uring_prep_accept_direct(&sqe, listener_fd, &peer.any, &peer.length, SOCK_NONBLOCK,
                                IORING_FILE_INDEX_ALLOC);
}

// ---- Dialling --------------------------------------------------------------------------------

namespace {

// The links of a dial, each an SQE with the same Op. Only the last one posts its success; a failing
// link posts its errno and the kernel drops the rest without a word (IOSQE_CQE_SKIP_SUCCESS).
class Chain {
  public:
    Chain(Ring& ring, Op& op) : ring_(ring), op_(op) {}
    io_uring_sqe& add() {
        last_ = &ring_.next_sqe(op_);
        return *last_;
    }
    static void link(io_uring_sqe& sqe) { sqe.flags |= IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS; }
    void set_option(int32_t slot, int level, int name, const int& value) {
        io_uring_sqe& sqe = add();
        io_uring_prep_cmd_sock(&sqe, SOCKET_URING_OP_SETSOCKOPT, slot, level, name,
                               const_cast<int*>(&value), sizeof value);
        sqe.flags |= IOSQE_FIXED_FILE;
        link(sqe);
    }
    // The chain ends with the SQE added last.
    void end() { last_->flags &= static_cast<uint8_t>(~(IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS)); }

  private:
    Ring& ring_;
    Op& op_;
    io_uring_sqe* last_ = nullptr;
};

constexpr unsigned kLongestChain = 8;

void add_socket(Chain& chain, int32_t slot, const DialPlan& plan) {
    io_uring_sqe& sqe = chain.add();
    io_uring_prep_socket_direct(&sqe, plan.to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0,
                                static_cast<unsigned>(slot), 0);
    Chain::link(sqe);
    chain.set_option(slot, IPPROTO_TCP, TCP_NODELAY, option_on);
    if (plan.options != nullptr && plan.options->receive_bytes != 0) {
        chain.set_option(slot, SOL_SOCKET, SO_RCVBUF, plan.options->receive_bytes);
    }
    if (plan.options != nullptr && plan.options->send_bytes != 0) {
        chain.set_option(slot, SOL_SOCKET, SO_SNDBUF, plan.options->send_bytes);
    }
    if (plan.source == nullptr) return;
    // Ports are then chosen at connect, per destination, instead of once for all of them.
    chain.set_option(slot, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, option_on);
    io_uring_sqe& bind = chain.add();
    io_uring_prep_bind(&bind, slot, const_cast<sockaddr*>(&plan.source->any), plan.source->length);
    bind.flags |= IOSQE_FIXED_FILE;
    Chain::link(bind);
}

void add_connect(Chain& chain, int32_t slot, const DialPlan& plan) {
    io_uring_sqe& sqe = chain.add();
    io_uring_prep_connect(&sqe, slot, &plan.to->any, plan.to->length);
    sqe.flags |= IOSQE_FIXED_FILE;
    Chain::link(sqe);
    if (plan.first_bytes.empty()) return;
    io_uring_sqe& send = chain.add();
    io_uring_prep_send(&send, slot, plan.first_bytes.data(), plan.first_bytes.size(),
                       MSG_WAITALL | MSG_NOSIGNAL);
    send.flags |= IOSQE_FIXED_FILE;
}

// For kernels without socket commands: an ordinary socket, moved into the table.
Status install_plain_socket(Ring& ring, int32_t slot, const DialPlan& plan) {
    const int fd = socket(plan.to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return last_error(Side::Upstream);
    bool ready = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
                 (plan.options == nullptr || set_buffers(fd, *plan.options));
    if (ready && plan.source != nullptr) {
        ready = set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1) &&
                bind(fd, &plan.source->any, plan.source->length) == 0;
    }
    Status installed = Unit{};
    if (!ready) {
        installed = last_error(Side::Upstream);
    } else {
        const int rc =
            io_uring_register_files_update(&ring.raw(), static_cast<unsigned>(slot), &fd, 1);
        if (rc != 1) installed = error_from_errno(-rc, Side::Upstream);
    }
    close(fd);
    return installed;
}

}  // namespace

Result<Socket> dial(Ring& ring, Op& op, const DialPlan& plan) {
    const int32_t slot = ring.take_dial_slot();
    if (slot < 0) return error_from_errno(ENFILE, Side::Internal);
    const Capabilities& can = ring.capabilities();
    const bool in_ring = can.socket_options && (plan.source == nullptr || can.bind);
    if (!in_ring) {
        ring.reserve(ring.limits().submissions);  // the close of the slot's last owner goes first
        Status installed = install_plain_socket(ring, slot, plan);
        if (!installed) {
            ring.give_dial_slot(slot);
            return installed.error();
        }
    }
    ring.reserve(kLongestChain);
    Chain chain(ring, op);
    if (in_ring) add_socket(chain, slot, plan);
    add_connect(chain, slot, plan);
    chain.end();
    return Socket{slot};
}

// ---- Moving bytes ----------------------------------------------------------------------------

void recv_first(Ring& ring, Op& op, Socket socket, uint16_t group, Address& peer) {
    ring.reserve(2);
    if (ring.capabilities().peer_name) {
        io_uring_sqe& sqe = ring.next_sqe(op);
        io_uring_prep_cmd_sock(&sqe, SOCKET_URING_OP_GETSOCKOPT, socket.slot, SOL_SOCKET,
                               SO_PEERNAME, &peer, static_cast<int>(peer.length));
        sqe.flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
    }
    recv_once(ring, op, socket, group);
}

void recv_once(Ring& ring, Op& op, Socket socket, uint16_t group) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_recv(&sqe, socket.slot, nullptr, 0, 0);
    sqe.flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    // Without POLL_FIRST an empty buffer ring answers -ENOBUFS even where there is no data.
    sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe.buf_group = group;
}

void recv_into(Ring& ring, Op& op, Socket socket, std::span<uint8_t> room) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_recv(&sqe, socket.slot, room.data(), room.size(), 0);
    sqe.flags |= IOSQE_FIXED_FILE;
    sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;  // an O_NONBLOCK socket without bytes: -EAGAIN else
}

void recv_many(Ring& ring, Op& op, Socket socket, uint16_t group, uint32_t budget_bytes) {
    const Capabilities& can = ring.capabilities();
    if (!can.recv_multishot || (budget_bytes != 0 && !can.recv_budget)) {
        recv_once(ring, op, socket, group);
        return;
    }
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_recv_multishot(&sqe, socket.slot, nullptr, 0, 0);
    sqe.flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    sqe.ioprio |= IORING_RECVSEND_POLL_FIRST;
    sqe.buf_group = group;
    sqe.optlen =
        budget_bytes;  // no helper in liburing 2.9; ends the multishot after that many bytes
}

void send_all(Ring& ring, Op& op, Socket socket, std::span<const uint8_t> bytes) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_send(&sqe, socket.slot, bytes.data(), bytes.size(), MSG_WAITALL | MSG_NOSIGNAL);
    sqe.flags |= IOSQE_FIXED_FILE;
}

void send_gathered(Ring& ring, Op& op, Socket socket, const msghdr& message) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_sendmsg(&sqe, socket.slot, &message, MSG_WAITALL | MSG_NOSIGNAL);
    sqe.flags |= IOSQE_FIXED_FILE;
}

void pause(Ring& ring, Op& op) {
    static __kernel_timespec millisecond = {0, 1'000'000};
    io_uring_prep_timeout(&ring.next_sqe(op), &millisecond, 0, 0);
}

void yield(Ring& ring, Op& op) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_nop(&sqe);
}

void take_error(Ring& ring, Op& op, Socket socket, int32_t& error) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_cmd_sock(&sqe, SOCKET_URING_OP_GETSOCKOPT, socket.slot, SOL_SOCKET, SO_ERROR,
                           &error, sizeof error);
    sqe.flags |= IOSQE_FIXED_FILE;
}

void poll_once(Ring& ring, Op& op, Socket socket, uint32_t mask) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_poll_add(&sqe, socket.slot, mask);
    sqe.flags |= IOSQE_FIXED_FILE;
}

// ---- Ending ----------------------------------------------------------------------------------

void cancel(Ring& ring, Op& op) {
    io_uring_sqe& sqe = ring.next_sqe(ring.unobserved());
    io_uring_prep_cancel64(&sqe, reinterpret_cast<uint64_t>(&op), IORING_ASYNC_CANCEL_ALL);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void cancel_all(Ring& ring, Socket socket) {
    io_uring_sqe& sqe = ring.next_sqe(ring.unobserved());
    io_uring_prep_cancel_fd(&sqe, socket.slot,
                            IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD_FIXED);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

void shut_send(Ring& ring, Op& op, Socket socket) {
    if (ring.capabilities().fd_install) {
        install_fd(ring, op, socket);
    } else {
        shut_send_slowly(ring, op, socket);
    }
}

bool shut_send_finish(Ring& ring, Completion done) {
    if (done.result == -EMFILE || done.result == -ENFILE) return false;
    // An error: the socket is being closed anyway. 0: the slow way is done, for Ring keeps
    // descriptor 0 taken.
    if (!ring.capabilities().fd_install || done.result <= 0) return true;
    shutdown(done.result, SHUT_WR);
    close(done.result);
    return true;
}

void shut_send_slowly(Ring& ring, Op& op, Socket socket) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_shutdown(&sqe, socket.slot, SHUT_WR);
    sqe.flags |= IOSQE_FIXED_FILE;
}

void close_socket(Ring& ring, Socket socket) {
    io_uring_sqe& sqe = ring.next_sqe(ring.unobserved());
    io_uring_prep_close_direct(&sqe, static_cast<unsigned>(socket.slot));
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
    if (ring.is_dial_slot(socket.slot)) ring.give_dial_slot(socket.slot);
}

void install_fd(Ring& ring, Op& op, Socket socket) {
    io_uring_sqe& sqe = ring.next_sqe(op);
    io_uring_prep_fixed_fd_install(&sqe, socket.slot, 0);
}

size_t peek(int fd, std::span<uint8_t> into) {
    const ssize_t got = recv(fd, into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
    return static_cast<size_t>(std::max<ssize_t>(got, 0));
}

}  // namespace jumpgate
