#include "core/admin/http_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "core/io/exclusive_listener.h"
#include "core/io/socket.h"
#include "tests/admin/http_client.h"
#include "tests/admin/scratch.h"

namespace jumpgate {
namespace {

// Says what it was asked.
class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override { start({}); }
    ~HttpServerTest() override { let_go(); }
    void start(const HttpLimits& limits) {
        server_.reset();
        const Result<int> fd = listen_tcp_exclusive(*Address::parse("127.0.0.1", 0));
        ASSERT_TRUE(fd);
        port_ = local_address(*fd).port();
        server_ = HttpServer::start(*fd, service(), limits);
        ASSERT_NE(server_, nullptr);
    }
    HttpService service() {
        return {[](std::span<const uint8_t> peer) { return !peer.empty() && peer[3] == 2; },
                [this](const HttpRequest& request) -> std::optional<HttpResponse> {
                    if (request.header("x-stranger").empty()) return std::nullopt;
                    ++refused_;
                    return HttpResponse{401, "who are you?"};
                },
                [](const HttpRequest& request) {
                    const char first = request.path[1];
                    return first == 'n'   ? HttpLane::AtOnce
                           : first == 'w' ? HttpLane::Watch
                           : first == 'c' ? HttpLane::Change
                                          : HttpLane::Read;
                },
                [this](const HttpRequest& request) {
                    ++answered_;
                    if (request.path.ends_with("slow")) let_go_.wait(false);
                    if (request.path == "/huge") return HttpResponse{200, std::string(kHuge, 'x')};
                    std::string said = request.method + " " + request.path;
                    for (const auto& [name, value] : request.query)
                        said += " " + name + "=" + value;
                    said += " " + std::to_string(request.body.size()) + " from " + request.peer;
                    said += " key " + std::string(request.header("X-API-KEY"));
                    return HttpResponse{200, said, "text/plain", {{"X-Test", "yes"}}};
                }};
    }

    // What asked for "...slow" is answered from here on.
    void let_go() {
        let_go_ = true;
        let_go_.notify_all();
    }
    // Until `count` answers are being made, or were.
    void wait_for_answers(int count) const {
        while (answered_ < count) std::this_thread::yield();
    }
    // A byte now and then until the server has enough of it; true: it had.
    static bool trickle(HttpClient& client) {
        for (int i = 0; i < 3'000; ++i)
            if (!client.send("x") || (client.heard_within(10) && client.ended())) return true;
        return false;
    }

    static constexpr size_t kHuge = 64U << 20U;
    uint16_t port_ = 0;
    std::atomic<bool> let_go_{false};
    std::unique_ptr<HttpServer> server_;
    std::atomic<int> answered_{0};
    std::atomic<int> refused_{0};
};

TEST_F(HttpServerTest, PassesOnWhatWasAskedUndecoded) {
    HttpClient client(port_);
    const HttpAnswer answer = client.ask("PUT", "/a//b%2Fc/..%00?name=x%20y+z%26&flag&x=1", "12345",
                                         "x-api-key: secret\r\n");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, "PUT /a//b%2Fc/..%00 name=x y z& flag= x=1 5 from 127.0.0.1 key secret");
    EXPECT_NE(answer.head.find("X-Test: yes"), std::string::npos);
    EXPECT_NE(answer.head.find("Content-Type: text/plain"), std::string::npos);
    EXPECT_EQ(client.ask("GET", "/again").body, "GET /again 0 from 127.0.0.1 key ");  // kept alive
}

TEST_F(HttpServerTest, AnswersOnAUnixSocketToNobodyByName) {
    const Scratch scratch;
    const Result<int> fd = listen_unix(scratch.path("admin.sock"));
    ASSERT_TRUE(fd);
    const auto server = HttpServer::start(*fd, service());
    ASSERT_NE(server, nullptr);
    EXPECT_EQ(HttpClient(scratch.path("admin.sock")).ask("GET", "/x").body, "GET /x 0 from  key ");
}

TEST_F(HttpServerTest, ABodyOfOneAndAHalfMebibytesIsTheLongest) {
    const std::string longest(kBodyBytesMax, 'x');
    HttpClient client(port_);
    EXPECT_EQ(client.ask("PUT", "/x", longest).status, 200U);
    EXPECT_EQ(client.ask("PUT", "/x", longest + "x").status, 413U);
    EXPECT_EQ(HttpClient(port_).ask("PUT", "/x", std::string(2'000'000, 'x')).status, 413U);
    EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServerTest, AChunkedBodyHasTheSameLimit) {
    HttpClient client(port_);
    ASSERT_TRUE(client.send("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    const std::string chunk = "10000\r\n" + std::string(65'536, 'x') + "\r\n";
    for (int i = 0; i < 25; ++i) ASSERT_TRUE(client.send(chunk));
    ASSERT_TRUE(client.send("0\r\n\r\n"));
    EXPECT_EQ(client.receive().status, 413U);
    EXPECT_EQ(answered_, 0);
}

TEST_F(HttpServerTest, WhoAsksBeforeAHugeBodyIsToldAtOnce) {
    HttpClient client(port_);
    ASSERT_TRUE(
        client.send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n"
                    "Expect: 100-continue\r\n\r\n"));
    EXPECT_EQ(client.receive().status, 413U);
    EXPECT_TRUE(client.ended());
}

TEST_F(HttpServerTest, ARefusedRequestIsNeverAnsweredAndItsBodyIsReadAway) {
    HttpClient client(port_);
    for (int i = 0; i < 3; ++i) {
        const HttpAnswer answer =
            client.ask("PUT", "/x", std::string(1'000'000, 'x'), "X-Stranger: yes\r\n");
        EXPECT_EQ(answer.status, 401U);
        EXPECT_EQ(answer.body, "who are you?");
    }
    EXPECT_EQ(refused_, 3);
    EXPECT_EQ(answered_, 0);
}

TEST_F(HttpServerTest, WhatIsNoHttpIsRefused) {
    const std::string cases[] = {
        std::string("\x10\x10\0\4MQTT\4\2\0\74\0\4gate\r\n\r\n", 22),
        "GET /x HTTP/1.1\r\n\r\n",  // no Host (RFC 9112 3.2)
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: h\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n",
        "GET /" + std::string(100'000, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (const std::string& bytes : cases) {
        HttpClient client(port_);
        client.send(bytes);
        const HttpAnswer answer = client.receive();
        EXPECT_TRUE(answer.status == 0 || answer.status >= 400) << bytes.substr(0, 60);
    }
    EXPECT_EQ(answered_, 0);
    EXPECT_EQ(HttpClient(port_).ask("GET", "/x").status, 200U);
}

TEST_F(HttpServerTest, ASlowBodyHoldsUpNobodyAndIsGivenUp) {
    start({.idle_timeout_s = 1});
    HttpClient slow(port_);
    ASSERT_TRUE(slow.send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n12345"));
    EXPECT_EQ(HttpClient(port_).ask("GET", "/x").status, 200U);
    EXPECT_EQ(slow.receive().status, 0U);
    EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServerTest, ATrickledHeadEndsWithItsTime) {
    start({.head_timeout_ms = 200});
    HttpClient slow(port_);
    ASSERT_TRUE(slow.send("GET /x HTTP/1.1\r\nX-Long: "));
    EXPECT_TRUE(trickle(slow));
    HttpClient silent(port_);
    EXPECT_TRUE(silent.ended());
    HttpClient second(port_);  // a kept connection has no more time for its next head
    EXPECT_EQ(second.ask("GET", "/x").status, 200U);
    ASSERT_TRUE(second.send("GET /x HTTP/1.1\r\nX-Long: "));
    EXPECT_TRUE(trickle(second));
    EXPECT_EQ(answered_, 1);
}

TEST_F(HttpServerTest, ATrickledBodyEndsWithItsTimeEvenAStrangers) {
    start({.body_timeout_ms = 200});
    for (const char* key : {"", "X-Stranger: yes\r\n"}) {
        HttpClient slow(port_);
        ASSERT_TRUE(slow.send("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n" +
                              std::string(key) + "\r\n"));
        EXPECT_TRUE(trickle(slow));
    }
    EXPECT_EQ(answered_, 0);
}

TEST_F(HttpServerTest, AnAnswerThatNobodyTakesEndsWithItsTime) {
    start({.per_address = 1, .answer_timeout_ms = 200});
    HttpClient slow(port_);
    ASSERT_TRUE(slow.send("GET /huge HTTP/1.1\r\nHost: h\r\n\r\n"));
    unsigned status = 0;  // its place is given to the next one
    for (int i = 0; i < 100'000 && status != 200; ++i)
        status = HttpClient(port_).ask("GET", "/x").status;
    EXPECT_EQ(status, 200U);
    EXPECT_TRUE(slow.is_cut_before(kHuge));
}

TEST_F(HttpServerTest, AnAnswerMayTakeLongerToMakeThanARequestToCome) {
    start({.idle_timeout_s = 1, .head_timeout_ms = 100, .body_timeout_ms = 100});
    HttpClient client(port_);
    ASSERT_TRUE(client.send("PUT /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"));
    wait_for_answers(1);
    HttpClient silent(port_);
    EXPECT_TRUE(silent.ended());  // so much time has gone by
    let_go();
    EXPECT_EQ(client.receive().status, 200U);
}

TEST_F(HttpServerTest, SlowAnswersOfOneKindDelayNoOtherKind) {
    HttpClient kept(port_);
    EXPECT_EQ(kept.ask("GET", "/now").status, 200U);
    std::vector<std::unique_ptr<HttpClient>> slow;
    for (int i = 0; i < 6; ++i) {
        slow.push_back(std::make_unique<HttpClient>(port_));
        ASSERT_TRUE(slow.back()->send("GET /c-slow HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
    wait_for_answers(2);
    for (const char* path : {"/now", "/watch", "/read"}) {
        EXPECT_EQ(kept.ask("GET", path).status, 200U) << path;
        for (int i = 0; i < 20; ++i)
            EXPECT_EQ(HttpClient(port_).ask("GET", path).status, 200U) << path;
    }
    let_go();
    for (const auto& client : slow) EXPECT_EQ(client->receive().status, 200U);
}

TEST_F(HttpServerTest, OfManyChangesTheLastAreToldToComeAgain) {
    start({.changes_waiting = 2});
    constexpr std::string_view kSlowChange =
        "PUT /c-slow HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n";
    HttpClient first(port_);
    ASSERT_TRUE(first.send(kSlowChange));
    wait_for_answers(1);
    std::vector<std::unique_ptr<HttpClient>> others;
    for (int i = 0; i < 5; ++i) {
        others.push_back(std::make_unique<HttpClient>(port_));
        ASSERT_TRUE(others.back()->send(kSlowChange));
    }
    const auto has_answer = [](const auto& client) { return client->heard_within(0); };
    while (std::ranges::count_if(others, has_answer) < 3) std::this_thread::yield();
    let_go();
    int late = 0;
    for (const auto& client : others) {
        const HttpAnswer answer = client->receive();
        if (answer.status == 200U) continue;
        ++late;
        EXPECT_EQ(answer.status, 503U);
        EXPECT_NE(answer.head.find("Retry-After: 1"), std::string::npos);
        EXPECT_NE(answer.body.find("nothing has changed"), std::string::npos);
        EXPECT_EQ(client->ask("GET", "/now").status, 200U);  // its connection was kept
    }
    EXPECT_EQ(late, 3);
    EXPECT_EQ(first.receive().status, 200U);
    EXPECT_EQ(answered_, 3 + 3);
}

TEST_F(HttpServerTest, TheEndWaitsForAnswersThatAreBeingMade) {
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (const char* path : {"/c-slow", "/c-slow", "/w-slow", "/read-slow", "/now"}) {
        clients.push_back(std::make_unique<HttpClient>(port_));
        ASSERT_TRUE(clients.back()->send("GET " + std::string(path) +
                                         " HTTP/1.1\r\nHost: h\r\n"
                                         "\r\n"));
    }
    wait_for_answers(4);
    std::thread ending([this] { server_.reset(); });
    let_go();
    ending.join();
    for (const auto& client : clients) {
        const unsigned status = client->receive().status;  // whole, or none at all
        EXPECT_TRUE(status == 0U || status == 200U) << status;
    }
}

TEST_F(HttpServerTest, StrangersTogetherHaveAShareAndOthersTheRest) {
    constexpr uint32_t kStranger = 2;
    start({.connections = 8, .per_address = 8, .strangers = 3});
    std::vector<std::unique_ptr<HttpClient>> strangers;
    for (int i = 0; i < 3; ++i) {
        strangers.push_back(std::make_unique<HttpClient>(port_, kStranger));
        EXPECT_EQ(strangers.back()->ask("GET", "/now").status, 200U);
    }
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(HttpClient(port_, kStranger).ended());
    EXPECT_EQ(HttpClient(port_).ask("GET", "/now").status, 200U);
    strangers.pop_back();
    unsigned status = 0;
    for (int i = 0; i < 10'000 && status != 200; ++i)
        status = HttpClient(port_, kStranger).ask("GET", "/now").status;
    EXPECT_EQ(status, 200U);
}

TEST_F(HttpServerTest, AThousandAtOnceAreAnsweredWholeOrNotAtAll) {
    constexpr int kThreads = 50;
    constexpr int kEach = 20;
    std::atomic<int> whole{0};
    std::atomic<int> closed{0};
    std::latch ready(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            std::vector<std::unique_ptr<HttpClient>> clients;
            for (int j = 0; j < kEach; ++j) clients.push_back(std::make_unique<HttpClient>(port_));
            ready.arrive_and_wait();
            for (auto& client : clients)
                client->send(
                    "PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nConnection: close"
                    "\r\n\r\n12345");
            for (auto& client : clients) {
                const HttpAnswer answer = client->receive();
                const bool good =
                    answer.status == 200 && answer.body == "PUT /x 5 from 127.0.0.1 key ";
                (good ? whole : closed) += 1;
                EXPECT_EQ(answer.status, good ? 200U : 0U);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(whole + closed, kThreads * kEach);
    EXPECT_EQ(answered_, whole);
    EXPECT_GE(whole, static_cast<int>(HttpLimits().per_address));
    // Nothing is left behind: as soon as the last ones are closed, there is room again.
    unsigned status = 0;
    for (int i = 0; i < 10'000 && status != 200; ++i)
        status = HttpClient(port_).ask("GET", "/x").status;
    EXPECT_EQ(status, 200U);
}

// The process ends while scripts go on asking: nobody is answered by halves, nobody hangs.
TEST_F(HttpServerTest, EndsAmidRequests) {
    constexpr int kThreads = 40;
    std::atomic<int> whole{0};
    std::latch connected(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
            HttpClient client(port_);
            connected.count_down();
            for (;;) {
                const HttpAnswer answer = client.ask("PUT", "/x", "12345");
                if (answer.status == 0) return;
                EXPECT_EQ(answer.status, 200U);
                EXPECT_EQ(answer.body, "PUT /x 5 from 127.0.0.1 key ");
                ++whole;
            }
        });
    connected.wait();
    while (whole < 1'000) std::this_thread::yield();
    server_.reset();
    const int answered = answered_;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(answered_, answered) << "answered after the end";
    EXPECT_LE(whole, answered);
}

TEST(PercentDecoded, DecodesAndRefusesHalfOnes) {
    EXPECT_EQ(percent_decoded("a%2Fb%2fc+d"), "a/b/c+d");
    EXPECT_EQ(percent_decoded("%00"), std::string(1, '\0'));
    for (const char* bad : {"%", "%4", "%4g", "%g4", "a%"})
        EXPECT_FALSE(percent_decoded(bad).has_value()) << bad;
}

}  // namespace
}  // namespace jumpgate
