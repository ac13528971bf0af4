#include "loadgen/broker_stream_faults.h"

#include "core/base/crc32c.h"
#include "loadgen/broker_client.h"
#include "loadgen/broker_session.h"

namespace jumpgate::broker {

// One kind of fault of a stream: due by its share, until a delivery has suffered it.
struct DueFault {
    ExactShare share;
    bool due = false;

    DueFault(uint32_t one_in, uint64_t seed) : share(one_in == 0 ? 0 : 1, one_in, seed) {}
    void advance() { due = share.next() || due; }
    bool take() { return std::exchange(due, false); }
};

// Its timer lets go of what is held back.
struct StreamFaults::Stream : Timer {
    Stream(StreamFaults& its_owner, const FaultOptions& options, uint64_t seed)
        : Timer([](Timer& timer) {
              Stream& self = static_cast<Stream&>(timer);
              self.owner.let_go(self);
          }),
          owner(its_owner),
          lose(options.lose_one_in, seed),
          duplicate(options.duplicate_one_in, seed + 1),
          reorder(options.reorder_one_in, seed + 2) {}

    StreamFaults& owner;
    DueFault lose;
    DueFault duplicate;
    DueFault reorder;
    MessageRef held;
    Copy held_copy;
};

StreamFaults::StreamFaults(Faults& faults, Session& subscriber)
    : faults_(faults), subscriber_(subscriber) {}

StreamFaults::~StreamFaults() {
    for (auto& [key, stream] : streams_) {
        stream->unlink();
        if (stream->held) faults_.counters.lost++;
    }
}

// The seed follows from who speaks to whom of what, not from who came first.
StreamFaults::Stream& StreamFaults::stream_of(std::string_view publisher, std::string_view topic) {
    std::string key(publisher);
    key += '\0';
    key += topic;
    std::unique_ptr<Stream>& stream = streams_[key];
    if (!stream) {
        const uint32_t from = crc32c(mqtt::bytes(key));
        const uint32_t to = crc32c(mqtt::bytes(subscriber_.client_id()));
        const FaultOptions& options = faults_.options();
        const uint64_t place = (uint64_t{from} << 32 | to) << 2;  // three seeds in a row each
        stream = std::make_unique<Stream>(*this, options, options.seed + place);
    }
    return *stream;
}

void StreamFaults::deliver(std::string_view publisher, Fanout& fanout, const Copy& copy) {
    // Nobody's loss: a client that is away gets its messages later, or has asked for none.
    if (!subscriber_.online) return subscriber_.deliver(fanout, copy);
    if (!faults_.options().touches_streams()) return hand_over(fanout, copy);
    Stream& stream = stream_of(publisher, fanout.message().topic);
    stream.lose.advance();
    stream.duplicate.advance();
    stream.reorder.advance();
    if (stream.lose.take()) {
        faults_.counters.lost++;
        return;
    }
    const bool twice = stream.duplicate.take();
    if (!twice && !stream.held && stream.reorder.take()) {
        stream.held = fanout.keep();
        stream.held_copy = copy;
        subscriber_.context().timers.start(stream, kHoldMs);
        return;
    }
    hand_over(fanout, copy);
    if (twice) {
        hand_over(fanout, copy);
        faults_.counters.duplicated++;
    }
    if (!stream.held) return;
    let_go(stream);
    faults_.counters.reordered++;
}

void StreamFaults::let_go(Stream& stream) {
    stream.unlink();
    Fanout fanout(std::exchange(stream.held, {}), subscriber_.context().now_ms());
    hand_over(fanout, stream.held_copy);
}

void StreamFaults::hand_over(Fanout& fanout, const Copy& copy) {
    subscriber_.deliver(fanout, copy);
    if (!subscriber_.online) return;
    faults_.carried(*static_cast<Client*>(subscriber_.outlet()));
}

}  // namespace jumpgate::broker
