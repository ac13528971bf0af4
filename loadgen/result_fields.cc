#include "loadgen/result_fields.h"

namespace jumpgate::load {

std::span<const CountField> count_fields() {
    static constexpr CountField kFields[] = {
        {"clients", "connected", Count::Connected},
        {"clients", "failed", Count::Failed},
        {"clients", "connections", Count::Connections},
        {"clients", "connections_lost", Count::ConnectionsLost},
        {"clients", "reconnects", Count::Reconnects},
        {"tls", "handshakes_full", Count::TlsFull},
        {"tls", "handshakes_resumed", Count::TlsResumed},
        {"tls", "sessions_offered", Count::TlsOffered},
        {"tls", "TLSv1.2", Count::Tls12},
        {"tls", "TLSv1.3", Count::Tls13},
        {"", "takeovers", Count::Takeovers},
        {"", "redirects", Count::Redirects},
        {"placement", "kept", Count::BrokerKept},
        {"placement", "moved", Count::BrokerMoved},
        {"pings", "sent", Count::PingsSent},
        {"pings", "answered", Count::PingsAnswered},
        {"messages", "planned", Count::Planned},
        {"messages", "sent", Count::Sent},
        {"messages", "resent", Count::Resent},
        {"messages", "acknowledged", Count::Acknowledged},
        {"messages", "unacknowledged", Count::Unacknowledged},
        {"messages", "refused", Count::AckRefused},
        {"messages", "received", Count::Received},
        {"messages", "lost_in_flight", Count::LostInFlight},
        {"messages", "lost_on_live_connections", Count::LostOnLiveConnections},
        {"messages", "without_subscriber", Count::WithoutSubscriber},
        {"messages", "duplicated", Count::Duplicated},
        {"messages", "duplicated_against_qos", Count::DuplicatedAgainstQos},
        {"messages", "retained", Count::Retained},
        {"messages", "reordered", Count::Reordered},
        {"messages", "unexpected", Count::Unexpected},
        {"messages", "late", Count::Late},
        {"messages", "held_by_connection", Count::HeldByConnection},
        {"messages", "held_by_window", Count::HeldByWindow},
        {"messages", "window_full_us", Count::WindowFullUs},
        {"messages", "dropped", Count::Dropped},
        {"bytes", "sent", Count::BytesSent},
        {"bytes", "received", Count::BytesReceived},
    };
    return kFields;
}

std::span<const TimesField> times_fields() {
    static constexpr TimesField kFields[] = {
        {"latency", "latency", &Recorder::latency},
        {"service", "service time", &Recorder::service},
        {"acknowledgement", "acknowledged in", &Recorder::acknowledgement},
        {"send_lateness", "send lateness", &Recorder::send_lateness},
        {"connect", "connect", &Recorder::connect},
        {"tcp", "  TCP", &Recorder::tcp},
        {"tls_full", "  TLS, full", &Recorder::tls_full},
        {"tls_resumed", "  TLS, resumed", &Recorder::tls_resumed},
        {"connack", "  CONNACK", &Recorder::connack},
        {"subscribe", "subscribe", &Recorder::subscribe},
    };
    return kFields;
}

}  // namespace jumpgate::load
