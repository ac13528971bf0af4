// MQTT 5 properties (2.2.2): a bounded reader that yields only what the standard allows.
//
// Law: one pass, no allocation, time linear in the bytes. Every property that next() gives is
// known, allowed at this place, well-formed, in range, and not a forbidden duplicate. An unknown
// identifier is an error, never a reason to wait for more bytes. Not here: what a value means for a
// session.
#pragma once

#include <optional>

#include "mqtt/reader.h"
#include "mqtt/verdict.h"

namespace jumpgate::mqtt {

// Table 2-4.
enum class PropertyId : uint8_t {
    PayloadFormatIndicator = 0x01,
    MessageExpiryInterval = 0x02,
    ContentType = 0x03,
    ResponseTopic = 0x08,
    CorrelationData = 0x09,
    SubscriptionIdentifier = 0x0B,
    SessionExpiryInterval = 0x11,
    AssignedClientIdentifier = 0x12,
    ServerKeepAlive = 0x13,
    AuthenticationMethod = 0x15,
    AuthenticationData = 0x16,
    RequestProblemInformation = 0x17,
    WillDelayInterval = 0x18,
    RequestResponseInformation = 0x19,
    ResponseInformation = 0x1A,
    ServerReference = 0x1C,
    ReasonString = 0x1F,
    ReceiveMaximum = 0x21,
    TopicAliasMaximum = 0x22,
    TopicAlias = 0x23,
    MaximumQos = 0x24,
    RetainAvailable = 0x25,
    UserProperty = 0x26,
    MaximumPacketSize = 0x27,
    WildcardSubscriptionAvailable = 0x28,
    SubscriptionIdentifierAvailable = 0x29,
    SharedSubscriptionAvailable = 0x2A,
};

// How a value is encoded (1.5).
enum class PropertyType : uint8_t { None, Byte, Two, Four, Varint, Binary, String, StringPair };

PropertyType property_type(PropertyId id);

// Most user properties in one block; more is refused with QuotaExceeded. The standard sets no
// limit; one packet of 64 KiB can carry 13,000 empty ones, which brokers keep at 20 times their
// size (EMQX #18829).
inline constexpr int kUserPropertiesMax = 256;

struct Property {
    PropertyId id = PropertyId::UserProperty;
    uint32_t number = 0;     // Byte, Two, Four, Varint
    std::string_view key{};  // StringPair
    Bytes value{};           // Binary, String, StringPair
};

// Where a block of properties stands: a packet's type, or the will inside a CONNECT.
enum class PropertyPlace : uint8_t { Will = 0 };  // other values are those of PacketType
constexpr PropertyPlace place(PacketType type) { return static_cast<PropertyPlace>(type); }

class PropertyReader {
  public:
    // `block` is the properties without their length.
    PropertyReader(Bytes block, PropertyPlace place) : reader_(block), place_(place) {}

    // The next property; empty at the end and at the first fault.
    std::optional<Property> next();
    // Set once next() met a fault.
    const std::optional<Invalid>& fault() const { return fault_; }

  private:
    std::optional<Property> fail(ReasonCode reason, std::string_view text);

    Reader reader_;
    PropertyPlace place_;
    int user_properties_ = 0;
    uint64_t seen_ = 0;  // bit n: identifier n was here
    std::optional<Invalid> fault_;
};

// Makes a block of properties in memory of the caller's. What does not fit is left out and shows in
// ok(); nothing is checked against table 2-4.
class PropertyWriter {
  public:
    explicit PropertyWriter(std::span<uint8_t> out) : out_(out) {}

    void add(const Property& property);
    void add(PropertyId id, uint32_t number) { add({.id = id, .number = number}); }
    void add(PropertyId id, std::string_view text) { add({.id = id, .value = bytes(text)}); }
    void add_user(std::string_view key, std::string_view value) {
        add({.id = PropertyId::UserProperty, .key = key, .value = bytes(value)});
    }
    bool ok() const { return ok_; }
    Bytes block() const { return out_.first(size_); }

  private:
    std::span<uint8_t> out_;
    size_t size_ = 0;
    bool ok_ = true;
};

// Takes a property length and that many bytes from `from`, which is not ok() where they do not fit.
inline Bytes take_properties(Reader& from) {
    const uint32_t size = from.varint();
    return from.take(size);
}

// Reads a block only to check it; empty where it is valid.
std::optional<Invalid> check_properties(Bytes block, PropertyPlace place);

}  // namespace jumpgate::mqtt
