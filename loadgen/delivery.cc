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

void Delivery::gave_up(uint64_t number) { exceptions().unacknowledged.add(number, number + 1); }

void Delivery::publisher_broke() { exceptions().at_risk.add(received_.expected(), sent_); }

void Delivery::subscriber_broke(bool session_kept) {
    if (away_) return;
    exceptions().at_risk.add(received_.expected(), sent_);
    away_ = true;
    away_since_ = sent_;
    session_kept_ = session_kept;
}

void Delivery::subscriber_back() {
    if (!away_) return;
    away_ = false;
    if (away_since_ == sent_) return;
    (session_kept_ ? exceptions().at_risk : exceptions().unheard).add(away_since_, sent_);
}

DeliveryResult Delivery::settle(bool acknowledged_only) const {
    Exceptions noted = exceptions_ ? *exceptions_ : Exceptions();
    if (away_) (session_kept_ ? noted.at_risk : noted.unheard).add(away_since_, sent_);

    DeliveryResult result;
    Ranges missing = received_.missing(sent_);
    if (acknowledged_only) missing = missing.without(noted.unacknowledged);
    result.without_subscriber = missing.overlap(noted.unheard);
    missing = missing.without(noted.unheard);
    result.lost_in_flight = missing.overlap(noted.at_risk);
    result.lost_on_live_connections =
        missing.size() - result.lost_in_flight + received_.forgotten();
    return result;
}

}  // namespace jumpgate::load
