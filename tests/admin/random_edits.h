// RandomEdits: requests to the Admin API as many operators at once would send them, good ones and
// bad ones, from few ids, so that they meet.
//
// Law: a seed gives the same requests, as long as learn() is told the same answers. Knows enough of
// what there is to say which answers each request may get; what they lead to, the test finds out.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/rng.h"

namespace jumpgate {

struct Edit {
    std::string method;
    std::string path;  // behind "/apisix/admin/"
    std::string body{};
    std::vector<unsigned> allowed{200};  // statuses
};

// A certificate and its key as they stand in a JSON text.
struct EscapedPair {
    std::string certificate;
    std::string key;
};

class RandomEdits {
  public:
    RandomEdits(uint64_t seed, EscapedPair pair) : rng_(seed), pair_(std::move(pair)) {}

    Edit next();
    // Of the edit that next() gave last. `id`: what a POST was given.
    void learn(unsigned status, const std::string& id);

    const std::map<std::string, std::string>& routes() const { return now_.routes; }
    size_t upstreams() const { return now_.upstreams.size(); }
    size_t ssls() const { return now_.ssls.size(); }
    Rng& rng() { return rng_; }

  private:
    // What the API has. Of a value that names another object: its id; empty: it names none.
    struct State {
        std::map<std::string, std::string> upstreams;  // -> ssl
        std::map<std::string, std::string> routes;     // -> upstream
        std::set<std::string> ssls;
    };

    bool chance(unsigned percent) { return rng_.below(100) < percent; }
    std::string number(uint64_t n) { return std::to_string(rng_.below(n)); }
    template <class Words>
    std::string_view one_of(const Words& words) {
        return words[rng_.below(std::size(words))];
    }
    // The id of one that is there; empty: there is none.
    template <class Ids>
    std::string present(const Ids& ids);
    std::string node_name();
    std::string nodes();
    std::string upstream_body(const std::string& ssl);
    std::string match();
    std::string route_body(const std::string& upstream);
    std::string some_upstream() { return chance(85) ? present(now_.upstreams) : std::string(); }

    Edit put_upstream();
    Edit patch_upstream();
    Edit delete_upstream();
    Edit put_route();
    Edit patch_route();
    Edit delete_route();
    Edit edit_ssl();
    Edit post();
    Edit broken();
    Edit put_all();

    Rng rng_;
    EscapedPair pair_;
    State now_;
    State next_;  // where the edit is taken
    bool posted_route_ = false;
    std::string posted_names_;  // what the object of a POST names
    bool posted_ = false;
};

}  // namespace jumpgate
