#include "loadgen/result_reader.h"

#include <gtest/gtest.h>

#include "loadgen/result_json.h"
#include "tests/loadgen/example_results.h"

namespace jumpgate::load {
namespace {

std::string problem_of(const std::string& json) {
    const Parsed<Results> read = read_result(json);
    const Problem* problem = std::get_if<Problem>(&read);
    return problem == nullptr ? "none" : problem->text;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
    const size_t at = text.find(what);
    EXPECT_NE(at, text.npos) << what;
    return at == text.npos ? text : text.replace(at, what.size(), by);
}

TEST(ResultReader, ReadsWhatWasWritten) {
    const Results original = random_results(1);
    const std::string json = result_json(original);
    const Parsed<Results> read = read_result(json);
    ASSERT_TRUE(std::holds_alternative<Results>(read)) << std::get<Problem>(read).text;
    // All that is written is written again, so nothing was forgotten.
    EXPECT_EQ(result_json(std::get<Results>(read)), json);
}

TEST(ResultReader, RefusesWhatIsNoResult) {
    EXPECT_EQ(problem_of(""), "is no JSON object");
    EXPECT_EQ(problem_of("[1]"), "is no JSON object");
    EXPECT_EQ(problem_of("{\"schema_version\":"), "is no JSON object");
    EXPECT_EQ(problem_of("{}"), "is no result of jumpload (schema_version is missing)");
    EXPECT_EQ(problem_of("{\"schema_version\":1,\"rounds\":5}"),
              "is no result of one run (seconds_series is missing)");
    EXPECT_EQ(problem_of("{\"schema_version\":7}"),
              "is of schema version 7; this jumpload reads 1");
}

TEST(ResultReader, NamesTheFieldThatIsWrong) {
    const std::string json = result_json(random_results(2));
    const std::string latency = R"("histograms":{"latency":")";
    EXPECT_EQ(problem_of(replaced(json, R"("planned":)", R"("plan_ned":)")),
              "messages.planned: is missing");
    EXPECT_EQ(problem_of(replaced(json, R"("planned":)", R"("planned":-)")),
              "messages.planned: is not a whole number");
    EXPECT_EQ(problem_of(replaced(json, R"("interrupted":false)", R"("interrupted":0)")),
              "interrupted: is not true or false");
    EXPECT_EQ(problem_of(replaced(json, R"("host":")", R"("host":7,"a":")")),
              "environment.host: is not a text");
    EXPECT_EQ(problem_of(replaced(json, R"("refused":)", R"("refuzed":)")),
              "setup_failures.refuzed: is unknown");
    EXPECT_EQ(problem_of(replaced(json, R"("stage":"connecting")", R"("stage":"sleeping")")),
              "seconds_series[0].stage: is unknown");
    EXPECT_EQ(problem_of(replaced(json, latency, latency + "!")),
              "histograms.latency: is not base64");
    EXPECT_EQ(problem_of(replaced(json, R"("latency_us":{"count":)", R"("latency_us":{"count":1)")),
              "histograms.latency: does not agree with latency_us");
}

}  // namespace
}  // namespace jumpgate::load
