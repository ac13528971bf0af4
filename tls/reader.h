// Reader: a cursor over a complete TLS structure that cannot leave it (RFC 8446 section 3).
//
// Law: reads past the end give zeros and empty views and make `ok()` false for good, so a parser
// reads its fields top to bottom and asks once. Views point into the input; nothing is copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace jumpgate::tls {

using ByteView = std::span<const uint8_t>;

inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Reader {
  public:
    explicit Reader(ByteView in) : rest_(in) {}

    bool ok() const { return ok_; }
    bool empty() const { return rest_.empty(); }
    // All was read, and nothing that is not there.
    bool finished() const { return ok_ && rest_.empty(); }

    uint8_t u8() { return static_cast<uint8_t>(number(1)); }
    uint16_t u16() { return static_cast<uint16_t>(number(2)); }
    uint32_t u24() { return static_cast<uint32_t>(number(3)); }
    uint64_t u64() { return number(8); }
    ByteView take(size_t size) {
        if (size > rest_.size()) {
            ok_ = false;
            rest_ = {};
            return {};
        }
        const ByteView taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    // A length of one or two bytes, then that many bytes: vectors<0..2^8-1> and <0..2^16-1>.
    ByteView vector8() { return take(u8()); }
    ByteView vector16() { return take(u16()); }

  private:
    uint64_t number(size_t size) {  // network byte order
        uint64_t value = 0;
        for (const uint8_t byte : take(size)) value = value << 8 | byte;
        return value;
    }

    ByteView rest_;
    bool ok_ = true;
};

}  // namespace jumpgate::tls
