#include "tests/proxy/secured_peer.h"

#include <sys/socket.h>

#include <cerrno>

namespace jumpgate {

Config with_tls(ClientAuth auth) {
    Config config;
    config.tls.certificates.push_back({pki_path("server.crt"), pki_path("server.key")});
    config.tls.client_auth = auth;
    if (auth != ClientAuth::None) config.tls.client_ca_file = pki_path("ca.crt");
    return config;
}

tls::ClientContextRef SecuredPeer::client_context(std::string_view name) {
    tls::ClientOptions options;
    options.ca = pki_file("ca.crt");
    if (!name.empty()) options.identity = pki_pair(std::string(name));
    auto context = tls::make_client_context(options);
    if (const auto* problem = std::get_if<tls::Problem>(&context)) ADD_FAILURE() << problem->text;
    return std::get<tls::ClientContextRef>(context);
}

SecuredPeer SecuredPeer::client(Peer peer, std::string_view name, std::string_view sni) {
    return client(std::move(peer), client_context(name), sni, nullptr);
}

SecuredPeer SecuredPeer::client(Peer peer, const tls::ClientContextRef& context,
                                std::string_view sni, const tls::SessionRef& resume) {
    return {std::move(peer), tls::Engine::connect(context, sni, resume)};
}

SecuredPeer SecuredPeer::server(Peer peer, std::string_view name, tls::ClientAuth client_auth) {
    tls::ServerOptions options;
    options.pairs.push_back(pki_pair(std::string(name)));
    options.client_auth = client_auth;
    if (client_auth != tls::ClientAuth::None) options.client_ca = pki_file("ca.crt");
    options.ticket_keys = tls::TicketKeys::random();
    auto context = tls::make_server_context(options);
    if (const auto* problem = std::get_if<tls::Problem>(&context)) ADD_FAILURE() << problem->text;
    return server(std::move(peer), std::get<tls::ServerContextRef>(context));
}

SecuredPeer SecuredPeer::server(Peer peer, const tls::ServerContextRef& context) {
    return {std::move(peer), tls::Engine::accept(context)};
}

void SecuredPeer::flush() {
    const tls::Bytes out = engine_->take_output();
    size_t sent = 0;
    while (sent < out.size()) {
        const ssize_t count =
            ::send(peer_.fd(), out.span().data() + sent, out.size() - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;  // the other side refused; what it said is still to be read
        sent += static_cast<size_t>(count);
    }
}

bool SecuredPeer::fill() {
    lent_.resize(16'384);
    for (;;) {
        const ssize_t count = ::recv(peer_.fd(), lent_.data(), lent_.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        lent_.resize(static_cast<size_t>(count));
        engine_->feed({reinterpret_cast<const uint8_t*>(lent_.data()), lent_.size()});
        return true;
    }
}

bool SecuredPeer::shake_hands() {
    for (;;) {
        const tls::Step step = engine_->handshake();
        flush();
        if (step == tls::Step::Done) return true;
        if (step != tls::Step::WantInput || !fill()) return false;
    }
}

void SecuredPeer::send(std::string_view plaintext) {
    engine_->write({reinterpret_cast<const uint8_t*>(plaintext.data()), plaintext.size()});
    flush();
}

std::string SecuredPeer::receive(size_t size) {
    std::array<uint8_t, 4096> room;
    while (plain_.size() < size) {
        size_t length = 0;
        const tls::Step step = engine_->read(room, length);
        if (step == tls::Step::Done) {
            plain_.append(reinterpret_cast<const char*>(room.data()), length);
        } else if (step != tls::Step::WantInput || !fill()) {
            break;
        }
    }
    const std::string taken = plain_.substr(0, size);
    plain_.erase(0, taken.size());
    return taken;
}

std::string SecuredPeer::receive_to_end() { return receive(SIZE_MAX); }

void SecuredPeer::shut() {
    engine_->shut();
    flush();
}

}  // namespace jumpgate
