#include "loadgen/broker_faults.h"

#include <fmt/format.h>

#include "loadgen/broker_client.h"

namespace jumpgate::broker {

static constexpr size_t kGarbageBytes = 64;

Faults::Greeting Faults::greet() {
    if (spoils(1)) return Greeting::Garbage;
    return refusals_.next() ? Greeting::Refusal : Greeting::Welcome;
}

// Packet type 0 is forbidden (MQTT 5, 2.1.2): the first byte alone is wrong.
std::string Faults::garbage() {
    counters.garbage++;
    std::string bytes(kGarbageBytes, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng_.below(256));
    bytes[0] = static_cast<char>(bytes[0] & 0x0F);
    return bytes;
}

void Faults::carried(Client& client) {
    if (options_.drop_after == 0 || ++client.messages != options_.drop_after) return;
    due_.push_back(&client);
}

// A will that a drop publishes may make others due.
void Faults::drop_due() {
    while (!due_.empty()) {
        Client& client = *due_.back();
        due_.pop_back();
        counters.connections_dropped++;
        client.drop();
    }
}

std::string FaultCounters::json() const {
    return fmt::format(
        "{{\"connacks_delayed\":{},\"connections_refused\":{},\"connections_dropped\":{},"
        "\"garbage\":{},\"stalls\":{},\"lost\":{},\"duplicated\":{},\"reordered\":{}}}",
        connacks_delayed, connections_refused, connections_dropped, garbage, stalls, lost,
        duplicated, reordered);
}

}  // namespace jumpgate::broker
