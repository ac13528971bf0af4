// A catalog over a fake data plane, with and without a state directory, and bodies for it.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "core/admin/catalog.h"
#include "core/config/config.h"
#include "core/config/json.h"
#include "core/config/reach.h"
#include "core/config/yaml.h"
#include "tests/admin/fake_control.h"
#include "tests/admin/objects_text.h"
#include "tests/admin/scratch.h"

namespace jumpgate {

inline Value json(std::string_view text) {
    std::variant<Value, Complaint> read = read_json(text, "test");
    if (Complaint* complaint = std::get_if<Complaint>(&read)) {
        ADD_FAILURE() << jumpgate::text(*complaint) << " in " << text;
        return {};
    }
    return std::move(std::get<Value>(read));
}

inline FileObjects files_of(std::string_view yaml, std::string_view name = "fleet.yaml") {
    std::variant<Value, Complaint> read = read_yaml(yaml, name);
    FileObjects files;
    if (Complaint* complaint = std::get_if<Complaint>(&read)) {
        ADD_FAILURE() << text(*complaint);
        return files;
    }
    Checked found;
    files.documents.push_back({std::string(name), std::move(std::get<Value>(read))});
    read_objects(files.documents[0].value, name, files.objects, found);
    for (const Complaint& complaint : found.errors) ADD_FAILURE() << text(complaint);
    return files;
}

inline constexpr std::string_view kUpstreamBody =
    R"({"type":"chash","key":"mqtt_client_id","nodes":{"127.0.0.1:1883":1}})";
inline constexpr std::string_view kOtherUpstreamBody =
    R"({"type":"roundrobin","nodes":[{"host":"127.0.0.1","port":1884,"weight":2}]})";
inline constexpr std::string_view kInlineRouteBody =
    R"({"plugins":{"mqtt-proxy":{"protocol_name":"MQTT","protocol_level":5}},)"
    R"("upstream":{"type":"chash","key":"mqtt_client_id",)"
    R"("nodes":[{"host":"127.0.0.1","port":1883,"weight":1}]}})";
inline constexpr std::string_view kFleet = R"(stream_routes:
  - id: file-route
    upstream_id: file-upstream
upstreams:
  - id: file-upstream
    type: chash
    key: mqtt_client_id
    nodes:
      "127.0.0.1:1883": 1
)";

class CatalogFixture : public testing::Test {
  protected:
    void SetUp() override { open(false); }
    // As a process that starts.
    void open(bool with_state, FileObjects files = {}) {
        catalog_.reset();
        store_.reset();
        if (with_state) {
            auto store = Store::open(scratch_.path("state"));
            ASSERT_TRUE(std::holds_alternative<std::unique_ptr<Store>>(store))
                << std::get<Problem>(store).text;
            store_ = std::move(std::get<std::unique_ptr<Store>>(store));
        }
        catalog_ = std::make_unique<Catalog>(
            control_, store_.get(),
            [this](const Objects& objects) { return without_listener(config_, objects); });
        started_ = catalog_->start(std::move(files));
    }
    ChangeResult put(ObjectType type, std::string_view id, std::string_view body) {
        return catalog_->put(type, id, json(body));
    }
    std::string serving() const { return text_of(control_.served); }

    Scratch scratch_;
    Config config_;  // without listeners: no object is odd
    FakeControl control_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<Catalog> catalog_;
    Checked started_;
};

}  // namespace jumpgate
