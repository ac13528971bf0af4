#include "core/admin/access.h"

#include <algorithm>
#include <utility>

#include "core/admin/metrics_text.h"
#include "core/base/time.h"

namespace jumpgate {

std::string_view text(AccessRefusal refusal) {
    switch (refusal) {
        case AccessRefusal::Address:
            return "address";
        case AccessRefusal::MissingKey:
            return "missing_key";
        case AccessRefusal::WrongKey:
            return "wrong_key";
        case AccessRefusal::ViewerMethod:
            return "viewer_method";
    }
    return "unknown";
}

// The words of APISIX, which its users' tools look for.
static HttpResponse answer_of(AccessRefusal refusal) {
    if (refusal == AccessRefusal::Address)
        return {403, "{\"error_msg\":\"this address is not in --admin-allow\"}\n"};
    const std::string_view why = refusal == AccessRefusal::MissingKey ? "missing apikey"
                                 : refusal == AccessRefusal::WrongKey
                                     ? "wrong apikey"
                                     : "invalid method for role viewer";
    return {401, "{\"error_msg\":\"failed to check token\",\"description\":\"" + std::string(why) +
                     "\"}\n"};
}

bool Access::is_allowed(std::span<const uint8_t> peer) const {
    if (policy_.allow.empty() || peer.empty()) return true;  // a unix socket: 0600
    return std::ranges::any_of(policy_.allow,
                               [&](const Cidr& network) { return network.contains(peer); });
}

std::optional<AccessRefusal> Access::judge(const HttpRequest& request) const {
    if (request.path == "/healthz" || request.path == "/ready") return std::nullopt;
    if (!is_allowed(request.peer_bytes)) return AccessRefusal::Address;
    if (request.path == "/metrics") return std::nullopt;
    const std::string_view key = request.header("X-API-KEY");
    if (key.empty()) return AccessRefusal::MissingKey;
    const std::optional<Role> role = role_of(key);
    if (!role) return AccessRefusal::WrongKey;
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (*role == Role::Viewer && !reads) return AccessRefusal::ViewerMethod;
    return std::nullopt;
}

std::optional<Role> Access::role_of(std::string_view key) const {
    const std::lock_guard lock(replacing_);
    return policy_.keys.role_of(key);
}

bool Access::replace_keys(Keys keys) {
    const std::lock_guard lock(replacing_);
    if (policy_.keys == keys) return false;
    policy_.keys = std::move(keys);
    return true;
}

std::optional<HttpResponse> Access::refusal_of(const HttpRequest& request) {
    const std::optional<AccessRefusal> refusal = judge(request);
    if (!refusal) return std::nullopt;
    note(*refusal, request);
    return answer_of(*refusal);
}

void Access::note(AccessRefusal refusal, const HttpRequest& request) {
    refused_[static_cast<size_t>(refusal)].fetch_add(1, std::memory_order_relaxed);
    uint64_t suppressed = 0;
    {
        const std::lock_guard lock(throttling_);
        if (!throttle_.pass(monotonic_ns(), suppressed)) return;
    }
    log_.say(Severity::Warn, "admin_refused", [&](LogLine& line) {
        line.field("reason", text(refusal))
            .field("peer", request.peer_text())
            .field("method", request.method)
            .field("path", request.path);
        if (suppressed != 0) line.field("suppressed", suppressed);
    });
}

std::string access_metrics_text(const Access& access) {
    MetricsText out;
    out.name("admin_refused_total", "counter", "Requests of the Admin API refused, by reason.");
    for (size_t i = 0; i < kAccessRefusals; ++i) {
        const auto refusal = static_cast<AccessRefusal>(i);
        out.sample(access.refused(refusal), {{"reason", text(refusal)}});
    }
    return out.text();
}

}  // namespace jumpgate
