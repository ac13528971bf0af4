#include "tests/proxy/worker_fixture.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/route/chooser.h"

namespace jumpgate {

static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

Peer::Peer(int fd) : fd_(fd) {
    const timeval limit{5, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Peer::~Peer() {
    if (fd_ >= 0) ::close(fd_);
}

Peer Peer::connect(uint16_t port, int receive_bytes) {
    Peer peer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (receive_bytes > 0) {
        setsockopt(peer.fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    const sockaddr_in address = loopback(port);
    int failed = ::connect(peer.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    if (failed != 0 && errno == EINTR) {  // a ring that closes elsewhere: it goes on by itself
        pollfd writable{peer.fd_, POLLOUT, 0};
        while (poll(&writable, 1, 5000) < 0 && errno == EINTR) {
        }
        socklen_t length = sizeof failed;
        getsockopt(peer.fd_, SOL_SOCKET, SO_ERROR, &failed, &length);
    }
    EXPECT_EQ(failed, 0) << "errno " << errno;
    return peer;
}

void Peer::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        ASSERT_GT(sent, 0) << "errno " << errno;
        bytes.remove_prefix(static_cast<size_t>(sent));
    }
}

std::string Peer::receive(size_t size) {
    std::string all(size, '\0');
    size_t have = 0;
    while (have < size) {
        const ssize_t got = ::recv(fd_, all.data() + have, size - have, 0);
        // A ring that closes elsewhere in this process interrupts calls with a time limit.
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && errno == ECONNRESET) reset_ = true;
        ended_ = got == 0 || reset_;
        if (got <= 0) break;
        have += static_cast<size_t>(got);
    }
    all.resize(have);
    return all;
}

std::string Peer::receive_to_end() {
    std::string all;
    for (;;) {
        std::string part = receive(65'536);
        all += part;
        if (part.size() < 65'536) return all;
    }
}

void Peer::shut_send() { shutdown(fd_, SHUT_WR); }

void Peer::reset() {
    const linger now{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(fd_);
    fd_ = -1;
}

// A socket with `address` that shares its port with others which ask for that too.
static int bound_socket(sockaddr_in& address) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int shared = 1;
    socklen_t length = sizeof address;
    EXPECT_EQ(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof shared), 0);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    return fd;
}

FakeBroker::FakeBroker(int backlog) {
    sockaddr_in address = loopback(0);
    reserved_fd_ = bound_socket(address);
    fd_ = bound_socket(address);
    EXPECT_EQ(listen(fd_, backlog), 0);
    port_ = ntohs(address.sin_port);
}

FakeBroker::~FakeBroker() {
    close();
    ::close(reserved_fd_);
}

void FakeBroker::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Peer FakeBroker::accept(int timeout_ms) {
    pollfd ready{fd_, POLLIN, 0};
    int found = 0;
    do {
        found = poll(&ready, 1, timeout_ms);
    } while (found < 0 && errno == EINTR);  // a ring that closes elsewhere in this process
    if (found != 1) return {};
    return Peer(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC));
}

WorkerFixture::WorkerFixture(Config config, std::initializer_list<const FakeBroker*> brokers,
                             uint32_t dial_slots)
    : config_(std::move(config)) {
    if (config_.brokers.empty()) {
        for (const FakeBroker* broker : brokers) {
            config_.brokers.push_back({"127.0.0.1", broker->port(), 1});
        }
    }
    if (!config_.tls.certificates.empty()) config_.listen.push_back({"127.0.0.1", 0, true});
    shared_ = std::make_unique<Shared>(config_);
    shared_->severity = Severity::Debug;
    shared_->access_log = true;
    shared_->connections_max = config_.connections_max > 0 ? config_.connections_max : dial_slots;
    for (const std::string& source : config_.source_addresses) {
        shared_->sources.push_back(*Address::parse(source, 0));
    }
    shared_->broker_sockets = {static_cast<int>(config_.socket_receive_bytes),
                               static_cast<int>(config_.socket_send_bytes)};
    const int listener = *listen_tcp(*Address::parse("127.0.0.1", 0), shared_->broker_sockets);
    port_ = local_address(listener).port();
    std::vector<ListenerSocket> listeners = {{listener, false}};
    if (!config_.listen.empty()) {
        listeners.push_back(
            {*listen_tcp(*Address::parse("127.0.0.1", 0), shared_->broker_sockets), true});
        tls_port_ = local_address(listeners[1].fd).port();
    }
    control_ = std::move(*Reactor::open({.submissions = 16, .completions = 64, .disabled = {}}));
    worker_ = std::make_unique<Worker>(0, *shared_, std::move(listeners));
    builder_ =
        std::make_unique<SnapshotBuilder>(config_, shared_->board, tls::TicketKeys::random());
    const Objects objects = objects_of(config_);
    const std::string problem = build(objects, literal_names(objects));
    if (!problem.empty()) ADD_FAILURE() << problem;
    report_.complete = [](Op& op, Completion) { static_cast<Report&>(op).seen = true; };
    RingLimits limits;
    limits.accept_slots = dial_slots + 4;
    limits.dial_slots = dial_slots;
    limits.disabled = config_.io_disabled;
    std::latch opened(1);
    thread_ = std::thread([&, this] {
        Status status = worker_->open(limits, control_->ring().fd(), report_, ended_);
        ASSERT_TRUE(status);
        opened.count_down();
        worker_->run();
        worker_->close();
    });
    opened.wait();
}

WorkerFixture::~WorkerFixture() {
    if (!ended_.seen) stop();
    thread_.join();
}

std::string WorkerFixture::build(const Objects& objects, const Names& names) {
    SnapshotBuilder::Request request{.objects = objects, .names = names};
    if (!snapshots_.empty()) {
        const auto held = [](const std::unique_ptr<Snapshot>& each) { return each->holders > 0; };
        request.previous = snapshots_.back().get();
        request.oldest_version = (*std::ranges::find_if(snapshots_, held))->version;
    }
    Parsed<std::unique_ptr<Snapshot>> built = builder_->build(request);
    if (const Problem* problem = std::get_if<Problem>(&built)) return problem->text;
    snapshots_.push_back(std::get<0>(std::move(built)));
    const std::lock_guard<std::mutex> lock(shared_->snapshot_lock);
    shared_->snapshot = snapshots_.back().get();
    return {};
}

std::string WorkerFixture::reload() { return apply(objects_of(config_)); }

std::string WorkerFixture::apply(const Objects& objects) {
    return apply(objects, literal_names(objects));
}

std::string WorkerFixture::apply(const Objects& objects, const Names& names) {
    std::string problem = build(objects, names);
    if (!problem.empty()) return problem;
    Errand errand;
    on_worker([](Errand&, Worker& worker) { worker.adopt(); }, errand);
    return {};
}

size_t WorkerFixture::snapshots_held() const {
    return static_cast<size_t>(std::ranges::count_if(
        snapshots_, [](const std::unique_ptr<Snapshot>& each) { return each->holders > 0; }));
}

void WorkerFixture::on_worker(void (*run)(Errand&, Worker&), Errand& errand) {
    errand.run = run;
    errand.done = [](Errand&) {};
    worker_->send_errand(control_->ring(), errand);
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while (errand.out && monotonic_ns() < deadline_ns) control_->turn(10 * kNanosPerMilli);
    ASSERT_FALSE(errand.out) << "the worker does not answer";
}

void WorkerFixture::on_worker_in_one_turn(Errand& first, Errand& second) {
    struct Held : Errand {
        Errand* cause = nullptr;
        std::latch caused{1}, posted{1};
    };
    Held held;
    held.cause = &first;
    held.run = [](Errand& errand, Worker& worker) {
        auto& self = static_cast<Held&>(errand);
        self.cause->run(*self.cause, worker);
        self.caused.count_down();
        self.posted.wait();
    };
    held.done = second.done = [](Errand&) {};
    worker_->send_errand(control_->ring(), held);
    control_->turn(0);
    held.caused.wait();
    worker_->send_errand(control_->ring(), second);
    control_->turn(0);
    held.posted.count_down();
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while ((held.out || second.out) && monotonic_ns() < deadline_ns) {
        control_->turn(10 * kNanosPerMilli);
    }
    ASSERT_FALSE(held.out || second.out) << "the worker does not answer";
}

Stats WorkerFixture::stats() {
    report_.seen = false;
    post(control_->ring(), worker_->ring_fd(), worker_->stats_message());
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while (!report_.seen && monotonic_ns() < deadline_ns) control_->turn(10 * kNanosPerMilli);
    EXPECT_TRUE(report_.seen) << "the worker does not answer";
    return report_.stats;
}

std::string WorkerFixture::log_lines() {
    std::string lines;
    worker_->log().drain([&](std::string_view line) { lines += line; });
    return lines;
}

std::string WorkerFixture::access_lines() {
    std::string lines;
    worker_->access_log()->drain([&](std::string_view line) { lines += line; });
    return lines;
}

void WorkerFixture::drain() {
    post(control_->ring(), worker_->ring_fd(), worker_->drain_message());
    control_->turn(0);
}

void WorkerFixture::stop() {
    post(control_->ring(), worker_->ring_fd(), worker_->stop_message());
    EXPECT_TRUE(wait_for_end());
}

bool WorkerFixture::wait_for_end() {
    const uint64_t deadline_ns = monotonic_ns() + 5 * kNanosPerSecond;
    while (!ended_.seen && monotonic_ns() < deadline_ns) control_->turn(10 * kNanosPerMilli);
    return ended_.seen;
}

Objects objects_of(const Config& config) {
    UpstreamConfig upstream;
    upstream.id = "default";
    upstream.origin.file = "--broker";
    upstream.type = Balance::ConsistentHash;
    upstream.key = config.hash_key;
    upstream.key_prefix_until = config.hash_key_prefix_until;
    upstream.nodes = config.brokers;
    StreamRouteConfig route;
    route.id = "default";
    route.upstream_id = "default";
    Objects objects;
    objects.upstreams.push_back(std::move(upstream));
    objects.stream_routes.push_back(std::move(route));
    return objects;
}

Names literal_names(const Objects& objects) {
    Names names;
    for (const WatchedName& name : names_of(objects)) {
        ResolvedTarget target;
        target.host = name.host;
        target.port = name.port;
        target.addresses = {*Address::parse(name.host, name.port)};
        names[name].targets.push_back(std::move(target));
    }
    return names;
}

std::string connect_packet(std::string_view client_id, uint8_t level) {
    std::string rest("\0\4MQTT", 6);
    rest += static_cast<char>(level);
    rest += std::string("\2\0\x3c", 3);
    if (level == 5) rest += '\0';
    rest += static_cast<char>(client_id.size() >> 8U);
    rest += static_cast<char>(client_id.size() & 0xFFU);
    rest += client_id;
    EXPECT_LT(rest.size(), 128U * 128U);
    std::string packet("\x10");
    if (rest.size() < 128) {
        packet += static_cast<char>(rest.size());
    } else {
        packet += static_cast<char>(rest.size() % 128 + 128);
        packet += static_cast<char>(rest.size() / 128);
    }
    return packet + rest;
}

std::string id_for_first_node(const std::vector<uint16_t>& ports) {
    std::vector<Node> nodes;
    for (const uint16_t port : ports) nodes.push_back({"127.0.0.1:" + std::to_string(port), 1});
    const Upstream upstream({}, std::move(nodes));
    for (int i = 0;; ++i) {
        std::string id = "dev" + std::to_string(i);
        if (Chooser().choose(upstream, upstream.hash(id), upstream.weights(), {})->node == 0)
            return id;
    }
}

}  // namespace jumpgate
