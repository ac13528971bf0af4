// Objects: stream routes, upstreams and certificates, as plain values: what may change while
// clients are connected. Named and shaped as Apache APISIX names them.
//
// Law: every value is in its range and every reference resolves once check_objects() has passed.
// Where they come from: flags (--broker, --tls-cert), files (--config), the Admin API.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/config.h"
#include "core/config/value.h"
#include "core/route/route_match.h"
#include "core/route/upstream.h"

namespace jumpgate {

// Where an object was written, for messages: "fleet.yaml:12", "--broker", "the Admin API".
struct Origin {
    std::string file;  // path of the file; "--broker" and the like for flags; empty: the Admin API
    Mark mark{};
    bool from_api() const { return file.empty(); }
};
std::string text(const Origin& origin);
// Where a path leads: one that stands in a file belongs to the folder of that file; one of a flag,
// or of the Admin API, is as it is.
inline std::string located(const Origin& origin, const std::string& path) {
    const bool by_flag = origin.file.starts_with("--");  // "--broker" is no file
    const size_t slash = origin.file.rfind('/');
    if (by_flag || slash == std::string::npos || path.starts_with('/')) return path;
    return origin.file.substr(0, slash + 1) + path;
}

// PEM: the text itself, or the name of a file with it. Both empty: not given.
struct PemSource {
    std::string text;
    std::string file;
    std::string variable{};  // that `text` came from, for messages: "$ENV://NAME"
    bool empty() const { return text.empty() && file.empty(); }
};

struct PemPair {
    PemSource certificate;
    PemSource key;
};

enum class CheckType : uint8_t { Tcp, Mqtt, Http };
enum class AllDown : uint8_t { Refuse, UseAll };

// checks.active: the proxy asks, whether clients come or not.
struct ActiveCheck {
    CheckType type = CheckType::Mqtt;
    uint32_t timeout_ms = 1'000;
    std::string host;   // Host header of an http check; empty: the node's
    uint16_t port = 0;  // 0: the node's
    std::string http_path = "/";
    std::string username;  // mqtt; empty: none
    std::string password;
    uint32_t healthy_interval_ms = 1'000;
    uint32_t healthy_successes = 2;
    std::vector<uint16_t> healthy_http_statuses{200, 302};
    uint32_t unhealthy_interval_ms = 1'000;
    uint32_t unhealthy_tcp_failures = 2;
    uint32_t unhealthy_timeouts = 3;
    uint32_t unhealthy_http_failures = 5;  // statuses below, or CONNACKs other than success
    std::vector<uint16_t> unhealthy_http_statuses{429, 404, 500, 501, 502, 503, 504, 505};

    bool operator==(const ActiveCheck&) const = default;
};

// checks.passive: what clients' dials teach. 0: nothing.
struct PassiveCheck {
    uint32_t unhealthy_tcp_failures = 2;
    uint32_t unhealthy_timeouts = 7;
};

struct UpstreamTlsConfig {
    PemPair identity;                      // tls.client_cert, client_key; or by client_cert_id
    std::string client_cert_id;            // an ssl with type client
    PemSource ca;                          // empty: the system's
    std::optional<UpstreamVerify> verify;  // none: as the flag --upstream-verify says (full)
    std::string server_name;               // name sent and verified; empty: the node's host
};

struct UpstreamConfig {
    std::string id;
    std::string name;
    Origin origin;
    Balance type = Balance::RoundRobin;
    HashKey key = HashKey::ClientId;
    std::optional<char> key_prefix_until;
    HashMethod hash = HashMethod::Jump;
    uint32_t hash_balance_factor_percent = 0;    // 0: off; 101 to 1,000 of the mean
    std::vector<BrokerAddress> nodes;            // 1 to 4,096
    std::optional<uint32_t> retries;             // none: --dial-attempts-max - 1
    std::optional<uint32_t> connect_timeout_ms;  // none: --dial-timeout-ms
    bool scheme_tls = false;                     // every node is reached over TLS
    UpstreamTlsConfig tls;
    std::optional<ActiveCheck> active;
    std::optional<PassiveCheck> passive;  // none: --fail-max
    AllDown all_down = AllDown::Refuse;   // of use where there is an active check
    uint32_t slow_start_s = 0;            // 0 to 86,400
};

struct StreamRouteConfig {
    std::string id;
    std::string name;
    Origin origin;
    int32_t priority = 0;
    RouteMatch match;         // all conditions, APISIX's and ours
    std::string upstream_id;  // an inline upstream has an id of its own: "stream_route/ID"
};

enum class SslType : uint8_t { Server, Client };

struct SslConfig {
    std::string id;
    Origin origin;
    SslType type = SslType::Server;
    std::vector<PemPair> pairs;     // 1 to 256
    std::vector<std::string> snis;  // empty: the names in the certificate
    PemSource client_ca;            // empty: clients are asked as --tls-client-ca has it (none)
    uint32_t client_depth = 1;      // intermediate certificates between client and CA, 0 to 100
    PemSource client_crl;
    TlsVersion min_version = TlsVersion::Tls12;
    TlsVersion max_version = TlsVersion::Tls13;
    bool enabled = true;  // status: 1
};

enum class ObjectType : uint8_t { StreamRoute, Upstream, Ssl };
// "stream_routes", "upstreams", "ssls"
std::string_view text(ObjectType type);

// Of a process; a change may replace every one of them (core/proxy/broker_board.h).
inline constexpr size_t kStreamRoutesMax = 10'000;
inline constexpr size_t kAllNodesMax = 8'192;  // of all upstreams

// Sorted as matching wants them: files in their order, then what came by the API by its id.
struct Objects {
    std::vector<UpstreamConfig> upstreams;
    std::vector<StreamRouteConfig> stream_routes;
    std::vector<SslConfig> ssls;
};

}  // namespace jumpgate
