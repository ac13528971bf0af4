// Fuzz target: YAML as objects (core/config/yaml.h, read_objects.h).
//
// Law: whatever comes in, the answer is a tree within the limits or one complaint; a tree can be
// written as JSON and read again as the same; reading objects of it never fails, it complains.
#include "core/base/check.h"
#include "core/config/document.h"
#include "core/config/json.h"
#include "core/config/read_objects.h"
#include "core/config/yaml.h"
#include "tests/fuzz/fuzz.h"

using namespace jumpgate;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string input(reinterpret_cast<const char*>(bytes), size);
    const auto read = read_yaml(input, "f");
    if (const Complaint* complaint = std::get_if<Complaint>(&read)) {
        CHECK(complaint->file == "f" && !complaint->problem.empty());
        CHECK(text(*complaint).find('\n') == std::string::npos);
        return 0;
    }
    const Value& value = std::get<Value>(read);
    const std::string json = to_json(value);
    const auto again = read_json(json, "f");
    CHECK(std::holds_alternative<Value>(again));
    CHECK(to_json(std::get<Value>(again)) == json);
    Objects objects;
    Checked found;
    read_objects(value, "f", objects, found);
    if (found.errors.empty()) (void)check_objects(objects);
    return 0;
}

std::vector<std::vector<uint8_t>> jumpgate::seeds() {
    constexpr std::string_view kSeeds[] = {
        "stream_routes:\n  - id: 1\n    upstream_id: 1\n    plugins:\n      mqtt-proxy:\n"
        "        protocol_name: \"MQTT\"\n        protocol_level: 5 # use\nupstreams:\n"
        "  - nodes:\n      \"b1:1883\": 1\n    type: chash\n    key: mqtt_client_id\n    id: 1\n"
        "#END\n",
        "stream_routes: [{upstream: {nodes: [{host: b1, port: 1883, weight: 1, priority: -1}],\n"
        "  checks: {active: {type: mqtt, timeout: 0.5, healthy: {interval: 1}}}, scheme: tls,\n"
        "  tls: {verify: full, server_name: b}}, match: {client_id: {regex: \"^a+\"}, level: 4}}]",
        "ssls:\n- cert: |\n    -----BEGIN CERTIFICATE-----\n    MIIB\n  key: k.pem\n  snis:\n"
        "  - \"*.a.com\"\n  client: {ca: c, depth: 2}\n  ssl_protocols: ['TLSv1.3']\n",
        "a: &x [1, 0x1F, ~, .5, true]\nb: *x\n? c\n: >-\n  folded\n  text\n\"d\\u00e9\": !t "
        "y\n---\n",
    };
    std::vector<std::vector<uint8_t>> result;
    for (const std::string_view seed : kSeeds) result.emplace_back(seed.begin(), seed.end());
    return result;
}
