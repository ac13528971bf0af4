// Results as jumpload writes them, for the tests of the report page.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "loadgen/report_run.h"

namespace jumpgate::load {

// A run in which nothing went wrong. A test replaces parts of it.
inline constexpr std::string_view kGoodRun = R"({
"schema_version":1,"tool":"jumpload 0.1.0","command":"jumpload p2p -c 20","mode":"p2p",
"interrupted":false,"exit_code":0,"seconds":10.0,"connect_seconds":0.5,
"environment":{"host":"bench-1","cpus":2,"start_utc":"2026-11-23T17:30:00.123Z"},
"plan":{"clients":20,"publishers":10,"connrate":100,"version":4,"qos":0,"size_bytes":16,
"interval_ns":100000000,"reconnect":false},
"clients":{"requested":20,"connected":20,"failed":0,"connections_lost":0,"reconnects":0},
"setup_failures":{},"connections_lost":{},"connack_codes":{},"tls_alerts":{},
"messages":{"planned":1000,"sent":1000,"received":1000,"lost":0,"lost_in_flight":0,
"lost_on_live_connections":0,"duplicated":0,"reordered":0,"unexpected":0,"late":0},
"latency_from":"planned send",
"latency_us":{"count":1000,"min":90,"mean":210.5,"p50":200,"p90":300,"p99":900,"p99_9":1500,
"max":2500},
"send_lateness_us":{"count":1000,"min":1,"mean":5.0,"p50":4,"p90":9,"p99":40,"p99_9":60,"max":80},
"connect_us":{"count":20,"min":100,"mean":250.0,"p50":200,"p90":400,"p99":500,"p99_9":500,
"max":500},
"subscribe_us":{"count":10,"min":20,"mean":50.0,"p50":40,"p90":90,"p99":99,"p99_9":99,"max":99},
"busiest_thread_share":0.25,"generator_saturated":false})";

// `text` with the first `from` made `to`; fails where there is none.
inline std::string with(std::string_view text, std::string_view from, std::string_view to) {
    std::string changed(text);
    const size_t at = changed.find(from);
    if (at == changed.npos) {
        ADD_FAILURE() << "the sample has no " << from;
        return changed;
    }
    return changed.replace(at, from.size(), to);
}

inline ReportRun run_of(std::string_view json, std::string label = "run") {
    Parsed<ReportRun> run = ReportRun::parse(std::move(label), json);
    if (const Problem* problem = std::get_if<Problem>(&run)) ADD_FAILURE() << problem->text;
    return std::get<ReportRun>(std::move(run));
}

inline std::string problem_of(std::string_view json) {
    const Parsed<ReportRun> run = ReportRun::parse("run", json);
    const Problem* problem = std::get_if<Problem>(&run);
    return problem == nullptr ? "" : problem->text;
}

inline std::vector<ReportRun> runs_of(const std::vector<std::string>& texts) {
    std::vector<ReportRun> runs;
    for (const std::string& text : texts) {
        runs.push_back(run_of(text, "run" + std::to_string(runs.size() + 1)));
    }
    return runs;
}

inline bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

}  // namespace jumpgate::load
