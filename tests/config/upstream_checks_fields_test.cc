#include <gtest/gtest.h>

#include "core/config/object_fields.h"
#include "tests/config/field_cases.h"

namespace jumpgate {

TEST(ChecksFields, HaveApisixsDefaultsButForTheType) {
    const ObjectsRead read =
        objects_of("upstreams:\n- {nodes: {b1: 1}, checks: {active: {}, passive: {}}}\n");
    EXPECT_EQ(joined(read.errors), "");
    const UpstreamConfig& upstream = read.objects.upstreams.at(0);
    ASSERT_TRUE(upstream.active && upstream.passive);
    EXPECT_EQ(upstream.active->type, CheckType::Mqtt);
    EXPECT_EQ(upstream.active->timeout_ms, 1'000U);
    EXPECT_EQ(upstream.active->healthy_successes, 2U);
    EXPECT_EQ(upstream.passive->unhealthy_timeouts, 7U);
}

TEST(ChecksFields, AreRead) {
    const ObjectsRead read = objects_of(R"(
upstreams:
- nodes: {b1: 1}
  checks:
    active:
      type: http
      timeout: 0.5
      host: Ready.example.com
      port: 8080
      http_path: /status
      http_method: GET
      healthy: {interval: 2, successes: 3, http_statuses: [200, 204]}
      unhealthy:
        {interval: 0.25, tcp_failures: 4, timeouts: 5, http_failures: 6, http_statuses: [503]}
    passive:
      unhealthy: {tcp_failures: 0, timeouts: 9}
)");
    EXPECT_EQ(joined(read.errors), "");
    EXPECT_EQ(joined(read.warnings), "");
    const ActiveCheck& active = *read.objects.upstreams.at(0).active;
    EXPECT_EQ(active.type, CheckType::Http);
    EXPECT_EQ(active.timeout_ms, 500U);
    EXPECT_EQ(active.host, "ready.example.com");
    EXPECT_EQ(active.port, 8080);
    EXPECT_EQ(active.http_path, "/status");
    EXPECT_EQ(active.healthy_interval_ms, 2'000U);
    EXPECT_EQ(active.healthy_successes, 3U);
    EXPECT_EQ(active.healthy_http_statuses, (std::vector<uint16_t>{200, 204}));
    EXPECT_EQ(active.unhealthy_interval_ms, 250U);
    EXPECT_EQ(active.unhealthy_tcp_failures, 4U);
    EXPECT_EQ(active.unhealthy_timeouts, 5U);
    EXPECT_EQ(active.unhealthy_http_failures, 6U);
    EXPECT_EQ(active.unhealthy_http_statuses, (std::vector<uint16_t>{503}));
    const PassiveCheck& passive = *read.objects.upstreams.at(0).passive;
    EXPECT_EQ(passive.unhealthy_tcp_failures, 0U);
    EXPECT_EQ(passive.unhealthy_timeouts, 9U);
}

TEST(ChecksFields, SayWhatIsWrong) {
    const auto active = [](const std::string& fragment) {
        return "checks: {active: {" + fragment + "}}";
    };
    const std::string path = "checks.active.";
    expect_cases(
        "upstreams", "nodes: {b1: 1}, ",
        {{active("type: https"),
          path + "type: \"https\" is unknown; allowed: one of mqtt, tcp, http"},
         {active("type: 1"), path + "type: is a number; allowed: one of mqtt, tcp, http"},
         {active("timeout: 0"), path + "timeout: 0 is out of range; allowed: 0.01 to 600 seconds"},
         {active("host: a b"), path + "host: \"a b\" is not a host name; allowed: a host name"},
         {active("port: 0"), path + "port: 0 is out of range; allowed: 1 to 65535"},
         {active("http_path: status"),
          path + "http_path: \"status\" is no path; allowed: \"/\" and up to 1023 more characters"},
         {active("http_path: \"/a\\r\\nX: y\""),
          path + "http_path: \"/a\\x0d\\x0aX: y\" has a character that no path has; allowed: \"/\" "
                 "and up to 1023 more characters"},
         {active("http_method: POST"), path + "http_method: \"POST\" is unknown; allowed: GET"},
         {active("req_headers: [\"A: b\"]"),
          path + "req_headers: is not supported: an http check sends Host alone; leave it away"},
         {active("req_headers: []"), ""},
         {active("password: p"),
          path + "password: has no user name; allowed: give username as well"},
         {active("username: \"a\\0b\", password: p"),
          path + "username: holds U+0000; allowed: text of 1 to 65535 bytes without U+0000"},
         {active("username: " + std::string(65'536, 'u') + ", password: \"a\\0b\""),
          path + "username: has 65536 bytes; allowed: text of 1 to 65535 bytes without U+0000"},
         {active("username: u, password: " + std::string(65'536, 'p')),
          path + "password: has 65536 bytes; allowed: text of 1 to 65535 bytes"},
         {active("username: u, password: \"a\\0b\""), ""},
         {active("healthy: {interval: 0}"),
          path + "healthy.interval: 0 is out of range; allowed: 0.1 to 3600 seconds"},
         {active("healthy: {successes: 0}"),
          path + "healthy.successes: 0 is out of range; allowed: 1 to 254"},
         {active("healthy: {successes: 255}"),
          path + "healthy.successes: 255 is out of range; allowed: 1 to 254"},
         {active("healthy: {http_statuses: 200}"),
          path + "healthy.http_statuses: is a number; allowed: a list of 1 to 100"},
         {active("healthy: {http_statuses: []}"),
          path + "healthy.http_statuses: has 0 items; allowed: a list of 1 to 100"},
         {active("healthy: {http_statuses: [200, 99]}"),
          path + "healthy.http_statuses[1]: 99 is out of range; allowed: 100 to 599"},
         {active("unhealthy: {interval: 3601}"),
          path + "unhealthy.interval: 3601 is out of range; allowed: 0.1 to 3600 seconds"},
         {active("unhealthy: {tcp_failures: 0}"),
          path + "unhealthy.tcp_failures: 0 is out of range; allowed: 1 to 254"},
         {active("unhealthy: {timeouts: x}"),
          path + "unhealthy.timeouts: is text; allowed: 1 to 254"},
         {active("unhealthy: {http_failures: 255}"),
          path + "unhealthy.http_failures: 255 is out of range; allowed: 1 to 254"},
         {active("unhealthy: {timeout: 1}"),
          path + "unhealthy.timeout: is unknown; did you mean timeouts?"},
         {"checks: {active: 1}", "checks.active: is a number; allowed: a map"},
         {"checks: {actve: {}}", "checks.actve: is unknown; did you mean active?"},
         {"checks: {passive: {unhealthy: {timeouts: 255}}}",
          "checks.passive.unhealthy.timeouts: 255 is out of range; allowed: 0 to 254"},
         {"checks: {passive: {unhealthy: {tcp_failures: -1}}}",
          "checks.passive.unhealthy.tcp_failures: -1 is out of range; allowed: 0 to 254"}});
}

TEST(ChecksFields, OfApisixWithoutMeaningWarn) {
    expect_warnings(
        "upstreams", "nodes: {b1: 1}, ",
        {{"checks: {active: {concurrency: 10}}",
          "checks.active.concurrency: has no effect: every broker is checked at its own time"},
         {"checks: {passive: {healthy: {successes: 5}}}",
          "checks.passive.healthy: has no effect: a broker is up again by the active check, or "
          "after --fail-timeout-ms"},
         {"checks: {active: {type: tcp, username: u}}",
          "checks.active.username: has no effect: only type mqtt logs in"},
         {"checks: {active: {username: u, password: p}}", ""}});
}

}  // namespace jumpgate
