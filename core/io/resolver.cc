#include "core/io/resolver.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "core/base/check.h"
#include "core/io/name_follower.h"

namespace jumpgate {

bool ResolvedTarget::operator==(const ResolvedTarget& other) const {
    const auto same = [](const Address& one, const Address& another) {
        return one.length == another.length && std::memcmp(&one, &another, one.length) == 0;
    };
    return host == other.host && port == other.port && srv_priority == other.srv_priority &&
           srv_weight == other.srv_weight && std::ranges::equal(addresses, other.addresses, same);
}

// What both threads share. The NameFollower is the thread's own.
struct Resolver::State {
    struct Known {
        ResolvedName name;
        bool settled = false;  // answered, or failed once
    };

    void run();
    void wake() const;
    bool publish(std::vector<std::pair<WatchedName, ResolvedName>> changes);
    bool all_settled(const std::vector<WatchedName>& names) const;
    std::map<WatchedName, ResolvedName> snapshot() const;

    ResolverOptions options;
    void (*changed)(void*) = nullptr;
    void* context = nullptr;
    int wake_fd = -1;  // eventfd(2)
    std::thread thread;

    std::mutex mutex;  // of all below
    std::condition_variable news;
    std::map<WatchedName, Known> known;              // of exactly the names that are followed
    std::optional<std::vector<WatchedName>> wanted;  // not yet seen by the thread
    int waiting = 0;                                 // calls of follow()
    bool ended = false;
};

std::optional<Problem> Resolver::check_servers(std::string_view servers) {
    Parsed<std::vector<HostPort>> parsed = parse_name_servers(servers);
    if (Problem* problem = std::get_if<Problem>(&parsed)) return std::move(*problem);
    return std::nullopt;
}

Resolver::Resolver(const ResolverOptions& options, void (*changed)(void*), void* context)
    : state_(std::make_unique<State>()) {
    CHECK(!check_servers(options.servers));
    state_->options = options;
    state_->changed = changed;
    state_->context = context;
    state_->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    CHECK(state_->wake_fd >= 0);
}

Resolver::~Resolver() {
    {
        const std::lock_guard lock(state_->mutex);
        state_->ended = true;
    }
    state_->wake();
    if (state_->thread.joinable()) state_->thread.join();
    close(state_->wake_fd);
}

// What needs no look-up: an IP literal. `out` gets what is known of it.
static bool is_literal(const WatchedName& name, ResolvedName& out) {
    const std::optional<Address> address = Address::parse(name.host, name.port);
    if (!address) return false;
    if (name.port == 0) {
        out.problem = "an address has no SRV records: give it a port";
    } else {
        out.targets = {{.host = name.host, .port = name.port, .addresses = {*address}}};
    }
    return true;
}

std::map<WatchedName, ResolvedName> Resolver::follow(const std::vector<WatchedName>& names,
                                                     uint32_t wait_ms) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    std::map<WatchedName, State::Known> known;
    std::vector<WatchedName> asked;
    for (const WatchedName& name : names) {
        State::Known& entry = known[name];
        entry.settled = is_literal(name, entry.name);
        if (entry.settled) continue;
        asked.push_back(name);
        if (const auto at = state.known.find(name); at != state.known.end()) entry = at->second;
    }
    state.known.swap(known);
    if (!asked.empty() && !state.thread.joinable()) {
        state.thread = std::thread([&state] { state.run(); });
    }
    if (state.thread.joinable()) {
        state.wanted = std::move(asked);
        state.wake();
    }
    state.waiting++;
    state.news.wait_for(lock, std::chrono::milliseconds(wait_ms),
                        [&] { return state.all_settled(names); });
    state.waiting--;
    return state.snapshot();
}

std::map<WatchedName, ResolvedName> Resolver::answers() const {
    const std::lock_guard lock(state_->mutex);
    return state_->snapshot();
}

std::map<WatchedName, ResolvedName> Resolver::State::snapshot() const {
    std::map<WatchedName, ResolvedName> out;
    for (const auto& [name, entry] : known) {
        ResolvedName& answer = out[name] = entry.name;
        if (!entry.settled) answer.problem = "no answer yet";
    }
    return out;
}

// A name that another follow() has taken away is waited for no more.
bool Resolver::State::all_settled(const std::vector<WatchedName>& names) const {
    return std::ranges::all_of(names, [&](const WatchedName& name) {
        const auto at = known.find(name);
        return at == known.end() || at->second.settled;
    });
}

void Resolver::State::wake() const {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_fd, &one, sizeof one);
}

void Resolver::State::run() {
    NameFollower follower(options);
    for (;;) {
        {
            const std::lock_guard lock(mutex);
            if (ended) return;
            if (wanted) follower.follow(*wanted);
            wanted.reset();
        }
        if (publish(follower.take_changes())) changed(context);
        follower.turn(wake_fd);
        uint64_t wakes = 0;
        [[maybe_unused]] const ssize_t count = read(wake_fd, &wakes, sizeof wakes);
    }
}

// True: somebody is to be told.
bool Resolver::State::publish(std::vector<std::pair<WatchedName, ResolvedName>> changes) {
    if (changes.empty()) return false;
    const std::lock_guard lock(mutex);
    bool another = false;
    for (auto& [name, answer] : changes) {
        const auto at = known.find(name);
        if (at == known.end()) continue;
        Known& entry = at->second;
        another = another || !entry.settled || entry.name.targets != answer.targets ||
                  entry.name.problem.empty() != answer.problem.empty();
        entry = {std::move(answer), true};
    }
    news.notify_all();
    return another && waiting == 0 && !ended;
}

}  // namespace jumpgate
