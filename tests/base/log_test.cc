// Log lines: escaping, limits, the queue between worker and control thread, the throttle.
#include "core/base/log.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/time.h"

namespace jumpgate {
namespace {

// The line without its timestamp: "info refused ..." or the JSON from "level" on.
std::string without_time(LogLine& line) {
    const std::string whole(line.finish());
    const size_t at = whole.find(whole[0] == '{' ? "\"level\"" : " ") + (whole[0] == '{' ? 0 : 1);
    return whole.substr(at);
}

TEST(LogLine, WritesTextWithQuotedValues) {
    LogLine line(LineFormat::Text, Severity::Warn, "refused");
    line.field("peer", "127.0.0.1:9").field("bytes", 12);
    EXPECT_EQ(without_time(line), "warn refused peer=\"127.0.0.1:9\" bytes=12\n");
}

TEST(LogLine, WritesJson) {
    LogLine line(LineFormat::Json, Severity::Info, "ready");
    line.field("listen", "[::1]:1883").field("workers", 2);
    EXPECT_EQ(without_time(line),
              "\"level\":\"info\",\"event\":\"ready\",\"listen\":\"[::1]:1883\",\"workers\":2}\n");
}

TEST(LogLine, StartsWithAnRfc3339Time) {
    LogLine line(LineFormat::Text, Severity::Info, "x");
    const std::string whole(line.finish());
    ASSERT_GT(whole.size(), 24U);
    EXPECT_EQ(whole[4], '-');
    EXPECT_EQ(whole[10], 'T');
    EXPECT_EQ(whole[23], 'Z');
}

TEST(LogLine, EscapesWhatAClientCouldForgeALineWith) {
    LogLine line(LineFormat::Text, Severity::Info, "e");
    line.field("id", std::string_view("a\"b\\c\nd\x7f\xc2\x85", 10));
    EXPECT_EQ(without_time(line), "info e id=\"a\\\"b\\\\c\\u000ad\\u007f\\u0085\"\n");
}

TEST(LogLine, KeepsALongIdInAnyScriptAndWritesItAsJsonReadsIt) {
    std::string id;
    for (int i = 0; i < 100; ++i) id += "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x9a\xaa";
    LogLine line(LineFormat::Json, Severity::Info, "e");
    line.field("client", id);
    const std::string whole(line.finish());
    EXPECT_NE(whole.find("\"client\":\"\\u00e9\\u6f22\\ud83d\\udeaa\\u00e9"), std::string::npos)
        << whole;
    EXPECT_NE(whole.find("...\""), std::string::npos);
    LogLine broken(LineFormat::Text, Severity::Info, "e");
    broken.field("id", "\xff\xc3(\xe6\xbc");
    EXPECT_EQ(without_time(broken), "info e id=\"\\ufffd\\ufffd(\\ufffd\\ufffd\"\n");
}

TEST(LogLine, CutsLongValuesAndNeverOverflows) {
    LogLine line(LineFormat::Json, Severity::Info, "e");
    const std::string longer(LogLine::kValueBytesMax + 1, 'x');
    line.field("id", longer);
    EXPECT_NE(std::string(line.finish()).find("x...\""), std::string::npos);
    LogLine full(LineFormat::Json, Severity::Info, "e");
    for (int i = 0; i < 100; ++i) full.field("name", std::string(150, '\n')).field("n", 1);
    const std::string_view whole = full.finish();
    EXPECT_LE(whole.size(), LogLine::kBytesMax);
    EXPECT_EQ(whole.substr(whole.size() - 2), "}\n");
}

TEST(LogQueue, KeepsOrderAndCountsWhatItDrops) {
    auto queue = std::make_unique<LogQueue>();
    size_t pushed = 0;
    while (queue->push(std::to_string(pushed))) ++pushed;
    EXPECT_FALSE(queue->push("one too many"));
    std::vector<std::string> lines;
    EXPECT_EQ(queue->drain([&](std::string_view line) { lines.emplace_back(line); }), 2U);
    ASSERT_EQ(lines.size(), pushed);
    for (size_t i = 0; i < pushed; ++i) EXPECT_EQ(lines[i], std::to_string(i));
    EXPECT_EQ(queue->drain([](std::string_view) { FAIL(); }), 0U);
}

TEST(LogQueue, HoldsAsManyLinesAsItIsMadeFor) {
    LogQueue queue(3);
    for (int round = 0; round < 2; ++round) {
        for (const char* line : {"a", "b", "c"}) EXPECT_TRUE(queue.push(line));
        EXPECT_FALSE(queue.push("d"));
        std::string lines;
        EXPECT_EQ(queue.drain([&](std::string_view line) { lines += line; }), 1U);
        EXPECT_EQ(lines, "abc");
    }
}

TEST(LogQueue, PassesLinesBetweenTwoThreads) {
    auto queue = std::make_unique<LogQueue>();
    constexpr size_t kLines = 20'000;
    std::thread writer([&] {
        for (size_t i = 0; i < kLines;) {
            if (queue->push(std::to_string(i))) ++i;
        }
    });
    size_t next = 0;
    while (next < kLines) {
        queue->drain([&](std::string_view line) { EXPECT_EQ(line, std::to_string(next++)); });
    }
    writer.join();
}

TEST(LogThrottle, LetsABurstPassPerSecondAndSaysHowManyItHeldBack) {
    LogThrottle throttle(2);
    uint64_t suppressed = 99;
    EXPECT_TRUE(throttle.pass(0, suppressed));
    EXPECT_EQ(suppressed, 0U);
    EXPECT_TRUE(throttle.pass(1, suppressed));
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(throttle.pass(2, suppressed));
    EXPECT_TRUE(throttle.pass(kNanosPerSecond, suppressed));
    EXPECT_EQ(suppressed, 5U);
    EXPECT_TRUE(throttle.pass(kNanosPerSecond, suppressed));
    EXPECT_EQ(suppressed, 0U);
}

}  // namespace
}  // namespace jumpgate
