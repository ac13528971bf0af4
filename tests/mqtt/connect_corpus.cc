#include "tests/mqtt/connect_corpus.h"

namespace jumpgate::mqtt {

PacketBuilder& PacketBuilder::u8(unsigned value) {
    body_.push_back(static_cast<uint8_t>(value));
    return *this;
}
PacketBuilder& PacketBuilder::u16(unsigned value) { return u8(value >> 8).u8(value & 0xFF); }
PacketBuilder& PacketBuilder::u32(uint32_t value) { return u16(value >> 16).u16(value & 0xFFFF); }
PacketBuilder& PacketBuilder::raw(const std::string& octets) {
    body_.insert(body_.end(), octets.begin(), octets.end());
    return *this;
}
PacketBuilder& PacketBuilder::str(const std::string& text) {
    return u16(static_cast<unsigned>(text.size())).raw(text);
}

namespace {
void append_varint(Octets& out, size_t value) {
    do {
        out.push_back(static_cast<uint8_t>((value & 0x7F) | (value > 0x7F ? 0x80 : 0)));
        value >>= 7;
    } while (value > 0);
}
}  // namespace

PacketBuilder& PacketBuilder::block(const PacketBuilder& properties) {
    append_varint(body_, properties.body_.size());
    body_.insert(body_.end(), properties.body_.begin(), properties.body_.end());
    return *this;
}

Octets PacketBuilder::packet(unsigned first_byte) const {
    Octets out{static_cast<uint8_t>(first_byte)};
    append_varint(out, body_.size());
    out.insert(out.end(), body_.begin(), body_.end());
    return out;
}

PacketBuilder connect_head(unsigned level, unsigned flags, unsigned keep_alive_s) {
    PacketBuilder head;
    return head.str((level & 0x7F) == 3 ? "MQIsdp" : "MQTT").u8(level).u8(flags).u16(keep_alive_s);
}

namespace {

PacketBuilder no_properties() { return {}; }

PacketBuilder every_connect_property() {
    PacketBuilder all;
    all.u8(0x11).u32(3600).u8(0x21).u16(20).u8(0x27).u32(65'536).u8(0x22).u16(10);
    all.u8(0x19).u8(1).u8(0x17).u8(0).u8(0x15).str("SCRAM-SHA-1").u8(0x16).str("data");
    return all.u8(0x26).str("region").str("eu").u8(0x26).str("region").str("eu");
}

PacketBuilder every_will_property() {
    PacketBuilder all;
    all.u8(0x18).u32(30).u8(0x01).u8(1).u8(0x02).u32(600).u8(0x03).str("text/plain");
    return all.u8(0x08)
        .str("reply/here")
        .u8(0x09)
        .str(std::string("\0\1", 2))
        .u8(0x26)
        .str("")
        .str("");
}

std::vector<ValidConnect> make_v3() {
    const std::string nul_password("p\0w", 3);
    const std::string wide = "gerät-\xE2\x82\xAC-\xF0\x9F\x9A\x80";
    std::vector<ValidConnect> all;
    const auto add = [&all](std::string name, const PacketBuilder& made, std::string id,
                            unsigned level) {
        all.push_back({std::move(name), made.packet(), std::move(id), static_cast<uint8_t>(level)});
    };
    add("3.1 plain", connect_head(3, 0x02).str("old"), "old", 3);
    add("3.1 bridge", connect_head(0x83, 0x02).str("bridge3"), "bridge3", 3);
    add("3.1 reserved bit", connect_head(3, 0x03).str("old"), "old", 3);
    add("3.1 flags without their fields", connect_head(3, 0xC2).str("old"), "old", 3);
    add("3.1 password flag without field", connect_head(3, 0xC2).str("old").str("user"), "old", 3);
    add("3.1 id over 23", connect_head(3, 0x02).str(std::string(40, 'i')), std::string(40, 'i'), 3);
    add("3.1.1 plain", connect_head(4, 0x02).str("dev1"), "dev1", 4);
    add("3.1.1 empty id", connect_head(4, 0x02).str(""), "", 4);
    add("3.1.1 kept session", connect_head(4, 0x00, 0).str("dev2"), "dev2", 4);
    add("3.1.1 bridge", connect_head(0x84, 0x02, 65'535).str("bridge4"), "bridge4", 4);
    add("3.1.1 user", connect_head(4, 0x82).str("dev3").str("user"), "dev3", 4);
    add("3.1.1 empty user", connect_head(4, 0xC2).str("dev4").str("").str(""), "dev4", 4);
    add("3.1.1 NUL in password", connect_head(4, 0xC2).str("dev5").str("user").str(nul_password),
        "dev5", 4);
    add("3.1.1 will", connect_head(4, 0x2E).str("dev6").str("will/t").str("gone"), "dev6", 4);
    add("3.1.1 will of no bytes", connect_head(4, 0x16).str("dev7").str("w").str(""), "dev7", 4);
    add("3.1.1 all",
        connect_head(4, 0xF6).str("tenant7/dev12").str("w/t").str("x").str("u").str("p"),
        "tenant7/dev12", 4);
    add("3.1.1 id of 128 bytes", connect_head(4, 0x02).str(std::string(128, 'a')),
        std::string(128, 'a'), 4);
    add("3.1.1 id of 300 bytes", connect_head(4, 0x02).str(std::string(300, 'b')),
        std::string(300, 'b'), 4);
    add("3.1.1 wide id", connect_head(4, 0x02).str(wide), wide, 4);
    add("3.1.1 BOM", connect_head(4, 0x02).str("\xEF\xBB\xBFid"), "\xEF\xBB\xBFid", 4);
    return all;
}

void add_v5(std::vector<ValidConnect>& all) {
    const auto add = [&all](std::string name, const PacketBuilder& made, std::string id) {
        all.push_back({std::move(name), made.packet(), std::move(id), 5});
    };
    const PacketBuilder none = no_properties();
    add("5 plain", connect_head(5, 0x02).block(none).str("five"), "five");
    add("5 empty id, kept session", connect_head(5, 0x00).block(none).str(""), "");
    add("5 password only", connect_head(5, 0x42).block(none).str("five").str("token"), "five");
    add("5 session expiry",
        connect_head(5, 0x00).block(PacketBuilder().u8(0x11).u32(0xFFFFFFFF)).str("s"), "s");
    add("5 all properties", connect_head(5, 0x02).block(every_connect_property()).str("five"),
        "five");
    add("5 will", connect_head(5, 0x36).block(none).str("w5").block(none).str("a/b").str("gone"),
        "w5");
    add("5 all",
        connect_head(5, 0xF6, 1)
            .block(every_connect_property())
            .str("dev-5-all")
            .block(every_will_property())
            .str("will/topic")
            .str("bye")
            .str("user")
            .str("pass"),
        "dev-5-all");
}

}  // namespace

const std::vector<ValidConnect>& valid_connects() {
    static const std::vector<ValidConnect> all = [] {
        std::vector<ValidConnect> made = make_v3();
        add_v5(made);
        return made;
    }();
    return all;
}

}  // namespace jumpgate::mqtt
