// What one MQTT packet costs: reading a CONNECT, once per client; cutting a stream into packets and
// writing a PUBLISH, once per message of the load generator.
#include <benchmark/benchmark.h>

#include <array>
#include <string_view>
#include <vector>

#include "core/base/check.h"
#include "mqtt/connect.h"
#include "mqtt/encode.h"
#include "mqtt/framer.h"

namespace {

using namespace jumpgate;

// 60 bytes on the wire: MQTT 3.1.1, a client id of 22 bytes, user name and password.
std::vector<uint8_t> typical_connect() {
    mqtt::ConnectView connect;
    connect.client_id = "tenant7/device-0012345";
    connect.has_username = true;
    connect.username = "device12";
    connect.has_password = true;
    connect.password = mqtt::bytes(std::string_view("s3cret-token"));
    connect.keep_alive_s = 60;
    connect.clean_start = true;
    std::vector<uint8_t> packet(mqtt::encode_connect({}, connect));
    mqtt::encode_connect(packet, connect);
    CHECK(packet.size() == 60);
    return packet;
}

void parse_connect(benchmark::State& state) {
    const std::vector<uint8_t> packet = typical_connect();
    CHECK(std::holds_alternative<mqtt::ConnectView>(mqtt::parse_connect(packet)));
    for (auto _ : state) {
        const uint8_t* bytes = packet.data();
        benchmark::DoNotOptimize(bytes);
        benchmark::DoNotOptimize(mqtt::parse_connect({bytes, packet.size()}));
    }
}
BENCHMARK(parse_connect);

// QoS 1, MQTT 5, a payload of state.range(0) bytes.
void encode_publish(benchmark::State& state) {
    const std::vector<uint8_t> payload(static_cast<size_t>(state.range(0)));
    mqtt::PublishView publish;
    publish.topic = "tenant7/p2p/12345";
    publish.payload = payload;
    publish.qos = 1;
    publish.packet_id = 1;
    std::vector<uint8_t> packet(mqtt::encode_publish({}, publish, mqtt::kLevelV5));
    CHECK(packet.size() > payload.size());
    for (auto _ : state) {
        benchmark::DoNotOptimize(publish);
        benchmark::DoNotOptimize(mqtt::encode_publish(packet, publish, mqtt::kLevelV5));
        benchmark::ClobberMemory();
    }
}
BENCHMARK(encode_publish)->Arg(100);

// A buffer full of PUBLISH packets with payloads of state.range(0) bytes, packet by packet.
void frame_packets(benchmark::State& state) {
    const std::vector<uint8_t> payload(static_cast<size_t>(state.range(0)));
    mqtt::PublishView publish;
    publish.topic = "tenant7/p2p/12345";
    publish.payload = payload;
    const size_t each = mqtt::encode_publish({}, publish, mqtt::kLevelV311);
    const size_t packets = 4'096 / each;
    std::vector<uint8_t> stream(packets * each);
    for (size_t i = 0; i < packets; ++i) {
        mqtt::encode_publish(std::span(stream).subspan(i * each), publish, mqtt::kLevelV311);
    }
    for (auto _ : state) {
        mqtt::Bytes rest = stream;
        benchmark::DoNotOptimize(rest);
        while (!rest.empty()) {
            rest = rest.subspan(std::get<mqtt::Packet>(mqtt::next_packet(rest)).length);
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(packets));
}
BENCHMARK(frame_packets)->Arg(16)->Arg(1'000);

}  // namespace
