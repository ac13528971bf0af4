// Duo: a client engine and a server engine that talk through memory, and the test PKI they use.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/pki.h"
#include "tls/context.h"
#include "tls/engine.h"

namespace jumpgate::tls {

using Ciphertext = std::vector<uint8_t>;

inline TicketKeys pki_ticket_keys() {
    auto keys = TicketKeys::parse(pki_file("tickets.key").text);
    EXPECT_TRUE(std::holds_alternative<TicketKeys>(keys));
    return std::get<TicketKeys>(keys);
}

inline ServerOptions server_options() {
    ServerOptions options;
    options.pairs.push_back(pki_pair("server"));
    options.ticket_keys = pki_ticket_keys();
    return options;
}
inline ServerOptions mutual_options(ClientAuth auth = ClientAuth::Required) {
    ServerOptions options = server_options();
    options.client_auth = auth;
    options.client_ca = pki_file("ca.crt");
    return options;
}
inline ClientOptions client_options() {
    ClientOptions options;
    options.ca = pki_file("ca.crt");
    return options;
}
inline ClientOptions client_options(const std::string& identity) {
    ClientOptions options = client_options();
    options.identity = pki_pair(identity);
    return options;
}

inline ServerContextRef made(const ServerOptions& options) {
    auto context = make_server_context(options);
    if (const auto* problem = std::get_if<Problem>(&context)) ADD_FAILURE() << problem->text;
    return std::get<ServerContextRef>(context);
}
inline ClientContextRef made(const ClientOptions& options) {
    auto context = make_client_context(options);
    if (const auto* problem = std::get_if<Problem>(&context)) ADD_FAILURE() << problem->text;
    return std::get<ClientContextRef>(context);
}

inline std::span<const uint8_t> as_bytes(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// One side: its engine, what it read, and the ciphertext on its way to it.
struct End {
    std::unique_ptr<Engine> engine;
    Ciphertext incoming{};
    std::string read{};
    Step step = Step::WantInput;

    bool writes(std::string_view text) { return engine->write(as_bytes(text)) == Step::Done; }
    // Ciphertext of this end, taken off.
    Ciphertext sent() {
        const Bytes bytes = engine->take_output();
        return {bytes.span().begin(), bytes.span().end()};
    }
    // Calls the engine until it needs more input.
    void run() {
        std::vector<uint8_t> room(20'000);
        if (!engine->established()) step = engine->handshake();
        while (engine->established()) {
            size_t length = 0;
            step = engine->read(room, length);
            if (step != Step::Done) break;
            read.append(reinterpret_cast<const char*>(room.data()), length);
        }
    }
};

class Duo {
  public:
    explicit Duo(const ServerContextRef& server_context, const ClientContextRef& client_context,
                 std::string_view name = "localhost", const SessionRef& resume = nullptr)
        : server{Engine::accept(server_context)},
          client{Engine::connect(client_context, name, resume)} {}

    End server;
    End client;
    size_t chunk_bytes = SIZE_MAX;  // how much arrives at once
    size_t crossed_bytes = 0;       // ciphertext both ways

    // Moves ciphertext until nothing more happens.
    void run() {
        client.run();
        while (move(client, server) | move(server, client)) {
        }
    }
    bool established() const {
        return server.engine->established() && client.engine->established();
    }
    bool shakes() {
        run();
        return established();
    }
    // True where text crosses both ways.
    bool talks() {
        const size_t server_had = server.read.size();
        const size_t client_had = client.read.size();
        if (!established() || !client.writes("ping") || !server.writes("pong!")) return false;
        run();
        return server.read.substr(server_had) == "ping" &&
               client.read.substr(client_had) == "pong!";
    }

  private:
    // Returns whether anything moved.
    bool move(End& from, End& to) {
        const Ciphertext more = from.sent();
        to.incoming.insert(to.incoming.end(), more.begin(), more.end());
        if (to.incoming.empty()) return false;
        const size_t size = std::min(chunk_bytes, to.incoming.size());
        Ciphertext chunk(to.incoming.begin(), to.incoming.begin() + static_cast<ptrdiff_t>(size));
        to.incoming.erase(to.incoming.begin(), to.incoming.begin() + static_cast<ptrdiff_t>(size));
        crossed_bytes += size;
        to.engine->feed(chunk);
        to.run();
        while (to.engine->unread() > 0 && to.step == Step::WantOutput) {
            const Ciphertext answer = to.sent();
            from.incoming.insert(from.incoming.end(), answer.begin(), answer.end());
            to.run();
        }
        to.engine->feed({});
        return true;
    }
};

}  // namespace jumpgate::tls
