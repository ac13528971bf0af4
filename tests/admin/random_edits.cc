#include "tests/admin/random_edits.h"

#include <fmt/format.h>

#include <utility>

namespace jumpgate {

namespace {

const std::string kUpstreams = "upstreams/";
const std::string kRoutes = "stream_routes/";
const std::string kSsls = "ssls/";
constexpr uint64_t kUpstreamIds = 8;
constexpr uint64_t kRouteIds = 12;
constexpr size_t kPostedMax = 4;  // more are deleted again
constexpr const char* kClientSsl = "shown-to-brokers";

// Few of them, so that routes say the same now and then, and who is tried first is told by their
// priorities, or by their ids alone.
constexpr std::string_view kMatches[] = {
    R"({})",
    R"({"client_id":{"prefix":"flow-"}})",
    R"({"client_id":{"prefix":"light-"}})",
    R"({"client_id":{"glob":"*-1"}})",
    R"({"client_id":{"glob":"*-2"}})",
    R"({"client_id":{"regex":"^(flow|light)-[0-9]+7$"}})",
    R"({"client_id":{"regex":"3$"}})",
    R"({"client_id":"device-7"})",
    R"({"username":{"prefix":"tenant-"}})",
    R"({"username":{"glob":"user-?"},"level":[4,5]})",
    R"({"cert_cn":{"prefix":"meter-"}})",
    R"({"level":5})",
};
constexpr std::string_view kFurther[] = {
    R"(,"remote_addr":"10.1.0.0/16")",
    R"(,"remote_addr":"10.0.0.0/8")",
    R"(,"remote_addr":"fd00::/8")",
    R"(,"server_port":8883)",
    R"(,"server_addr":"10.9.0.0/16")",
    R"(,"sni":"a.example.com")",
    R"(,"snis":["*.example.com","b.example.org"])",
};
constexpr std::string_view kBalance[] = {
    R"("type":"chash")",
    R"("type":"chash","key":"mqtt_client_id","hash":"rendezvous")",
    R"("type":"chash","key":"mqtt_username")",
    R"("type":"chash","key":"remote_addr")",
    R"("type":"chash","key":"cert_cn","hash":"rendezvous")",
    R"("type":"chash","key":"mqtt_client_id","key_prefix_until":"-")",
    R"("type":"chash","key":"mqtt_client_id","hash_balance_factor":125)",
    R"("type":"roundrobin")",
    R"("type":"least_conn")",
};
constexpr std::string_view kDialling[] = {
    R"(,"retries":1)",
    R"(,"timeout":{"connect":0.5})",
    R"(,"slow_start_s":5)",
    R"(,"checks":{"active":{"type":"tcp"},"passive":{"unhealthy":{"tcp_failures":5}}})",
    R"(,"checks":{"active":{"type":"mqtt","timeout":2}},"all_down":"use_all")",
    R"(,"labels":{"zone":"north"},"desc":"a pool")",
};
// Each is wrong in itself.
constexpr std::string_view kWrongUpstreams[] = {
    "{",
    "[]",
    "null",
    "\"text\"",
    R"({"type":"chash"})",
    R"({"type":"chash","nodes":{}})",
    R"({"type":"sideways","nodes":{"10.0.0.1:1883":1}})",
    R"({"nodes":{"10.0.0.1:1883":-1}})",
    R"({"nodes":{"10.0.0.1:70000":1}})",
    R"({"nodes":{"10.0.0.1:1883":1,"10.0.0.1":2}})",
    R"({"nodes":[{"host":"10.0.0.1","port":1883},{"host":"10.0.0.1","port":1883}]})",
    R"({"nodes":{"10.0.0.1:1883":1},"tls":{"client_cert_id":"shown-to-brokers"}})",
    R"({"nodes":{"10.0.0.1:1883":1},"scheme":"tls","tls":{"client_cert_id":"nobody"}})",
    R"({"nodes":{"10.0.0.1:1883":1},"retires":1})",
    R"({"nodes":{"10.0.0.1:1883":1},"id":"another"})",
    R"({"nodes":{"10.0.0.1:1883":1},"create_time":1})",
};
constexpr std::string_view kWrongRoutes[] = {
    R"({})",
    R"({"upstream_id":"nobody"})",
    R"({"upstream":{"nodes":{"10.0.0.1:1883":1}},"match":{"client_id":{"regex":"("}}})",
    R"({"upstream":{"nodes":{"10.0.0.1:1883":1}},"remote_addr":"10.0.0.0/33"})",
    R"({"upstream":{"nodes":{"10.0.0.1:1883":1}},"upstream_id":"u0"})",
    R"({"upstream":{"nodes":{}}})",
    R"({"upstream":{"nodes":{"10.0.0.1:1883":1}},"priority":"high"})",
};

}  // namespace

template <class Ids>
std::string RandomEdits::present(const Ids& ids) {
    if (ids.empty()) return {};
    auto at = std::next(ids.begin(), static_cast<std::ptrdiff_t>(rng_.below(ids.size())));
    if constexpr (requires { at->first; })
        return at->first;
    else
        return *at;
}

// ---- Bodies ------------------------------------------------------------------------------------

std::string RandomEdits::node_name() {
    return fmt::format("10.0.0.{}:{}", 1 + rng_.below(9), 1883 + rng_.below(3));
}

// A map, or a list, whose order counts.
std::string RandomEdits::nodes() {
    std::set<std::string> names;
    for (uint64_t i = 0; i <= rng_.below(4); ++i) names.insert(node_name());
    const bool list = chance(50);
    std::string text;
    for (const std::string& name : names) {
        const size_t colon = name.find(':');
        const std::string one =
            list ? fmt::format(R"({{"host":"{}","port":{},"weight":{},"priority":{}}})",
                               name.substr(0, colon), name.substr(colon + 1), rng_.below(4),
                               chance(20) ? -1 : 0)
                 : fmt::format(R"("{}":{})", name, rng_.below(4));
        const bool front = list && chance(50);
        if (text.empty())
            text = one;
        else
            text = front ? one + "," + text : text + "," + one;
    }
    return list ? "[" + text + "]" : "{" + text + "}";
}

std::string RandomEdits::upstream_body(const std::string& ssl) {
    std::string body = fmt::format(R"({{{},"nodes":{})", one_of(kBalance), nodes());
    if (chance(30)) body += one_of(kDialling);
    if (!ssl.empty())
        body +=
            fmt::format(R"(,"scheme":"tls","tls":{{"client_cert_id":"{}","verify":false}})", ssl);
    return body + "}";
}

std::string RandomEdits::match() {
    std::string text = fmt::format(R"("match":{})", one_of(kMatches));
    if (chance(35)) text += one_of(kFurther);
    if (chance(40)) text += fmt::format(R"(,"priority":{})", static_cast<int>(rng_.below(5)) - 2);
    return text;
}

std::string RandomEdits::route_body(const std::string& upstream) {
    if (upstream.empty()) return fmt::format(R"({{{},"upstream":{}}})", match(), upstream_body(""));
    return fmt::format(R"({{{},"upstream_id":"{}"}})", match(), upstream);
}

// ---- Edits -------------------------------------------------------------------------------------

static unsigned put_status(bool present) { return present ? 200 : 201; }

Edit RandomEdits::put_upstream() {
    const std::string id = "u" + number(kUpstreamIds);
    const bool secured = now_.ssls.contains(kClientSsl) && chance(10);
    const std::string ssl = secured ? kClientSsl : "";
    next_.upstreams[id] = ssl;
    return {"PUT", kUpstreams + id, upstream_body(ssl), {put_status(now_.upstreams.contains(id))}};
}

Edit RandomEdits::patch_upstream() {
    const std::string id = "u" + number(kUpstreamIds);
    const std::string path = kUpstreams + id;
    const bool known = now_.upstreams.contains(id);
    switch (rng_.below(5)) {
        case 0:
            return {"PATCH",
                    path,
                    fmt::format(R"({{"retries":{}}})", rng_.below(4)),
                    {known ? 200U : 404U}};
        case 1:
            return {"PATCH",
                    path,
                    R"({"retries":null,"checks":null,"slow_start_s":null})",
                    {known ? 200U : 404U}};
        case 2:
            return {"PATCH", path + "/nodes", nodes(), {known ? 200U : 404U}};
        case 3:  // one node more, or another weight; a list becomes a map of one node
            return {"PATCH",
                    path,
                    fmt::format(R"({{"nodes":{{"{}":{}}}}})", node_name(), rng_.below(4)),
                    {known ? 200U : 404U}};
        default:  // one node fewer, and none where there was one
            return {"PATCH", path, fmt::format(R"({{"nodes":{{"{}":null}}}})", node_name()),
                    known ? std::vector<unsigned>{200, 400} : std::vector<unsigned>{404}};
    }
}

Edit RandomEdits::delete_upstream() {
    const std::string id = chance(80) ? present(now_.upstreams) : "u" + number(kUpstreamIds);
    if (id.empty()) return {"DELETE", kUpstreams + "u0", "", {404}};
    unsigned status = now_.upstreams.contains(id) ? 200 : 404;
    for (const auto& [route, upstream] : now_.routes)
        if (upstream == id) status = 400;
    if (status == 200) next_.upstreams.erase(id);
    return {"DELETE", kUpstreams + id, "", {status}};
}

Edit RandomEdits::put_route() {
    const std::string id = "r" + number(kRouteIds);
    const std::string upstream = some_upstream();
    next_.routes[id] = upstream;
    return {"PUT", kRoutes + id, route_body(upstream), {put_status(now_.routes.contains(id))}};
}

Edit RandomEdits::patch_route() {
    const std::string id = chance(80) ? present(now_.routes) : "r" + number(kRouteIds);
    if (id.empty()) return {"PATCH", kRoutes + "r0", "{}", {404}};
    const std::string path = kRoutes + id;
    const bool known = now_.routes.contains(id);
    const std::vector<unsigned> good = {known ? 200U : 404U};
    switch (rng_.below(3)) {
        case 0:
            return {"PATCH", path,
                    fmt::format(R"({{"priority":{}}})", static_cast<int>(rng_.below(5)) - 2), good};
        case 1:
            return {"PATCH", path + "/match", std::string(one_of(kMatches)), good};
        default:
            break;
    }
    const std::string upstream = present(now_.upstreams);
    if (upstream.empty())
        return {"PATCH", path, R"({"upstream_id":"nobody"})", {known ? 400U : 404U}};
    if (known) next_.routes[id] = upstream;
    return {"PATCH", path, fmt::format(R"({{"upstream":null,"upstream_id":"{}"}})", upstream),
            good};
}

Edit RandomEdits::delete_route() {
    const std::string id = chance(80) ? present(now_.routes) : "r" + number(kRouteIds);
    if (id.empty()) return {"DELETE", kRoutes + "r0", "", {404}};
    next_.routes.erase(id);
    return {"DELETE", kRoutes + id, "", {now_.routes.contains(id) ? 200U : 404U}};
}

// One that brokers see, which upstreams name; and two that devices see.
Edit RandomEdits::edit_ssl() {
    static constexpr std::string_view kIds[] = {kClientSsl, "a", "b"};
    const std::string id(one_of(kIds));
    const bool client = id == kClientSsl;
    if (chance(60)) {
        bool used = false;
        for (const auto& [upstream, ssl] : now_.upstreams) used |= ssl == id;
        const bool known = now_.ssls.contains(id);
        if (known && !used) next_.ssls.erase(id);
        return {"DELETE", kSsls + id, "", {used ? 400U : known ? 200U : 404U}};
    }
    next_.ssls.insert(id);
    const std::string terms =
        client ? R"("type":"client")"
               : fmt::format(R"("snis":["{}.example.com"],"status":{})", id, rng_.below(2));
    return {"PUT",
            kSsls + id,
            fmt::format(R"({{"cert":"{}","key":"{}",{}}})", pair_.certificate, pair_.key, terms),
            {put_status(now_.ssls.contains(id))}};
}

Edit RandomEdits::post() {
    posted_ = true;
    posted_route_ = chance(50);
    if (!posted_route_) return {"POST", "upstreams", upstream_body(""), {201}};
    posted_names_ = some_upstream();
    return {"POST", "stream_routes", route_body(posted_names_), {201}};
}

Edit RandomEdits::broken() {
    if (chance(60)) return {"PUT", kUpstreams + "u1", std::string(one_of(kWrongUpstreams)), {400}};
    return {"PUT", kRoutes + "r1", std::string(one_of(kWrongRoutes)), {400}};
}

// Another configuration altogether, or one that does not hold together.
Edit RandomEdits::put_all() {
    next_ = {};
    std::string upstreams;
    std::string routes;
    for (uint64_t i = 0; i < kUpstreamIds; i += 1 + rng_.below(4)) {
        const std::string body = upstream_body("");
        upstreams += fmt::format(R"({}{{"id":"u{}",{})", i == 0 ? "" : ",", i, body.substr(1));
        next_.upstreams.emplace(fmt::format("u{}", i), "");
    }
    for (uint64_t i = 0; i < kRouteIds; i += 1 + rng_.below(4)) {
        const std::string upstream = present(next_.upstreams);
        const std::string body = route_body(upstream);
        routes += fmt::format(R"({}{{"id":"r{}",{})", i == 0 ? "" : ",", i, body.substr(1));
        next_.routes.emplace(fmt::format("r{}", i), upstream);
    }
    const bool bad = chance(30);
    if (bad) routes += R"(,{"id":"bad","upstream_id":"nobody"})";
    return {"PUT",
            "configs",
            fmt::format(R"({{"stream_routes":[{}],"upstreams":[{}]}})", routes, upstreams),
            {bad ? 400U : 202U}};
}

Edit RandomEdits::next() {
    next_ = now_;
    posted_ = false;
    posted_names_.clear();
    const bool crowded =
        now_.upstreams.size() + now_.routes.size() > kUpstreamIds + kRouteIds + kPostedMax;
    if (crowded) return chance(50) ? delete_route() : delete_upstream();
    const uint64_t kind = rng_.below(1'000);
    if (kind < 200) return put_upstream();
    if (kind < 380) return put_route();
    if (kind < 520) return patch_upstream();
    if (kind < 640) return patch_route();
    if (kind < 760) return delete_route();
    if (kind < 860) return delete_upstream();
    if (kind < 900) return post();
    if (kind < 990) return broken();
    if (kind < 997) return edit_ssl();
    return put_all();
}

void RandomEdits::learn(unsigned status, const std::string& id) {
    if (status >= 400) return;
    if (posted_ && posted_route_) next_.routes[id] = posted_names_;
    if (posted_ && !posted_route_) next_.upstreams[id] = "";
    now_ = std::move(next_);
}

}  // namespace jumpgate
