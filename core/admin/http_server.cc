#include "core/admin/http_server.h"

#include <microhttpd.h>
#include <strings.h>

#include <algorithm>
#include <cstring>

#include "core/base/time.h"
#include "core/io/address.h"
#include "core/io/socket.h"

namespace jumpgate {

// One request on its way in.
struct Exchange {
    HttpRequest request;
    std::optional<HttpResponse> refusal;  // its body is read away
    size_t body_bytes = 0;
    uint64_t began_ns = monotonic_ns();
};

static constexpr std::string_view kTooLarge = R"({"error_msg":"the body is over 1.5 MiB"})"
                                              "\n";

static const std::string* find_field(const std::vector<HttpField>& fields, std::string_view name) {
    for (const HttpField& field : fields)
        if (field.first.size() == name.size() &&
            strncasecmp(field.first.data(), name.data(), name.size()) == 0)
            return &field.second;
    return nullptr;
}

std::string_view HttpRequest::parameter(std::string_view name) const {
    const std::string* value = find_field(query, name);
    return value == nullptr ? std::string_view() : *value;
}

bool HttpRequest::has_parameter(std::string_view name) const {
    return find_field(query, name) != nullptr;
}

std::string_view HttpRequest::header(std::string_view name) const {
    const std::string* value = find_field(headers, name);
    return value == nullptr ? std::string_view() : *value;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

// MHD's own unescaping would end a path at %00 and make a slash of %2F: ours does it per segment.
static size_t keep_escaped(void*, MHD_Connection*, char* text) { return std::strlen(text); }

static MHD_Result add_field(void* fields, MHD_ValueKind kind, const char* name, const char* value) {
    HttpField field(name, value == nullptr ? "" : value);
    if (kind == MHD_GET_ARGUMENT_KIND) {
        field.first = percent_decoded(field.first).value_or(field.first);
        field.second = percent_decoded(field.second).value_or(field.second);
    }
    static_cast<std::vector<HttpField>*>(fields)->push_back(std::move(field));
    return MHD_YES;
}

static void read_peer(MHD_Connection* connection, HttpRequest& request) {
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == nullptr || info->client_addr == nullptr) return;
    Address peer;
    if (info->client_addr->sa_family == AF_INET) {
        std::memcpy(&peer.v4, info->client_addr, peer.length = sizeof peer.v4);
        const auto* bytes = reinterpret_cast<const uint8_t*>(&peer.v4.sin_addr);
        request.peer_bytes.assign(bytes, bytes + 4);
    } else if (info->client_addr->sa_family == AF_INET6) {
        std::memcpy(&peer.v6, info->client_addr, peer.length = sizeof peer.v6);
        const uint8_t* bytes = peer.v6.sin6_addr.s6_addr;
        const size_t skipped = IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr) ? 12 : 0;
        request.peer_bytes.assign(bytes + skipped, bytes + 16);
    }
    if (peer.known()) request.peer = peer.host();
}

static MHD_Result send(MHD_Connection* connection, const HttpResponse& answer) {
    MHD_Response* response = MHD_create_response_from_buffer(
        answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    if (!answer.body.empty())
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                answer.content_type.c_str());
    for (const HttpField& field : answer.headers)
        MHD_add_response_header(response, field.first.c_str(), field.second.c_str());
    const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return queued;
}

// The head has come. An answer at this point makes MHD close without reading the body.
static MHD_Result begin(const HttpService& service, MHD_Connection* connection, const char* url,
                        const char* method, void** state) {
    auto exchange = std::make_unique<Exchange>();
    HttpRequest& request = exchange->request;
    request.method = method;
    request.path = url;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_field, &request.query);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_field, &request.headers);
    read_peer(connection, request);
    exchange->refusal = service.admit(request);
    const std::string length(request.header("content-length"));
    const uint64_t announced = std::strtoull(length.c_str(), nullptr, 10);  // MHD has checked it
    if (!exchange->refusal && announced > kBodyBytesMax)
        exchange->refusal = HttpResponse{413, std::string(kTooLarge)};
    *state = exchange.release();
    const Exchange& begun = *static_cast<Exchange*>(*state);
    const bool asks_first = !begun.request.header("expect").empty();
    if (begun.refusal && (asks_first || announced > kReadAwayBytesMax))
        return send(connection, *begun.refusal);
    return MHD_YES;
}

// A part of the body. False: too long even to be read away, or too slow.
static bool take(Exchange& exchange, std::string_view part) {
    exchange.body_bytes += part.size();
    if (exchange.body_bytes > kReadAwayBytesMax) return false;
    if (monotonic_ns() - exchange.began_ns > kHttpRequestTimeoutS * kNanosPerSecond) return false;
    if (!exchange.refusal && exchange.body_bytes > kBodyBytesMax) {
        exchange.refusal = HttpResponse{413, std::string(kTooLarge)};
        exchange.request.body = {};
    }
    if (!exchange.refusal) exchange.request.body.append(part);
    return true;
}

static MHD_Result on_request(void* service, MHD_Connection* connection, const char* url,
                             const char* method, const char*, const char* part, size_t* part_bytes,
                             void** state) {
    const auto& serving = *static_cast<const HttpService*>(service);
    if (*state == nullptr) return begin(serving, connection, url, method, state);
    auto& exchange = *static_cast<Exchange*>(*state);
    if (*part_bytes != 0) {
        if (!take(exchange, {part, *part_bytes})) return MHD_NO;
        *part_bytes = 0;
        return MHD_YES;
    }
    return send(connection,
                exchange.refusal ? *exchange.refusal : serving.answer(exchange.request));
}

static void on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<Exchange*>(*state);
    *state = nullptr;
}

std::unique_ptr<HttpServer> HttpServer::start(int listener_fd, HttpService service) {
    std::unique_ptr<HttpServer> server(new HttpServer(std::move(service)));
    server->daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD, 0, nullptr, nullptr, on_request,
        &server->service_, MHD_OPTION_LISTEN_SOCKET, listener_fd, MHD_OPTION_THREAD_POOL_SIZE,
        kHttpThreads, MHD_OPTION_CONNECTION_LIMIT, kHttpConnectionsMax,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, kHttpConnectionsPerAddressMax,
        MHD_OPTION_CONNECTION_TIMEOUT, kHttpIdleTimeoutS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        kHttpHeadBytesMax, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escaped, nullptr, MHD_OPTION_NOTIFY_COMPLETED, on_completed, nullptr, MHD_OPTION_END);
    if (server->daemon_ != nullptr) return server;
    close_fd(listener_fd);
    return nullptr;
}

HttpServer::~HttpServer() {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace jumpgate
