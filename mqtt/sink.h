// Where an encoder puts a packet's parts: once into CountingSink for the size, once into
// WritingSink for the bytes. One template writes both, so size and bytes cannot disagree.
#pragma once

#include <cstring>

#include "mqtt/properties.h"

namespace jumpgate::mqtt {

struct CountingSink {
    size_t size = 0;
    bool fits = true;  // false: a string is longer than its two bytes of length can say

    void u8(uint8_t) { size += 1; }
    void u16(uint16_t) { size += 2; }
    void u32(uint32_t) { size += 4; }
    void varint(uint32_t value) { size += varint_size(value); }
    void raw(Bytes octets) { size += octets.size(); }
    void binary(Bytes octets) {
        fits = fits && octets.size() <= 65'535;
        size += 2 + octets.size();
    }
};

// Does not look where it ends: the caller has counted.
struct WritingSink {
    uint8_t* at;

    void u8(uint8_t value) { *at++ = value; }
    void u16(uint16_t value) {
        u8(static_cast<uint8_t>(value >> 8));
        u8(static_cast<uint8_t>(value));
    }
    void u32(uint32_t value) {
        u16(static_cast<uint16_t>(value >> 16));
        u16(static_cast<uint16_t>(value));
    }
    void varint(uint32_t value) { at += write_varint(at, value); }
    void raw(Bytes octets) {
        if (!octets.empty()) std::memcpy(at, octets.data(), octets.size());
        at += octets.size();
    }
    void binary(Bytes octets) {
        u16(static_cast<uint16_t>(octets.size()));
        raw(octets);
    }
};

template <class Sink>
void put_string(Sink& sink, std::string_view text) {
    sink.binary(bytes(text));
}

template <class Sink>
void put_property(Sink& sink, const Property& property) {
    sink.u8(static_cast<uint8_t>(property.id));
    switch (property_type(property.id)) {
        case PropertyType::Byte:
            sink.u8(static_cast<uint8_t>(property.number));
            break;
        case PropertyType::Two:
            sink.u16(static_cast<uint16_t>(property.number));
            break;
        case PropertyType::Four:
            sink.u32(property.number);
            break;
        case PropertyType::Varint:
            sink.varint(property.number);
            break;
        case PropertyType::StringPair:
            put_string(sink, property.key);
            [[fallthrough]];
        case PropertyType::Binary:
        case PropertyType::String:
            sink.binary(property.value);
            break;
        case PropertyType::None:
            break;
    }
}

}  // namespace jumpgate::mqtt
