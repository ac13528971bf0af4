// Socket operations: every one is an SQE on a direct descriptor, or a short direct call where the
// ring would hand it to a worker thread (IORING_OP_SHUTDOWN and IORING_OP_SPLICE always do).
//
// Law: one send in flight per socket (io_uring_prep_send(3): several may be reordered). A socket is
// closed only when none of its operations is in flight: cancel, wait, close.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>

#include "core/base/result.h"
#include "core/io/address.h"
#include "core/io/op.h"
#include "core/io/ring.h"

namespace jumpgate {

// A direct descriptor: an index into the ring's own table, no file descriptor of the process.
struct Socket {
    int32_t slot = -1;
    bool open() const { return slot >= 0; }
};

// Sizes of the kernel's socket buffers in bytes; 0 lets the kernel tune them.
struct SocketOptions {
    int receive_bytes = 0;
    int send_bytes = 0;
};

// ---- Listening -------------------------------------------------------------------------------

// A listening TCP socket (a real descriptor): SO_REUSEPORT, so that each worker has its own queue,
// TCP_NODELAY and buffer sizes for all that it accepts. `backlog` is cut to net.core.somaxconn.
Result<int> listen_tcp(const Address& address, const SocketOptions& options, int backlog = 4096);
// The address a descriptor is bound to: tells which port 0 became.
Address local_address(int fd);
void close_fd(int fd);

// Accepts into direct descriptors, again and again where the kernel can (result = slot). Ends with
// -ENFILE when the table is full, and the connection that found it full is closed: arm it again
// when a slot comes back. Any completion without `more` ends it (a full CQ does): arm it again as
// well. Where the kernel cannot tell a peer's name later (no `peer_name`), it accepts once and
// writes it to `peer`.
// With `once` it accepts once on every kernel: for a table that is nearly full.
void accept(Ring& ring, Op& op, int listener_fd, Address& peer, bool once = false);

// ---- Dialling --------------------------------------------------------------------------------

struct DialPlan {
    const Address* to = nullptr;      // lives until the completion, as do all pointers here
    const Address* source = nullptr;  // or nullptr: the kernel chooses
    const SocketOptions* options = nullptr;
    std::span<const uint8_t> first_bytes{};  // sent as soon as the connection stands; may be empty
};

// Opens, sets up, connects and sends in one submission, as a linked chain with one completion:
// >= 0 once all is done, or the errno of the step that failed. The socket takes a dial slot;
// nothing where no slot is free. Close it after a failure as well.
Result<Socket> dial(Ring& ring, Op& op, const DialPlan& plan);

// ---- Moving bytes ----------------------------------------------------------------------------

// The first receive of an accepted socket: who is at the other end, and its first bytes, as one
// linked pair with one completion. `peer` lives until then; its length says which family the
// listener has (the kernel refuses a longer address than it knows: SO_PEERNAME). Where the kernel
// has no such command `peer` stays as it is.
void recv_first(Ring& ring, Op& op, Socket socket, uint16_t group, Address& peer);
// One receive into a buffer of `group`, chosen by the kernel when there is data.
void recv_once(Ring& ring, Op& op, Socket socket, uint16_t group);
// One receive into the caller's own memory, which lives until the completion: for the few sockets
// that have no part in a buffer ring.
void recv_into(Ring& ring, Op& op, Socket socket, std::span<uint8_t> room);
// Receives until `budget_bytes` have come (0: for ever); F_MORE clears at the end. Falls back to
// one receive where the kernel has no multishot or no budget.
void recv_many(Ring& ring, Op& op, Socket socket, uint16_t group, uint32_t budget_bytes);
// Sends all of it (MSG_WAITALL): a short result means that the peer or a cancel ended it.
void send_all(Ring& ring, Op& op, Socket socket, std::span<const uint8_t> bytes);
// The same, gathered; `message` and its iovecs live until the next submission.
void send_gathered(Ring& ring, Op& op, Socket socket, const msghdr& message);
// Completes with -ETIME after a millisecond: for what the kernel cannot take just now.
void pause(Ring& ring, Op& op);
// Completes in the next turn: for work that shall not hold up the rest of this one.
void yield(Ring& ring, Op& op);
// Takes the socket's pending error (SO_ERROR) into `error`, which lives until the completion: 0 or
// an errno. Only with Capabilities::socket_options.
void take_error(Ring& ring, Op& op, Socket socket, int32_t& error);
// Waits for `mask` (POLLIN, POLLOUT, POLLRDHUP); one answer.
void poll_once(Ring& ring, Op& op, Socket socket, uint32_t mask);

// ---- Ending ----------------------------------------------------------------------------------

// Cancels the operation; its own completion still comes (-ECANCELED, or its result). A dial between
// two of its links is not found: who cancels a dial repeats it (say, each 10 ms) until the answer.
void cancel(Ring& ring, Op& op);
// Cancels all operations on the socket.
void cancel_all(Ring& ring, Socket socket);
// Half-close: FIN towards the peer, in two steps: `op` completes, then its owner calls
// shut_send_finish with the completion. IORING_OP_SHUTDOWN costs a worker thread and 20 us, so the
// socket is installed as a descriptor for one shutdown(2) where the kernel can (5 us).
void shut_send(Ring& ring, Op& op, Socket socket);
// False: there was no descriptor to spare; call shut_send_slowly with the same op, whose completion
// may come here as well. True: done.
bool shut_send_finish(Ring& ring, Completion done);
void shut_send_slowly(Ring& ring, Op& op, Socket socket);
// Queues the close and frees the slot. Nothing of the socket may be in flight.
void close_socket(Ring& ring, Socket socket);

// ---- For splice(2), which wants real descriptors ----------------------------------------------

// Installs the socket as an ordinary descriptor (result = fd; -EMFILE at RLIMIT_NOFILE).
void install_fd(Ring& ring, Op& op, Socket socket);
// Copies the first bytes that wait on the descriptor and leaves them there: how many; 0 for none.
size_t peek(int fd, std::span<uint8_t> into);

}  // namespace jumpgate
