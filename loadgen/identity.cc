#include "loadgen/identity.h"

namespace jumpgate::load {

Role role_of(const Options& options, uint32_t index) {
    switch (options.mode) {
        case Mode::Conn:
            return Role::Idle;
        case Mode::Pub:
            return Role::Publisher;
        case Mode::Sub:
            return Role::Subscriber;
        case Mode::P2p:
            return index % 2 == 0 ? Role::Subscriber : Role::Publisher;
    }
    return Role::Idle;
}

uint32_t pair_of(const Options& options, uint32_t index) {
    return options.mode == Mode::P2p ? index / 2 : index;
}

TemplateValues values_of(const Options& options, uint32_t index) {
    static constexpr std::string_view kRoles[] = {"conn", "pub", "sub"};
    TemplateValues values;
    values.number = options.start_number + pair_of(options, index);
    values.tenant = options.tenants == 0 ? 0 : values.number % options.tenants;
    values.role = kRoles[static_cast<size_t>(role_of(options, index))];
    return values;
}

static void expand(const Template& from, const TemplateValues& values, std::string& to) {
    to.clear();
    from.append_to(to, values);
}

void identify(const Options& options, uint32_t index, Identity& out) {
    identify_topic(options, index, out);  // first: it borrows the other strings
    const TemplateValues values = values_of(options, index);
    expand(options.client_id, values, out.client_id);
    expand(options.username, values, out.username);
    expand(options.password, values, out.password);
}

void identify_topic(const Options& options, uint32_t index, Identity& out) {
    TemplateValues values = values_of(options, index);
    // Both ends of a pair must arrive at one topic: its %c and %u are the publisher's.
    TemplateValues named = values;
    if (options.mode == Mode::P2p) named.role = "pub";
    if (options.topic.has('c')) {
        expand(options.client_id, named, out.client_id);
        values.client_id = out.client_id;
    }
    if (options.topic.has('u')) {
        expand(options.username, named, out.username);
        values.username = out.username;
    }
    expand(options.topic, values, out.topic);
}

}  // namespace jumpgate::load
