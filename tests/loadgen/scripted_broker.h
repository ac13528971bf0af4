// ScriptedBroker and CrewRun: one crew against a broker that does exactly what a test says.
//
// The broker is a blocking socket on a thread of its own, with TLS where a test gives it a context.
// Every wait ends after kPatience, so that a fault fails the test instead of hanging it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/time.h"
#include "loadgen/crew.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"
#include "tls/engine.h"

namespace jumpgate::load {

inline constexpr int kPatienceMs = 10'000;

// One accepted connection of the script.
class Peer {
  public:
    explicit Peer(int fd, tls::ServerContextRef context = nullptr) : fd_(fd) {
        if (context) become_tls(std::move(context));
    }
    ~Peer() { close(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    void send(std::initializer_list<uint8_t> bytes) { send(std::vector<uint8_t>(bytes)); }
    void send(const std::vector<uint8_t>& bytes) {
        if (!engine_) return send_raw(bytes);
        EXPECT_EQ(engine_->write(bytes), tls::Step::Done);
        send_output();
    }
    // The next packet, whole, as its bytes; empty at the end of the connection.
    std::vector<uint8_t> receive() {
        while (true) {
            const mqtt::Framed framed = mqtt::next_packet(buffer_);
            if (const mqtt::Packet* packet = std::get_if<mqtt::Packet>(&framed)) {
                const auto end = buffer_.begin() + static_cast<ptrdiff_t>(packet->length);
                std::vector<uint8_t> bytes(buffer_.begin(), end);
                buffer_.erase(buffer_.begin(), end);
                return bytes;
            }
            EXPECT_FALSE(std::holds_alternative<mqtt::Invalid>(framed));
            if (!receive_more(kPatienceMs)) return {};
        }
    }
    // The first byte of the next packet; 0, which starts none, at the end of the connection.
    uint8_t receive_first_byte() {
        const std::vector<uint8_t> bytes = receive();
        return bytes.empty() ? uint8_t{0} : bytes[0];
    }
    // True where nothing comes within `ms`.
    bool silent(int ms) { return buffer_.empty() && !receive_more(ms); }
    // Whatever comes next, unparsed: for clients that do not speak MQTT yet.
    void receive_some() {
        std::vector<uint8_t> bytes;
        receive_raw(kPatienceMs, bytes);
    }
    // Below TLS, where there is any.
    void send_raw(const std::vector<uint8_t>& bytes) {
        const size_t segment = dribbles_ ? 1 : bytes.size();
        for (size_t at = 0; at < bytes.size(); at += segment) {
            EXPECT_EQ(::send(fd_, bytes.data() + at, segment, MSG_NOSIGNAL),
                      static_cast<ssize_t>(segment));
        }
    }
    // Without close_notify.
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

    // ---- TLS: `engine` is null without it
    tls::Engine* engine() { return engine_.get(); }
    // From here on; shake_hands() is next.
    void become_tls(tls::ServerContextRef context) {
        engine_ = tls::Engine::accept(std::move(context));
    }
    // False: it failed; the alert is sent.
    bool shake_hands() {
        tls::Step step = engine_->handshake();
        std::vector<uint8_t> bytes;
        while (step == tls::Step::WantInput) {
            send_output();
            if (!receive_raw(kPatienceMs, bytes)) return false;
            engine_->feed(bytes);
            step = engine_->handshake();
        }
        send_output();
        while (engine_->unread() > 0 && read_records()) {
        }
        return step == tls::Step::Done;
    }
    // Everything leaves in segments of one byte.
    void dribble() { dribbles_ = true; }
    void say_close() {
        engine_->shut();
        send_output();
    }
    // The client ended TLS before TCP. Call it after the last receive().
    bool ended_cleanly() const { return ended_ && engine_->ended_cleanly(); }

    // The usual opening: CONNECT in, CONNACK out (3.1.1).
    void accept_session(bool session_present) {
        EXPECT_EQ(receive_first_byte(), 0x10);
        send({0x20, 2, static_cast<uint8_t>(session_present ? 1 : 0), 0});
    }

  private:
    bool receive_more(int ms) {
        std::vector<uint8_t> bytes;
        const size_t before = buffer_.size();
        while (buffer_.size() == before) {
            if (!receive_raw(ms, bytes)) return false;
            if (!engine_) {
                buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
                continue;
            }
            engine_->feed(bytes);
            while (read_records()) {
            }
            send_output();
        }
        return true;
    }
    bool receive_raw(int ms, std::vector<uint8_t>& bytes) {
        pollfd waits{fd_, POLLIN, 0};
        bytes.resize(4'096);
        if (fd_ < 0 || poll(&waits, 1, ms) != 1) return false;
        const ssize_t got = recv(fd_, bytes.data(), bytes.size(), 0);
        ended_ = got == 0;
        bytes.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
        return got > 0;
    }
    // False: there is nothing more to be read just now.
    bool read_records() {
        uint8_t room[16'384];
        size_t length = 0;
        if (engine_->read(room, length) != tls::Step::Done) return false;
        buffer_.insert(buffer_.end(), room, room + length);
        return true;
    }
    void send_output() {
        if (engine_->output_bytes() == 0) return;
        const tls::Bytes output = engine_->take_output();
        send_raw({output.span().begin(), output.span().end()});
    }

    int fd_;
    std::vector<uint8_t> buffer_;
    std::unique_ptr<tls::Engine> engine_;
    bool dribbles_ = false;
    bool ended_ = false;  // by the client's FIN
};

class ScriptedBroker {
  public:
    // `script` plays connection number 0, 1, ...; a connection is closed when it returns.
    using Script = std::function<void(Peer& peer, int number)>;

    // With TLS where there is a `context`: the script begins after the handshake, good or bad.
    ScriptedBroker(int connections, Script script, tls::ServerContextRef context = nullptr)
        : script_(std::move(script)), context_(std::move(context)) {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof at;
        EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&at), length), 0);
        EXPECT_EQ(listen(listener_, 64), 0);
        getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &length);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this, connections] {
            for (int number = 0; number < connections; ++number) {
                pollfd waits{listener_, POLLIN, 0};
                if (poll(&waits, 1, kPatienceMs) != 1) return;
                const int fd = ::accept(listener_, nullptr, nullptr);
                const int on = 1;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                Peer peer(fd, context_);
                if (context_) peer.shake_hands();
                script_(peer, number);
            }
        });
    }
    ~ScriptedBroker() {
        join();
        ::close(listener_);
    }
    // Until the script is over: then, and no sooner, a test reads what it wrote.
    void join() {
        if (thread_.joinable()) thread_.join();
    }
    uint16_t port() const { return port_; }

  private:
    Script script_;
    tls::ServerContextRef context_;
    int listener_ = -1;
    uint16_t port_ = 0;
    std::thread thread_;
};

// A crew with all clients of the given command line, played from start to end.
class CrewRun {
  public:
    CrewRun(Mode mode, uint16_t port, std::vector<const char*> arguments) {
        auto parsed = parse_options(mode, arguments, 1'000);
        if (const FlagsExit* exit = std::get_if<FlagsExit>(&parsed)) ADD_FAILURE() << exit->text;
        options_ = std::get<Options>(parsed);
        targets_.to.push_back(*Address::parse("127.0.0.1", port));
        if (options_.tls.on) read_certificates();
        signals_.dial_start_ns = monotonic_ns();
        std::vector<uint32_t> indices;
        for (uint32_t index = 0; index < options_.count; ++index) indices.push_back(index);
        crew_ = std::make_unique<Crew>(options_, targets_, indices, signals_);
        thread_ = std::thread([this] { crew_->run(); });
    }
    ~CrewRun() {
        if (thread_.joinable()) finish();
    }

    // Waits until every client has tried; then starts to measure, for `duration_ns`.
    void start(uint64_t duration_ns = 0) {
        wait_until([this] { return signals_.settled.load() == options_.count; });
        const uint64_t start_ns = monotonic_ns();
        if (duration_ns > 0) signals_.end_ns.store(start_ns + duration_ns);
        signals_.start_ns.store(start_ns);
    }
    // Ends the measured part and the run; the crew's records.
    const Recorder& finish() {
        signals_.end_ns.store(monotonic_ns());
        return join();
    }
    // Waits for the end of the run that start() set.
    const Recorder& join() {
        thread_.join();
        EXPECT_EQ(crew_->failure(), "");
        crew_->settle_deliveries();
        return static_cast<const Crew&>(*crew_).recorder();
    }
    // After join() or finish().
    const Recorder& warm_up() const { return crew_->warm_up(); }
    // Until the crew's snapshot shows at least `n`.
    void wait_for(Count count, uint64_t n) {
        wait_until([&] {
            const std::lock_guard lock(crew_->live().mutex);
            return crew_->live().tallies[count] >= n;
        });
    }

    // Until the snapshot shows that it serves a client.
    void wait_for_broker(const std::string& name) {
        wait_until([&] {
            const std::lock_guard lock(crew_->live().mutex);
            return crew_->live().brokers[name] > 0;
        });
    }

  private:
    void read_certificates() {
        auto made = ClientContexts::make(options_);
        if (const tls::Problem* problem = std::get_if<tls::Problem>(&made)) {
            ADD_FAILURE() << problem->text;
        } else {
            targets_.contexts = std::get<ClientContexts>(made);
        }
    }
    template <class Condition>
    void wait_until(Condition condition) {
        const uint64_t deadline_ns = monotonic_ns() + kPatienceMs * kNanosPerMilli;
        while (!condition()) {
            ASSERT_LT(monotonic_ns(), deadline_ns);
            poll(nullptr, 0, 1);  // a millisecond between two looks
        }
    }

    Options options_;
    Targets targets_;
    Signals signals_;
    std::unique_ptr<Crew> crew_;
    std::thread thread_;
};

}  // namespace jumpgate::load
