// TlsSessions: the sessions that one crew's clients may resume, and whose turn it is to do so.
//
// Law: one session for each context and host, the newest; it may be resumed many times over, by any
// client of that context. Exactly the asked share of the connects offer one, as far as there is one
// to offer: what could not be offered is not made up for. One thread's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "tls/engine.h"

namespace jumpgate::load {

class TlsSessions {
  public:
    // `percent`: 0 to 100.
    explicit TlsSessions(uint32_t percent) : percent_(percent) {}

    bool wanted() const { return percent_ > 0; }
    // For the next connect: a session to offer, or null for a handshake in full.
    tls::SessionRef next(const tls::ClientContext& context, uint32_t host) {
        if (!wanted()) return nullptr;
        credit_ += percent_;
        const auto kept = sessions_.find({&context, host});
        if (credit_ >= kWhole && kept != sessions_.end()) {
            credit_ -= kWhole;
            return kept->second;
        }
        credit_ = std::min(credit_, kWhole);
        return nullptr;
    }
    void keep(const tls::ClientContext& context, uint32_t host, tls::SessionRef session) {
        if (session) sessions_[{&context, host}] = std::move(session);
    }

  private:
    static constexpr uint32_t kWhole = 100;

    uint32_t percent_;
    uint32_t credit_ = 0;  // in percent of a connect
    std::map<std::pair<const tls::ClientContext*, uint32_t>, tls::SessionRef> sessions_;
};

}  // namespace jumpgate::load
