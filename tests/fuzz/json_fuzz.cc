// Fuzz target: bodies of the Admin API (core/config/json.h, read_objects.h).
//
// Law: whatever comes in, the answer is a tree or one complaint; a tree is written and read again
// as the same; any tree may be merged into any other, and read as any kind of object.
#include "core/base/check.h"
#include "core/config/json.h"
#include "core/config/read_objects.h"
#include "tests/fuzz/fuzz.h"

using namespace jumpgate;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const std::string input(reinterpret_cast<const char*>(bytes), size);
    const auto read = read_json(input, "request");
    if (const Complaint* complaint = std::get_if<Complaint>(&read)) {
        CHECK(text(*complaint).find('\n') == std::string::npos);
        return 0;
    }
    const Value& value = std::get<Value>(read);
    const std::string json = to_json(value);
    CHECK(to_json(std::get<Value>(read_json(json, ""))) == json);
    Value merged = value;
    merge_patch(merged, value);
    for (ObjectType type : {ObjectType::StreamRoute, ObjectType::Upstream, ObjectType::Ssl}) {
        Objects objects;
        Checked found;
        read_object(type, "1", merged, {}, objects, found);
        if (found.errors.empty()) (void)check_objects(objects);
    }
    return 0;
}

std::vector<std::vector<uint8_t>> jumpgate::seeds() {
    constexpr std::string_view kSeeds[] = {
        R"({"plugins":{"mqtt-proxy":{"protocol_name":"MQTT","protocol_level":5}},"upstream":{
            "type":"chash","key":"mqtt_client_id",
            "nodes":[{"host":"b1","port":1883,"weight":1}]}})",
        R"({"id":"1","nodes":{"b1:1883":1,"[::1]:1":0},"timeout":{"connect":0.5,"send":1},
            "checks":{"passive":{"unhealthy":{"timeouts":3}}},"labels":{"a":"b"},"retries":-1e0})",
        R"({"cert":"-----BEGIN CERTIFICATE-----\nMIIB","key":"\u00e9","snis":["a.com"],"status":1,
            "certs":[],"keys":[null,true,[{}],18446744073709551615]})",
    };
    std::vector<std::vector<uint8_t>> result;
    for (const std::string_view seed : kSeeds) result.emplace_back(seed.begin(), seed.end());
    return result;
}
