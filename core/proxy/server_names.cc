// Server, the names: brokers' names get other addresses while the process runs.
//
// Law: all of it on a thread of its own, for a build takes as long as there are routes; the control
// thread hands out what it has made. Each change of addresses has a line in the log.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/proxy/server.h"

namespace jumpgate {

// The names thread, from its first line to its last.
void Server::follow_names() {
    std::unique_lock<std::mutex> lock(call_lock_);
    for (;;) {
        names_news_.wait(lock, [this] { return names_changed_ || names_over_; });
        if (names_over_) return;
        names_changed_ = false;
        lock.unlock();
        rebuild_names();
        wakeup_->signal();
        lock.lock();
    }
}

void Server::end_names() {
    {
        const std::lock_guard<std::mutex> lock(call_lock_);
        names_over_ = true;
        names_news_.notify_one();
    }
    if (names_thread_.joinable()) names_thread_.join();
}

// The same objects, a new snapshot. Does not wait for the workers.
void Server::rebuild_names() {
    const std::lock_guard<std::mutex> lock(build_lock_);
    const Names names = resolver_->answers();
    Parsed<std::unique_ptr<Snapshot>> built = build(objects_, names, ReadFiles::WhereChanged);
    if (const Problem* problem = std::get_if<Problem>(&built)) {
        LogLine line(shared_.line_format, Severity::Error, "names_not_used");
        write(line.field("why", problem->text).finish());
        return;
    }
    publish(std::get<0>(std::move(built)), objects_, names);
}

// "127.0.0.1:1883 [::1]:1883"; the log cuts a long one.
static std::string listed(const std::vector<Address>& addresses) {
    std::string list;
    for (const Address& address : addresses) {
        list += (list.empty() ? "" : " ") + address.to_string();
    }
    return list;
}

// One line when a name begins to fail, one when it is well again, one when it moves.
void Server::log_names(const Snapshot* before, const Snapshot& now) {
    for (size_t slot = 0; slot < now.brokers.size(); ++slot) {
        const Broker& broker = now.brokers[slot];
        if (!broker.listed) continue;
        const bool known = before != nullptr && slot < before->brokers.size() &&
                           before->brokers[slot].name == broker.name &&
                           before->brokers[slot].upstream == broker.upstream;
        const Broker fresh;
        const Broker& old = known ? before->brokers[slot] : fresh;
        if (old.problem != broker.problem) log_problem(broker);
        const bool moved = !old.addresses.empty() && old.addresses != broker.addresses;
        if (!moved || !logs(Severity::Info)) continue;
        LogLine line(shared_.line_format, Severity::Info, "name_moved");
        line.field("upstream", broker.upstream).field("broker", broker.name);
        line.field("from", listed(old.addresses)).field("to", listed(broker.addresses));
        write(line.finish());
    }
}

void Server::log_problem(const Broker& broker) {
    const bool well = broker.problem.empty();
    const Severity severity = well ? Severity::Info : Severity::Warn;
    if (!logs(severity)) return;
    LogLine line(shared_.line_format, severity, well ? "name_resolved" : "name_failed");
    line.field("upstream", broker.upstream).field("broker", broker.name);
    if (!well) line.field("why", broker.problem);
    if (!well && !broker.addresses.empty()) line.field("in_use", "the addresses from before");
    write(line.finish());
}

static std::set<std::string> targets_of(const ResolvedName& answer) {
    std::set<std::string> targets;
    for (const ResolvedTarget& target : answer.targets) {
        targets.insert(node_name(target.host, target.port));
    }
    return targets;
}

// What `some` has and `other` has not.
static std::string without(const std::set<std::string>& some, const std::set<std::string>& other) {
    std::vector<std::string> rest;
    std::ranges::set_difference(some, other, std::back_inserter(rest));
    return fmt::format("{}", fmt::join(rest, " "));
}

// One line where a service (SRV) stands for other brokers than before.
void Server::log_services(const Names& before, const Names& now) {
    if (!logs(Severity::Info)) return;
    for (const auto& [name, answer] : now) {
        const auto known = before.find(name);
        if (name.port != 0 || known == before.end()) continue;
        const std::set<std::string> old = targets_of(known->second);
        const std::set<std::string> targets = targets_of(answer);
        if (old == targets) continue;
        LogLine line(shared_.line_format, Severity::Info, "service_changed");
        line.field("service", name.host);
        line.field("brokers_before", old.size()).field("brokers", targets.size());
        line.field("added", without(targets, old)).field("removed", without(old, targets));
        write(line.finish());
    }
}

}  // namespace jumpgate
