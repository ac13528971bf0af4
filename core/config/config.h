// Config: everything a user may choose, as plain values. Made once at start-up, then only read.
//
// Law: units stand last in names; every number has a range, given here and enforced by flags.cc.
// Knows no command line and no file format, so that every layer may include it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/host_port.h"
#include "core/route/hash_key.h"

namespace jumpgate {

// Where clients are accepted: an IPv4 or IPv6 literal; an empty host means every address, v4 and
// v6. Port 0: the kernel chooses a free one.
struct ListenAddress {
    std::string host;
    uint16_t port = 0;
    bool tls = false;  // --tls-listen: every client begins with a handshake
    bool operator==(const ListenAddress&) const = default;
};

// One broker. Replicas of jumpgate agree on routes where their lists are the same, in order.
struct BrokerAddress {
    std::string host;     // a name, or an IPv4 or IPv6 literal without brackets
    uint16_t port = 0;    // 1 to 65,535
    uint32_t weight = 1;  // 0 to 1,000; 0: drained, it gets no new client
    bool tls = false;
    std::string sni{};     // name sent and verified; empty: the host
    int32_t priority = 0;  // a lower one is a backup: used while no higher one can serve
    bool operator==(const BrokerAddress&) const = default;
};

enum class ClientAuth : uint8_t { None, Optional, Required };
enum class UpstreamVerify : uint8_t { Full, Ca, None };  // chain and name, chain only, nothing
enum class IdMatch : uint8_t { Off, CertCn, San };       // what a client id must be equal to
enum class SendProxy : uint8_t { Off, V1, V2, V2Tls };
enum class TlsVersion : uint8_t { Tls12, Tls13 };

struct CertificateFiles {
    std::string certificate;  // PEM, the chain with the leaf first
    std::string key;          // PEM, not encrypted
};

// The devices' side. Files are read at start and on SIGHUP.
struct DownstreamTls {
    std::vector<CertificateFiles> certificates;  // up to 256; the first is the default
    bool strict_sni = false;
    std::string client_ca_file;
    ClientAuth client_auth = ClientAuth::None;
    std::string client_crl_file;
    TlsVersion min_version = TlsVersion::Tls12;
    std::string ciphers;  // empty: AEAD suites with forward secrecy
    std::string curves;   // empty: X25519, P-256, P-384
    std::string ticket_keys_file;
    uint32_t handshake_timeout_ms = 10'000;  // 100 to 600,000: accept until the handshake is done
    uint32_t handshakes_max = 8;  // 1 to 4,096 steps of handshakes between two rounds of relays
    IdMatch client_id_matches = IdMatch::Off;
};

// The brokers' side.
struct UpstreamTls {
    std::string ca_file;  // empty: the system's
    std::string certificate_file;
    std::string key_file;
    UpstreamVerify verify = UpstreamVerify::Full;
};

struct ProxyProtocol {
    std::vector<std::string> from;  // up to 256 CIDRs whose connections must begin with a header
    SendProxy send = SendProxy::Off;
};

enum class SpliceMode : uint8_t { Auto, Always, Never };
enum class LogLevel : uint8_t { Error, Warn, Info, Debug };
enum class LogFormat : uint8_t { Text, Json };

struct Config {
    // Listening
    std::vector<ListenAddress> listen;         // 1 to 64
    uint32_t connections_max = 0;              // all workers; 0: what the descriptor tables hold
    uint32_t connect_size_max_bytes = 65'536;  // 128 to 268,435,460 (5 + MQTT's largest length)
    uint32_t setup_timeout_ms = 10'000;        // 100 to 600,000: accept until CONNECT is complete

    // TLS and the PROXY protocol
    DownstreamTls tls;
    UpstreamTls upstream_tls;
    ProxyProtocol proxy_protocol;

    // Workers
    uint32_t threads = 1;  // 1 to 256; where not given, the CPUs allowed
    bool pin_cpus = false;
    uint32_t busy_poll_us = 0;             // 0 to 1,000,000: awake before a worker sleeps
    std::vector<std::string> io_disabled;  // capabilities of core/io/ring.h not to use

    // Brokers
    std::vector<BrokerAddress> brokers;         // 1 to 4,096
    uint32_t dial_timeout_ms = 3'000;           // 10 to 600,000: one attempt
    uint32_t dial_attempts_max = 3;             // 1 to 16 different nodes for one client
    uint32_t fail_max = 3;                      // 0 to 1,000 failures in a row; 0: never marks down
    uint32_t fail_timeout_ms = 10'000;          // 100 to 3,600,000: how long a node stays down
    std::vector<std::string> source_addresses;  // up to 256 IP literals to dial from; empty: any

    // Routing
    HashKey hash_key = HashKey::ClientId;
    std::optional<char> hash_key_prefix_until;

    // Relaying; per worker where it says so
    SpliceMode splice = SpliceMode::Auto;
    uint32_t splice_min_bytes = 65'536;  // 4,096 to 16,777,216: a run of full buffers that promotes
    uint32_t pipe_bytes = 1'048'576;     // 4,096 to 1,048,576
    uint32_t pipes_max = 64;             // 0 to 16,384 per worker
    uint32_t buffers = 4'096;            // 16 to 32,768 per worker, a power of two
    uint32_t buffer_bytes = 16'384;      // 512 to 65,536
    uint32_t relay_budget_bytes = 65'536;  // buffer_bytes to 16,777,216: unsent, per direction
    uint32_t socket_receive_bytes = 0;     // SO_RCVBUF; 0: the kernel tunes it; else from 4,096
    uint32_t socket_send_bytes = 0;        // SO_SNDBUF; 0: the kernel tunes it; else from 4,096

    // Ending
    uint32_t half_close_timeout_s = 60;  // 1 to 86,400: one side closed, the other still sends
    uint32_t drain_timeout_s = 30;       // 0 to 86,400: SIGTERM until the rest is cut off

    // Control
    std::vector<std::string> config_files;  // up to 64; objects and settings, read again on reload
    bool config_watch = true;               // reload when one of them changes
    std::string admin;                      // "127.0.0.1:9180", "unix:/PATH"; empty: none
    std::string admin_key_file;             // empty: one in state_dir, made at the first start
    std::string admin_viewer_key_file;      // empty: no key that may only read
    std::vector<std::string> admin_allow;   // CIDRs; empty: whoever reaches the address
    std::string state_dir;                  // where objects of the Admin API are kept; empty: lost
    std::vector<std::string> dns_servers;   // "192.0.2.1:53"; empty: the system's (resolv.conf)

    // Watching
    uint32_t stats_interval_s = 0;  // 0 to 86,400; 0: no statistics line
    LogLevel log_level = LogLevel::Info;
    LogFormat log_format = LogFormat::Text;
    std::string access_log;  // a file, "-" for stdout; empty: none
};

}  // namespace jumpgate
