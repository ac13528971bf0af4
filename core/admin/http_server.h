// HttpServer: HTTP/1.1 for the control plane, by libmicrohttpd, on threads of its own.
//
// Law: a request is answered whole or not at all, and everything has a limit: connections, headers,
// body, time. A body is kept only where admit() let its head pass, so strangers cost no memory.
// Knows no URL and no key: api.h does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct MHD_Daemon;

namespace jumpgate {

inline constexpr size_t kBodyBytesMax = 1'572'864;  // 1.5 MiB, as APISIX has it
// A longer body is not even read away before the 413, which its sender then may not see.
inline constexpr size_t kReadAwayBytesMax = 16U << 20U;
inline constexpr unsigned kHttpConnectionsMax = 256;
inline constexpr unsigned kHttpConnectionsPerAddressMax = 64;
inline constexpr unsigned kHttpIdleTimeoutS = 10;     // between two bytes
inline constexpr uint64_t kHttpRequestTimeoutS = 30;  // head to the end of the body
inline constexpr unsigned kHttpThreads = 4;           // a slow change does not delay /healthz
inline constexpr size_t kHttpHeadBytesMax = 32'768;   // MHD answers 431, or 414 for the URL

using HttpField = std::pair<std::string, std::string>;

struct HttpRequest {
    std::string method;            // "GET"
    std::string path;              // as sent, without the query; not decoded
    std::vector<HttpField> query;  // decoded
    std::vector<HttpField> headers;
    std::string body;
    std::string peer;                 // "192.0.2.1"; empty: by a unix socket
    std::vector<uint8_t> peer_bytes;  // 4 or 16, network order; IPv4 mapped into IPv6 is IPv4

    // The first of that name; empty where there is none. Header names in any case.
    std::string_view parameter(std::string_view name) const;
    bool has_parameter(std::string_view name) const;
    std::string_view header(std::string_view name) const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string body{};
    std::string content_type = "application/json";
    std::vector<HttpField> headers{};
};

// Called on the server's threads, several at a time.
struct HttpService {
    // The head has come: nothing lets it pass, an answer refuses it before its body is read.
    std::function<std::optional<HttpResponse>(const HttpRequest&)> admit;
    std::function<HttpResponse(const HttpRequest&)> answer;
};

// %41 -> "A". Nothing where a % is not followed by two hexadecimal digits.
std::optional<std::string> percent_decoded(std::string_view text);

class HttpServer {
  public:
    // Takes `listener_fd` (core/io/exclusive_listener.h), whatever comes of it. Null: no thread or
    // no memory for it.
    static std::unique_ptr<HttpServer> start(int listener_fd, HttpService service);
    // Waits for the requests that are being answered.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    const HttpService& service() const { return service_; }

  private:
    explicit HttpServer(HttpService service) : service_(std::move(service)) {}

    HttpService service_;
    MHD_Daemon* daemon_ = nullptr;
};

}  // namespace jumpgate
