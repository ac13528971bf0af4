#include "core/io/resolver.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/base/check.h"
#include "core/io/name_follower.h"

namespace jumpgate {

// What both threads share. The NameFollower is the thread's own.
struct Resolver::State {
    struct Known {
        ResolvedName name;
        bool settled = false;   // answered, or failed once
        bool followed = false;  // or dropped by the last follow()
        bool awaited = false;   // its first answer, by a follow() that returns it
    };

    void run();
    void wake() const;
    bool publish(std::vector<std::pair<WatchedName, ResolvedName>> changes);
    std::vector<WatchedName> exchange(const std::vector<WatchedName>& names, bool awaited);
    bool all_settled(const std::vector<WatchedName>& names) const;

    ResolverOptions options;
    void (*changed)(void*) = nullptr;
    void* context = nullptr;
    int wake_fd = -1;  // eventfd(2)
    std::thread thread;

    std::mutex mutex;  // of all below
    std::condition_variable news;
    std::map<WatchedName, Known> known;
    std::optional<std::vector<WatchedName>> wanted;  // not yet seen by the thread
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

static ResolvedName answer_of(const ResolvedName& name, bool settled) {
    ResolvedName answer = name;
    if (!settled) answer.problem = "no answer yet";
    return answer;
}

std::map<WatchedName, ResolvedName> Resolver::follow(const std::vector<WatchedName>& names,
                                                     uint32_t wait_ms) {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    const std::vector<WatchedName> asked = state.exchange(names, wait_ms != 0);
    if (!asked.empty() && !state.thread.joinable()) {
        state.thread = std::thread([&state] { state.run(); });
    }
    if (state.thread.joinable()) {
        state.wanted = asked;
        state.wake();
    }
    state.news.wait_for(lock, std::chrono::milliseconds(wait_ms),
                        [&] { return state.all_settled(names); });
    std::map<WatchedName, ResolvedName> out;
    for (const WatchedName& name : names) {
        const auto at = state.known.find(name);
        if (at != state.known.end()) at->second.awaited = false;
        out[name] = at == state.known.end() ? answer_of({}, false)
                                            : answer_of(at->second.name, at->second.settled);
    }
    return out;
}

// Follows `names` instead of those before, which are kept in mind until the next time. -> the names
// to look up.
std::vector<WatchedName> Resolver::State::exchange(const std::vector<WatchedName>& names,
                                                   bool awaited) {
    const std::set<WatchedName> next(names.begin(), names.end());
    std::erase_if(known, [&](const auto& entry) {
        return !entry.second.followed && !next.contains(entry.first);
    });
    for (auto& [name, entry] : known) entry.followed = false;
    std::vector<WatchedName> asked;
    for (const WatchedName& name : next) {
        const auto [at, is_new] = known.try_emplace(name);
        Known& entry = at->second;
        entry.followed = true;
        entry.awaited = awaited && is_new;
        if (is_literal(name, entry.name)) {
            entry.settled = true;
        } else {
            asked.push_back(name);
        }
    }
    return asked;
}

std::map<WatchedName, ResolvedName> Resolver::answers() const {
    const std::lock_guard lock(state_->mutex);
    std::map<WatchedName, ResolvedName> out;
    for (const auto& [name, entry] : state_->known) {
        out[name] = answer_of(entry.name, entry.settled);
    }
    return out;
}

// A name that another follow() has dropped is waited for no more.
bool Resolver::State::all_settled(const std::vector<WatchedName>& names) const {
    return std::ranges::all_of(names, [&](const WatchedName& name) {
        const auto at = known.find(name);
        return at == known.end() || !at->second.followed || at->second.settled;
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
        if (at == known.end() || !at->second.followed) continue;
        Known& entry = at->second;
        // Dropped and taken back, and now it fails: the follower has forgotten, we have not.
        if (answer.targets.empty()) answer.targets = entry.name.targets;
        const bool differs = entry.name.targets != answer.targets ||
                             entry.name.problem.empty() != answer.problem.empty();
        another = another || (entry.settled ? differs : !entry.awaited);
        entry.name = std::move(answer);
        entry.settled = true;
    }
    news.notify_all();
    return another && !ended;
}

}  // namespace jumpgate
