// Engine::State: one connection's memory, and what wolfSSL calls back. For tls/ alone.
//
// Law: what only the handshake needs is gone once it is done; an idle connection pays for what is
// left here, so a field must earn its place.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>

#include "tls/bytes.h"
#include "tls/contexts.h"
#include "tls/engine.h"
#include "tls/library.h"

namespace jumpgate::tls {

// A session to resume: with whom it was, for it proves nothing about anybody else.
class Session {
  public:
    Session(WOLFSSL_SESSION* session, const ClientContextRef& context, std::string server_name,
            uint64_t not_after_s)
        : session_(session),
          context_(context),
          server_name_(std::move(server_name)),
          not_after_s_(not_after_s) {}
    ~Session() { wolfSSL_SESSION_free(session_); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // May a connection of `context` to `server_name` begin with it?
    bool fits(const ClientContextRef& context, std::string_view server_name, uint64_t now_s) const {
        return context_.lock() == context && server_name == server_name_ &&
               (not_after_s_ == 0 || now_s < not_after_s_);
    }
    WOLFSSL_SESSION* get() const { return session_; }
    uint64_t not_after_s() const { return not_after_s_; }

  private:
    WOLFSSL_SESSION* session_;
    std::weak_ptr<const ClientContext> context_;  // a reload ends its sessions with it
    std::string server_name_;
    uint64_t not_after_s_;  // of the server's certificate; 0: not verified
};

struct Engine::State {
    // What only the handshake needs.
    struct Setup {
        Bytes hello;            // the client's first bytes, until they are a whole ClientHello
        size_t hello_read = 0;  // how much of it wolfSSL has taken
        std::unique_ptr<Identity> ticket_identity;  // of the one ticket that opened
        std::array<uint8_t, 16> ticket_tag{};
        bool ticket_opened = false;
        bool verified = false;  // the peer's certificate, by `verify`
    };

    ServerContextRef server;  // one of the two is set
    ClientContextRef client;
    const Site* site = nullptr;  // server: as the ClientHello chose; `server` keeps it
    WolfConnection wolf;
    std::unique_ptr<Setup> setup;
    std::span<const uint8_t> input;
    Bytes output;
    std::string server_name;  // server: as the client sent it; client: as `connect` was told
    std::unique_ptr<Identity> identity;  // before `established` a claim only
    uint64_t peer_not_after_s = 0;       // client: the server's certificate
    const char* detail = "";
    uint64_t sent_bytes = 0;
    Failure failure = Failure::None;
    uint8_t alert = 0;
    bool established = false;
    bool has_ticket = false;   // client: there is a session to resume
    bool peer_closed = false;  // close_notify came
    bool shut = false;         // close_notify went
    bool spoke = false;        // something came from the peer

    // ---- What wolfSSL calls
    static int receive(WOLFSSL* wolf, char* room, int size, void* state);
    static int send(WOLFSSL* wolf, char* bytes, int size, void* state);
    static int verify(int fine, WOLFSSL_X509_STORE_CTX* store);
    static int ticket(WOLFSSL* wolf, unsigned char* name, unsigned char* nonce, unsigned char* tag,
                      int seal, unsigned char* bytes, int length, int* out_length, void* context);
    static int note_ticket(WOLFSSL* wolf, const unsigned char* ticket, int length, void* state);

    // ---- Steps
    Step read_hello();
    Step meet(const ClientHello& hello);
    Step greet(WOLFSSL_CTX* context, std::span<const std::string> alpn);
    Step finish();
    bool is_over_limit() const { return output.size() >= kOutputBytesMax; }

    // ---- Failing
    // Says why wolfSSL's last call did not succeed: a failure, or a reason to wait.
    Step explain(int result);
    Step fail(Failure why, const char* text);
    // In the words of `explanation`, else in those of wolfSSL's error.
    Step fail(Failure why, int error);
    // An alert of our own, where nothing is encrypted yet (RFC 8446 6.2).
    void say(uint8_t description);
};

}  // namespace jumpgate::tls
