// Fuzz target: the reader of PROXY headers (core/proxy/proxy_header.h).
//
// Law: bytes that come later change no answer but "more"; what was read can be written and read.
#include "core/base/check.h"
#include "core/proxy/proxy_header.h"
#include "tests/fuzz/fuzz.h"
#include "tests/proxy/proxy_header_samples.h"

using jumpgate::Address;
using jumpgate::parse_proxy_header;
using jumpgate::ProxyHeader;
using jumpgate::ProxyHeaderInvalid;
using jumpgate::ProxyHeaderNeedsMore;
using Octets = std::vector<uint8_t>;

static void check_same(const Octets& bytes, const Address& source, const Address& destination) {
    const auto read = parse_proxy_header(bytes);
    const auto* header = std::get_if<ProxyHeader>(&read);
    CHECK(header != nullptr && header->header_bytes == bytes.size());
    CHECK(header->source.to_string() == source.to_string());
    CHECK(header->destination.to_string() == destination.to_string());
}

static void check_written_again(const ProxyHeader& header) {
    CHECK(header.source.known() == header.destination.known());
    CHECK(!header.local || !header.source.known());
    CHECK(header.header_bytes <= jumpgate::kProxyHeaderBytesMax);
    Octets v1;
    jumpgate::write_proxy_v1(v1, header.source, header.destination);
    CHECK(v1.size() <= 107);
    check_same(v1, header.source, header.destination);
    Octets v2;
    CHECK(jumpgate::write_proxy_v2(v2, header.source, header.destination));
    check_same(v2, header.source, header.destination);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    const Octets input(bytes, bytes + size);  // exactly as long, so that ASan sees its end
    const auto whole = parse_proxy_header(input);
    if (const auto* header = std::get_if<ProxyHeader>(&whole)) check_written_again(*header);
    const Octets half(bytes, bytes + size / 2);
    const auto before = parse_proxy_header(half);
    if (std::holds_alternative<ProxyHeaderInvalid>(before))
        CHECK(std::holds_alternative<ProxyHeaderInvalid>(whole));
    if (std::holds_alternative<ProxyHeaderNeedsMore>(whole))
        CHECK(std::holds_alternative<ProxyHeaderNeedsMore>(before));
    if (const auto* header = std::get_if<ProxyHeader>(&before))
        CHECK(header->header_bytes == std::get<ProxyHeader>(whole).header_bytes);
    return 0;
}

std::vector<Octets> jumpgate::seeds() {
    std::vector<Octets> result;
    for (const ProxySample& sample : kHaproxySamples) result.push_back(from_hex(sample.hex));
    return result;
}
