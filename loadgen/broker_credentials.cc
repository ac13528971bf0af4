#include "loadgen/broker_credentials.h"

#include <optional>
#include <utility>
#include <variant>

#include "core/base/read_file.h"

namespace jumpgate::broker {

static std::optional<Problem> read(const std::string& path, tls::Pem& pem) {
    Parsed<std::string> text = read_file(path);
    if (const Problem* problem = std::get_if<Problem>(&text)) {
        return Problem{path + ": " + problem->text};
    }
    pem = {path, std::get<std::string>(std::move(text))};
    return std::nullopt;
}

Parsed<tls::ServerContextRef> load(const Credentials& credentials) {
    tls::ServerOptions options;
    tls::Pair& pair = options.pairs.emplace_back();
    std::optional<Problem> problem = read(credentials.cert_file, pair.certificate);
    if (!problem) problem = read(credentials.key_file, pair.key);
    if (!problem && credentials.client_auth != tls::ClientAuth::None) {
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
