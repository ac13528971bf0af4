// SampleClients: made up clients to try route tables with.
//
// Law: a seeded sequence, the same in every process. Does not promise that a client meets the
// route it was made for: no one can tell in general what a regular expression wants.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/rng.h"
#include "core/route/route_match.h"

namespace jumpgate {

struct SampleClient {
    std::string client_id;
    std::string username;
    std::string cert_cn;
    std::string sni;
    uint8_t level = 4;
    Cidr remote_addr;  // of one address
    Cidr server_addr;
    uint16_t server_port = 1883;
    Protocol protocol = Protocol::Mqtt;

    RouteQuery query() const;  // views of this client
};

class SampleClients {
  public:
    explicit SampleClients(uint64_t seed) : rng_(seed) {}

    // A client for `match`: any client where it has no condition.
    SampleClient next(const RouteMatch& match);

  private:
    std::string digits();
    std::string like(const TextMatch& match, std::string plain);
    Cidr inside(const std::optional<Cidr>& network);

    Rng rng_;
};

}  // namespace jumpgate
