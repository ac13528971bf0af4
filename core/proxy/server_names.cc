// Server, the names: brokers' names get other addresses while the process runs.
//
// Law: all of it on a thread of its own, for a build takes as long as there are routes; the control
// thread hands out what it has made. Each change of addresses has a line in the log.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

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

// One line for each broker that moves.
void Server::log_moves(const Snapshot* before, const Snapshot& now) {
    if (before == nullptr || !logs(Severity::Info)) return;
    for (size_t slot = 0; slot < std::min(now.brokers.size(), before->brokers.size()); ++slot) {
        const Broker& broker = now.brokers[slot];
        const Broker& old = before->brokers[slot];
        const bool known = old.name == broker.name && old.upstream == broker.upstream;
        if (!broker.listed || !known) continue;
        if (old.addresses.empty() || old.addresses == broker.addresses) continue;
        LogLine line(shared_.line_format, Severity::Info, "name_moved");
        line.field("upstream", broker.upstream).field("broker", broker.name);
        line.field("from", listed(old.addresses)).field("to", listed(broker.addresses));
        write(line.finish());
    }
}

// What the look-up of a name is for.
struct NameUse {
    std::set<std::string> upstreams{};
    size_t brokers = 0;
    bool resolved = false;  // now or before
};

// One line when a name begins to fail or fails otherwise, one when it is well again: of a name,
// whatever ports and upstreams it stands in, and however many brokers a service is.
void Server::log_look_ups(const Objects& objects, const Names& before, const Names& now) {
    std::map<std::pair<std::string, std::string>, NameUse> changed;  // by name and problem
    for (const UpstreamConfig& upstream : objects.upstreams) {
        for (const BrokerAddress& node : upstream.nodes) {
            const auto found = now.find({node.host, node.port});
            const auto known = before.find({node.host, node.port});
            if (found == now.end()) continue;
            const ResolvedName& answer = found->second;
            if (answer.problem == (known == before.end() ? "" : known->second.problem)) continue;
            NameUse& use = changed[{node.host, answer.problem}];
            use.upstreams.insert(upstream.id);
            use.brokers += std::max<size_t>(answer.targets.size(), 1);  // never resolved: a place
            use.resolved |= !answer.targets.empty();
        }
    }
    for (const auto& [name_and_problem, use] : changed) {
        const auto& [name, problem] = name_and_problem;
        const Severity severity = problem.empty() ? Severity::Info : Severity::Warn;
        if (!logs(severity)) continue;
        LogLine line(shared_.line_format, severity,
                     problem.empty() ? "name_resolved" : "name_failed");
        line.field("name", name);
        line.field("upstreams", fmt::format("{}", fmt::join(use.upstreams, " ")));
        line.field("brokers", use.brokers);
        if (!problem.empty()) line.field("why", problem);
        if (!problem.empty() && use.resolved) line.field("in_use", "the addresses from before");
        write(line.finish());
    }
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
