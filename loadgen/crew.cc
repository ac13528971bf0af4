#include "loadgen/crew.h"

#include <sys/prctl.h>

#include <algorithm>
#include <ctime>

#include "core/base/time.h"

namespace jumpgate::load {

namespace {

constexpr uint32_t kBufferCount = 4'096;
constexpr uint32_t kBufferBytes = 4'096;
constexpr size_t kDialsPerTurn = 256;
constexpr size_t kStreamsMax = 4'000'000;  // `jumpload sub`: about 100 bytes each
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
      rng_(options.seed + (indices_.empty() ? 0 : indices_.front())) {}

Crew::~Crew() = default;

void Crew::touch() { now_ns_ = monotonic_ns(); }

void Crew::run() {
    // The default slack of 50 us would show up as lateness of every send.
    prctl(PR_SET_TIMERSLACK, 1UL);
    touch();
    const bool opened = open();
    signals_.opened.fetch_add(1);
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

void Crew::make_clients() {
    for (const uint32_t index : indices_) {
        const Role role = role_of(options_, index);
        // Both ends of a pair are neighbours, the subscriber first.
        if (options_.mode == Mode::P2p && role == Role::Subscriber) deliveries_.emplace_back();
        Delivery* delivery = options_.mode == Mode::P2p ? &deliveries_.back() : nullptr;
        Client& client = clients_.emplace_back(*this, index, role, delivery);
        if (role == Role::Publisher) publishers_.push_back(&client);
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
                std::min(std::max(end_ns, last_sent_ns_) + drain_ns, end_ns + 2 * drain_ns);
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
    schedule_.publishers = std::max(1U, options_.publishers());
    schedule_.seed = options_.seed;
    std::vector<uint32_t> numbers;
    for (const uint32_t index : indices_) {
        if (role_of(options_, index) == Role::Publisher) {
            numbers.push_back(pair_of(options_, index));
        }
    }
    calendar_.build(schedule_, numbers);
    busy_start_ns_ = thread_busy_ns();
    phase_ = Phase::Measuring;
}

// Nothing that may still come is missing.
bool Crew::drained() const {
    if (options_.mode == Mode::P2p &&
        recorder_[Count::Received] + recorder_[Count::AckRefused] < recorder_[Count::Sent]) {
        return false;
    }
    return std::ranges::all_of(publishers_, [](const Client* client) {
        return client->gone() || client->unfinished() == 0;
    });
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
    for (const Delivery& delivery : deliveries_) {
        const DeliveryResult result = delivery.settle(options_.qos > 0);
        recorder_.add(Count::LostInFlight, result.lost_in_flight);
        recorder_.add(Count::LostOnLiveConnections, result.lost_on_live_connections);
        recorder_.add(Count::WithoutSubscriber, result.without_subscriber);
    }
    for (const auto& [key, stream] : streams_) {
        recorder_.add(Count::LostOnLiveConnections, stream.holes());
    }
}

// ---- Records ---------------------------------------------------------------------------------

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
    for (size_t i = 0; i < live_.counts.size(); ++i) {
        live_.counts[i] = recorder_[static_cast<Count>(i)];
    }
    live_.latency.merge(latency_since_shown_);
    latency_since_shown_.reset();
}

}  // namespace jumpgate::load
