#include "core/base/cidr.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

namespace jumpgate {
namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kMappedBits = 96;

int address_bits(const Cidr& cidr) { return cidr.v4 ? 32 : 128; }

bool is_mapped(std::span<const uint8_t> address) {
    return address.size() == 16 && std::equal(kMapped.begin(), kMapped.end(), address.begin());
}

// The bits of byte `at` that belong to the prefix.
uint8_t mask(int prefix_bits, int at) {
    const int bits = std::clamp(prefix_bits - 8 * at, 0, 8);
    return static_cast<uint8_t>(0xff << (8 - bits));
}

void clear_behind_prefix(Cidr& cidr) {
    for (int at = 0; at < 16; ++at)
        cidr.network[static_cast<size_t>(at)] &= mask(cidr.prefix_bits, at);
}

// Digits alone, without a leading zero; -1 where it is no such number up to `most`.
int parse_bits(std::string_view text, int most) {
    int bits = -1;
    const auto [end, error] = std::from_chars(text.begin(), text.end(), bits);
    const bool canonical = text.size() == 1 || (!text.empty() && text.front() != '0');
    const bool ok = error == std::errc() && end == text.end() && canonical && text[0] != '-';
    return ok && bits <= most ? bits : -1;
}

}  // namespace

bool Cidr::contains(std::span<const uint8_t> address) const {
    if (is_mapped(address)) address = address.subspan(kMapped.size());
    if (address.size() != (v4 ? 4u : 16u)) return false;
    for (int at = 0; 8 * at < prefix_bits; ++at) {
        const auto i = static_cast<size_t>(at);
        if ((address[i] & mask(prefix_bits, at)) != network[i]) return false;
    }
    return true;
}

Parsed<Cidr> parse_cidr(std::string_view value) {
    const size_t slash = value.find('/');
    const std::string host(value.substr(0, slash));
    const bool nul = host.find('\0') != host.npos;  // inet_pton would stop there
    Cidr cidr;
    cidr.v4 = !nul && inet_pton(AF_INET, host.c_str(), cidr.network.data()) == 1;
    if (!cidr.v4 && (nul || inet_pton(AF_INET6, host.c_str(), cidr.network.data()) != 1))
        return Problem{"has no IP address at its start, as 10.0.0.0/8 or 2001:db8::/32 have"};

    const int most = address_bits(cidr);
    const int bits = slash == value.npos ? most : parse_bits(value.substr(slash + 1), most);
    if (bits < 0)
        return Problem{fmt::format("has no prefix length from 0 to {} behind its '/'", most)};
    cidr.prefix_bits = static_cast<uint8_t>(bits);
    if (is_mapped(cidr.network) && bits >= kMappedBits) {
        std::memmove(cidr.network.data(), cidr.network.data() + kMapped.size(), 4);
        std::fill(cidr.network.begin() + 4, cidr.network.end(), uint8_t{0});
        cidr.prefix_bits = static_cast<uint8_t>(bits - kMappedBits);
        cidr.v4 = true;
    }
    const Cidr written = cidr;
    clear_behind_prefix(cidr);
    if (cidr != written)
        return Problem{fmt::format("has bits set behind its prefix: write {}", text(cidr))};
    return cidr;
}

std::string address_text(std::span<const uint8_t> address) {
    if (is_mapped(address)) address = address.subspan(kMapped.size());
    if (address.size() != 4 && address.size() != 16) return "unknown";
    char form[INET6_ADDRSTRLEN];
    inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), form, sizeof form);
    return form;
}

std::string text(const Cidr& cidr) {
    char form[INET6_ADDRSTRLEN];
    inet_ntop(cidr.v4 ? AF_INET : AF_INET6, cidr.network.data(), form, sizeof form);
    if (cidr.prefix_bits == address_bits(cidr)) return form;
    return fmt::format("{}/{}", form, cidr.prefix_bits);
}

}  // namespace jumpgate
