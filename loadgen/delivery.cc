#include "loadgen/delivery.h"

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

Arrival Delivery::arrived(uint64_t number) {
    return number < sent_ ? received_.arrived(number) : Arrival::Unknown;
}

Delivery::Exceptions& Delivery::exceptions() {
    if (!exceptions_) exceptions_ = std::make_unique<Exceptions>();
    return *exceptions_;
}

void Delivery::gave_up(uint64_t number) {
    exceptions().unacknowledged.add(number, number + 1);
}

void Delivery::publisher_broke() {
    // While the subscriber is away its own range covers this one.
    if (!away_ && received_.expected() < sent_) {
        exceptions().at_risk.add(received_.expected(), sent_);
    }
}

void Delivery::subscriber_broke() {
    if (away_) return;
    away_ = true;
    away_since_ = received_.expected();
}

void Delivery::subscriber_back() {
    if (!away_) return;
    away_ = false;
    if (away_since_ < sent_) exceptions().at_risk.add(away_since_, sent_);
}

DeliveryResult Delivery::settle(bool acknowledged_only) const {
    DeliveryResult result;
    Ranges lost = received_.missing(sent_);
    Ranges at_risk = exceptions_ ? exceptions_->at_risk : Ranges();
    if (away_) at_risk.add(away_since_, sent_);
    if (exceptions_ && acknowledged_only) lost = lost.without(exceptions_->unacknowledged);
    result.lost_in_flight = lost.overlap(at_risk);
    result.lost_on_live_connections = lost.size() - result.lost_in_flight + received_.forgotten();
    return result;
}

}  // namespace jumpgate::load
