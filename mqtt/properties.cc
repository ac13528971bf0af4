// Table 2-4 of MQTT 5 as data, indexed by identifier, and the loop that holds input against it.
#include "mqtt/properties.h"

#include <array>

#include "mqtt/sink.h"
#include "mqtt/topic.h"
#include "mqtt/utf8.h"

namespace jumpgate::mqtt {
namespace {

enum class Range : uint8_t { Any, ZeroOrOne, NotZero, TopicName };

struct Entry {
    PropertyType type = PropertyType::None;  // None: no such identifier
    Range range = Range::Any;
    uint16_t places = 0;      // bit n: allowed in packets of type n; bit 0: in a will
    uint16_t repeatable = 0;  // the same, for more than once
};

template <class... Types>
constexpr uint16_t in(Types... types) {
    return static_cast<uint16_t>((0u | ... | (1u << static_cast<unsigned>(types))));
}

constexpr size_t kIdsEnd = 0x2B;

constexpr std::array<Entry, kIdsEnd> make_table() {
    using enum PacketType;
    using enum Range;
    using Id = PropertyId;
    using Type = PropertyType;
    constexpr auto kWill = PropertyPlace::Will;
    constexpr uint16_t kMessage = in(Publish, kWill);
    constexpr uint16_t kReplies =
        in(Connack, Puback, Pubrec, Pubrel, Pubcomp, Suback, Unsuback, Disconnect, Auth);
    constexpr uint16_t kAny = in(Connect, Publish, kWill, Subscribe, Unsubscribe) | kReplies;
    std::array<Entry, kIdsEnd> table{};
    const auto set = [&table](Id id, Entry entry) { table[static_cast<size_t>(id)] = entry; };

    set(Id::PayloadFormatIndicator, {Type::Byte, ZeroOrOne, kMessage});
    set(Id::MessageExpiryInterval, {Type::Four, Any, kMessage});
    set(Id::ContentType, {Type::String, Any, kMessage});
    set(Id::ResponseTopic, {Type::String, TopicName, kMessage});
    set(Id::CorrelationData, {Type::Binary, Any, kMessage});
    set(Id::SubscriptionIdentifier, {Type::Varint, NotZero, in(Publish, Subscribe), in(Publish)});
    set(Id::SessionExpiryInterval, {Type::Four, Any, in(Connect, Connack, Disconnect)});
    set(Id::AssignedClientIdentifier, {Type::String, Any, in(Connack)});
    set(Id::ServerKeepAlive, {Type::Two, Any, in(Connack)});
    set(Id::AuthenticationMethod, {Type::String, Any, in(Connect, Connack, Auth)});
    set(Id::AuthenticationData, {Type::Binary, Any, in(Connect, Connack, Auth)});
    set(Id::RequestProblemInformation, {Type::Byte, ZeroOrOne, in(Connect)});
    set(Id::WillDelayInterval, {Type::Four, Any, in(kWill)});
    set(Id::RequestResponseInformation, {Type::Byte, ZeroOrOne, in(Connect)});
    set(Id::ResponseInformation, {Type::String, Any, in(Connack)});
    set(Id::ServerReference, {Type::String, Any, in(Connack, Disconnect)});
    set(Id::ReasonString, {Type::String, Any, kReplies});
    set(Id::ReceiveMaximum, {Type::Two, NotZero, in(Connect, Connack)});
    set(Id::TopicAliasMaximum, {Type::Two, Any, in(Connect, Connack)});
    set(Id::TopicAlias, {Type::Two, NotZero, in(Publish)});
    set(Id::MaximumQos, {Type::Byte, ZeroOrOne, in(Connack)});
    set(Id::RetainAvailable, {Type::Byte, ZeroOrOne, in(Connack)});
    set(Id::UserProperty, {Type::StringPair, Any, kAny, kAny});
    set(Id::MaximumPacketSize, {Type::Four, NotZero, in(Connect, Connack)});
    set(Id::WildcardSubscriptionAvailable, {Type::Byte, ZeroOrOne, in(Connack)});
    set(Id::SubscriptionIdentifierAvailable, {Type::Byte, ZeroOrOne, in(Connack)});
    set(Id::SharedSubscriptionAvailable, {Type::Byte, ZeroOrOne, in(Connack)});
    return table;
}

constexpr std::array<Entry, kIdsEnd> kTable = make_table();

// False where a string is not one; a value cut short shows in reader.ok() instead.
bool read_value(Reader& reader, PropertyType type, Property& out) {
    switch (type) {
        case PropertyType::Byte:
            out.number = reader.u8();
            break;
        case PropertyType::Two:
            out.number = reader.u16();
            break;
        case PropertyType::Four:
            out.number = reader.u32();
            break;
        case PropertyType::Varint:
            out.number = reader.varint();
            break;
        case PropertyType::Binary:
            out.value = reader.binary();
            break;
        case PropertyType::String:
            out.value = reader.binary();
            return is_mqtt_string(text(out.value));
        case PropertyType::StringPair:
            out.key = reader.string();
            out.value = reader.binary();
            return is_mqtt_string(out.key) && is_mqtt_string(text(out.value));
        case PropertyType::None:
            break;
    }
    return true;
}

bool is_in_range(const Property& property, Range range) {
    switch (range) {
        case Range::Any:
            return true;
        case Range::ZeroOrOne:
            return property.number <= 1;
        case Range::NotZero:
            return property.number != 0;
        case Range::TopicName:
            return is_topic_name(text(property.value));
    }
    return false;
}

}  // namespace

PropertyType property_type(PropertyId id) {
    const auto index = static_cast<size_t>(id);
    return index < kIdsEnd ? kTable[index].type : PropertyType::None;
}

std::optional<Property> PropertyReader::fail(ReasonCode reason, std::string_view text) {
    fault_ = Invalid{reason, text};
    return std::nullopt;
}

std::optional<Property> PropertyReader::next() {
    if (fault_ || reader_.left() == 0) return std::nullopt;
    // An identifier is a varint (2.2.2.2), but no defined one needs a second byte.
    const uint32_t id = reader_.varint();
    if (id >= kIdsEnd || kTable[id].type == PropertyType::None)
        return fail(ReasonCode::MalformedPacket, "unknown property identifier (MQTT 5, 2.2.2.2)");
    const Entry& entry = kTable[id];
    const unsigned here = 1u << static_cast<unsigned>(place_);
    if ((entry.places & here) == 0)
        return fail(ReasonCode::MalformedPacket, "property not allowed here (MQTT 5, 2.2.2.2)");
    if ((seen_ >> id & 1) != 0 && (entry.repeatable & here) == 0)
        return fail(ReasonCode::ProtocolError, "property given more than once (MQTT 5, 2.2.2.2)");
    seen_ |= uint64_t{1} << id;

    Property property{static_cast<PropertyId>(id)};
    const bool is_text = read_value(reader_, entry.type, property);
    if (!reader_.ok())
        return fail(ReasonCode::MalformedPacket, "property runs past its block (MQTT 5, 2.2.2.1)");
    if (!is_text)
        return fail(ReasonCode::MalformedPacket, "property is not UTF-8 (MQTT-1.5.4-1, -2)");
    if (!is_in_range(property, entry.range))
        return fail(ReasonCode::ProtocolError, "property value out of range (MQTT 5, table 2-4)");
    if (property.id == PropertyId::UserProperty && ++user_properties_ > kUserPropertiesMax)
        return fail(ReasonCode::QuotaExceeded, "more than 256 user properties");
    return property;
}

void PropertyWriter::add(const Property& property) {
    CountingSink count;
    put_property(count, property);
    ok_ = ok_ && count.fits && count.size <= out_.size() - size_;
    if (!ok_) return;
    WritingSink sink{out_.data() + size_};
    put_property(sink, property);
    size_ += count.size;
}

std::optional<Invalid> check_properties(Bytes block, PropertyPlace place) {
    PropertyReader reader(block, place);
    while (reader.next()) {
    }
    return reader.fault();
}

}  // namespace jumpgate::mqtt
