// Api: the URLs of the control plane: objects as APISIX has them, health, and what only this proxy
// can tell.
//
// Law: knows HTTP's words and JSON's shapes; the Catalog decides about objects, Control about the
// data plane, Access about who may ask. An answer never holds a private key or a password.
// docs/admin-api.md is its reference.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/catalog.h"
#include "core/admin/event_log.h"
#include "core/admin/http_server.h"
#include "core/proxy/control.h"

namespace jumpgate {

// The segments of a path, decoded, without empty ones: "//admin/a%2Fb" is "admin", "a/b". Nothing
// where an escape is broken.
std::optional<std::vector<std::string>> path_segments(std::string_view path);

// /healthz and /drain wait for nothing; what asks the workers, reads or changes waits for its like.
HttpLane lane_of(const HttpRequest& request);

// Why /ready is 503: no new client could be served now; empty: one could, and it is 200. A stranger
// is not told which broker and what it says.
std::string not_ready_reason(const Watch& watch, bool stranger);

class Api {
  public:
    // All outlive it. `metrics` writes the text of /metrics.
    Api(Catalog& catalog, Control& control, EventLog& log,
        std::function<std::string(const Watch&)> metrics)
        : catalog_(catalog), control_(control), log_(log), metrics_(std::move(metrics)) {}

    // From any thread.
    HttpResponse answer(const HttpRequest& request);

  private:
    using Path = std::span<const std::string>;

    HttpResponse route(const HttpRequest& request, Path path);
    HttpResponse admin(const HttpRequest& request, Path path);
    HttpResponse ready(const HttpRequest& request);
    std::shared_ptr<const Watch> recent_watch();

    // api_objects.cc: `path` begins behind the type.
    HttpResponse objects(const HttpRequest& request, ObjectType type, Path path);
    HttpResponse get_object(ObjectType type, const std::string& id);
    HttpResponse list_objects(const HttpRequest& request, ObjectType type);
    HttpResponse put_object(const HttpRequest& request, ObjectType type, Path path);
    HttpResponse post_object(const HttpRequest& request, ObjectType type);
    HttpResponse patch_object(const HttpRequest& request, ObjectType type, Path path);
    HttpResponse delete_object(const HttpRequest& request, ObjectType type, const std::string& id);
    HttpResponse check_object(const HttpRequest& request, std::string_view type);
    void note_change(const HttpRequest& request, std::string_view object,
                     const ChangeResult& result);

    // api_configs.cc
    HttpResponse configs(const HttpRequest& request, Path path);
    HttpResponse put_configs(const HttpRequest& request);
    HttpResponse validate_configs(const HttpRequest& request);

    // api_control.cc: `path` begins behind "v1".
    HttpResponse control(const HttpRequest& request, Path path);
    HttpResponse explain_route(const HttpRequest& request);
    HttpResponse list_upstreams();
    HttpResponse list_connections(const HttpRequest& request);
    HttpResponse evict(const HttpRequest& request, Path path);

    Catalog& catalog_;
    Control& control_;
    EventLog& log_;
    std::function<std::string(const Watch&)> metrics_;
    std::mutex watching_;
    std::shared_ptr<const Watch> recent_;  // for /ready
    uint64_t recent_ns_ = 0;
};

// ---- Shapes that the parts of Api share ---------------------------------------------------------

HttpResponse json_answer(unsigned status, const Value& body);
HttpResponse error_answer(unsigned status, std::string_view error_msg);
HttpResponse not_found();
HttpResponse wrong_method(std::string_view allowed);

// What an answer to a change says beside its body, for people: a header `Warning` (RFC 7234, 5.5)
// for each.
void add_warnings(HttpResponse& response, const std::vector<Complaint>& warnings);

// The body as JSON (YAML where Content-Type says so), or the answer that refuses it.
std::variant<Value, HttpResponse> body_of(const HttpRequest& request);

// A whole number from `least` to `most`; `absent` where the query has no such parameter; nothing
// where it is no such number.
std::optional<uint64_t> number_in(const HttpRequest& request, std::string_view name, uint64_t least,
                                  uint64_t most, uint64_t absent);

}  // namespace jumpgate
