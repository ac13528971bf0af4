#include "tests/proxy/tls_peer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "tests/tls/duo.h"

namespace jumpgate {

static std::string_view text_of(std::span<const uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// ---- TlsPeer ---------------------------------------------------------------------------------

TlsPeer::TlsPeer(Peer socket, std::unique_ptr<tls::Engine> engine)
    : socket_(std::move(socket)), engine_(std::move(engine)) {}

tls::Bytes TlsPeer::seal(std::string_view plaintext) {
    const std::scoped_lock lock(locks_->engine);
    EXPECT_EQ(engine_->write(tls::as_bytes(plaintext)), tls::Step::Done);
    return engine_->take_output();
}

void TlsPeer::send_output() {
    {
        const std::scoped_lock lock(locks_->engine);
        if (engine_->output_bytes() == 0) return;  // who sends may be stuck: do not wait for it
    }
    const std::scoped_lock order(locks_->sending);
    tls::Bytes output;
    {
        const std::scoped_lock lock(locks_->engine);
        if (engine_->output_bytes() == 0) return;
        output = engine_->take_output();
    }
    socket_.send(text_of(output.span()));
}

void TlsPeer::send(std::string_view plaintext) {
    if (engine_ == nullptr) {
        socket_.send(plaintext);
        return;
    }
    const std::scoped_lock order(locks_->sending);
    for (size_t at = 0; at < plaintext.size();) {
        const std::string_view piece = plaintext.substr(at, 65'536);
        const tls::Bytes sealed = seal(piece);
        socket_.send(text_of(sealed.span()));
        at += piece.size();
    }
}

void TlsPeer::send_anyway(std::string_view plaintext) {
    const tls::Bytes sealed = engine_ == nullptr ? tls::Bytes() : seal(plaintext);
    const std::string_view wire = engine_ == nullptr ? plaintext : text_of(sealed.span());
    [[maybe_unused]] const ssize_t sent =
        ::send(socket_.fd(), wire.data(), wire.size(), MSG_NOSIGNAL);
}

void TlsPeer::end_sending() {
    if (engine_ != nullptr) {
        {
            const std::scoped_lock lock(locks_->engine);
            engine_->shut();
        }
        send_output();
    }
    socket_.shut_send();
}

void TlsPeer::lend(tls::Bytes early) {
    incoming_ = std::move(early);
    engine_->feed(incoming_.span());
}

// Reads what the engine has. True: it wants more input.
bool TlsPeer::read_some(std::string& all, size_t size) {
    const std::scoped_lock lock(locks_->engine);
    std::array<uint8_t, 16'384> room;
    while (all.size() < size) {
        size_t length = 0;
        const size_t wanted = std::min(room.size(), size - all.size());
        const tls::Step step = engine_->read(std::span(room).first(wanted), length);
        if (step == tls::Step::Done) {
            all += text_of(std::span(room).first(length));
            continue;
        }
        if (step == tls::Step::WantInput) return true;
        end_ = step == tls::Step::Closed ? StreamEnd::CloseNotify : StreamEnd::TlsFailed;
        locks_->alert = engine_->alert();
        return false;
    }
    return false;
}

std::string TlsPeer::receive(size_t size) {
    std::string all;
    incoming_.reserve(65'536);
    while (all.size() < size && end_ == StreamEnd::None) {
        if (engine_ != nullptr && !read_some(all, size)) break;
        const size_t wanted =
            engine_ != nullptr ? incoming_.capacity() : std::min<size_t>(65'536, size - all.size());
        const ssize_t got = ::recv(socket_.fd(), incoming_.begin(), wanted, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got == 0) end_ = StreamEnd::Fin;
        if (got < 0) {
            EXPECT_EQ(errno, ECONNRESET) << "after " << all.size() << " bytes";
            end_ = StreamEnd::Reset;
        }
        if (got <= 0) break;
        const std::span<const uint8_t> came(incoming_.begin(), static_cast<size_t>(got));
        if (engine_ == nullptr) {
            all += text_of(came);
            continue;
        }
        {
            const std::scoped_lock lock(locks_->engine);
            engine_->feed(came);
        }
        if (!read_some(all, size)) break;
        send_output();
    }
    if (engine_ != nullptr) send_output();
    return all;
}

// ---- TLS ---------------------------------------------------------------------------------------

static tls::ServerContextRef server_context(tls::Version version) {
    tls::ServerOptions options = tls::server_options();
    options.min_version = options.max_version = version;
    return tls::made(options);
}

static tls::ClientContextRef client_context(tls::Version version) {
    tls::ClientOptions options = tls::client_options();
    options.min_version = options.max_version = version;
    return tls::made(options);
}

static const tls::ServerContextRef& server_of(tls::Version version) {
    static const std::array contexts = {server_context(tls::Version::Tls12),
                                        server_context(tls::Version::Tls13)};
    return contexts[version == tls::Version::Tls13];
}

static const tls::ClientContextRef& client_of(tls::Version version) {
    static const std::array contexts = {client_context(tls::Version::Tls12),
                                        client_context(tls::Version::Tls13)};
    return contexts[version == tls::Version::Tls13];
}

// Gives `to` what `from` has to say, kept in `kept` while it is lent.
static void carry(tls::Engine& from, tls::Engine& to, tls::Bytes& kept) {
    if (from.output_bytes() == 0) return;
    EXPECT_EQ(to.unread(), 0U);
    kept = from.take_output();
    to.feed(kept.span());
}

// In memory. What the server says last (tickets) stays in its output.
static void shake_hands(tls::Engine& client, tls::Engine& server, tls::Bytes& to_client,
                        tls::Bytes& to_server) {
    for (int turns = 0; turns < 10; ++turns) {
        const tls::Step step = client.handshake();
        EXPECT_NE(step, tls::Step::Failed) << client.detail();
        carry(client, server, to_server);
        if (server.established() && client.established()) return;
        EXPECT_NE(server.handshake(), tls::Step::Failed) << server.detail();
        if (server.established() && client.established()) return;
        carry(server, client, to_client);
    }
    ADD_FAILURE() << "no handshake";
}

// ---- TlsRelayFixture ---------------------------------------------------------------------------

TlsRelayFixture::TlsRelayFixture(Config config, uint32_t buffers, uint32_t buffer_bytes)
    : config_(std::move(config)) {
    RingLimits limits;
    limits.submissions = 256;
    limits.completions = 1024;
    limits.dial_slots = 256;
    limits.disabled = config_.io_disabled;
    reactor_ = std::move(*Reactor::open(limits));
    buffers_ = std::move(*BufferRing::open(reactor_->ring(), 1, buffers, buffer_bytes));
    large_ = std::move(*BufferRing::open(reactor_->ring(), 2, TlsRelays::kLargeBuffers,
                                         TlsRelays::kLargeBufferBytes));
    relays_ = std::make_unique<TlsRelays>(*reactor_, *buffers_, *large_, config_, stats_, *this);
    pipes_ = std::make_unique<PipePool>(config_.pipes_max, config_.pipe_bytes);
    plain_ = std::make_unique<Relays>(*reactor_, *buffers_, *pipes_, config_, stats_, *this);
    next.set_client_id("relayed");
}

TlsRelayFixture::~TlsRelayFixture() {
    relays_->close_all();
    plain_->close_all();
    EXPECT_TRUE(turn_until([&] { return relays_->empty() && plain_->empty(); }));
    EXPECT_EQ(live(), 0U);
    EXPECT_EQ(buffers_->held(), 0U);
    EXPECT_EQ(large_->held(), 0U);
    EXPECT_EQ(stats_.relays, 0U);
    reactor_->turn(0);  // the last closes
}

Prepared TlsRelayFixture::prepare(bool tls, bool towards_broker, tls::Version version,
                                  int socket_bytes) {
    Prepared made;
    const SocketOptions sizes{socket_bytes, socket_bytes};
    const int listener = *listen_tcp(*Address::parse("127.0.0.1", 0), sizes);
    Peer peer = Peer::connect(local_address(listener).port(), socket_bytes);
    const int on = 1;
    setsockopt(peer.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (socket_bytes > 0) {
        setsockopt(peer.fd(), SOL_SOCKET, SO_SNDBUF, &socket_bytes, sizeof socket_bytes);
    }
    fcntl(listener, F_SETFL, 0);
    do {
        made.fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    } while (made.fd < 0 && errno == EINTR);
    EXPECT_GE(made.fd, 0);
    ::close(listener);
    if (!tls) {
        made.peer = TlsPeer(std::move(peer), nullptr);
        return made;
    }
    auto server = tls::Engine::accept(server_of(version));
    auto client = tls::Engine::connect(client_of(version), "localhost");
    tls::Bytes to_client;
    tls::Bytes to_server;
    shake_hands(*client, *server, to_client, to_server);
    if (towards_broker) {
        made.engine = std::move(client);
        made.early = std::move(to_client);
        made.peer = TlsPeer(std::move(peer), std::move(server));
    } else {
        made.engine = std::move(server);
        made.early = std::move(to_server);
        made.peer = TlsPeer(std::move(peer), std::move(client));
    }
    return made;
}

Socket TlsRelayFixture::adopt(int fd) {
    const Socket socket{reactor_->ring().take_dial_slot()};
    CHECK(socket.open());
    reactor_->turn(0);  // the close of the slot's last owner goes first
    EXPECT_EQ(io_uring_register_files_update(&reactor_->ring().raw(),
                                             static_cast<unsigned>(socket.slot), &fd, 1),
              1);
    ::close(fd);
    return socket;
}

Ends TlsRelayFixture::start(Prepared client, Prepared broker, uint64_t greeted_bytes) {
    const Socket client_socket = adopt(client.fd);
    const Socket broker_socket = adopt(broker.fd);
    if (client.engine == nullptr && broker.engine == nullptr) {
        plain_->start(client_socket, broker_socket, next, greeted_bytes);
    } else {
        relays_->start({client_socket, std::move(client.engine)},
                       {broker_socket, std::move(broker.engine)}, next, greeted_bytes);
    }
    return {std::move(client.peer), std::move(broker.peer)};
}

Ends TlsRelayFixture::join(const Legs& legs, int socket_bytes) {
    Prepared client = prepare(legs.client_tls, false, legs.version, socket_bytes);
    Prepared broker = prepare(legs.broker_tls, true, legs.version, socket_bytes);
    return start(std::move(client), std::move(broker));
}

size_t TlsRelayFixture::close_some(uint16_t node, size_t count, Rng& rng) {
    const size_t closed = plain_->close_some(node, count, rng);
    return closed + relays_->close_some(node, count - closed, rng);
}

std::vector<FoundRelay> TlsRelayFixture::find(std::string_view client_id, size_t max) {
    std::vector<FoundRelay> found;
    plain_->find(client_id, max, found);
    relays_->find(client_id, max, found);
    return found;
}

std::unique_ptr<tls::Engine> TlsRelayFixture::acceptor(tls::Version version) {
    return tls::Engine::accept(server_of(version));
}

void TlsRelayFixture::run(const std::function<void()>& script) {
    std::atomic<bool> done = false;
    std::thread thread([&] {
        script();
        done = true;
    });
    while (!done) reactor_->turn(kNanosPerMilli);
    thread.join();
}

bool TlsRelayFixture::turn_until(const std::function<bool()>& holds) {
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while (!holds() && monotonic_ns() < deadline_ns) reactor_->turn(kNanosPerMilli);
    return holds();
}

void TlsRelayFixture::settle() {
    const auto completions = [&] { return reactor_->ring().counters().completions; };
    for (uint64_t before = completions();; before = completions()) {
        for (int turns = 0; turns < 5; ++turns) reactor_->turn(10 * kNanosPerMilli);
        if (completions() == before) return;
    }
}

RelayEnd TlsRelayFixture::last_end(size_t relays) {
    EXPECT_TRUE(turn_until([&] { return ended_.size() >= relays; }));
    return ended_.empty() ? RelayEnd::Stopped : ended_.back().end;
}

}  // namespace jumpgate
