// Mailbox: a message from one reactor's thread to another's, by IORING_OP_MSG_RING (5.18).
//
// Law: a message is an Op that completes on the receiver's thread; its memory is the sender's until
// it is posted and the receiver's afterwards. There is no queue and no lock but the kernel's.
#pragma once

#include <cstdint>

#include "core/io/op.h"
#include "core/io/ring.h"

namespace jumpgate {

// Posts `message` to the ring with descriptor `to_ring_fd`; there it completes with `value`.
// The receiver's ring outlives the post.
void post(Ring& from, int to_ring_fd, Op& message, int32_t value = 0);

}  // namespace jumpgate
