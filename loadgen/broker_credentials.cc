#include "loadgen/broker_credentials.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

namespace jumpgate::broker {

static constexpr size_t kFileBytesMax = 16U << 20;  // the system's CA bundle has 0.2 MB

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

static std::optional<Problem> read(const std::string& path, tls::Pem& pem) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    std::array<char, 16'384> part{};
    pem.label = path;
    errno = file ? 0 : errno;
    for (size_t got = 1; file && got > 0 && pem.text.size() <= kFileBytesMax;) {
        got = std::fread(part.data(), 1, part.size(), file.get());
        pem.text.append(part.data(), got);
    }
    if (!file || std::ferror(file.get()) != 0) {
        return Problem{
            fmt::format("{}: cannot be read: {} (errno {})", path, std::strerror(errno), errno)};
    }
    if (pem.text.size() > kFileBytesMax) {
        return Problem{fmt::format("{}: is larger than {} bytes", path, kFileBytesMax)};
    }
    if (pem.text.empty()) return Problem{path + ": is empty"};
    return std::nullopt;
}

Parsed<tls::ServerContextRef> load(const Credentials& credentials) {
    tls::ServerOptions options;
    tls::Pair& pair = options.pairs.emplace_back();
    std::optional<Problem> problem = read(credentials.cert_file, pair.certificate);
    if (!problem) problem = read(credentials.key_file, pair.key);
    if (!problem && !credentials.client_ca_file.empty()) {
        problem = read(credentials.client_ca_file, options.client_ca);
    }
    if (problem) return *problem;
    options.client_auth = credentials.client_auth;
    options.min_version = credentials.min_version;
    options.max_version = credentials.max_version;
    options.ticket_keys = tls::TicketKeys::random();
    std::variant<tls::ServerContextRef, tls::Problem> made = tls::make_server_context(options);
    if (const tls::Problem* wrong = std::get_if<tls::Problem>(&made)) return Problem{wrong->text};
    return std::get<tls::ServerContextRef>(std::move(made));
}

}  // namespace jumpgate::broker
