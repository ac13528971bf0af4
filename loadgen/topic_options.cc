#include "loadgen/topic_options.h"

#include <fmt/format.h>

#include "loadgen/plan_options.h"
#include "mqtt/topic.h"

namespace jumpgate::load {

namespace {

// A subscriber that hears more publishers asks for them with a wildcard.
constexpr uint32_t kFiltersMax = 100;

using Refusal = std::optional<std::string>;

bool plans_both_ends(Mode mode) { return mode >= Mode::P2p; }

std::string default_topic(Mode mode, const Plan& plan, bool tenants) {
    std::string_view places = "%i";
    if (mode == Mode::Fanin) places = "%g";
    if (plan.shared) places = "%g/%i";
    return fmt::format("{}/{}/{}", tenants ? "tenant%t" : "jumpload", word(mode), places);
}

bool has_any(const Template& text, std::string_view letters) {
    for (const char letter : letters) {
        if (text.has(letter)) return true;
    }
    return false;
}

// Each cell must have topics of its own.
Refusal check_cells(Mode mode, const Plan& plan, const TopicOptions& options) {
    if (plan.cells == 1) return std::nullopt;
    const bool pairs = plan.publishers == plan.cells;
    if (pairs && !has_any(options.topic, "icg")) {
        return fmt::format("--topic: must hold %i or %c in {}, where each pair has its own topic",
                           word(mode));
    }
    if (pairs || options.topic.has('g')) return std::nullopt;
    return fmt::format(
        "--topic: must hold %g in {}, the number of the subscriber or group that a "
        "publisher belongs to",
        word(mode));
}

void settle_heard(const Plan& plan, bool tenants, TopicOptions& options) {
    const std::string_view own = tenants ? "icut" : "icu";
    options.heard_is_one =
        !has_any(options.topic, own) || plan.shared || plan.publishers_in(0) > kFiltersMax;
    options.heard =
        options.topic.with_wildcards(options.heard_is_one ? std::string(own) + "s" : "s");
}

}  // namespace

void add_topic_flags(FlagTable& table, Mode mode, TopicGiven& given) {
    static constexpr std::string_view kMeanings[] = {
        "",
        "Topic; %i number, %c client id, %u user name, %t tenant, %s number of the message.",
        "Filter; %i number, %c client id, %u user name, %t tenant.",
    };
    std::string meaning(kMeanings[plans_both_ends(mode) ? 1 : static_cast<size_t>(mode)]);
    if (plans_both_ends(mode)) {
        // Without tenants, sharing or not: the words of the plan are not known yet.
        Plan plan;
        plan.shared = mode == Mode::Sharedsub;
        meaning += fmt::format(
            " %g is the number of the pair, subscriber or group that the "
            "publisher belongs to. Default: {}, or tenant%t/... with --tenants.",
            default_topic(mode, plan, false));
    }
    table.text("topic", given.topic, "TOPIC", std::move(meaning)).letter = 't';
    if (!plans_both_ends(mode)) return;
    table.text("filter", given.filter, "FILTER",
               fmt::format("What subscribers ask for; %i, %c, %u, %t are theirs. Default: the "
                           "topics of the publishers that each is to hear, one by one up to {}, "
                           "else with + for what differs.",
                           kFiltersMax));
}

std::optional<std::string> settle_topics(Mode mode, const Plan& plan, uint32_t tenants,
                                         const std::string& group, TopicGiven given,
                                         TopicOptions& options) {
    if (mode == Mode::Conn) return std::nullopt;
    if (given.topic.empty() && plans_both_ends(mode)) {
        given.topic = default_topic(mode, plan, tenants > 0);
    }
    if (given.topic.empty()) return "--topic: is missing; give a topic such as bench/%i";
    const bool filter = mode == Mode::Sub;
    if (!(filter ? mqtt::is_topic_filter(given.topic) : mqtt::is_topic_name(given.topic))) {
        return fmt::format("--topic: {} is not a valid topic {} (MQTT 4.7)", shown(given.topic),
                           filter ? "filter" : "name");
    }
    if (!given.filter.empty() && !mqtt::is_topic_filter(given.filter)) {
        return fmt::format("--filter: {} is not a valid topic filter (MQTT 4.7)",
                           shown(given.filter));
    }
    if (!group.empty()) options.share = "$share/" + group + "/";
    const std::string_view letters = plans_both_ends(mode) ? "citusg" : filter ? "citu" : "citus";
    Refusal refusal = settle_template("topic", given.topic, letters, options.topic);
    if (!refusal && plans_both_ends(mode)) refusal = check_cells(mode, plan, options);
    if (!refusal) refusal = settle_template("filter", given.filter, "citug", options.filter);
    if (!refusal && plans_both_ends(mode)) settle_heard(plan, tenants > 0, options);
    return refusal;
}

}  // namespace jumpgate::load
