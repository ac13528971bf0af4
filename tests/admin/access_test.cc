#include "core/admin/access.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace jumpgate {
namespace {

constexpr const char* kAdmin = "0123456789abcdef";
constexpr const char* kViewer = "fedcba9876543210";

class AccessTest : public testing::Test {
  protected:
    AccessTest()
        : log_(LineFormat::Text, Severity::Info,
               [this](std::string_view line) { lines_.emplace_back(line); }) {}
    Access access(std::vector<const char*> allow = {}) {
        AccessPolicy policy;
        EXPECT_FALSE(policy.keys.add(kAdmin, Role::Admin));
        EXPECT_FALSE(policy.keys.add(kViewer, Role::Viewer));
        for (const char* network : allow)
            policy.allow.push_back(std::get<Cidr>(parse_cidr(network)));
        return Access(std::move(policy), log_);
    }
    static HttpRequest ask(std::string method, std::string path, std::string key = "") {
        HttpRequest request;
        request.method = std::move(method);
        request.path = std::move(path);
        request.peer = "192.0.2.9";
        request.peer_bytes = {192, 0, 2, 9};
        if (!key.empty()) request.headers.emplace_back("x-api-key", std::move(key));
        return request;
    }
    static std::string said(const std::optional<HttpResponse>& refusal) {
        return refusal ? std::to_string(refusal->status) + " " + refusal->body : "";
    }

    std::vector<std::string> lines_;
    EventLog log_;
};

TEST_F(AccessTest, EveryUrlButHealthNeedsAKey) {
    Access door = access();
    for (const char* open : {"/healthz", "/ready", "/metrics"})
        EXPECT_FALSE(door.refusal_of(ask("GET", open)).has_value()) << open;
    for (const char* closed : {"/apisix/admin/upstreams", "/admin/upstreams", "//admin/upstreams/1",
                               "/v1/route", "/drain", "/", "", "/nothing", "//healthz", "/ready/",
                               "/healthz/../v1/route", "/%72eady"}) {
        EXPECT_EQ(
            said(door.refusal_of(ask("GET", closed))),
            "401 {\"error_msg\":\"failed to check token\",\"description\":\"missing apikey\"}\n")
            << closed;
        EXPECT_FALSE(door.refusal_of(ask("PUT", closed, kAdmin)).has_value()) << closed;
    }
    EXPECT_EQ(door.refused(AccessRefusal::MissingKey), 12U);
}

TEST_F(AccessTest, ReplacedKeysHoldFromTheNextRequestOn) {
    Access door = access();
    Keys next;
    ASSERT_FALSE(next.add(kViewer, Role::Admin));
    EXPECT_TRUE(door.replace_keys(next));
    EXPECT_FALSE(door.replace_keys(next)) << "nothing is new";
    EXPECT_NE(said(door.refusal_of(ask("GET", "/v1/route", kAdmin))).find("wrong apikey"),
              std::string::npos);
    EXPECT_FALSE(door.refusal_of(ask("PUT", "/admin/upstreams/1", kViewer)).has_value());
}

TEST_F(AccessTest, WrongKeysAreRefusedWhereverTheyAre) {
    Access door = access();
    for (const std::string& key :
         {std::string("x"), std::string("0123456789abcdeF"), std::string("0123456789abcdef0"),
          std::string(30'000, '0'), std::string("edd1c9f034335f136f87ad84b625c8f1")})
        EXPECT_EQ(
            said(door.refusal_of(ask("GET", "/v1/route", key))),
            "401 {\"error_msg\":\"failed to check token\",\"description\":\"wrong apikey\"}\n");
    HttpRequest in_query = ask("GET", "/v1/route");
    in_query.query.emplace_back("api_key", kAdmin);
    in_query.headers.emplace_back("Cookie", std::string("x_api_key=") + kAdmin);
    EXPECT_EQ(door.refusal_of(in_query)->status, 401U);
    EXPECT_EQ(door.refused(AccessRefusal::WrongKey), 5U);
}

TEST_F(AccessTest, AViewerOnlyReads) {
    Access door = access();
    for (const char* method : {"GET", "HEAD"})
        EXPECT_FALSE(door.refusal_of(ask(method, "/admin/upstreams", kViewer)).has_value());
    for (const char* method : {"PUT", "POST", "DELETE", "PATCH", "OPTIONS", "get"})
        EXPECT_EQ(
            said(door.refusal_of(ask(method, "/admin/upstreams", kViewer))),
            "401 {\"error_msg\":\"failed to check token\",\"description\":\"invalid method for "
            "role viewer\"}\n");
    EXPECT_EQ(door.refused(AccessRefusal::ViewerMethod), 6U);
}

TEST_F(AccessTest, AddressesAreCheckedBeforeKeys) {
    Access door = access({"10.0.0.0/8", "2001:db8::/32"});
    EXPECT_EQ(door.refusal_of(ask("GET", "/v1/route", kAdmin))->status, 403U);
    EXPECT_EQ(door.refusal_of(ask("GET", "/metrics"))->status, 403U);
    EXPECT_FALSE(door.refusal_of(ask("GET", "/healthz")).has_value());
    HttpRequest inside = ask("GET", "/v1/route", kAdmin);
    inside.peer_bytes = {10, 1, 2, 3};
    EXPECT_FALSE(door.refusal_of(inside).has_value());
    HttpRequest local = ask("GET", "/v1/route", kAdmin);
    local.peer_bytes.clear();  // a unix socket
    EXPECT_FALSE(door.refusal_of(local).has_value());
    // A header says nothing about who is there (CVE-2022-24112).
    HttpRequest forged = ask("GET", "/v1/route", kAdmin);
    forged.headers.emplace_back("X-Real-IP", "10.0.0.1");
    forged.headers.emplace_back("X-Forwarded-For", "10.0.0.1");
    EXPECT_EQ(door.refusal_of(forged)->status, 403U);
    EXPECT_EQ(door.refused(AccessRefusal::Address), 3U);
}

TEST_F(AccessTest, FailuresAreLoggedWithTheAddressAndWithoutTheKeyAndThrottled) {
    Access door = access();
    for (int i = 0; i < 1'000; ++i)
        (void)door.refusal_of(ask("GET", "/v1/route", "guess-number-000"));
    ASSERT_FALSE(lines_.empty());
    EXPECT_LE(lines_.size(), 40U);  // 10 per second
    EXPECT_NE(lines_[0].find("admin_refused reason=\"wrong_key\" peer=\"192.0.2.9\""),
              std::string::npos)
        << lines_[0];
    for (const std::string& line : lines_) EXPECT_EQ(line.find("guess"), std::string::npos);
    EXPECT_EQ(door.refused(AccessRefusal::WrongKey), 1'000U);
}

}  // namespace
}  // namespace jumpgate
