#include "loadgen/delivery.h"

#include <algorithm>

#include "core/base/check.h"

namespace jumpgate::load {

Arrival Sequence::arrived(uint64_t number) {
    if (number == expected_) [[likely]] {
        ++expected_;
        return Arrival::InOrder;
    }
    if (number > expected_) {
        if (!holes_) holes_ = std::make_unique<Ranges>();
        if (holes_->pieces() < kHolesMax) {
            holes_->add(expected_, number);
        } else {
            forgotten_ += number - expected_;
        }
        expected_ = number + 1;
        return Arrival::InOrder;
    }
    return holes_ && holes_->take(number) ? Arrival::Reordered : Arrival::Duplicate;
}

Ranges Sequence::missing(uint64_t end) const {
    CHECK(end >= expected_);
    Ranges missing = holes_ ? *holes_ : Ranges();
    missing.add(expected_, end);
    return missing;
}

// ---- The sending half --------------------------------------------------------------------------

SendLog::Exceptions& SendLog::exceptions() {
    if (!exceptions_) exceptions_ = std::make_unique<Exceptions>();
    return *exceptions_;
}

void SendLog::gave_up(uint64_t number) {
    exceptions().unacknowledged.add(number, number + 1);
    given_up_.store(given_up_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

void SendLog::skipped_one() {
    exceptions().skipped.add(sent(), sent() + 1);
    given_up_.store(given_up_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    sent_one();
}

void SendLog::broke() {
    std::vector<uint64_t>& breaks = exceptions().breaks;
    const uint64_t next = sent();
    if (breaks.size() >= kBreaksMax || (!breaks.empty() && breaks.back() == next)) return;
    breaks.push_back(next);
}

const Ranges& SendLog::unacknowledged() const {
    static const Ranges kNone;
    return exceptions_ ? exceptions_->unacknowledged : kNone;
}

const Ranges& SendLog::skipped() const {
    static const Ranges kNone;
    return exceptions_ ? exceptions_->skipped : kNone;
}

const std::vector<uint64_t>& SendLog::breaks() const {
    static const std::vector<uint64_t> kNone;
    return exceptions_ ? exceptions_->breaks : kNone;
}

// ---- The receiving half ------------------------------------------------------------------------

Arrival Delivery::arrived(const SendLog& from, uint64_t number) {
    return number < from.sent() ? received_.arrived(number) : Arrival::Unknown;
}

bool Delivery::complete(const SendLog& from) const {
    const uint64_t tail = from.sent() - received_.expected();
    return received_.holes() + tail <= from.given_up();
}

Delivery::Exceptions& Delivery::exceptions() {
    if (!exceptions_) exceptions_ = std::make_unique<Exceptions>();
    return *exceptions_;
}

void Delivery::subscriber_broke(const SendLog& from, bool session_kept, bool shared) {
    if (present_ == 0) return;
    const uint64_t sent = from.sent();
    if (shared) {
        exceptions().at_risk.add(received_.missing(sent));
    } else {
        exceptions().at_risk.add(received_.expected(), sent);
    }
    if (--present_ > 0) return;
    away_since_ = sent;
    session_kept_ = session_kept;
}

void Delivery::subscriber_back(const SendLog& from) {
    if (present_++ > 0) return;
    const uint64_t sent = from.sent();
    if (away_since_ == sent) return;
    (session_kept_ ? exceptions().at_risk : exceptions().unheard).add(away_since_, sent);
}

DeliveryResult Delivery::settle(const SendLog& from, bool acknowledged_only, uint64_t begin,
                                uint64_t end) const {
    Exceptions noted = exceptions_ ? *exceptions_ : Exceptions();
    const uint64_t sent = from.sent();
    if (present_ == 0) (session_kept_ ? noted.at_risk : noted.unheard).add(away_since_, sent);

    DeliveryResult result;
    Ranges missing = received_.missing(sent).without(from.skipped());
    // TCP delivers from the front, so what a broken connection lost is the end of what was sent.
    for (const uint64_t next : from.breaks()) noted.at_risk.add(missing.run_before(next), next);
    Ranges outside;
    outside.add(0, std::min(begin, sent));
    outside.add(std::min(end, sent), sent);
    missing = missing.without(outside);
    if (acknowledged_only) missing = missing.without(from.unacknowledged());
    result.without_subscriber = missing.overlap(noted.unheard);
    missing = missing.without(noted.unheard);
    result.lost_in_flight = missing.overlap(noted.at_risk);
    result.lost_on_live_connections =
        missing.size() - result.lost_in_flight + (end >= sent ? received_.forgotten() : 0);
    return result;
}

}  // namespace jumpgate::load
