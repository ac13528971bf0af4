// TlsCrew: what the TLS connections of one crew share: contexts, sessions to resume, buffers.
//
// Law: one thread's, but for the contexts, which are immutable.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "loadgen/client_contexts.h"
#include "loadgen/options.h"
#include "loadgen/tls_link.h"
#include "loadgen/tls_sessions.h"

namespace jumpgate::load {

class TlsCrew {
  public:
    // Both outlive it.
    TlsCrew(const Options& options, const ClientContexts& contexts)
        : options_(options), contexts_(contexts), sessions_(options.tls.resume_percent) {}

    // A new connection of client `index`, with an earlier session where it is its turn. Null: out
    // of memory.
    std::unique_ptr<TlsLink> open(uint32_t index);
    // Keeps the session of the client's connection for later ones, where any will want it.
    void keep_session(uint32_t index, const TlsLink& link);

    SpareOutputs& spares() { return spares_; }
    // Where the plaintext of one record is put for as long as it takes to act on it.
    std::span<uint8_t> plaintext() { return plaintext_; }

  private:
    // Sessions are a host's.
    uint32_t host_of(uint32_t index) const;

    const Options& options_;
    const ClientContexts& contexts_;
    TlsSessions sessions_;
    SpareOutputs spares_;
    std::array<uint8_t, 16'384> plaintext_;  // the longest record (RFC 8446 5.1)
};

}  // namespace jumpgate::load
