// Server, the snapshots: from objects to a snapshot that every worker routes by, and the end of the
// ones before.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "core/proxy/server.h"
#include "core/route/moved_share.h"

namespace jumpgate {

Parsed<Applied> Server::apply(const Objects& objects, ReadFiles files) {
    const std::lock_guard<std::mutex> one_at_a_time(change_lock_);
    if (uses_tls(config_, objects)) forbid_core_dumps();
    (void)resolver_->follow(names_of(objects), kChangeNamesMs);
    std::array<Snapshot*, 2> pair{};  // before and after
    {
        const std::lock_guard<std::mutex> lock(build_lock_);
        // Asked under the lock: an answer that changes before this is in here, one that changes
        // later comes with the rebuild_names() that waits for it. Between the two it would be lost.
        const Names names = resolver_->answers();
        Parsed<std::unique_ptr<Snapshot>> built = build(objects, names, files);
        if (Problem* problem = std::get_if<Problem>(&built)) {
            const std::string text = std::move(problem->text);
            resolver_->follow(names_of(objects_), 0);
            return Problem{text};
        }
        pair[0] = &hold_newest();
        publish(std::get<0>(std::move(built)), objects, names);
        pair[1] = &hold_newest();
    }
    wakeup_->signal();
    // Without the lock, which the names thread wants: thousands of regular expressions take long to
    // try.
    Applied applied = compare(*pair[0], *pair[1]);
    for (Snapshot* held : pair) held->holders.fetch_sub(1, std::memory_order_release);
    std::unique_lock<std::mutex> lock(call_lock_);
    applied.complete = answered_.wait_for(lock, std::chrono::milliseconds(kAnswerTimeoutMs),
                                          [&] { return ended_ || adopted_ >= applied.version; });
    return applied;
}

Applied Server::compare(const Snapshot& before, const Snapshot& now) const {
    Applied applied;
    applied.version = now.version;
    applied.changed = before.routes.fingerprint() != now.routes.fingerprint();
    if (!applied.changed) return applied;
    const MovedShare moved = moved_share(before.routes, now.routes, clients_by_route(before));
    applied.moved_share = moved.share;
    applied.moved_by_route = by_route(moved);
    applied.hint = hint(moved);
    return applied;
}

// By a builder of its own, which takes no slots of the process.
std::optional<Problem> Server::check(const Objects& objects, ReadFiles files) {
    const Names names = resolver_->answers();
    std::unique_lock<std::mutex> lock(build_lock_);
    SnapshotBuilder trial = builder_.trial();
    lock.unlock();
    SnapshotBuilder::Request request{.objects = objects, .names = names};
    request.read_files = files == ReadFiles::Again;
    Parsed<std::unique_ptr<Snapshot>> built = trial.build(request);
    if (Problem* problem = std::get_if<Problem>(&built)) return std::move(*problem);
    return std::nullopt;
}

Parsed<std::unique_ptr<Snapshot>> Server::build(const Objects& objects, const Names& names,
                                                ReadFiles files) {
    take_unused();
    SnapshotBuilder::Request request{.objects = objects, .names = names};
    request.read_files = files == ReadFiles::Again;
    {
        const std::lock_guard<std::mutex> lock(snapshots_lock_);
        if (!snapshots_.empty()) {
            request.previous = &newest();
            request.oldest_version = snapshots_.front()->version;
        }
    }
    return builder_.build(request);
}

// As moved_share() wants them.
std::vector<uint64_t> Server::clients_by_route(const Snapshot& snapshot) const {
    std::vector<uint64_t> clients;
    for (const Route& route : snapshot.routes.routes()) {
        clients.push_back(shared_.board.routed[route.slot].load(std::memory_order_relaxed));
    }
    return clients;
}

// The newest one, null before the first. Under build_lock_ it stays that, and is not freed.
const Snapshot* Server::built_last() {
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    return snapshots_.empty() ? nullptr : &newest();
}

// Counts as a worker that holds it: who calls gives it back, or the Routing does that he makes.
Snapshot& Server::hold_newest() {
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    snapshots_.back()->holders.fetch_add(1, std::memory_order_relaxed);
    return *snapshots_.back();
}

// Under build_lock_, as build().
void Server::publish(std::unique_ptr<Snapshot> snapshot, const Objects& objects,
                     const Names& names) {
    const Snapshot* before = built_last();
    warn_of(snapshot->credentials);
    log_moves(before, *snapshot);
    log_look_ups(objects, names_, names);
    log_services(names_, names);
    if (&objects != &objects_) objects_ = objects;
    names_ = names;
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    if (before != nullptr) end_evictions(*before, *snapshot);
    changed_s_ = static_cast<uint64_t>(std::time(nullptr));
    snapshots_.push_back(std::move(snapshot));
    const std::lock_guard<std::mutex> for_workers(shared_.snapshot_lock);
    shared_.snapshot = snapshots_.back().get();
}

// A node that is taken back keeps its clients, and so does another one in its slot.
void Server::end_evictions(const Snapshot& before, const Snapshot& now) {
    const std::lock_guard<std::mutex> lock(call_lock_);
    evictions_.keep([&](uint16_t slot) {
        const Broker& broker = now.brokers[slot];
        return broker.upstream == before.brokers[slot].upstream &&
               broker.name == before.brokers[slot].name && (!broker.listed || broker.weight == 0);
    });
}

// Those that nobody holds, for the caller to free without a lock. A worker takes a snapshot only
// while it is the newest, so what nobody holds nobody will.
std::vector<std::unique_ptr<Snapshot>> Server::take_unused() {
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    std::vector<std::unique_ptr<Snapshot>> unused;
    for (std::unique_ptr<Snapshot>& snapshot : snapshots_) {
        const bool held = snapshot->holders.load(std::memory_order_acquire) > 0;
        if (snapshot != snapshots_.back() && !held) unused.push_back(std::move(snapshot));
    }
    std::erase(snapshots_, nullptr);
    return unused;
}

size_t Server::snapshots_kept() {
    take_unused();
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    return snapshots_.size();
}

// Tells the workers and the health checks of the newest snapshot.
void Server::distribute() {
    const std::lock_guard<std::mutex> lock(snapshots_lock_);
    if (followed_ == newest().version) return;
    followed_ = newest().version;
    health_->follow(newest());
    for (const std::unique_ptr<Seat>& seat : seats_) send_adopt(*seat);
    note_adopted();
}

void Server::send_adopt(Seat& seat) {
    if (seat.ended || seat.adopt.out || seat.adopted >= followed_) return;
    seat.adopt.run = [](Errand& errand, Worker& worker) {
        worker.adopt();
        static_cast<Adopt&>(errand).version = worker.snapshot().version;
    };
    seat.adopt.done = [](Errand& errand) {
        Seat& self = *static_cast<Adopt&>(errand).seat;
        self.adopted = self.adopt.version;
        self.server->send_adopt(self);  // a newer one may have come meanwhile
        self.server->note_adopted();
    };
    seat.worker->send_errand(reactor_->ring(), seat.adopt);
}

// Wakes who waits until every worker routes by its snapshot.
void Server::note_adopted() {
    uint64_t oldest = followed_;
    for (const std::unique_ptr<Seat>& seat : seats_) {
        if (!seat->ended) oldest = std::min(oldest, seat->adopted);
    }
    const std::lock_guard<std::mutex> lock(call_lock_);
    adopted_ = oldest;
    answered_.notify_all();
}

void Server::warn_of(const Credentials& credentials) {
    if (!logs(Severity::Warn)) return;
    for (const std::string& warning : credentials.warnings) {
        LogLine line(shared_.line_format, Severity::Warn, "tls_warning");
        write(line.field("why", warning).finish());
    }
}

}  // namespace jumpgate
