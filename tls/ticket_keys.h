// TicketKeys: what seals session tickets (RFC 5077, RFC 8446 4.6.1), shared by all workers and,
// with a file, by a fleet of proxies.
//
// Law: the first key seals, all open. A ticket is bound to `context`: what was true of the session
// (server name, client-CA policy) must be true again, or it does not open and the client handshakes
// in full. AES-256-GCM with a random nonce, so that a key seals at most 2^32 tickets (NIST SP
// 800-38D 8.3): a fleet that hands out 1,000 a second renews its key within 49 days. Secrets are
// wiped wherever a copy of them ends.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace jumpgate::tls {

struct TicketKey {
    std::array<uint8_t, 16> name{};  // sent in the clear, tells keys apart
    std::array<uint8_t, 32> secret{};
    ~TicketKey();  // wipes
};

class TicketKeys {
  public:
    static constexpr size_t kKeysMax = 32;
    static constexpr size_t kNameBytes = 16;
    static constexpr size_t kNonceBytes = 12;
    static constexpr size_t kTagBytes = 16;

    // One random key, for this process alone; none where the kernel has no randomness.
    static TicketKeys random();
    // The text of a key file: one key a line, base64 of 48 or 80 bytes (`openssl rand -base64 48`,
    // or HAProxy's tls-ticket-keys); '#' begins a comment. The first 16 bytes are the key's name;
    // its secret is HKDF-SHA256 (RFC 5869) of the other 32 or 64, without salt, with info
    // "jumpgate session ticket". The problem names the line, never the key.
    static std::variant<TicketKeys, std::string> parse(std::string_view text);

    TicketKeys() = default;  // none: nothing can be sealed

    bool empty() const { return keys_.empty(); }
    size_t size() const { return keys_.size(); }

    // Encrypts `bytes` in place under the first key. False: no key, or no randomness.
    bool seal(std::span<uint8_t> bytes, std::span<const uint8_t> context,
              std::span<uint8_t, kNameBytes> name, std::span<uint8_t, kNonceBytes> nonce,
              std::span<uint8_t, kTagBytes> tag) const;
    enum class Opened : uint8_t { No, Yes, WithOldKey };  // old: the client should get a new ticket
    // Decrypts `bytes` in place. No: an unknown key, another context, or not as it was sealed; then
    // nothing of the plaintext is in `bytes`.
    Opened open(std::span<uint8_t> bytes, std::span<const uint8_t> context,
                std::span<const uint8_t, kNameBytes> name,
                std::span<const uint8_t, kNonceBytes> nonce,
                std::span<const uint8_t, kTagBytes> tag) const;

  private:
    std::vector<TicketKey> keys_;
};

}  // namespace jumpgate::tls
