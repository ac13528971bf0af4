#include "loadgen/identity.h"

#include <algorithm>

namespace jumpgate::load {

static std::string_view word(Role role) {
    static constexpr std::string_view kWords[] = {"conn", "pub", "sub", "pubsub"};
    return kWords[static_cast<size_t>(role)];
}

static TemplateValues values_of(const Options& options, Role role, uint32_t number) {
    const Plan& plan = options.plan;
    TemplateValues values;
    values.number = options.start_number + number;
    values.tenant = options.tenants == 0 ? 0 : values.number % options.tenants;
    values.cell =
        role == Role::Subscriber ? plan.cell_of_subscriber(number) : plan.cell_of_publisher(number);
    values.role = word(role);
    return values;
}

TemplateValues values_of(const Options& options, uint32_t index) {
    return values_of(options, options.plan.role(index), options.plan.number(index));
}

static void expand(const Template& from, const TemplateValues& values, std::string& to) {
    to.clear();
    from.append_to(to, values);
}

void identify(const Options& options, uint32_t index, Identity& out) {
    const TemplateValues values = values_of(options, index);
    expand(options.client_id, values, out.client_id);
    expand(options.username, values, out.username);
    expand(options.password, values, out.password);
}

// With %c and %u, for which `out` lends its strings.
static void expand_topic(const Options& options, const Template& from, TemplateValues values,
                         Identity& out) {
    if (from.has('c')) expand(options.client_id, values, out.client_id);
    if (from.has('u')) expand(options.username, values, out.username);
    values.client_id = out.client_id;
    values.username = out.username;
    expand(from, values, out.topic);
}

static TemplateValues values_of_publisher(const Options& options, uint32_t publisher) {
    const bool both = options.plan.layout == Plan::Layout::Both;
    return values_of(options, both ? Role::Both : Role::Publisher, publisher);
}

void identify_topic(const Options& options, uint32_t publisher, uint32_t message, Identity& out) {
    TemplateValues values = values_of_publisher(options, publisher);
    values.message = message;
    expand_topic(options, options.topics.topic, values, out);
}

void identify_will(const Options& options, uint32_t index, Identity& out) {
    expand_topic(options, options.message.will.topic, values_of(options, index), out);
}

std::vector<std::string> filters_of(const Options& options, uint32_t subscriber) {
    const TopicOptions& topics = options.topics;
    const Plan& plan = options.plan;
    Identity scratch;
    if (!topics.filter.empty() || !plan.accounts()) {
        const bool both = plan.layout == Plan::Layout::Both;
        expand_topic(options, topics.filter.empty() ? topics.topic : topics.filter,
                     values_of(options, both ? Role::Both : Role::Subscriber, subscriber), scratch);
        return {topics.share + scratch.topic};
    }
    std::vector<std::string> filters;
    const uint32_t cell = plan.cell_of_subscriber(subscriber);
    const uint32_t publishers = topics.heard_is_one ? 1 : plan.publishers_in(cell);
    for (uint32_t slot = 0; slot < publishers; ++slot) {
        expand_topic(options, topics.heard,
                     values_of_publisher(options, plan.publisher(cell, slot)), scratch);
        const std::string filter = topics.share + scratch.topic;
        if (std::ranges::find(filters, filter) == filters.end()) filters.push_back(filter);
    }
    return filters;
}

}  // namespace jumpgate::load
