#include "core/proxy/relay_end.h"

namespace jumpgate {

std::string_view text(RelayEnd end) {
    switch (end) {
        case RelayEnd::Closed:
            return "closed";
        case RelayEnd::ClientReset:
            return "client_reset";
        case RelayEnd::BrokerReset:
            return "broker_reset";
        case RelayEnd::HalfCloseTimeout:
            return "half_close_timeout";
        case RelayEnd::ClientTruncated:
            return "client_truncated";
        case RelayEnd::BrokerTruncated:
            return "broker_truncated";
        case RelayEnd::ClientTls:
            return "client_tls_failed";
        case RelayEnd::BrokerTls:
            return "broker_tls_failed";
        case RelayEnd::Evicted:
            return "evicted";
        case RelayEnd::Stopped:
            return "stopped";
    }
    return "unknown";
}

}  // namespace jumpgate
