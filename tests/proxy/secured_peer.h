// SecuredPeer: a blocking client or server that speaks TLS over a Peer, for tests.
//
// The engine is our own; that others understand it is shown by the e2e tests (openssl, mosquitto).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/pki.h"
#include "tests/proxy/worker_fixture.h"
#include "tls/engine.h"

namespace jumpgate {

// A proxy with the certificate server.crt, which asks for client certificates of ca.crt where
// `auth` says so.
Config with_tls(ClientAuth auth = ClientAuth::None);

class SecuredPeer {
  public:
    // As a client: trusts ca.crt, shows the certificate NAME.crt with NAME.key unless it is empty.
    static SecuredPeer client(Peer peer, std::string_view name = "",
                              std::string_view sni = "localhost");
    // Sessions are resumed within one context.
    static tls::ClientContextRef client_context(std::string_view name = "");
    static SecuredPeer client(Peer peer, const tls::ClientContextRef& context, std::string_view sni,
                              const tls::SessionRef& resume);
    // As a broker with NAME.crt; asks for a client certificate of ca.crt where `client_auth` is.
    static SecuredPeer server(Peer peer, std::string_view name = "broker",
                              tls::ClientAuth client_auth = tls::ClientAuth::None);

    static SecuredPeer server(Peer peer, const tls::ServerContextRef& context);

    // True once the handshake is done; bounded by the Peer's 5 s.
    bool shake_hands();
    void send(std::string_view plaintext);
    // Exactly `size` bytes of plaintext, fewer where the stream ends.
    std::string receive(size_t size);
    std::string receive_to_end();
    // close_notify; the socket stays open.
    void shut();
    // Was the end a close_notify?
    bool ended_cleanly() const { return engine_->ended_cleanly(); }

    tls::Engine& engine() { return *engine_; }
    Peer& peer() { return peer_; }

  private:
    SecuredPeer(Peer peer, std::unique_ptr<tls::Engine> engine)
        : peer_(std::move(peer)), engine_(std::move(engine)) {}
    void flush();
    // One lot of ciphertext to the engine; false at the end of the stream.
    bool fill();

    Peer peer_;
    std::unique_ptr<tls::Engine> engine_;
    std::string lent_;  // what the engine reads from
    std::string plain_;
};

}  // namespace jumpgate
