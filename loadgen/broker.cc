#include "loadgen/broker.h"

#include <fmt/format.h>

#include <algorithm>

#include "loadgen/broker_client.h"
#include "mqtt/topic.h"

namespace jumpgate::broker {

static constexpr uint32_t kForever = 0xFFFF'FFFF;  // session expiry interval (3.1.2.11.2)
static constexpr size_t kSubscriptionsPerSession = 10'000;

Broker::Broker(const Limits& its_limits, TimerWheel& its_timers, std::string name)
    : Context(its_limits, its_timers), name_(std::move(name)), retained_(its_limits.retained_max) {
    // For clients of MQTT 3, which have no user property in their CONNACK.
    MessageView view;
    view.topic = "$SYS/broker/name";
    view.payload = mqtt::bytes(name_);
    view.retain = true;
    retained_.set(Message::copy_of(view));
}

Broker::~Broker() {
    for (auto& [id, session] : sessions_) timers.stop(*session);
}

std::string Broker::assign_client_id() {
    std::string id;
    do {
        id = fmt::format("auto-{}-{}", name_, ++assigned_ids_);
    } while (sessions_.contains(id));
    return id;
}

// ---- Sessions ----------------------------------------------------------------------------------

Broker::Opened Broker::open_session(const mqtt::ConnectView& connect, std::string_view client_id) {
    auto found = sessions_.find(client_id);
    if (found != sessions_.end() && found->second->outlet() != nullptr) {
        counters.takeovers++;
        static_cast<Client*>(found->second->outlet())->end(mqtt::ReasonCode::SessionTakenOver);
        found = sessions_.find(client_id);  // it may have ended with its connection
    }
    if (found != sessions_.end() && connect.clean_start) {
        found->second->expiry_due_ms = 0;
        settle(*found->second);
        found = sessions_.end();
    }
    const bool present = found != sessions_.end();
    if (!present) {
        if (sessions_.size() >= limits.sessions_max) return {};
        auto created = std::make_unique<Session>(*this, std::string(client_id), &Broker::on_due);
        const std::string_view key = created->client_id();
        if (faults != nullptr) created->faults = std::make_unique<StreamFaults>(*faults, *created);
        found = sessions_.emplace(key, std::move(created)).first;
    }
    Session& session = *found->second;
    // Nothing is due any more; a will of the last connection is forgotten (MQTT-3.1.3-9).
    timers.stop(session);
    session.will_due_ms = session.expiry_due_ms = kNever;
    // Before MQTT 5 a session without clean session lives until it is cleaned (3.1.2.4).
    session.expiry_s = connect.level == mqtt::kLevelV5
                           ? connect.properties.session_expiry_interval_s
                       : connect.clean_start ? 0
                                             : kForever;
    session.will = {};
    if (connect.will.present) keep_will(session, connect.will);
    return {&session, present};
}

void Broker::keep_will(Session& session, const mqtt::Will& will) {
    MessageProperties properties;
    if (!will.properties.empty()) {
        properties = read_properties(will.properties, mqtt::PropertyPlace::Will, 0);
    }
    MessageView view;
    view.topic = will.topic;
    view.payload = will.payload;
    view.properties = mqtt::bytes(properties.kept);
    view.expires_ms = properties.expires_ms;  // an interval yet: it starts when it is published
    view.qos = will.qos;
    view.retain = will.retain;
    session.will = Message::copy_of(view);
    session.will_delay_s = will.delay_interval_s;
}

void Broker::leave_session(Session& session, bool with_will) {
    session.detach();
    const uint64_t now = now_ms();
    if (!with_will) session.will = {};
    session.will_due_ms = session.will ? now + session.will_delay_s * 1000ULL : kNever;
    session.expiry_due_ms =
        session.expiry_s == kForever ? kNever : now + session.expiry_s * 1000ULL;
    settle(session);
}

void Broker::on_due(Timer& timer) {
    Session& session = static_cast<Session&>(timer);
    static_cast<Broker&>(session.context()).settle(session);
}

// Does what is due for a client that is away, and sets the timer for the rest. A will is due at the
// latest when the session ends (MQTT-3.1.2-8).
void Broker::settle(Session& session) {
    const uint64_t now = now_ms();
    const uint64_t will_due_ms = std::min(session.will_due_ms, session.expiry_due_ms);
    if (session.will && will_due_ms <= now) {
        const MessageRef will = std::exchange(session.will, {});
        MessageView view = will->view();
        if (view.expires_ms != 0) view.expires_ms += now;
        if (!silent_) {
            counters.wills++;
            publish(view, &session);
        }
        session.will_due_ms = kNever;
    }
    if (session.expiry_due_ms <= now) return end_session(session);
    const uint64_t due_ms = std::min(session.will_due_ms, session.expiry_due_ms);
    if (due_ms != kNever) timers.start(session, due_ms - now);
}

void Broker::end_session(Session& session) {
    timers.stop(session);
    for (const std::string& filter : session.filters) subscriptions_.remove(filter, session);
    const auto found = sessions_.find(session.client_id());
    CHECK(found != sessions_.end());
    sessions_.erase(found);
}

// ---- Messages ----------------------------------------------------------------------------------

MessageProperties read_properties(mqtt::Bytes block, mqtt::PropertyPlace place, uint64_t now_ms) {
    MessageProperties found;
    mqtt::PropertyReader reader(block, place);
    while (const auto property = reader.next()) {
        switch (property->id) {
            case mqtt::PropertyId::MessageExpiryInterval:
                // 0 is over at once; a broker's clock of 0 does not occur outside of tests.
                found.expires_ms = now_ms + property->number * 1000ULL;
                break;
            case mqtt::PropertyId::SubscriptionIdentifier:
                found.has_subscription_id = true;
                break;
            case mqtt::PropertyId::TopicAlias:
            case mqtt::PropertyId::WillDelayInterval:
                break;
            default:
                append_property(found.kept, *property);
        }
    }
    return found;
}

// Only writes to sessions and outlets; never ends a client or a session, so that the matches stay
// valid while they are served.
size_t Broker::publish(const MessageView& message, const Session* publisher) {
    if (message.retain) {
        if (message.payload.empty()) {
            retained_.clear(message.topic);
        } else if (!retained_.set(Message::copy_of(message))) {
            counters.retained_refused++;
        }
    }
    matches_.clear();
    subscriptions_.match(message.topic, publisher, matches_);
    Fanout fanout(message, now_ms(), matches_.size());
    for (const Match& match : matches_) {
        Copy copy;
        copy.subscription_id = match.id;
        copy.qos = std::min(message.qos, match.qos);
        copy.retain = match.retain_as_published && message.retain;
        Session& session = *static_cast<Session*>(match.to);
        if (session.faults) [[unlikely]] {
            session.faults->deliver(publisher == nullptr ? "" : publisher->client_id(), fanout,
                                    copy);
        } else {
            session.deliver(fanout, copy);
        }
    }
    const size_t copies = matches_.size();
    if (faults != nullptr) faults->drop_due();  // a will of theirs is a match of its own
    return copies;
}

Broker::Granted Broker::subscribe(Session& session, const mqtt::Subscription& wanted, uint32_t id) {
    if (too_deep(wanted.filter)) return {mqtt::ReasonCode::TopicFilterInvalid, false};
    if (session.filters.size() >= kSubscriptionsPerSession) {
        return {mqtt::ReasonCode::QuotaExceeded, false};
    }
    SubscribeOptions options;
    options.id = id;
    options.qos = wanted.qos;
    options.no_local = wanted.no_local;
    options.retain_as_published = wanted.retain_as_published;
    const bool added = subscriptions_.add(wanted.filter, session, options);
    if (added) session.filters.emplace_back(wanted.filter);
    // 3.8.3.1: 0 always, 1 where the subscription is new, 2 never; not for shared ones (4.8.2).
    const bool retained_due =
        !mqtt::split_shared(wanted.filter) &&
        (wanted.retain_handling == 0 || (wanted.retain_handling == 1 && added));
    return {static_cast<mqtt::ReasonCode>(wanted.qos), retained_due};
}

void Broker::send_retained(Session& session, const mqtt::Subscription& wanted, uint32_t id) {
    for (MessageRef& message : retained_.match(wanted.filter)) {
        if (message->expired(now_ms())) continue;
        Fanout fanout(std::move(message), now_ms());
        Copy copy;
        copy.subscription_id = id;
        copy.qos = std::min(fanout.message().qos, wanted.qos);
        copy.retain = true;
        session.deliver(fanout, copy);
    }
}

bool Broker::unsubscribe(Session& session, std::string_view filter) {
    if (!subscriptions_.remove(filter, session)) return false;
    std::erase(session.filters, filter);
    return true;
}

}  // namespace jumpgate::broker
