// TLS: what a handshake, a record and an idle connection cost on the server's side alone.
//
// Law: the client's work is not measured: a clock of CPU time runs only while the server's engine
// does (UseManualTime). ECDSA P-256 certificates, AES-128-GCM, X25519; the test PKI of
// bench/certs.py.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <time.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/base/check.h"
#include "tls/engine.h"

namespace {

using namespace jumpgate;
using tls::Engine;
using tls::Step;

tls::Pem pki(const std::string& name) {
    std::ifstream file(JUMPGATE_TEST_PKI "/" + name, std::ios::binary);
    CHECK(file.is_open());
    return {name, {std::istreambuf_iterator<char>(file), {}}};
}
tls::Pair pki_pair(const std::string& name) { return {pki(name + ".crt"), pki(name + ".key")}; }

tls::ServerContextRef serve(bool mutual) {
    tls::ServerOptions options;
    options.pairs.push_back(pki_pair("server"));
    options.ticket_keys = tls::TicketKeys::random();
    if (mutual) {
        options.client_auth = tls::ClientAuth::Required;
        options.client_ca = pki("ca.crt");
    }
    return std::get<tls::ServerContextRef>(tls::make_server_context(options));
}

tls::ClientContextRef dial(tls::Version version) {
    tls::ClientOptions options;
    options.ca = pki("ca.crt");
    options.identity = pki_pair("client");
    options.min_version = options.max_version = version;
    return std::get<tls::ClientContextRef>(tls::make_client_context(options));
}

double thread_cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Both ends and the seconds that the server's took.
struct Pipe {
    Pipe(const tls::ServerContextRef& server_context, const tls::ClientContextRef& client_context,
         const tls::SessionRef& resume = nullptr)
        : client(Engine::connect(client_context, "localhost", resume)) {
        serve([&] { server = Engine::accept(server_context); });
    }

    std::unique_ptr<Engine> server;
    std::unique_ptr<Engine> client;
    double server_s = 0;

    template <typename Work>
    void serve(Work work) {
        const double began_s = thread_cpu_s();
        work();
        server_s += thread_cpu_s() - began_s;
    }
    void to_server() {
        const tls::Bytes bytes = client->take_output();
        serve([&] {
            server->feed(bytes.span());
            server->handshake();
        });
        CHECK(server->unread() == 0);
    }
    void to_client() {
        tls::Bytes bytes;
        serve([&] { bytes = server->take_output(); });
        client->feed(bytes.span());
        if (client->handshake() != Step::Done) return;
        size_t length = 0;
        std::vector<uint8_t> room(100);
        while (client->unread() > 0) client->read(room, length);  // TLS 1.3: the ticket
    }
    void shake() {
        client->handshake();
        for (int i = 0; i < 4 && !(server->established() && client->established() &&
                                   server->output_bytes() == 0);
             ++i) {
            to_server();
            to_client();
        }
        CHECK(server->established() && client->established());
    }
};

tls::Version version_of(const benchmark::State& state) {
    return state.range(0) == 12 ? tls::Version::Tls12 : tls::Version::Tls13;
}

// Arguments: version (12, 13), client certificate (0, 1).
void tls_handshake(benchmark::State& state, bool resume) {
    const auto server = serve(state.range(1) == 1);
    const auto client = dial(version_of(state));
    tls::SessionRef session;
    if (resume) {
        Pipe first(server, client);
        first.shake();
        session = first.client->session();
        CHECK(session != nullptr);
    }
    for (auto _ : state) {
        Pipe pipe(server, client, session);
        pipe.shake();
        CHECK(pipe.server->resumed() == resume);
        pipe.serve([&] { pipe.server.reset(); });
        state.SetIterationTime(pipe.server_s);
    }
}
void tls_full_handshake(benchmark::State& state) { tls_handshake(state, false); }
void tls_resumed_handshake(benchmark::State& state) { tls_handshake(state, true); }
BENCHMARK(tls_full_handshake)->ArgsProduct({{12, 13}, {0, 1}})->UseManualTime();
BENCHMARK(tls_resumed_handshake)->ArgsProduct({{12, 13}, {0, 1}})->UseManualTime();

void tls_encrypt(benchmark::State& state) {
    Pipe pipe(serve(false), dial(tls::Version::Tls13));
    pipe.shake();
    const std::vector<uint8_t> plaintext(static_cast<size_t>(state.range(0)), 'x');
    tls::Bytes spare;
    for (auto _ : state) {
        pipe.server->reuse(std::move(spare));
        CHECK(pipe.server->write(plaintext) == Step::Done);
        spare = pipe.server->take_output();
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(tls_encrypt)->Arg(100)->Arg(16'384);

void tls_decrypt(benchmark::State& state) {
    Pipe pipe(serve(false), dial(tls::Version::Tls13));
    pipe.shake();
    const std::vector<uint8_t> plaintext(static_cast<size_t>(state.range(0)), 'x');
    std::vector<uint8_t> room(plaintext.size());
    size_t length = 0;
    constexpr int kRecords = 16;  // to a clock reading
    for (auto _ : state) {
        for (int i = 0; i < kRecords; ++i) pipe.client->write(plaintext);
        const tls::Bytes bytes = pipe.client->take_output();
        pipe.server_s = 0;
        pipe.serve([&] {
            pipe.server->feed(bytes.span());
            for (int i = 0; i < kRecords; ++i) {
                CHECK(pipe.server->read(room, length) == Step::Done);
                CHECK(length == plaintext.size());
            }
        });
        state.SetIterationTime(pipe.server_s);
    }
    state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * state.range(0) * kRecords);
}
BENCHMARK(tls_decrypt)->Arg(100)->Arg(16'384)->UseManualTime();

// Heap that an established connection holds once it has talked; arguments as above.
void tls_idle(benchmark::State& state) {
    constexpr size_t kConnections = 200;
    const auto server = serve(state.range(1) == 1);
    const auto client = dial(version_of(state));
    double server_bytes = 0;
    double client_bytes = 0;
    for (auto _ : state) {
        std::vector<std::unique_ptr<Engine>> servers(kConnections);
        std::vector<std::unique_ptr<Engine>> clients(kConnections);
        Pipe(server, client).shake();  // whatever is allocated once
        const size_t before = mallinfo2().uordblks;
        for (size_t i = 0; i < kConnections; ++i) {
            Pipe pipe(server, client);
            pipe.shake();
            servers[i] = std::move(pipe.server);
            clients[i] = std::move(pipe.client);
            servers[i]->forget_identity();
            clients[i]->forget_identity();
        }
        const size_t both = mallinfo2().uordblks;
        clients.clear();
        const size_t one = mallinfo2().uordblks;
        server_bytes = static_cast<double>(one - before) / kConnections;
        client_bytes = static_cast<double>(both - one) / kConnections;
    }
    state.counters["server_B"] = server_bytes;
    state.counters["client_B"] = client_bytes;
}
BENCHMARK(tls_idle)->ArgsProduct({{12, 13}, {0, 1}})->Iterations(1);

}  // namespace
