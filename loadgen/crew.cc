#include "loadgen/crew.h"

#include <sys/prctl.h>

#include <algorithm>
#include <ctime>
#include <unordered_set>

#include "core/base/time.h"

namespace jumpgate::load {

namespace {

constexpr uint32_t kBufferCount = 4'096;
constexpr uint32_t kBufferBytes = 4'096;
constexpr size_t kDialsPerTurn = 256;
// How soon a crew sees a signal of the fleet, and how old the live line may be.
constexpr uint64_t kLongestTurnNs = 50 * kNanosPerMilli;
constexpr uint64_t kShowEveryNs = 200 * kNanosPerMilli;
constexpr uint64_t kLeaveNs = 3 * kNanosPerSecond;

uint64_t thread_busy_ns() {
    timespec busy{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &busy);
    return static_cast<uint64_t>(busy.tv_sec) * kNanosPerSecond +
           static_cast<uint64_t>(busy.tv_nsec);
}

}  // namespace

Crew::Crew(const Options& options, const Targets& targets, std::vector<uint32_t> indices,
           Signals& signals)
    : options_(options),
      targets_(targets),
      signals_(signals),
      indices_(std::move(indices)),
      rng_(options.seed + (indices_.empty() ? 0 : indices_.front())) {
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
        buffers_.reset();
        reactor_.reset();
    }
    signals_.finished.fetch_add(1);
}

bool Crew::open() {
    RingLimits limits;
    limits.dial_slots = static_cast<uint32_t>(indices_.size());
    limits.submissions = 4'096;
    limits.completions = 32'768;
    Result<std::unique_ptr<Reactor>> reactor = Reactor::open(limits);
    if (!reactor) {
        failure_ = explain_ring_failure(reactor.error(), limits);
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
    flush_dirty();
    if (now_ns_ - shown_ns_ >= kShowEveryNs) show_live();
    const uint64_t wake_ns = next_wake_ns();
    const uint64_t clock_ns = monotonic_ns();
    reactor_->turn(wake_ns > clock_ns ? std::min(wake_ns - clock_ns, kLongestTurnNs) : 0);
}

uint64_t Crew::next_wake_ns() const {
    uint64_t wake_ns = UINT64_MAX;
    if (phase_ == Phase::Connecting && dialled_ < clients_.size()) {
        wake_ns = dial_due_ns(signals_.dial_start_ns, indices_[dialled_], options_.connrate);
    }
    if (phase_ == Phase::Measuring) wake_ns = std::min(wake_ns, calendar_.next_due_ns());
    return wake_ns;
}

void Crew::dial_due() {
    if (phase_ != Phase::Connecting) return;
    for (size_t started = 0; started < kDialsPerTurn && dialled_ < clients_.size(); ++started) {
        const uint32_t index = indices_[dialled_];
        if (dial_due_ns(signals_.dial_start_ns, index, options_.connrate) > now_ns_) return;
        clients_[dialled_++].connect();
    }
}

void Crew::publish_due() {
    if (phase_ != Phase::Measuring && phase_ != Phase::Draining) return;
    while (calendar_.next_due_ns() <= now_ns_) publishers_[calendar_.next()]->message_due();
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
            if (now_ns_ < end_ns || now_ns_ < schedule_.start_ns) return;
            recorder_.busy_ns = thread_busy_ns() - busy_start_ns_;
            recorder_.wall_ns = now_ns_ - schedule_.start_ns;
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
            if (std::ranges::all_of(clients_, &Client::gone)) {
                phase_ = Phase::Done;
            } else if (now_ns_ >= phase_end_ns_) {
                for (Client& client : clients_) client.abort();
            }
            return;
        case Phase::Done:
            return;
    }
}

void Crew::begin_measuring(uint64_t start_ns) {
    schedule_.start_ns = start_ns;
    schedule_.end_ns = signals_.end_ns.load();
    schedule_.interval_ns = options_.interval_ns;
    schedule_.publishers = std::max(1U, options_.plan.publishers);
    schedule_.seed = options_.seed;
    std::vector<uint32_t> numbers;
    for (const uint32_t index : indices_) {
        if (publishes(options_.plan.role(index))) numbers.push_back(options_.plan.number(index));
    }
    calendar_.build(schedule_, numbers);
    busy_start_ns_ = thread_busy_ns();
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
}

void Crew::settle_accounts() {
    for (const Client& client : clients_) {
        if (client.failed()) recorder_.add(Count::Failed);
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
            const DeliveryResult result =
                delivery.settle(send_log(plan.publisher(hearer.cell, slot)), options_.qos > 0);
            recorder_.add(Count::LostInFlight, result.lost_in_flight);
            recorder_.add(Count::LostOnLiveConnections, result.lost_on_live_connections);
            recorder_.add(Count::WithoutSubscriber, result.without_subscriber);
        }
    }
}

// ---- Records ---------------------------------------------------------------------------------

void Crew::message_sent() {
    last_sent_ns_ = now_ns_;
    // While others may wait only for what this crew still sends.
    if (phase_ == Phase::Draining) signals_.last_sent_ns.store(now_ns_, std::memory_order_relaxed);
}

void Crew::latency_measured(uint64_t latency_us) {
    recorder_.latency.record(latency_us);
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
    live_.latency.merge(latency_since_shown_);
    live_.send_lateness.merge(lateness_since_shown_);
    lateness_since_shown_.reset();
    latency_since_shown_.reset();
}

}  // namespace jumpgate::load
