#include "core/admin/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <variant>

#include "core/admin/object_body.h"
#include "core/base/code_point.h"
#include "core/base/time.h"
#include "core/config/json.h"
#include "core/config/yaml.h"

namespace jumpgate {

static constexpr uint64_t kRecentMs = 100;

// ---- Shapes -------------------------------------------------------------------------------------

HttpResponse json_answer(unsigned status, const Value& body) {
    HttpResponse response;
    response.status = status;
    response.body = well_formed(to_json(body)) + "\n";  // ids of clients and URLs are any bytes
    return response;
}

HttpResponse error_answer(unsigned status, std::string_view error_msg) {
    Value body = make_map();
    set(body, "error_msg", make_text(std::string(error_msg)));
    return json_answer(status, body);
}

HttpResponse not_found() { return error_answer(404, "not found"); }

HttpResponse wrong_method(std::string_view allowed) {
    HttpResponse response =
        error_answer(405, fmt::format("this method is not allowed here; allowed: {}", allowed));
    response.headers.emplace_back("Allow", allowed);
    return response;
}

// A quoted-string (RFC 9110, 5.6.4) in ASCII, of a length that clients' heads have room for.
static std::string quoted_string(std::string_view text) {
    constexpr size_t kBytesMax = 400;
    std::string quoted = "\"";
    for (const char c : text.substr(0, kBytesMax)) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c < ' ' || c > '~' ? '?' : c;
    }
    return quoted + (text.size() > kBytesMax ? "...\"" : "\"");
}

void add_warnings(HttpResponse& response, const std::vector<Complaint>& warnings) {
    constexpr size_t kShown = 8;
    const auto add = [&response](std::string_view words) {
        response.headers.emplace_back("Warning", "199 - " + quoted_string(words));
    };
    for (size_t i = 0; i < std::min(warnings.size(), kShown); ++i) add(text(warnings[i]));
    if (warnings.size() > kShown)
        add(fmt::format("and {} more, which the log has", warnings.size() - kShown));
}

// The beginning of a body that could not be read, in ASCII: it goes into JSON.
static std::string quoted_body(std::string_view body) {
    std::string quoted(body.substr(0, 256));
    for (char& c : quoted)
        if (c < ' ' || c > '~') c = '?';
    return quoted;
}

std::variant<Value, HttpResponse> body_of(const HttpRequest& request) {
    const bool yaml = request.header("Content-Type").find("yaml") != std::string_view::npos;
    auto read = yaml ? read_yaml(request.body, "request") : read_json(request.body, "request");
    if (Value* value = std::get_if<Value>(&read)) return std::move(*value);
    Value answer = make_map();
    set(answer, "error_msg", make_text("invalid request body: " + text(std::get<Complaint>(read))));
    set(answer, "req_body", make_text(quoted_body(request.body)));
    return json_answer(400, answer);
}

std::optional<uint64_t> number_in(const HttpRequest& request, std::string_view name, uint64_t least,
                                  uint64_t most, uint64_t absent) {
    if (!request.has_parameter(name)) return absent;
    const std::string_view text = request.parameter(name);
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    if (number < least || number > most) return std::nullopt;
    return number;
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        const size_t end = std::min(path.find('/'), path.size());
        std::optional<std::string> segment = percent_decoded(path.substr(0, end));
        if (!segment) return std::nullopt;
        if (!segment->empty()) segments.push_back(std::move(*segment));
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return segments;
}

// ---- Routing ------------------------------------------------------------------------------------

HttpLane lane_of(const HttpRequest& request) {
    const std::string_view path = request.path;
    if (path == "/healthz" || path == "/drain") return HttpLane::AtOnce;
    if (path == "/ready" || path == "/metrics") return HttpLane::Watch;
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const bool dry = request.method == "POST" && path.find("/validate") != path.npos;
    return reads || dry || path.starts_with("/v1/") ? HttpLane::Read : HttpLane::Change;
}

HttpResponse Api::answer(const HttpRequest& request) {
    const auto segments = path_segments(request.path);
    if (!segments) return error_answer(400, "the path holds a % without two hexadecimal digits");
    HttpResponse response = route(request, *segments);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

HttpResponse Api::route(const HttpRequest& request, Path path) {
    if (path.size() > 1 && path[0] == "apisix" && path[1] == "admin") path = path.subspan(1);
    if (path.empty()) return not_found();
    if (path[0] == "admin") return admin(request, path.subspan(1));
    if (path[0] == "v1") return control(request, path.subspan(1));
    if (path.size() > 1) return not_found();
    if (path[0] == "drain") {
        if (request.method != "POST") return wrong_method("POST");
        log_.say(Severity::Info, "drain_asked",
                 [&](LogLine& line) { line.field("peer", request.peer_text()); });
        control_.drain();
        Value body = make_map();
        set(body, "draining", make_boolean(true));
        return json_answer(200, body);
    }
    const bool known = path[0] == "healthz" || path[0] == "ready" || path[0] == "metrics";
    if (!known) return not_found();
    if (request.method != "GET" && request.method != "HEAD") return wrong_method("GET, HEAD");
    if (path[0] == "ready") return ready(request);
    if (path[0] == "metrics")
        return {200, metrics_(control_.watch()), "text/plain; version=0.0.4; charset=utf-8", {}};
    Value body = make_map();
    set(body, "status", make_text("ok"));
    return json_answer(200, body);
}

HttpResponse Api::admin(const HttpRequest& request, Path path) {
    HttpResponse response = not_found();
    if (!path.empty()) {
        if (const auto type = object_type(path[0])) {
            response = objects(request, *type, path.subspan(1));
        } else if (path[0] == "configs") {
            response = configs(request, path.subspan(1));
        } else if (path.size() == 3 && path[0] == "schema" && path[1] == "validate") {
            response = check_object(request, path[2]);
        } else {
            response = error_answer(404, "Unsupported resource type: " + path[0]);
        }
    }
    response.headers.emplace_back("X-API-VERSION", "v3");
    if (!catalog_.persists()) response.headers.emplace_back("X-Persistence", "memory");
    return response;
}

// ---- Readiness ----------------------------------------------------------------------------------

static bool serves(const BrokerState& broker) {
    return broker.listed && broker.routed && is_used(broker.condition) &&
           broker.effective_weight > 0;
}

std::string not_ready_reason(const Watch& watch, bool stranger) {
    if (watch.draining) return "draining";
    if (!watch.has_routes) return "no stream route is configured";
    if (std::ranges::any_of(watch.brokers, serves)) return "";
    for (const BrokerState& broker : watch.brokers)
        if (broker.listed && broker.routed && !broker.why.empty() && !stranger)
            return fmt::format("no live broker: {}: {}", broker.name, broker.why);
    return "no live broker";
}

// It needs no key, so it must not cost a round of the workers each time.
std::shared_ptr<const Watch> Api::recent_watch() {
    const std::lock_guard lock(watching_);
    const uint64_t now_ns = monotonic_ns();
    if (recent_ == nullptr || now_ns - recent_ns_ > kRecentMs * kNanosPerMilli) {
        recent_ = std::make_shared<const Watch>(control_.watch());
        recent_ns_ = now_ns;
    }
    return recent_;
}

HttpResponse Api::ready(const HttpRequest& request) {
    const std::string reason = not_ready_reason(*recent_watch(), request.stranger);
    Value body = make_map();
    set(body, "status", make_text(reason.empty() ? "ok" : "error"));
    if (!reason.empty()) set(body, "error", make_text(reason));
    return json_answer(reason.empty() ? 200 : 503, body);
}

}  // namespace jumpgate
