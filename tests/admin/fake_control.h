// A data plane that remembers what it was told, and fails when a test says so.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/proxy/control.h"

namespace jumpgate {

class FakeControl final : public Control {
  public:
    Parsed<Applied> apply(const Objects& objects, ReadFiles read) override {
        if (before_apply) before_apply();
        const std::lock_guard lock(mutex_);
        ++applies;
        if (!apply_problem.empty()) return Problem{apply_problem};
        served = objects;
        files = read;
        return Applied{++version, moved_share, {}, hint, true, complete};
    }
    std::optional<Problem> check(const Objects&, ReadFiles) override {
        const std::lock_guard lock(mutex_);
        ++checks;
        if (check_problem.empty()) return std::nullopt;
        return Problem{check_problem};
    }
    Watch watch() override {
        const std::lock_guard lock(mutex_);
        ++watches;
        return watched;
    }
    RouteAnswer explain(const RouteQuery& query) override {
        asked = std::string(query.client_id) + "," + std::string(query.username) + "," +
                std::string(query.cert_cn) + "," + std::string(query.sni) + "," +
                std::to_string(query.level) + "," + std::to_string(query.remote_addr.size()) + "," +
                std::to_string(query.server_port) + "," +
                (query.protocol == Protocol::Http ? "http" : "mqtt");
        return {"1", "any client", "u",      "chash", std::string(query.client_id), 0xabcdefU,
                2,   "jump",       "b1:1883"};
    }
    std::vector<FoundConnection> find(std::string_view client_id, size_t max) override {
        found_max = max;
        FoundConnection found;
        found.client_id = std::string(client_id) + "-7";
        found.broker = "b1:1883";
        found.bytes_up = 5;
        return {found};
    }
    Parsed<uint64_t> evict(std::string_view upstream, std::string_view node,
                           uint32_t per_second) override {
        if (!evict_problem.empty()) return Problem{evict_problem};
        asked = std::string(upstream) + "," + std::string(node) + "," + std::to_string(per_second);
        return uint64_t{12};
    }
    void drain() override { drained = true; }

    std::function<void()> before_apply;
    Objects served;
    Watch watched;
    std::string apply_problem;
    std::string check_problem;
    std::string evict_problem;
    std::string asked;
    std::string hint;
    ReadFiles files = ReadFiles::Again;  // of the last apply()
    bool complete = true;
    double moved_share = 0;
    size_t found_max = 0;
    uint64_t version = 1;
    uint64_t watches = 0;
    int applies = 0;
    int checks = 0;
    bool drained = false;

  private:
    std::mutex mutex_;
};

}  // namespace jumpgate
