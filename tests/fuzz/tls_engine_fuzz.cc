// Fuzzes tls::Engine: strange bytes to a server, to a client, into a handshake and after it.
//
// Law: the engine may refuse anything, but must not crash, hang, hand out plaintext that nobody
// wrote, nor be established by a handshake that was tampered with. The first byte of an input
// chooses the scene, the second how the rest is cut into pieces.
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tls/engine.h"

namespace {

using namespace jumpgate::tls;
using View = std::span<const uint8_t>;

Pem pki(const std::string& name) {
    std::ifstream file(JUMPGATE_TEST_PKI "/" + name, std::ios::binary);
    return {name, {std::istreambuf_iterator<char>(file), {}}};
}

struct Contexts {
    ServerContextRef server;
    ClientContextRef client12;
    ClientContextRef client13;
};

ClientContextRef client_of(Version version) {
    ClientOptions options;
    options.ca = pki("ca.crt");
    options.identity = {pki("client.crt"), pki("client.key")};
    options.min_version = options.max_version = version;
    auto made = make_client_context(options);
    if (std::holds_alternative<Problem>(made)) std::abort();
    return std::get<ClientContextRef>(made);
}

const Contexts& contexts() {
    static const Contexts made = [] {
        ServerOptions options;
        options.pairs.push_back({pki("server.crt"), pki("server.key")});
        options.client_auth = ClientAuth::Optional;
        options.client_ca = pki("ca.crt");
        options.ticket_keys = TicketKeys::random();
        options.alpn = {"mqtt"};
        auto server = make_server_context(options);
        if (std::holds_alternative<Problem>(server)) std::abort();
        return Contexts{std::get<ServerContextRef>(server), client_of(Version::Tls12),
                        client_of(Version::Tls13)};
    }();
    return made;
}

void require(bool condition) {
    if (!condition) std::abort();
}

// Calls the engine until it wants more; nothing may come out, for nobody wrote anything.
Step run(Engine& engine) {
    std::array<uint8_t, 4'096> room{};
    for (int turns = 0; turns < 10'000; ++turns) {
        size_t length = 0;
        const bool established = engine.established();
        const Step step = established ? engine.read(room, length) : engine.handshake();
        require(length == 0);
        if (step == Step::WantOutput) {
            engine.take_output();
        } else if (step != Step::Done || established) {
            return step;
        }
    }
    std::abort();  // it hangs
}

void feed_in_pieces(Engine& engine, View bytes, size_t piece) {
    piece = piece == 0 ? bytes.size() : piece;
    while (!bytes.empty()) {
        const View next = bytes.first(std::min(piece, bytes.size()));
        bytes = bytes.subspan(next.size());
        engine.feed(next);
        const Step step = run(engine);
        require(engine.output_bytes() <= Engine::kOutputBytesMax + 65'536);
        if (step == Step::Failed || step == Step::Closed) return;
        require(engine.unread() == 0);
    }
    engine.ended_cleanly();
    engine.shut();
}

// Moves one flight; `edits` (position high, low, mask) change bytes of it. False: nothing moved.
bool move(Engine& from, Engine& to, View edits) {
    const Bytes flight = from.take_output();
    if (flight.empty()) return false;
    std::vector<uint8_t> bytes(flight.span().begin(), flight.span().end());
    for (; edits.size() >= 3; edits = edits.subspan(3)) {
        const size_t at = static_cast<size_t>(edits[0] << 8 | edits[1]) % bytes.size();
        bytes[at] = static_cast<uint8_t>(bytes[at] ^ edits[2]);
    }
    to.feed(bytes);
    run(to);
    return true;
}

// A handshake of which flight `which` is edited; then `after` reaches both sides.
void between(const ClientContextRef& client_context, unsigned which, View edits, View after) {
    const auto server = Engine::accept(contexts().server);
    const auto client = Engine::connect(client_context, "localhost");
    require(server != nullptr && client != nullptr);
    run(*client);
    for (unsigned i = 0; i < 6; ++i) {
        Engine& from = i % 2 == 0 ? *client : *server;
        Engine& to = i % 2 == 0 ? *server : *client;
        if (!move(from, to, i == which ? edits : View{})) break;
        if (to.failure() != Failure::None) return;
    }
    feed_in_pieces(*server, after, 0);
    feed_in_pieces(*client, after, 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    if (size < 3) return 0;
    const unsigned scene = bytes[0] % 8;
    const unsigned detail = bytes[1];
    const View rest(bytes + 2, size - 2);
    const ClientContextRef& client = scene % 2 == 0 ? contexts().client12 : contexts().client13;
    if (scene < 2) {
        feed_in_pieces(*Engine::accept(contexts().server), rest, detail);
    } else if (scene < 4) {
        const auto engine = Engine::connect(client, "localhost");
        engine->handshake();
        engine->take_output();
        feed_in_pieces(*engine, rest, detail);
    } else if (scene < 6) {
        between(client, detail % 4, rest, {});
    } else {
        between(client, 9, {}, rest);
    }
    return 0;
}

// Scenes and cuts before bytes that begin like a record of each type, or nothing deep is reached.
std::vector<std::vector<uint8_t>> jumpgate::seeds() {
    constexpr uint8_t kTypes[] = {20, 21, 22, 23};
    std::vector<std::vector<uint8_t>> result;
    for (uint8_t scene = 0; scene < 16; ++scene) {
        for (const uint8_t type : kTypes) {
            std::vector<uint8_t> input = {scene, static_cast<uint8_t>(scene * 7), type, 3, 3, 0,
                                          40};
            input.resize(input.size() + 40, static_cast<uint8_t>(type % 3));
            result.push_back(std::move(input));
        }
    }
    return result;
}
