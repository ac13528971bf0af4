#include "loadgen/crew.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>
#include <unordered_set>

#include "core/base/host_port.h"
#include "core/base/time.h"
#include "core/io/resolve.h"

namespace jumpgate::load {

namespace {

constexpr uint32_t kBufferCount = 4'096;
constexpr uint32_t kBufferBytes = 4'096;
constexpr size_t kDialsPerTurn = 256;
constexpr size_t kReferencesMax = 1'000;  // different Server References
// How soon a crew sees a signal of the fleet, and how old the live line may be.
constexpr uint64_t kLongestTurnNs = 50 * kNanosPerMilli;
constexpr uint64_t kShowEveryNs = 200 * kNanosPerMilli;
constexpr uint64_t kLeaveNs = 3 * kNanosPerSecond;

}  // namespace

Crew::Crew(const Options& options, const Targets& targets, std::vector<uint32_t> indices,
           Signals& signals)
    : options_(options),
      targets_(targets),
      signals_(signals),
      indices_(std::move(indices)),
      rng_(options.seed + (indices_.empty() ? 0 : indices_.front())),
      dials_(options) {
    enter_send_logs();
    ++signals_.sending;
}

Crew::~Crew() = default;

void Crew::touch() { now_ns_ = monotonic_ns(); }

void Crew::run() {
    // The default slack of 50 us would show up as lateness of every send.
    prctl(PR_SET_TIMERSLACK, 1UL);
    touch();
    const bool opened = open();
    signals_.opened.fetch_add(1);
    if (!opened) --signals_.sending;
    if (opened) {
        make_clients();
        while (phase_ != Phase::Done) turn();
        settle_accounts();
        show_live();
        CHECK(live_frames() == 0);
        clients_.clear();
        usurpers_.clear();
        buffers_.reset();
        reactor_.reset();
    }
    signals_.finished.fetch_add(1);
}

bool Crew::open() {
    RingLimits limits;
    limits.dial_slots = static_cast<uint32_t>(indices_.size());
    if (options_.behaviour.takeover_per_s > 0) limits.dial_slots += kUsurpersMax;
    limits.submissions = 4'096;
    limits.completions = 32'768;
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(limits);
    if (!reactor) {
        failure_ = reactor.error().code == ErrorCode::OutOfFiles
                       ? fmt::format(
                             "the io_uring of a thread with {} clients finds no room under "
                             "the descriptor limit (ulimit -n); raise it, or lower --threads",
                             indices_.size())
                       : explain_ring_failure(reactor.error(), limits);
        return false;
    }
    reactor_ = std::move(*reactor);
    Result<std::unique_ptr<BufferRing>> buffers =
        BufferRing::open(reactor_->ring(), 1, kBufferCount, kBufferBytes);
    if (!buffers) {
        failure_ =
            "the receive buffers could not be set up: " + std::string(text(buffers.error().code)) +
            "; lower --threads";
        return false;
    }
    buffers_ = std::move(*buffers);
    if (options_.tls.on) tls_ = std::make_unique<TlsCrew>(options_, targets_.contexts);
    return true;
}

// A crew's logs lie together, so that threads do not write to each other's cache lines.
void Crew::enter_send_logs() {
    const Plan& plan = options_.plan;
    if (!plan.accounts()) return;
    signals_.send_logs.resize(plan.publishers);
    std::vector<uint32_t> numbers;
    for (const uint32_t index : indices_) {
        if (publishes(plan.role(index))) numbers.push_back(plan.number(index));
    }
    send_logs_ = std::make_unique<SendLog[]>(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i) signals_.send_logs[numbers[i]] = &send_logs_[i];
}

// One for each subscriber of this crew, but one for all that share.
void Crew::make_deliveries() {
    const Plan& plan = options_.plan;
    if (!plan.accounts()) return;
    std::unordered_set<uint32_t> groups;
    size_t deliveries = 0;
    for (const uint32_t index : indices_) {
        if (!subscribes(plan.role(index))) continue;
        const uint32_t cell = plan.cell_of_subscriber(plan.number(index));
        if (plan.shared && !groups.insert(cell).second) continue;
        hearers_.push_back({cell, deliveries});
        deliveries += plan.publishers_in(cell);
    }
    deliveries_ = std::vector<Delivery>(deliveries);
}

void Crew::make_clients() {
    make_deliveries();
    const Plan& plan = options_.plan;
    std::unordered_map<uint32_t, Delivery*> groups;
    if (plan.shared) {
        for (const Hearer& group : hearers_) groups[group.cell] = &deliveries_[group.first];
    }
    auto hearer = hearers_.begin();
    for (const uint32_t index : indices_) {
        const Role role = plan.role(index);
        const bool sends = publishes(role);
        SendLog* log = sends && send_logs_ ? &send_logs_[publishers_.size()] : nullptr;
        Delivery* heard = nullptr;
        if (subscribes(role) && plan.shared) {
            heard = groups[plan.cell_of_subscriber(plan.number(index))];
        } else if (subscribes(role) && plan.accounts()) {
            heard = &deliveries_[(hearer++)->first];
        }
        Client& client = clients_.emplace_back(*this, index, log, heard);
        if (sends) publishers_.push_back(&client);
    }
}

// ---- The loop --------------------------------------------------------------------------------

void Crew::turn() {
    touch();
    advance_phase();
    dial_due();
    publish_due();
    disturb();
    flush_dirty();
    if (now_ns_ - shown_ns_ >= kShowEveryNs) show_live();
    const uint64_t wake_ns = next_wake_ns();
    const uint64_t clock_ns = monotonic_ns();
    reactor_->turn(wake_ns > clock_ns ? std::min(wake_ns - clock_ns, kLongestTurnNs) : 0);
}

uint64_t Crew::next_wake_ns() const {
    uint64_t wake_ns = UINT64_MAX;
    if (phase_ == Phase::Connecting && dialled_ < clients_.size()) {
        wake_ns = dials_.due_ns(signals_.dial_start_ns, indices_[dialled_]);
    }
    if (phase_ == Phase::Measuring) {
        wake_ns = std::min({wake_ns, calendar_.next_due_ns(), disturbances_.next_due_ns(),
                            thinking_.next_due_ns(schedule_.end_ns)});
    }
    return wake_ns;
}

void Crew::dial_due() {
    if (phase_ != Phase::Connecting) return;
    for (size_t started = 0; started < kDialsPerTurn && dialled_ < clients_.size(); ++started) {
        const uint32_t index = indices_[dialled_];
        if (dials_.due_ns(signals_.dial_start_ns, index) > now_ns_) return;
        clients_[dialled_++].connect();
    }
}

void Crew::publish_due() {
    if (phase_ != Phase::Measuring && phase_ != Phase::Draining) return;
    for (uint64_t due_ns = calendar_.next_due_ns(); due_ns <= now_ns_;
         due_ns = calendar_.next_due_ns()) {
        publishers_[calendar_.next()]->message_due(due_ns);
    }
    for (uint64_t due_ns = thinking_.next_due_ns(schedule_.end_ns); due_ns <= now_ns_;
         due_ns = thinking_.next_due_ns(schedule_.end_ns)) {
        publishers_[thinking_.next()]->message_due(due_ns);
    }
}

void Crew::disturb() {
    if (phase_ != Phase::Measuring) return;
    while (disturbances_.next_due_ns() <= now_ns_) {
        const Disturbance what = disturbances_.next();
        switch (what.kind) {
            case DisturbanceKind::Storm:
                for (size_t i = 0; i < clients_.size(); ++i) {
                    if (disturbances_.hits(what.storm, indices_[i])) clients_[i].drop();
                }
                break;
            case DisturbanceKind::Churn:
                clients_[what.position].depart();
                break;
            case DisturbanceKind::Takeover:
                if (clients_[what.position].live()) take_over(indices_[what.position]);
                break;
        }
    }
}

void Crew::take_over(uint32_t index) {
    std::erase_if(usurpers_, [](const Client& usurper) { return usurper.disposable(); });
    if (usurpers_.size() >= kUsurpersMax) return;
    usurpers_.emplace_back(*this, index, nullptr, nullptr).usurp();
}

std::optional<Address> Crew::referred_to(std::string_view reference) {
    if (const auto known = references_.find(reference); known != references_.end()) {
        return known->second;
    }
    // One or more, between spaces (MQTT-3.2.2.3.16); a port of its own is optional.
    const std::string first(reference.substr(0, reference.find(' ')));
    std::optional<Address> address;
    Parsed<HostPort> parsed = parse_host_port(first, 1);
    if (std::holds_alternative<Problem>(parsed)) {
        parsed = parse_host_port(fmt::format("{}:{}", first, options_.port), 1);
    }
    const HostPort* place = std::get_if<HostPort>(&parsed);
    if (place != nullptr && !place->host.empty() && references_.size() < kReferencesMax) {
        std::string why;
        Result<Address> found = resolve(place->host, place->port, why);
        if (found) address = *found;
        references_.emplace(reference, address);
    }
    return address;
}

void Crew::flush_dirty() {
    flushing_.swap(dirty_);
    for (Client* client : flushing_) client->flush();
    flushing_.clear();
}

// ---- Phases ----------------------------------------------------------------------------------

void Crew::advance_phase() {
    const uint64_t end_ns = signals_.end_ns.load(std::memory_order_relaxed);
    const bool hurry = signals_.hurry.load(std::memory_order_relaxed);
    switch (phase_) {
        case Phase::Connecting: {
            const uint64_t start_ns = signals_.start_ns.load(std::memory_order_acquire);
            if (start_ns != UINT64_MAX) {
                begin_measuring(start_ns);
            } else if (now_ns_ >= end_ns) {
                begin_leaving();  // interrupted
            }
            return;
        }
        case Phase::Measuring:
            schedule_.end_ns = end_ns;
            if (busy_from_ns_ == 0 && now_ns_ >= measured_from_ns_) {
                busy_from_ns_ = now_ns_;
                busy_start_ns_ = thread_cpu_ns();
            }
            if (now_ns_ < end_ns || now_ns_ < schedule_.start_ns) return;
            if (busy_from_ns_ != 0) {
                recorder_.busy_ns = thread_cpu_ns() - busy_start_ns_;
                recorder_.wall_ns = now_ns_ - busy_from_ns_;
            }
            phase_ = Phase::Draining;
            return;
        case Phase::Draining: {
            const uint64_t drain_ns = options_.drain_ms * kNanosPerMilli;
            const uint64_t deadline_ns =
                std::min(std::max({end_ns, last_sent_ns_, signals_.last_sent_ns.load()}) + drain_ns,
                         end_ns + 2 * drain_ns);
            if (now_ns_ < deadline_ns && !drained() && !hurry) return;
            begin_pinging();
            return;
        }
        case Phase::Pinging: {
            const bool answered = recorder_[Count::PingsAnswered] == recorder_[Count::PingsSent];
            if (!answered && now_ns_ < phase_end_ns_ && !hurry) return;
            begin_leaving();
            return;
        }
        case Phase::Leaving:
            if (std::ranges::all_of(clients_, &Client::gone) &&
                std::ranges::all_of(usurpers_, &Client::gone)) {
                phase_ = Phase::Done;
            } else if (now_ns_ >= phase_end_ns_ || hurry) {
                for (Client& client : clients_) client.abort();
            }
            return;
        case Phase::Done:
            return;
    }
}

void Crew::begin_measuring(uint64_t start_ns) {
    schedule_ = message_schedule(options_, start_ns);
    schedule_.end_ns = signals_.end_ns.load();
    measured_from_ns_ = start_ns + options_.arrival.warm_up_ns;
    std::vector<uint32_t> numbers;
    for (const uint32_t index : indices_) {
        if (publishes(options_.plan.role(index))) numbers.push_back(options_.plan.number(index));
    }
    const std::optional<uint64_t>& think_ns = options_.behaviour.think_time_ns;
    calendar_.build(schedule_, think_ns ? std::span<const uint32_t>() : numbers);
    if (think_ns) thinking_.build(schedule_, numbers, *think_ns);
    disturbances_.build(options_, indices_, start_ns, measured_from_ns_);
    phase_ = Phase::Measuring;
}

// Nothing that may still come is missing.
bool Crew::drained() {
    if (sends_ && all_sent()) {
        sends_ = false;
        --signals_.sending;
    }
    return !sends_ && signals_.sending.load() == 0 && all_received();
}

bool Crew::all_sent() const {
    return calendar_.next_due_ns() == UINT64_MAX &&
           thinking_.next_due_ns(schedule_.end_ns) == UINT64_MAX &&
           std::ranges::all_of(publishers_, [](const Client* client) {
               return client->gone() || client->unfinished() == 0;
           });
}

// Goes on where the last look ended: nobody sends any more, so what is complete stays so.
bool Crew::all_received() {
    for (; received_up_to_ < hearers_.size(); ++received_up_to_) {
        const Hearer& hearer = hearers_[received_up_to_];
        for (uint32_t slot = 0; slot < options_.plan.publishers_in(hearer.cell); ++slot) {
            const SendLog& from = send_log(options_.plan.publisher(hearer.cell, slot));
            if (!deliveries_[hearer.first + slot].complete(from)) return false;
        }
    }
    return true;
}

void Crew::begin_pinging() {
    phase_ = Phase::Pinging;
    phase_end_ns_ = now_ns_ + options_.ping_timeout_ms * kNanosPerMilli;
    if (!options_.ping_all_at_end) return;
    for (Client& client : clients_) client.ping();
}

void Crew::begin_leaving() {
    phase_ = Phase::Leaving;
    phase_end_ns_ = now_ns_ + kLeaveNs;
    for (Client* client : publishers_) client->give_up_unanswered();
    for (Client& client : clients_) client.leave();
    for (Client& usurper : usurpers_) usurper.abort();
}

static void settle(Recorder& recorder, const DeliveryResult& result) {
    recorder.add(Count::LostInFlight, result.lost_in_flight);
    recorder.add(Count::LostOnLiveConnections, result.lost_on_live_connections);
    recorder.add(Count::WithoutSubscriber, result.without_subscriber);
}

void Crew::settle_accounts() {
    for (const Client& client : clients_) {
        if (client.failed()) recorder_.add(Count::Failed);
        if (client.broker() != 0)
            recorder_.brokers[std::string(broker_names_.name(client.broker()))]++;
    }
    for (const auto& [key, stream] : streams_) {
        recorder_.add(Count::LostOnLiveConnections, stream.holes());
    }
}

void Crew::settle_deliveries() {
    const Plan& plan = options_.plan;
    for (const Hearer& hearer : hearers_) {
        for (uint32_t slot = 0; slot < plan.publishers_in(hearer.cell); ++slot) {
            const Delivery& delivery = deliveries_[hearer.first + slot];
            const uint32_t publisher = plan.publisher(hearer.cell, slot);
            const SendLog& from = send_log(publisher);
            const uint64_t head =
                options_.behaviour.think_time_ns
                    ? from.sent_in_warm_up()
                    : schedule_.due_before(publisher, measured_from_ns_, from.sent());
            settle(warm_up_, delivery.settle(from, options_.qos > 0, 0, head));
            settle(recorder_, delivery.settle(from, options_.qos > 0, head));
        }
    }
}

// ---- Records ---------------------------------------------------------------------------------

void Crew::message_sent() {
    last_sent_ns_ = now_ns_;
    // While others may wait only for what this crew still sends.
    if (phase_ == Phase::Draining) signals_.last_sent_ns.store(now_ns_, std::memory_order_relaxed);
}

void Crew::latency_measured(Recorder& recorder, uint64_t latency_us) {
    recorder.latency.record(latency_us);
    latency_since_shown_.record(latency_us);
}

Sequence* Crew::stream(uint32_t client, uint32_t publisher) {
    const uint64_t key = uint64_t{client} << 32 | publisher;
    if (const auto found = streams_.find(key); found != streams_.end()) return &found->second;
    if (streams_.size() >= kStreamsMax) return nullptr;
    return &streams_[key];
}

void Crew::show_live() {
    shown_ns_ = now_ns_;
    const std::lock_guard lock(live_.mutex);
    live_.connected = live_clients_;
    live_.tallies = recorder_;
    live_.tallies.merge(warm_up_);
    live_.brokers.clear();
    broker_names_.add_to(live_.brokers);
    live_.latency.merge(latency_since_shown_);
    live_.send_lateness.merge(lateness_since_shown_);
    lateness_since_shown_.reset();
    latency_since_shown_.reset();
}

}  // namespace jumpgate::load
