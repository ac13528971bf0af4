#include "tls/tickets.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace jumpgate::tls {
namespace {

// Behind wolfSSL's part: the identity as packed (nothing: none), when it was issued, and how long
// the identity is.
constexpr size_t kIssuedBytes = 8;
constexpr size_t kLengthBytes = 2;
constexpr size_t kTrailerBytes = kIssuedBytes + kLengthBytes;
constexpr uint64_t kNeverFresh = 0;   // issued in 1970
constexpr uint64_t kClockSkewS = 60;  // between proxies that share keys

constexpr size_t kScopeBytesMax = 32 + 256;
// What a ticket is bound to: policy and server name. Unambiguous, for the policy's size is fixed.
struct Bound {
    std::array<uint8_t, kScopeBytesMax> bytes;
    size_t size;
    std::span<const uint8_t> span() const { return {bytes.data(), size}; }
};

Bound bind(const TicketScope& scope) {
    Bound bound{};
    std::ranges::copy(scope.policy, bound.bytes.begin());
    const size_t name = std::min(scope.server_name.size(), kScopeBytesMax - scope.policy.size());
    std::memcpy(bound.bytes.data() + scope.policy.size(), scope.server_name.data(), name);
    bound.size = scope.policy.size() + name;
    return bound;
}

void put(uint8_t* to, uint64_t value, size_t bytes) {
    for (size_t i = bytes; i-- > 0; value >>= 8) to[i] = static_cast<uint8_t>(value);
}

uint64_t get(const uint8_t* from, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | from[i];
    return value;
}

bool is_fresh(uint64_t issued_s, uint64_t now_s) {
    return issued_s <= now_s + kClockSkewS && now_s < issued_s + kTicketLifetimeS;
}

}  // namespace

size_t seal_ticket(const TicketScope& scope, std::span<uint8_t> ticket, size_t length,
                   const Identity* identity, const TicketSeal& seal) {
    if (ticket.size() < length + kTrailerBytes) return 0;
    std::vector<uint8_t> packed;
    if (identity != nullptr) packed = pack(*identity, ticket.size() - length - kTrailerBytes);
    const bool fits = identity == nullptr || !packed.empty();
    uint8_t* to = std::copy(packed.begin(), packed.end(), ticket.data() + length);
    put(to, fits ? scope.now_s : kNeverFresh, kIssuedBytes);
    put(to + kIssuedBytes, packed.size(), kLengthBytes);
    const size_t total = length + packed.size() + kTrailerBytes;
    std::ranges::fill(seal.nonce, uint8_t{0});
    std::ranges::fill(seal.tag, uint8_t{0});
    const bool sealed = scope.keys.seal(
        ticket.first(total), bind(scope).span(), seal.name.first<TicketKeys::kNameBytes>(),
        seal.nonce.first<TicketKeys::kNonceBytes>(), seal.tag.first<TicketKeys::kTagBytes>());
    return sealed ? total : 0;
}

OpenedTicket open_ticket(const TicketScope& scope, std::span<uint8_t> ticket,
                         const TicketSeal& seal) {
    using Opened = TicketKeys::Opened;
    const Opened result = scope.keys.open(
        ticket, bind(scope).span(), seal.name.first<TicketKeys::kNameBytes>(),
        seal.nonce.first<TicketKeys::kNonceBytes>(), seal.tag.first<TicketKeys::kTagBytes>());
    if (result == Opened::No || ticket.size() < kTrailerBytes) return {};
    const uint8_t* trailer = ticket.data() + ticket.size() - kTrailerBytes;
    const uint64_t issued_s = get(trailer, kIssuedBytes);
    const size_t packed_bytes = get(trailer + kIssuedBytes, kLengthBytes);
    if (!is_fresh(issued_s, scope.now_s) || packed_bytes > ticket.size() - kTrailerBytes) return {};

    OpenedTicket opened{result, ticket.size() - kTrailerBytes - packed_bytes, nullptr};
    if (packed_bytes == 0) return scope.needs_identity ? OpenedTicket{} : std::move(opened);
    std::optional<Identity> identity = unpack(ticket.subspan(opened.length, packed_bytes));
    if (!identity || identity->not_after_s <= scope.now_s) return {};
    opened.identity = std::make_unique<Identity>(std::move(*identity));
    return opened;
}

}  // namespace jumpgate::tls
