#include "core/admin/http_server.h"

#include <microhttpd.h>
#include <strings.h>

#include <cstdlib>
#include <cstring>

#include "core/io/address.h"
#include "core/io/socket.h"

namespace jumpgate {

static constexpr std::string_view kTooLarge = R"({"error_msg":"the body is over 1.5 MiB"})"
                                              "\n";
static constexpr std::string_view kTooMany =
    R"({"error_msg":"nothing has changed: too many requests wait; come again"})"
    "\n";
static constexpr unsigned kReadThreads = 2;

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

std::string_view HttpRequest::peer_text() const {
    return peer.empty() ? std::string_view("unix") : std::string_view(peer);
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

static Address address_of(const sockaddr* from) {
    Address address;
    if (from != nullptr && from->sa_family == AF_INET)
        std::memcpy(&address.v4, from, address.length = sizeof address.v4);
    if (from != nullptr && from->sa_family == AF_INET6)
        std::memcpy(&address.v6, from, address.length = sizeof address.v6);
    return address;
}

static Address peer_of(MHD_Connection* connection) {
    const MHD_ConnectionInfo* info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return address_of(info == nullptr ? nullptr : info->client_addr);
}

// ---- Connections --------------------------------------------------------------------------------

struct HttpServer::Arrival {
    int fd = -1;
    bool stranger = false;

    static Arrival& of(MHD_Connection* connection) {
        return *static_cast<Arrival*>(
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
                ->socket_context);
    }
};

struct HttpServer::Exchange {
    HttpRequest request;
    std::optional<HttpResponse> response;  // there before the body has come: that is read away
    size_t body_bytes = 0;
};

// Before a new connection costs anything.
bool HttpServer::has_room(const sockaddr* address) const {
    return strangers_ < limits_.strangers || !service_.is_stranger(address_of(address).ip_bytes());
}

// ---- Requests -----------------------------------------------------------------------------------

bool HttpServer::send(MHD_Connection* connection, const HttpResponse& answer) {
    MHD_Response* response = MHD_create_response_from_buffer(
        answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return false;
    if (!answer.body.empty())
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                answer.content_type.c_str());
    for (const HttpField& field : answer.headers)
        MHD_add_response_header(response, field.first.c_str(), field.second.c_str());
    deadlines_.start(Arrival::of(connection).fd, limits_.answer_timeout_ms);
    const MHD_Result queued = MHD_queue_response(connection, answer.status, response);
    MHD_destroy_response(response);
    return queued == MHD_YES;
}

// The head has come. False: the connection shall end.
bool HttpServer::begin(MHD_Connection* connection, Exchange& exchange, const char* url,
                       const char* method) {
    const Arrival& arrival = Arrival::of(connection);
    const Address peer = peer_of(connection);
    deadlines_.start(arrival.fd, limits_.body_timeout_ms);
    HttpRequest& request = exchange.request;
    request.method = method;
    request.path = url;
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_field, &request.query);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_field, &request.headers);
    if (peer.known()) request.peer = peer.host();
    request.peer_bytes.assign(peer.ip_bytes().begin(), peer.ip_bytes().end());
    request.stranger = arrival.stranger;
    exchange.response = service_.admit(request);
    const std::string length(request.header("content-length"));
    const uint64_t announced = std::strtoull(length.c_str(), nullptr, 10);  // MHD has checked it
    if (!exchange.response && announced > kBodyBytesMax)
        exchange.response = HttpResponse{413, std::string(kTooLarge)};
    if (!exchange.response) return true;
    // An answer at this point makes MHD close without reading the body.
    const bool asks_first = !request.header("expect").empty();
    if (!asks_first && announced <= kReadAwayBytesMax) return true;
    return send(connection, *exchange.response);
}

// A part of the body. False: too long even to be read away.
bool HttpServer::take(Exchange& exchange, std::string_view part) const {
    exchange.body_bytes += part.size();
    if (exchange.body_bytes > kReadAwayBytesMax) return false;
    if (!exchange.response && exchange.body_bytes > kBodyBytesMax) {
        exchange.response = HttpResponse{413, std::string(kTooLarge)};
        exchange.request.body = {};
    }
    if (!exchange.response) exchange.request.body.append(part);
    return true;
}

// The request is whole. While a lane has it, the connection sleeps: no event, no time-out.
bool HttpServer::answer(MHD_Connection* connection, Exchange& exchange) {
    const HttpLane lane = service_.lane(exchange.request);
    if (lane == HttpLane::AtOnce) return send(connection, service_.answer(exchange.request));
    if (ending_) return false;
    deadlines_.stop(Arrival::of(connection).fd);
    MHD_suspend_connection(connection);
    const bool taken = lanes_[static_cast<size_t>(lane)]->give([this, connection, &exchange] {
        exchange.response = service_.answer(exchange.request);
        MHD_resume_connection(connection);
    });
    if (taken) return true;
    if (!ending_) {
        exchange.response = HttpResponse{.status = 503, .body = std::string(kTooMany)};
        exchange.response->headers.emplace_back("Retry-After", "1");
    }
    MHD_resume_connection(connection);
    return true;
}

// ---- What libmicrohttpd calls -------------------------------------------------------------------

struct HttpServer::Calls {
    static HttpServer& of(void* server) { return *static_cast<HttpServer*>(server); }

    static MHD_Result accept(void* server, const sockaddr* address, socklen_t) {
        return of(server).has_room(address) ? MHD_YES : MHD_NO;
    }

    static void notify(void* context, MHD_Connection* connection, void** kept,
                       MHD_ConnectionNotificationCode what) {
        HttpServer& server = of(context);
        if (what == MHD_CONNECTION_NOTIFY_STARTED) {
            const MHD_ConnectionInfo* info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
            auto arrival = std::make_unique<Arrival>();
            arrival->fd = info->connect_fd;
            arrival->stranger = server.service_.is_stranger(peer_of(connection).ip_bytes());
            server.strangers_ += arrival->stranger ? 1 : 0;
            server.deadlines_.start(arrival->fd, server.limits_.head_timeout_ms);
            *kept = arrival.release();
        } else {
            const std::unique_ptr<Arrival> arrival(static_cast<Arrival*>(*kept));
            server.deadlines_.stop(arrival->fd);
            server.strangers_ -= arrival->stranger ? 1 : 0;
        }
    }

    // Once with the head, then with each part of the body, then with its end, and once more when
    // the answer is there.
    static MHD_Result request(void* context, MHD_Connection* connection, const char* url,
                              const char* method, const char*, const char* part, size_t* part_bytes,
                              void** state) {
        HttpServer& server = of(context);
        if (*state == nullptr) {
            auto* begun = new Exchange;
            *state = begun;
            return server.begin(connection, *begun, url, method) ? MHD_YES : MHD_NO;
        }
        Exchange& exchange = *static_cast<Exchange*>(*state);
        if (*part_bytes != 0) {
            if (!server.take(exchange, {part, *part_bytes})) return MHD_NO;
            *part_bytes = 0;
            return MHD_YES;
        }
        const bool good = exchange.response ? server.send(connection, *exchange.response)
                                            : server.answer(connection, exchange);
        return good ? MHD_YES : MHD_NO;
    }

    // The answer is gone, or the connection is.
    static void completed(void* context, MHD_Connection* connection, void** state,
                          MHD_RequestTerminationCode) {
        HttpServer& server = of(context);
        server.deadlines_.start(Arrival::of(connection).fd, server.limits_.head_timeout_ms);
        delete static_cast<Exchange*>(*state);
        *state = nullptr;
    }
};

// ---- Start and end ------------------------------------------------------------------------------

HttpServer::HttpServer(HttpService service, const HttpLimits& limits)
    : service_(std::move(service)), limits_(limits) {
    const auto lane = [this](HttpLane which, unsigned threads, size_t waiting_max) {
        lanes_[static_cast<size_t>(which)] = std::make_unique<WorkLane>(threads, waiting_max);
    };
    lane(HttpLane::Watch, 1, limits.connections);
    lane(HttpLane::Read, kReadThreads, limits.connections);
    lane(HttpLane::Change, 1, limits.changes_waiting);
}

std::unique_ptr<HttpServer> HttpServer::start(int listener_fd, HttpService service,
                                              const HttpLimits& limits) {
    std::unique_ptr<HttpServer> server(new HttpServer(std::move(service), limits));
    if (server->listen(listener_fd)) return server;
    close_fd(listener_fd);
    return nullptr;
}

bool HttpServer::listen(int listener_fd) {
    daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
        Calls::accept, this, Calls::request, this, MHD_OPTION_LISTEN_SOCKET, listener_fd,
        MHD_OPTION_CONNECTION_LIMIT, limits_.connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        limits_.per_address, MHD_OPTION_CONNECTION_TIMEOUT, limits_.idle_timeout_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, kHttpHeadBytesMax, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, nullptr, MHD_OPTION_NOTIFY_CONNECTION,
        Calls::notify, this, MHD_OPTION_NOTIFY_COMPLETED, Calls::completed, this, MHD_OPTION_END);
    return daemon_ != nullptr;
}

// A connection that sleeps must be awake before MHD_stop_daemon(3): the lanes end first, and what
// comes then is closed without an answer.
HttpServer::~HttpServer() {
    ending_ = true;
    for (const std::unique_ptr<WorkLane>& lane : lanes_)
        if (lane != nullptr) lane->end();
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
}

}  // namespace jumpgate
