#include "core/io/mailbox.h"

#include "core/io/handover.h"

namespace jumpgate {

void post(Ring& from, int to_ring_fd, Op& message, int32_t value) {
    hand_over(&message);
    io_uring_sqe& sqe = from.next_sqe(from.unobserved());
    io_uring_prep_msg_ring(&sqe, to_ring_fd, static_cast<unsigned>(value),
                           reinterpret_cast<uint64_t>(&message), 0);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
}

}  // namespace jumpgate
