#include "loadgen/plan.h"

#include <algorithm>

namespace jumpgate::load {

uint32_t Plan::clients() const {
    return (layout == Layout::Both ? publishers : publishers + subscribers) + idle;
}

Role Plan::role(uint32_t index) const {
    switch (layout) {
        case Layout::Apart:
            if (index < subscribers) return Role::Subscriber;
            return index - subscribers < publishers ? Role::Publisher : Role::Idle;
        case Layout::Pairs:
            if (index / 2 >= publishers) return Role::Idle;
            return index % 2 == 0 ? Role::Subscriber : Role::Publisher;
        case Layout::Both:
            return index < publishers ? Role::Both : Role::Idle;
    }
    return Role::Idle;
}

uint32_t Plan::number(uint32_t index) const {
    switch (role(index)) {
        case Role::Idle:
            return index - (clients() - idle);
        case Role::Publisher:
            return layout == Layout::Pairs ? index / 2 : index - subscribers;
        case Role::Subscriber:
            return layout == Layout::Pairs ? index / 2 : index;
        case Role::Both:
            return index;
    }
    return index;
}

uint64_t Plan::streams() const {
    if (shared) return publishers;
    // Cells differ by one publisher at most, and so do they by subscribers.
    uint64_t total = 0;
    for (uint32_t cell = 0; cell < cells; ++cell) {
        const uint64_t hearers = (uint64_t{subscribers} + cells - 1 - cell) / cells;
        total += hearers * publishers_in(cell);
    }
    return total;
}

uint32_t Plan::units() const {
    if (layout == Layout::Pairs) return publishers + idle;
    return shared ? cells + publishers + idle : clients();
}

uint32_t Plan::unit(uint32_t index) const {
    if (layout == Layout::Pairs) {
        return index / 2 < publishers ? index / 2 : index - publishers;
    }
    if (!shared) return index;
    return index < subscribers ? cell_of_subscriber(index) : cells + (index - subscribers);
}

static uint64_t shares(uint64_t n, uint64_t of) { return (n + of - 1) / of; }

uint64_t Plan::clients_per_thread(uint32_t threads) const {
    if (layout == Layout::Pairs) return 2 * shares(publishers, threads) + shares(idle, threads);
    if (!shared) return shares(clients(), threads);
    return shares(cells, threads) * shares(subscribers, cells) +
           shares(uint64_t{publishers} + idle, threads);
}

}  // namespace jumpgate::load
