// Access: who may ask what of the Admin API.
//
// Law: decided by the head of a request, before its body costs memory. /healthz and /ready are open
// to whoever reaches the address, /metrics to the allowed addresses, all else needs a key as well.
// The key is read from the header X-API-KEY and from nowhere else: addresses and cookies end up in
// logs and are sent by browsers on their own.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/admin/event_log.h"
#include "core/admin/http_server.h"
#include "core/admin/keys.h"
#include "core/base/cidr.h"

namespace jumpgate {

enum class AccessRefusal : uint8_t { Address, MissingKey, WrongKey, ViewerMethod };
inline constexpr size_t kAccessRefusals = 4;
std::string_view text(AccessRefusal refusal);  // "address", "missing_key", ...

struct AccessPolicy {
    Keys keys;
    std::vector<Cidr> allow;  // empty: whoever reaches the address
};

class Access {
  public:
    Access(AccessPolicy policy, EventLog& log) : policy_(std::move(policy)), log_(log) {}

    // From the next request on, these and no others. False: they are what they were.
    bool replace_keys(Keys keys);
    // The answer for who may not; counted, and logged with the address.
    std::optional<HttpResponse> refusal_of(const HttpRequest& request);
    // The address is in --admin-allow, or nothing is asked of addresses; empty: by a unix socket.
    bool is_allowed(std::span<const uint8_t> peer) const;
    uint64_t refused(AccessRefusal refusal) const {
        return refused_[static_cast<size_t>(refusal)].load(std::memory_order_relaxed);
    }

  private:
    std::optional<AccessRefusal> judge(const HttpRequest& request) const;
    void note(AccessRefusal refusal, const HttpRequest& request);

    std::optional<Role> role_of(std::string_view key) const;

    AccessPolicy policy_;
    mutable std::mutex replacing_;  // policy_.keys
    EventLog& log_;
    std::array<std::atomic<uint64_t>, kAccessRefusals> refused_{};
    std::mutex throttling_;
    LogThrottle throttle_;
};

// For /metrics: refusals by reason.
std::string access_metrics_text(const Access& access);

}  // namespace jumpgate
