// A data plane that routes by real snapshots, without workers and without a network.
//
// Law: builds, keeps and drops snapshots as Server does, and refuses what it refuses. Older ones
// and clients on brokers that are gone linger as hold() and settle() say, so that slots have a
// history; where a client goes is asked on an idle board, so that it has none.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/base/rng.h"
#include "core/proxy/control.h"
#include "core/proxy/routing.h"
#include "core/proxy/snapshot_builder.h"
#include "core/route/sample_clients.h"

namespace jumpgate {

class RoutedControl final : public Control {
  public:
    Parsed<Applied> apply(const Objects& objects, ReadFiles files) override {
        const Names names = names_for(objects);
        SnapshotBuilder::Request request{.objects = objects, .names = names};
        request.read_files = files == ReadFiles::Again;
        request.previous = snapshots_.empty() ? nullptr : snapshots_.back().get();
        request.oldest_version = snapshots_.empty() ? 0 : snapshots_.front()->version;
        auto built = builder_.build(request);
        if (Problem* problem = std::get_if<Problem>(&built)) return std::move(*problem);
        served = objects;
        snapshots_.push_back(std::get<0>(std::move(built)));
        while (snapshots_.size() > held_ + 1) snapshots_.pop_front();
        return Applied{newest().version, 0, {}, {}, true};
    }
    std::optional<Problem> check(const Objects& objects, ReadFiles files) override {
        const Names names = names_for(objects);
        SnapshotBuilder::Request request{.objects = objects, .names = names};
        request.read_files = files == ReadFiles::Again;
        auto built = builder_.trial().build(request);
        if (Problem* problem = std::get_if<Problem>(&built)) return std::move(*problem);
        return std::nullopt;
    }
    Watch watch() override { return {}; }
    RouteAnswer explain(const RouteQuery&) override { return {}; }
    std::vector<FoundConnection> find(std::string_view, size_t) override { return {}; }
    Parsed<uint64_t> evict(std::string_view, std::string_view, uint32_t) override {
        return Problem{"nobody is here"};
    }
    void drain() override {}

    // The newest; CHECK: there was an apply().
    Snapshot& newest() {
        CHECK(!snapshots_.empty());
        return *snapshots_.back();
    }
    uint64_t version() { return snapshots_.empty() ? 0 : newest().version; }

    // Workers still route by so many of the older snapshots.
    void hold(size_t older) { held_ = older; }
    // A client arrives at some broker, by some route, and stays.
    void settle(Rng& rng) {
        const std::vector<Broker>& brokers = newest().brokers;
        if (brokers.empty()) return;
        const auto slot = static_cast<uint16_t>(rng.below(brokers.size()));
        if (!brokers[slot].listed) return;
        ++board.clients[slot];
        settled.emplace(slot, std::pair(brokers[slot].upstream, brokers[slot].name));
        const auto route = static_cast<uint16_t>(rng.below(newest().route_ids.size()));
        if (!newest().route_ids[route].empty()) ++board.routed[route];
    }
    // All clients leave.
    void leave() {
        for (auto& clients : board.clients) clients = 0;
        for (auto& routed : board.routed) routed = 0;
        settled.clear();
    }

    Objects served;
    BrokerBoard board;
    std::map<uint16_t, std::pair<std::string, std::string>> settled;  // slot -> who it must be

  private:
    // As a resolver answers: an address for each, all hosts being literals.
    static Names names_for(const Objects& objects) {
        Names names;
        for (const WatchedName& name : names_of(objects)) {
            ResolvedTarget target;
            target.host = name.host;
            target.port = name.port;
            if (const auto address = Address::parse(name.host, name.port))
                target.addresses = {*address};
            names[name].targets = {std::move(target)};
        }
        return names;
    }

    Config config_;
    SnapshotBuilder builder_{config_, board, tls::TicketKeys::random()};
    std::deque<std::unique_ptr<Snapshot>> snapshots_;  // the newest last
    size_t held_ = 0;
};

// Asks one snapshot where clients go, as a worker that has just adopted it, all brokers up and
// without clients.
class Asked {
  public:
    explicit Asked(Snapshot& snapshot) : snapshot_(snapshot) {
        no_dials_.resize(snapshot.brokers.size());
        ++snapshot_.holders;
        routing_ = std::make_unique<Routing>(snapshot_, *board_, no_dials_);
    }

    // "route > upstream > broker by step"; what is missing stays away.
    std::string about(const SampleClient& client) {
        const Route* route = snapshot_.routes.find(client.query());
        if (route == nullptr) return "no route";
        const Upstream& upstream = snapshot_.routes.upstreams()[route->upstream];
        std::string said = route->id + " > " + upstream.rule().id;
        std::string room;
        const RouteQuery query = client.query();
        const uint64_t hash = upstream.hash(key_of(query, upstream.rule().key, room));
        const std::optional<Choice> choice = routing_->choose(route->upstream, hash, {}, 0);
        if (!choice) return said;
        const Node& node = upstream.nodes()[choice->node];
        const Broker& broker = snapshot_.brokers[node.slot];
        CHECK(broker.listed && broker.upstream == upstream.rule().id && broker.name == node.name);
        CHECK(snapshot_.route_ids[route->slot] == route->id);
        return said + " > " + node.name + " by " + std::string(text(choice->step));
    }

  private:
    Snapshot& snapshot_;
    std::unique_ptr<BrokerBoard> board_ = std::make_unique<BrokerBoard>();
    NodeHealth no_dials_;
    std::unique_ptr<Routing> routing_;
};

}  // namespace jumpgate
