// ClientContexts: the TLS contexts of a fleet: one for all, or one for each client certificate.
//
// Law: all are made before the first dial, so that a missing file or a wrong key is an error of the
// start, with the file's name. Clients with the same files share a context. Immutable once made;
// threads share it.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "loadgen/options.h"
#include "tls/context.h"

namespace jumpgate::load {

class ClientContexts {
  public:
    // Of the whole fleet; REQUIRES options.tls.on. The time and memory that one more certificate
    // takes stand in --help (tls_options.cc).
    static std::variant<ClientContexts, tls::Problem> make(const Options& options);

    // None: a fleet without TLS.
    ClientContexts() = default;

    // That of client `index` of the fleet.
    const tls::ClientContextRef& of(uint32_t index) const {
        return contexts_[contexts_.size() == 1 ? 0 : index];
    }
    // Different ones.
    size_t size() const { return different_; }

  private:
    std::vector<tls::ClientContextRef> contexts_;  // one, or one for each client
    size_t different_ = 0;
};

}  // namespace jumpgate::load
