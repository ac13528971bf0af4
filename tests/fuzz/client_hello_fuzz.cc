// Fuzz target: the reader of ClientHellos (tls/client_hello.h).
//
// Law: an answer never changes with bytes that come later, unless it was "more"; names are clean.
#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tls/hellos.h"
#include "tls/client_hello.h"

using jumpgate::tls::ClientHello;
using jumpgate::tls::HelloInvalid;
using jumpgate::tls::HelloNeedsMore;

static void check_clean(const ClientHello& hello) {
    CHECK(hello.server_name.size() <= 253);
    for (const char c : hello.server_name)
        CHECK((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_');
    CHECK(!hello.server_name.starts_with('.') && !hello.server_name.ends_with('.'));
    CHECK(hello.version_max == 0 || hello.version_max >> 8 == 3);
    CHECK(hello.alpn.size() <= 64);
    for (const std::string& protocol : hello.alpn) CHECK(!protocol.empty());
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    // Exactly as long as the input, so that ASan sees a read behind it.
    const std::vector<uint8_t> input(bytes, bytes + size);
    const auto whole = jumpgate::tls::read_client_hello(input);
    if (const auto* hello = std::get_if<ClientHello>(&whole)) {
        check_clean(*hello);
        CHECK(jumpgate::tls::looks_like_tls(input));
    }
    if (size == 0) return 0;
    const std::vector<uint8_t> half(bytes, bytes + size / 2);
    const auto before = jumpgate::tls::read_client_hello(half);
    if (std::holds_alternative<HelloInvalid>(before))
        CHECK(std::holds_alternative<HelloInvalid>(whole));
    if (std::holds_alternative<HelloNeedsMore>(whole))
        CHECK(std::holds_alternative<HelloNeedsMore>(before));
    if (const auto* hello = std::get_if<ClientHello>(&before))
        CHECK(hello->server_name == std::get<ClientHello>(whole).server_name);
    return 0;
}

std::vector<std::vector<uint8_t>> jumpgate::seeds() {
    std::vector<std::vector<uint8_t>> result;
    for (const std::string_view hex :
         {tls::kHelloOfTls13, tls::kHelloOfTls12, tls::kHelloWithoutName, tls::kHelloOfTls11}) {
        const std::vector<uint8_t> hello = tls::from_hex(hex);
        result.push_back(hello);
        // The same in two records.
        const size_t split = 50;
        const size_t second = hello.size() - split;
        std::vector<uint8_t> two(hello.begin(), hello.begin() + split);
        two[3] = 0;
        two[4] = split - 5;
        two.insert(two.end(),
                   {22, 3, 1, static_cast<uint8_t>(second >> 8), static_cast<uint8_t>(second)});
        two.insert(two.end(), hello.begin() + split, hello.end());
        result.push_back(two);
    }
    return result;
}
