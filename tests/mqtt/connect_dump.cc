// connect_dump: parse_connect for scripts. Reads one packet per line in hex, prints one line of
// JSON for each: {"verdict": "valid", "id": <hex>, ...}. With --corpus it prints the valid packets
// instead. Texts are printed as hex or are literals of ours, so nothing needs escaping.
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "mqtt/connect.h"
#include "mqtt/properties.h"
#include "mqtt/reader.h"
#include "tests/mqtt/connect_corpus.h"
#include "tests/mqtt/exact.h"

namespace jumpgate::mqtt {
namespace {

std::string hex(Bytes octets) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const uint8_t octet : octets) {
        out += kDigits[octet >> 4];
        out += kDigits[octet & 0x0F];
    }
    return out;
}

Octets unhex(const std::string& line) {
    Octets out;
    for (size_t at = 0; at + 1 < line.size(); at += 2)
        out.push_back(static_cast<uint8_t>(std::stoul(line.substr(at, 2), nullptr, 16)));
    return out;
}

void append_strings(Bytes block, PropertyPlace at, std::string& all) {
    PropertyReader properties(block, at);
    while (const auto property = properties.next()) {
        all.append(property->key);
        if (property_type(property->id) != PropertyType::Binary) all.append(text(property->value));
    }
}

// All that must be UTF-8, one after the other.
std::string strings_of(Bytes packet, const ConnectView& view) {
    std::string all(view.client_id);
    all.append(view.username).append(view.will.topic);
    append_strings(view.will.properties, PropertyPlace::Will, all);
    if (view.level != kLevelV5) return all;
    Reader reader(packet.subspan(1));
    reader.varint();
    reader.take(10);  // name, level, flags, keep alive
    append_strings(take_properties(reader), place(PacketType::Connect), all);
    return all;
}

void print(Bytes packet, const ConnectResult& result) {
    if (const auto* view = std::get_if<ConnectView>(&result)) {
        std::printf("{\"verdict\": \"valid\", \"id\": \"%s\", \"strings\": \"%s\"}\n",
                    hex(bytes(view->client_id)).c_str(),
                    hex(bytes(strings_of(packet, *view))).c_str());
    } else if (const auto* invalid = std::get_if<Invalid>(&result)) {
        std::printf("{\"verdict\": \"invalid\", \"text\": \"%.*s\"}\n",
                    static_cast<int>(invalid->text.size()), invalid->text.data());
    } else {
        std::printf("{\"verdict\": \"need more\"}\n");
    }
}

int run(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--corpus") == 0) {
        for (const ValidConnect& each : valid_connects())
            std::printf("{\"name\": \"%s\", \"packet\": \"%s\"}\n", each.name.c_str(),
                        hex(Bytes(each.packet)).c_str());
        return 0;
    }
    for (std::string line; std::getline(std::cin, line);) {
        const Exact input{Bytes(unhex(line))};
        print(input.view(), parse_connect(input.view()));
    }
    return 0;
}

}  // namespace
}  // namespace jumpgate::mqtt

int main(int argc, char** argv) { return jumpgate::mqtt::run(argc, argv); }
