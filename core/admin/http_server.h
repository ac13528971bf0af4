// HttpServer: HTTP/1.1 for the control plane, by libmicrohttpd, on threads of its own.
//
// Law: one thread reads and writes and never waits for an answer; other threads make the answers
// that may take long, each kind on its own lane. A request is answered whole or not at all, and
// everything has a limit: connections, head, body, waiting, time. A body is kept only where admit()
// let its head pass, so strangers cost no memory. Knows no URL and no key: api.h and access.h do.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/admin/work_lane.h"
#include "core/io/socket_deadlines.h"

struct MHD_Connection;
struct MHD_Daemon;
struct sockaddr;

namespace jumpgate {

inline constexpr size_t kBodyBytesMax = 1'572'864;  // 1.5 MiB, as APISIX has it
// A longer body is not even read away before the 413, which its sender then may not see.
inline constexpr size_t kReadAwayBytesMax = 16U << 20U;
inline constexpr size_t kHttpHeadBytesMax = 32'768;  // MHD answers 431, or 414 for the URL

// Where docs/admin-api.md "Limits" has them from.
struct HttpLimits {
    unsigned connections = 256;
    unsigned per_address = 32;
    unsigned strangers = 64;              // connections of all strangers together
    unsigned idle_timeout_s = 10;         // between two bytes
    uint64_t head_timeout_ms = 10'000;    // from the connection, or the answer before, to the head
    uint64_t body_timeout_ms = 30'000;    // from the head to the end of the body
    uint64_t answer_timeout_ms = 60'000;  // for the answer to be taken
    size_t changes_waiting = 32;          // whoever comes then is told to come again
};

// Who makes an answer: the thread that reads and writes, where it waits for nothing; else one of a
// lane, so that slow answers of one kind delay no other kind.
enum class HttpLane : uint8_t { AtOnce, Watch, Read, Change };
inline constexpr size_t kHttpLanes = 4;

using HttpField = std::pair<std::string, std::string>;

struct HttpRequest {
    std::string method;            // "GET"
    std::string path;              // as sent, without the query; not decoded
    std::vector<HttpField> query;  // decoded
    std::vector<HttpField> headers;
    std::string body;
    std::string peer;                 // "192.0.2.1"; empty: by a unix socket
    std::vector<uint8_t> peer_bytes;  // 4 or 16, network order
    bool stranger = false;            // HttpService::is_stranger

    // The first of that name; empty where there is none. Header names in any case.
    std::string_view parameter(std::string_view name) const;
    bool has_parameter(std::string_view name) const;
    std::string_view header(std::string_view name) const;
    // For log lines: its address, or "unix".
    std::string_view peer_text() const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string body{};
    std::string content_type = "application/json";
    std::vector<HttpField> headers{};
};

// Called on the server's threads, several at a time.
struct HttpService {
    // Whose connections have their own, small share. The address; empty: by a unix socket.
    std::function<bool(std::span<const uint8_t>)> is_stranger;
    // The head has come: nothing lets it pass, an answer refuses it before its body is read.
    std::function<std::optional<HttpResponse>(const HttpRequest&)> admit;
    std::function<HttpLane(const HttpRequest&)> lane;
    std::function<HttpResponse(const HttpRequest&)> answer;
};

// %41 -> "A". Nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

class HttpServer {
  public:
    // Takes `listener_fd` (core/io/exclusive_listener.h), whatever comes of it. Null: no thread or
    // no memory for it.
    static std::unique_ptr<HttpServer> start(int listener_fd, HttpService service,
                                             const HttpLimits& limits = {});
    // Waits for the answers that are being made.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

  private:
    struct Arrival;   // a connection
    struct Exchange;  // a request on its way in, or its answer on its way out
    struct Calls;     // what libmicrohttpd calls; all of it on its one thread

    HttpServer(HttpService service, const HttpLimits& limits);
    bool listen(int listener_fd);

    bool has_room(const sockaddr* address) const;
    bool begin(MHD_Connection* connection, Exchange& exchange, const char* url, const char* method);
    bool take(Exchange& exchange, std::string_view part) const;
    bool answer(MHD_Connection* connection, Exchange& exchange);
    bool send(MHD_Connection* connection, const HttpResponse& response);

    const HttpService service_;
    const HttpLimits limits_;
    unsigned strangers_ = 0;            // connections
    std::atomic<bool> ending_ = false;  // what comes now finds nobody
    SocketDeadlines deadlines_;
    MHD_Daemon* daemon_ = nullptr;
    std::array<std::unique_ptr<WorkLane>, kHttpLanes> lanes_;  // AtOnce has none
};

}  // namespace jumpgate
