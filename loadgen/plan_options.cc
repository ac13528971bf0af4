#include "loadgen/plan_options.h"

#include <fmt/format.h>

#include <algorithm>

namespace jumpgate::load {

std::string_view word(Mode mode) {
    static constexpr std::string_view kWords[] = {"conn",   "pub",   "sub",       "p2p",
                                                  "fanout", "fanin", "sharedsub", "pubsub"};
    return kWords[static_cast<size_t>(mode)];
}

std::optional<Mode> mode_of(std::string_view name) {
    const auto found = std::ranges::find(kModes, name, [](Mode mode) { return word(mode); });
    return found == kModes.end() ? std::nullopt : std::optional(*found);
}

namespace {

constexpr uint32_t kClientsMax = 10'000'000;

using Refusal = std::optional<std::string>;

bool has_two_sides(Mode mode) {
    return mode == Mode::Fanout || mode == Mode::Fanin || mode == Mode::Sharedsub;
}

bool may_share(Mode mode) { return mode == Mode::Fanin || mode == Mode::Sharedsub; }

std::string_view meaning_of_count(Mode mode) {
    if (mode == Mode::P2p) {
        return "Clients in all, an even number: half of them subscribe, half publish.";
    }
    return has_two_sides(mode) ? "Publishers and subscribers together." : "Clients.";
}

// The side of which there is one where only -c says how many clients there are.
Refusal settle_sides(Mode mode, const PlanGiven& given, Plan& plan) {
    uint32_t publishers = given.publishers;
    uint32_t subscribers = given.subscribers;
    const bool both = publishers > 0 && subscribers > 0;
    if (both && given.count_flag->given() && uint64_t{publishers} + subscribers != given.count) {
        return fmt::format(
            "--count: {} is not --publishers and --subscribers ({} and {}) together; "
            "leave it away",
            given.count, publishers, subscribers);
    }
    if (!both) {
        const uint32_t known = std::max({publishers, subscribers, 1U});
        if (known >= given.count) {
            return fmt::format(
                "--count: {} leaves nobody for the other side of {} clients; allowed: "
                "{} and more, or --publishers and --subscribers",
                given.count, known, known + 1);
        }
        const bool one_publisher = mode == Mode::Fanout && subscribers == 0;
        const bool publishers_known = publishers > 0 || one_publisher;
        publishers = publishers_known ? known : given.count - known;
        subscribers = given.count - publishers;
    }
    plan.publishers = publishers;
    plan.subscribers = subscribers;
    return std::nullopt;
}

Refusal settle_pairs(const PlanGiven& given, Plan& plan) {
    const uint32_t sides = std::max(given.publishers, given.subscribers);
    if (given.publishers > 0 && given.subscribers > 0 && given.publishers != given.subscribers) {
        return fmt::format(
            "--publishers: {} are not as many as --subscribers ({}); allowed in p2p: "
            "pairs",
            given.publishers, given.subscribers);
    }
    if (sides > 0 && given.count_flag->given() && uint64_t{sides} * 2 != given.count) {
        return fmt::format("--count: {} is not twice {}; leave it away", given.count, sides);
    }
    if (sides == 0 && given.count % 2 != 0) {
        return fmt::format("--count: {} is odd; allowed in p2p: even numbers", given.count);
    }
    plan.layout = Plan::Layout::Pairs;
    plan.publishers = plan.subscribers = plan.cells = sides > 0 ? sides : given.count / 2;
    return std::nullopt;
}

Refusal settle_groups(Mode mode, const PlanGiven& given, Plan& plan, std::string& group) {
    plan.shared = mode == Mode::Sharedsub || !given.group.empty();
    if (!plan.shared) {
        if (given.groups > 0) return "--groups: needs --group in fanin, the name they share";
        plan.cells = plan.subscribers;
        return std::nullopt;
    }
    group = given.group.empty() ? "benchmark" : given.group;
    if (group.find_first_of("/+#") != group.npos) {
        return fmt::format("--group: {} holds /, + or #; allowed: a name without them (MQTT 4.8.2)",
                           shown(group));
    }
    plan.cells = std::max(1U, given.groups);
    const uint32_t most = std::min(plan.publishers, plan.subscribers);
    if (plan.cells > most) {
        return fmt::format(
            "--groups: {} groups leave some of {} publishers and {} subscribers "
            "without the other side; allowed: 1 to {}",
            plan.cells, plan.publishers, plan.subscribers, most);
    }
    return std::nullopt;
}

}  // namespace

void add_plan_flags(FlagTable& table, Mode mode, PlanGiven& given) {
    Flag& count = table.number("count", given.count, 1, kClientsMax, "clients",
                               std::string(meaning_of_count(mode)));
    count.letter = 'c';
    given.count_flag = &count;
    if (has_two_sides(mode) || mode == Mode::P2p) {
        table
            .number("publishers", given.publishers, 1, kClientsMax, "clients",
                    "How many publish. Default: what -c and --subscribers leave; one in fanout.")
            .default_text.clear();
        table
            .number("subscribers", given.subscribers, 1, kClientsMax, "clients",
                    "How many subscribe. Default: what -c and --publishers leave; one in fanin and "
                    "sharedsub.")
            .default_text.clear();
    }
    if (may_share(mode)) {
        table.text("group", given.group, "NAME",
                   mode == Mode::Fanin
                       ? "The subscribers share the subscription $share/NAME/..., and one of them "
                         "gets each message. Without it each has its own publishers."
                       : "The name of the shared subscription $share/NAME/... Default: benchmark.");
        table
            .number("groups", given.groups, 1, kClientsMax, "",
                    "Groups that share, each with publishers of its own; %g is a group's number. "
                    "One group is in one thread. Default: 1.")
            .default_text.clear();
    }
    if (mode == Mode::Pubsub) {
        table.toggle("neighbour", given.neighbour,
                     "Each client hears the one before it instead of itself.");
    }
    if (mode != Mode::Conn) {
        table.number("idle", given.idle, 0, kClientsMax, "clients",
                     "Further clients that only connect, with role conn.");
    }
}

std::optional<std::string> settle_plan(Mode mode, const PlanGiven& given, Plan& plan,
                                       std::string& group) {
    plan = {};
    plan.idle = given.idle;
    Refusal refusal;
    switch (mode) {
        case Mode::Conn:
            plan.idle = given.count;
            break;
        case Mode::Pub:
            plan.publishers = given.count;
            break;
        case Mode::Sub:
            plan.subscribers = given.count;
            break;
        case Mode::P2p:
            refusal = settle_pairs(given, plan);
            break;
        case Mode::Fanout:
            refusal = settle_sides(mode, given, plan);
            break;
        case Mode::Fanin:
        case Mode::Sharedsub:
            refusal = settle_sides(mode, given, plan);
            if (!refusal) refusal = settle_groups(mode, given, plan, group);
            break;
        case Mode::Pubsub:
            plan.layout = Plan::Layout::Both;
            plan.publishers = plan.subscribers = plan.cells = given.count;
            plan.neighbour = given.neighbour ? 1 : 0;
            break;
    }
    if (refusal) return refusal;
    if (plan.clients() > kClientsMax) {
        return fmt::format("--count: {} clients in all; allowed: 1 to {}", plan.clients(),
                           kClientsMax);
    }
    if (plan.accounts() && plan.streams() > kStreamsMax) {
        return fmt::format(
            "--subscribers: {} subscribers that hear {} publishers in all are {} "
            "streams to account for; allowed: up to {}",
            plan.subscribers, plan.publishers, plan.streams(), kStreamsMax);
    }
    return std::nullopt;
}

}  // namespace jumpgate::load
