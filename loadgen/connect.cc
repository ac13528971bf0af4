// The set-up of a connection: dial, CONNECT, CONNACK, SUBSCRIBE, and the next attempt after a
// failure.
#include <algorithm>

#include "core/base/time.h"
#include "loadgen/client.h"
#include "loadgen/crew.h"
#include "mqtt/encode.h"
#include "mqtt/properties.h"

namespace jumpgate::load {

// More than any CONNACK needs; a longer answer is no broker's.
static constexpr size_t kConnackBytesMax = 65'536;

void Client::append_connect(Chunk& out) {
    const Options& options = crew_.options();
    Identity& identity = crew_.identity();
    identify(options, index_, identity);
    mqtt::ConnectView connect;
    connect.level = options.version;
    connect.client_id = identity.client_id;
    connect.clean_start = options.clean;
    connect.keep_alive_s = options.keepalive_s;
    connect.has_username = !options.username.empty();
    connect.username = identity.username;
    connect.has_password = !options.password.empty();
    connect.password = mqtt::bytes(identity.password);
    connect.properties.session_expiry_interval_s = options.session_expiry_s;
    const WillOptions& will = options.message.will;
    if (!will.topic.empty()) {
        identify_will(options, index_, identity);  // leaves the ids as they are
        connect.will.present = true;
        connect.will.retain = will.retain;
        connect.will.qos = will.qos;
        connect.will.topic = identity.topic;
        connect.will.payload = mqtt::bytes(will.payload);
    }
    out.resize(mqtt::encode_connect({}, connect));
    mqtt::encode_connect(out, connect);
}

// ---- Where to --------------------------------------------------------------------------------

// Who is sent for good stays there; who is sent for now goes back after one connection.
const Address& Client::target() {
    if (referral_ && (referral_->follow_now || referral_->for_good)) {
        referral_->follow_now = false;
        return referral_->to;
    }
    referral_.reset();
    const std::vector<Address>& targets = crew_.targets().to;
    return targets[number() % targets.size()];
}

// Notes where the next attempt goes; false where there is nowhere to go, or it was far enough.
bool Client::follow(mqtt::ReasonCode reason, std::string_view reference) {
    const bool for_good = reason == mqtt::ReasonCode::ServerMoved;
    if ((!for_good && reason != mqtt::ReasonCode::UseAnotherServer) || usurper_) return false;
    const uint32_t in_a_row = referral_ ? referral_->in_a_row : 0;
    if (in_a_row >= crew_.options().behaviour.redirects_max || crew_.leaving()) return false;
    const std::optional<Address> to = crew_.referred_to(reference);
    if (!to) return false;
    if (!referral_) referral_ = std::make_unique<Referral>();
    *referral_ = {*to, in_a_row + 1, for_good, true};
    crew_.recorder().add(Count::Redirects);
    return true;
}

void Client::usurp() {
    usurper_ = true;
    role_ = Role::Idle;
    first_try_ = false;  // the fleet does not wait for it
    connect();
}

// ---- Setting up ------------------------------------------------------------------------------

void Client::connect() {
    crew_.touch();
    state_ = State::Connecting;
    began_ns_ = crew_.now_ns();
    crew_.timers().start(*this, crew_.options().connect_timeout_ms);
    set_up(*this);
}

// Takes what a receive brought into `partial_`; the Cause where it brought an end.
std::optional<Cause> Client::take_received(Completion got) {
    std::optional<Cause> end;
    if (got.has_buffer()) {
        BufferRing& buffers = crew_.buffers();
        buffers.taken();
        const mqtt::Bytes bytes(buffers.at(got.buffer()),
                                static_cast<size_t>(std::max(got.result, 0)));
        crew_.recorder().add(Count::BytesReceived, bytes.size());
        if (tls_) {
            end = take_sealed(bytes);
        } else {
            partial_->insert(partial_->end(), bytes.begin(), bytes.end());
        }
        buffers.release(got.buffer());
    }
    if (end) return end;
    if (got.result == 0) return tls_ ? tls_->end() : Cause::Closed;
    if (got.result < 0) return cause_of(error_from_errno(-got.result, Side::Upstream));
    return std::nullopt;
}

Detached Client::set_up(Client& client) {
    Crew& crew = client.crew_;
    WaitOp op;
    client.set_up_op_ = &op;

    const bool tls = crew.options().tls.on;
    Chunk* connect_packet = crew.chunks().take();
    if (!tls) client.append_connect(*connect_packet);
    const Targets& targets = crew.targets();
    DialPlan plan;
    plan.to = &client.target();
    if (!targets.from.empty()) plan.source = &targets.from[client.index_ % targets.from.size()];
    plan.first_bytes = *connect_packet;
    Result<Socket> dialled = dial(crew.ring(), op, plan);
    if (!dialled) {
        crew.chunks().give(connect_packet);
        client.set_up_failed(cause_of(dialled.error()));
        co_return;
    }
    client.socket_ = *dialled;
    const Completion sent = co_await op;
    crew.touch();
    crew.recorder().add(Count::BytesSent, connect_packet->size());
    crew.chunks().give(connect_packet);
    if (sent.result < 0) {
        client.set_up_failed(cause_of(error_from_errno(-sent.result, Side::Upstream)));
        co_return;
    }

    client.partial_ = crew.chunks().take();
    std::optional<Cause> end;
    crew.recorder().tcp.record((crew.now_ns() - client.began_ns_) / kNanosPerMicro);
    if (tls) {
        end = co_await client.secure(op);
    }
    const uint64_t asked_ns = crew.now_ns();
    mqtt::Framed framed;
    while (std::holds_alternative<mqtt::NeedMore>(framed)) {
        if (end) {
            client.set_up_failed(*end);
            co_return;
        }
        recv_once(crew.ring(), op, client.socket_, crew.buffers().group());
        const Completion got = co_await op;
        crew.touch();
        if (got.result == -ENOBUFS && crew.buffers().replenish(client)) continue;
        end = client.take_received(got);
        if (tls) {
            // The answer to a key update, or the alert that says what was wrong.
            const std::optional<Cause> unsent = co_await client.send_output(op);
            if (unsent && !end) end = unsent;
        }
        framed = mqtt::next_packet(*client.partial_, kConnackBytesMax);
    }
    const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed);
    if (packet == nullptr || packet->type != mqtt::PacketType::Connack) {
        client.set_up_failed(Cause::Protocol);
        co_return;
    }
    const mqtt::Parsed<mqtt::ConnackView> parsed =
        mqtt::parse_connack(*packet, crew.options().version);
    const mqtt::ConnackView* connack = std::get_if<mqtt::ConnackView>(&parsed);
    if (connack == nullptr) {
        client.set_up_failed(Cause::Protocol);
        co_return;
    }
    client.set_up_op_ = nullptr;
    crew.recorder().connack.record((crew.now_ns() - asked_ns) / kNanosPerMicro);
    client.set_up_done(*connack);
}

void Client::set_up_done(const mqtt::ConnackView& connack) {
    const Options& options = crew_.options();
    if (connack.reason != mqtt::ReasonCode::Success) {
        crew_.recorder().connack_refused(static_cast<uint8_t>(connack.reason));
        if (follow(connack.reason, connack.server_reference)) {
            close();
            return;
        }
        set_up_failed(Cause::ConnackRefused);
        return;
    }
    if (role_ != Role::Idle && connack.maximum_qos < options.qos) {
        set_up_failed(Cause::QosNotSupported);
        return;
    }
    if (!options.broker_source.is_topic()) look_for_broker(connack);
    keepalive_s_ = connack.server_keep_alive_s.value_or(options.keepalive_s);
    inflight_max_ =
        static_cast<uint8_t>(std::min<uint32_t>(options.inflight, connack.receive_maximum));
    // An alias ends with its connection (MQTT-3.3.2-7).
    alias_ = options.message.topic_alias && connack.topic_alias_maximum > 0 ? Alias::Unsaid
                                                                            : Alias::None;
    // MQTT 3.1 has no session present flag: whoever asked for a session takes it that it is there.
    const bool resumed =
        options.version == mqtt::kLevelV31 ? !options.clean : connack.session_present;
    if (!resumed) {
        give_up_unanswered();
        unreleased_.reset();
    }
    crew_.recorder().connect.record((crew_.now_ns() - began_ns_) / kNanosPerMicro);
    if (tls_) crew_.tls().keep_session(index_, *tls_);

    state_ = State::Subscribing;
    arm_receive();
    if (subscribes(role_) || asks_for_broker()) {
        append_subscribe();
        began_ns_ = crew_.now_ns();
    } else {
        go_live();
    }
    // What came behind the CONNACK: with a resumed session messages may precede the SUBACK.
    Chunk* rest = partial_;
    partial_ = nullptr;
    const mqtt::Framed framed = mqtt::next_packet(*rest);
    consume(mqtt::Bytes(*rest).subspan(std::get<mqtt::Packet>(framed).length));
    crew_.chunks().give(rest);
}

void Client::look_for_broker(const mqtt::ConnackView& connack) {
    mqtt::PropertyReader properties(connack.properties, place(mqtt::PacketType::Connack));
    while (const std::optional<mqtt::Property> property = properties.next()) {
        if (property->id != mqtt::PropertyId::UserProperty || property->key != "broker") continue;
        served_by(broker_name(mqtt::text(property->value)));
        return;
    }
}

// The first name on a connection counts.
void Client::served_by(std::string_view name) {
    if (placed_ || name.empty()) return;
    const uint8_t broker = crew_.broker_names().number_of(name);
    if (broker_ != 0) {
        crew_.recorder().add(broker == broker_ ? Count::BrokerKept : Count::BrokerMoved);
    }
    broker_ = broker;
    placed_ = true;
    crew_.broker_names().arrived(broker);
}

void Client::go_live() {
    Recorder& recorder = crew_.recorder();
    state_ = State::Live;
    attempts_ = 0;
    if (referral_) referral_->in_a_row = 0;
    spoke_ = true;
    ping_waits_ = false;
    crew_.went_live();
    if (usurper_) {
        recorder.add(Count::Takeovers);
        leave();
        return;
    }
    recorder.add(Count::Connections);
    recorder.add(was_live_ ? Count::Reconnects : Count::Connected);
    was_live_ = true;
    if (first_try_) crew_.settled();
    first_try_ = false;
    crew_.timers().stop(*this);
    keep_alive();
    subscription_stands();
    if (!publishes(role_)) return;
    due_offline_ = due_;
    resend();
    if (crew_.options().qos == 0) answered();  // what broke with the last connection
    publish(Reason::Unblocked);
}

// No operation of the connection is in flight.
void Client::set_up_failed(Cause cause) {
    set_up_op_ = nullptr;
    if (!crew_.leaving()) crew_.recorder().setup_failed(cause);
    referral_.reset();  // a place that does not answer is no better than the one we know
    close();
}

void Client::retry_or_go() {
    const Options& options = crew_.options();
    if (usurper_ || crew_.leaving()) {  // an attempt that the end of the run cut off is no failure
        state_ = State::Gone;
        return;
    }
    if (referral_ && referral_->follow_now) {
        state_ = State::Waiting;
        crew_.timers().start(*this, 1);  // from the loop: chains of referrals do not nest
        return;
    }
    if (first_try_) {
        crew_.settled();
        first_try_ = false;
    }
    if (!options.reconnect) {
        state_ = State::Gone;
        return;
    }
    // Exponential, with full jitter: 0 to 2^attempts * min, so that a fleet does not come back in
    // step.
    const uint64_t longest_ms =
        std::min<uint64_t>(options.reconnect_max_ms,
                           uint64_t{options.reconnect_min_ms} << std::min<unsigned>(attempts_, 20));
    if (attempts_ < 20) ++attempts_;
    state_ = State::Waiting;
    crew_.timers().start(*this, 1 + crew_.rng().below(longest_ms));
}

}  // namespace jumpgate::load
