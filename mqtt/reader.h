// Reader: a cursor over a complete packet that cannot leave it.
//
// Law: reads past the end give zeros and empty views and make `ok()` false for good, so a parser
// reads its fields top to bottom and asks once. Views point into the input; nothing is copied. Not
// here: any check of what the values mean.
#pragma once

#include "mqtt/bytes.h"
#include "mqtt/varint.h"

namespace jumpgate::mqtt {

class Reader {
  public:
    explicit Reader(Bytes in) : at_(in.data()), end_(in.data() + in.size()) {}

    bool ok() const { return ok_; }
    size_t left() const { return static_cast<size_t>(end_ - at_); }
    Bytes rest() const { return {at_, left()}; }

    uint8_t u8() { return need(1) ? *at_++ : uint8_t{0}; }
    uint16_t u16() {
        if (!need(2)) return 0;
        const uint8_t* from = at_;
        at_ += 2;
        return static_cast<uint16_t>((from[0] << 8) | from[1]);
    }
    uint32_t u32() {
        const uint32_t high = u16();
        return (high << 16) | u16();
    }
    Bytes take(size_t size) {
        if (!need(size)) return {};
        const uint8_t* from = at_;
        at_ += size;
        return {from, size};
    }
    // Two bytes of length, then that many bytes: MQTT's binary data (3.1.1 and 5: 1.5) and strings.
    Bytes binary() { return take(u16()); }
    std::string_view string() { return text(binary()); }
    // Inside a complete packet a varint cut short is as wrong as a malformed or a padded one
    // (MQTT-1.5.5-1).
    uint32_t varint() {
        const Varint read = read_varint(rest());
        if (read.status != VarintStatus::Ok || !read.minimal()) {
            fail();
            return 0;
        }
        at_ += read.size;
        return read.value;
    }

  private:
    bool need(size_t size) {
        if (size <= left()) [[likely]]
            return true;
        fail();
        return false;
    }
    void fail() {
        ok_ = false;
        at_ = end_;
    }

    const uint8_t* at_;
    const uint8_t* end_;
    bool ok_ = true;
};

}  // namespace jumpgate::mqtt
