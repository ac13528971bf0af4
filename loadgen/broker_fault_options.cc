#include "loadgen/broker_fault_options.h"

#include <fmt/format.h>

#include <charconv>

#include "core/base/host_port.h"

namespace jumpgate::broker {

using mqtt::ReasonCode;

// ---- Values ------------------------------------------------------------------------------------

// "10%" or "10".
static Parsed<uint64_t> parse_percent(std::string_view value) {
    if (value.ends_with('%')) value.remove_suffix(1);
    return parse_number(value, 0, 100);
}

// "1/N".
static Parsed<uint64_t> parse_one_in(std::string_view value) {
    if (!value.starts_with("1/")) return Problem{"is no share"};
    return parse_number(value.substr(2), 1, 1'000'000'000);
}

// "20s" or "250ms", in milliseconds.
static Parsed<uint64_t> parse_duration(std::string_view value) {
    constexpr uint64_t kHourMs = 3'600'000;
    if (value.ends_with("ms")) return parse_number(value.substr(0, value.size() - 2), 1, kHourMs);
    if (!value.ends_with('s')) return Problem{"has no unit"};
    Parsed<uint64_t> seconds = parse_number(value.substr(0, value.size() - 1), 1, kHourMs / 1'000);
    if (uint64_t* number = std::get_if<uint64_t>(&seconds)) *number *= 1'000;
    return seconds;
}

static Parsed<StallPlan> parse_stall(std::string_view value) {
    StallPlan plan;
    while (!value.empty()) {
        const std::string_view part = value.substr(0, value.find(','));
        value.remove_prefix(std::min(value.size(), part.size() + 1));
        const size_t equals = part.find('=');
        const std::string_view key = part.substr(0, equals);
        uint32_t* target = key == "every" ? &plan.every_ms : key == "for" ? &plan.for_ms : nullptr;
        if (target == nullptr || equals == std::string_view::npos) return Problem{"is no plan"};
        const Parsed<uint64_t> ms = parse_duration(part.substr(equals + 1));
        if (const Problem* problem = std::get_if<Problem>(&ms)) return *problem;
        *target = static_cast<uint32_t>(std::get<uint64_t>(ms));
    }
    if (plan.every_ms == 0 || plan.for_ms == 0) return Problem{"is half of a plan"};
    if (plan.for_ms >= plan.every_ms) return Problem{"never ends"};
    return plan;
}

// "0x89" or "137".
static Parsed<ReasonCode> parse_refusal(std::string_view value) {
    const bool hex = value.starts_with("0x") || value.starts_with("0X");
    const std::string_view digits = hex ? value.substr(2) : value;
    unsigned code = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    const bool refuses = whole && code >= 0x80 && code <= 0xFF &&
                         mqtt::is_reason_for(mqtt::PacketType::Connack, static_cast<uint8_t>(code));
    if (!refuses) return Problem{"is no code that a CONNACK refuses with"};
    return static_cast<ReasonCode>(code);
}

// As a Server Reference spells it (MQTT 5, 3.2.2.3.16).
static Parsed<std::string> parse_redirect(std::string_view value) {
    const Parsed<HostPort> parsed = parse_host_port(value, 1);
    if (const Problem* problem = std::get_if<Problem>(&parsed)) return *problem;
    if (std::get<HostPort>(parsed).host.empty()) return Problem{"has no host"};
    return text(std::get<HostPort>(parsed));
}

// ---- Flags -------------------------------------------------------------------------------------

static void add_connection_flags(FlagTable& table, FaultOptions& options) {
    table.number("connack-delay-ms", options.connack_delay_ms, 0, 3'600'000, "ms",
                 "Answer each CONNECT so much later.");
    table.value(
        "refuse", parse_percent,
        [&options](uint64_t percent) { options.refuse_percent = static_cast<uint32_t>(percent); },
        "N%", "0% to 100%", "Refuse exactly so many of each 100 clients; the seed says which.");
    table.value(
        "refuse-code", parse_refusal, [&options](ReasonCode code) { options.refuse_code = code; },
        "CODE", "a CONNACK reason code of MQTT 5 from 0x80 on, such as 0x89",
        "What those who are refused are told; clients of MQTT 3 the code next to it, or nothing "
        "where there is none. Default: 0x89, server busy; with --redirect 0x9C, use another "
        "server.");
    table.value(
        "redirect", parse_redirect,
        [&options](std::string to) { options.redirect = std::move(to); }, "HOST:PORT",
        "a name or an IP address with a port",
        "Send clients there, by a Server Reference: all of them, or as many as --refuse says. "
        "With --refuse-code 0x9D for good.");
    table.number("drop-after", options.drop_after, 0, 1'000'000'000, "messages",
                 "Close each connection, without a DISCONNECT, once it has carried so many "
                 "messages, received and delivered together; 0: never.");
    table.number("slow-read", options.slow_read_bytes_per_s, 0, 1'000'000'000, "bytes/s",
                 "Read no faster from each connection; 0: as fast as it comes.");
    table.toggle("garbage", options.garbage,
                 "Answer with random bytes instead of a CONNACK, and close.");
    table.number("garbage-after", options.garbage_after, 0, 1'000'000'000, "packets",
                 "With --garbage: behave for so many packets of the client, the CONNECT being the "
                 "first, and answer the next with garbage.");
    table.value(
        "stall", parse_stall, [&options](StallPlan plan) { options.stall = plan; }, "every=T,for=T",
        "every=20s,for=1s; T of 1ms to 3600s, for shorter than every",
        "Stop reading and writing for a time, again and again; for the first time after half of "
        "every.");
}

static void add_stream_flags(FlagTable& table, FaultOptions& options) {
    const auto one_in = [&table](std::string name, uint32_t& target, std::string help) {
        table.value(
            std::move(name), parse_one_in,
            [&target](uint64_t n) { target = static_cast<uint32_t>(n); }, "1/N",
            "1/1 to 1/1000000000", std::move(help));
    };
    one_in("lose", options.lose_one_in,
           "Deliver all but one message in N of each stream (what one client publishes to one "
           "topic, as one subscriber gets it). QoS 1 and 2 are acknowledged all the same.");
    one_in("duplicate", options.duplicate_one_in,
           "Deliver one message in N of each stream twice; QoS 1 and 2 as two messages.");
    one_in("reorder", options.reorder_one_in,
           "Deliver one message in N of each stream behind the one that follows it, if that comes "
           "within two seconds.");
    table.number("seed", options.seed, 0, UINT64_MAX, "",
                 "Of all choices. What was done is in the line of JSON per broker, which a broker "
                 "that misbehaves prints at its end.");
}

void add_fault_flags(FlagTable& table, FaultOptions& options) {
    table.group("Misbehaviour, of each broker, to test what stands before it");
    add_connection_flags(table, options);
    add_stream_flags(table, options);
}

std::optional<std::string> settle_faults(FaultOptions& options) {
    if (options.garbage_after != 0 && !options.garbage) return "--garbage-after: needs --garbage";
    const bool redirects = !options.redirect.empty();
    if (redirects && options.refuse_percent == 0) options.refuse_percent = 100;
    if (options.refuse_percent == 0) {
        if (!options.refuse_code) return std::nullopt;
        return "--refuse-code: needs --refuse N% or --redirect HOST:PORT";
    }
    const ReasonCode fallback = redirects ? ReasonCode::UseAnotherServer : ReasonCode::ServerBusy;
    const ReasonCode code = options.refuse_code.value_or(fallback);
    // Only these two carry a Server Reference (MQTT 5, 4.11).
    if (redirects && code != ReasonCode::UseAnotherServer && code != ReasonCode::ServerMoved) {
        return fmt::format(
            "--refuse-code: 0x{:02X} does not redirect; allowed with --redirect: 0x9C, 0x9D",
            static_cast<unsigned>(code));
    }
    options.refuse_code = code;
    return std::nullopt;
}

}  // namespace jumpgate::broker
