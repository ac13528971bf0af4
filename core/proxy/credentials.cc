#include "core/proxy/credentials.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include <cstring>

#include "core/base/read_file.h"
#include "tls/algorithms.h"

namespace jumpgate {

namespace {

// Reads files and keeps the first problem: what follows is then not worth reading.
class Reader {
  public:
    explicit Reader(std::vector<std::string>& warnings) : warnings_(warnings) {}

    tls::Pem read(std::string_view flag, const std::string& path) {
        tls::Pem pem;
        if (path.empty() || !problem.empty()) return pem;
        pem.label = fmt::format("--{} {}", flag, path);
        Parsed<std::string> text = read_file(path);
        if (const Problem* why = std::get_if<Problem>(&text)) {
            problem = fmt::format("{}: {}", pem.label, why->text);
            return {};
        }
        pem.text = std::get<std::string>(std::move(text));
        return pem;
    }

    // The same for what must stay secret: warns where others may read it.
    tls::Pem read_secret(std::string_view flag, const std::string& path) {
        struct stat status {};
        if (!path.empty() && stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
            warnings_.push_back(
                fmt::format("--{} {}: every user may read it (mode {:04o}); "
                            "chmod 600 it",
                            flag, path, status.st_mode & 07777U));
        }
        return read(flag, path);
    }

    std::string problem;

  private:
    std::vector<std::string>& warnings_;
};

// What is freed shall not be found in a heap later.
void wipe(tls::Pem& pem) { explicit_bzero(pem.text.data(), pem.text.size()); }

tls::Version version(TlsVersion version) {
    return version == TlsVersion::Tls13 ? tls::Version::Tls13 : tls::Version::Tls12;
}

tls::ClientAuth client_auth(ClientAuth auth) {
    switch (auth) {
        case ClientAuth::None:
            return tls::ClientAuth::None;
        case ClientAuth::Optional:
            return tls::ClientAuth::Optional;
        case ClientAuth::Required:
            return tls::ClientAuth::Required;
    }
    return tls::ClientAuth::Required;
}

tls::Verify verify(UpstreamVerify verify) {
    switch (verify) {
        case UpstreamVerify::Full:
            return tls::Verify::Full;
        case UpstreamVerify::Ca:
            return tls::Verify::Ca;
        case UpstreamVerify::None:
            return tls::Verify::None;
    }
    return tls::Verify::Full;
}

bool listens(const Config& config) {
    for (const ListenAddress& address : config.listen) {
        if (address.tls) return true;
    }
    return false;
}

bool dials(const Config& config) {
    for (const BrokerAddress& broker : config.brokers) {
        if (broker.tls) return true;
    }
    return false;
}

// What is wrong with a list of names; tls/ knows them, and no flag. Empty: nothing.
std::string broken_list(const DownstreamTls& config) {
    const auto ciphers = tls::read_ciphers(config.ciphers);
    if (const auto* problem = std::get_if<tls::Problem>(&ciphers)) {
        return fmt::format("--tls-ciphers: {}", problem->text);
    }
    const auto curves = tls::read_curves(config.curves);
    if (const auto* problem = std::get_if<tls::Problem>(&curves)) {
        return fmt::format("--tls-curves: {}", problem->text);
    }
    if (config.min_version == TlsVersion::Tls13 && !std::get<tls::CipherList>(ciphers).has_tls13) {
        return "--tls-ciphers: no suite of TLS 1.3 among them, and --tls-min-version 1.3 allows no "
               "other";
    }
    return {};
}

// wolfSSL 5.7 asks the list in TLS 1.3 alone (TLSX_ValidateSupportedCurves in its tls.c).
constexpr std::string_view kCurvesOfTls13 =
    "--tls-curves: clients with TLS 1.2 may use other curves as well, for the list binds TLS 1.3 "
    "alone; with --tls-min-version 1.3 it binds all";

// Empty where it went well.
std::string load_server(const DownstreamTls& config, const tls::TicketKeys& process_tickets,
                        Credentials& out) {
    if (std::string problem = broken_list(config); !problem.empty()) return problem;
    if (!config.curves.empty() && config.min_version == TlsVersion::Tls12) {
        out.warnings.emplace_back(kCurvesOfTls13);
    }
    Reader reader(out.warnings);
    tls::ServerOptions options;
    for (const CertificateFiles& files : config.certificates) {
        options.pairs.push_back(
            {reader.read("tls-cert", files.certificate), reader.read_secret("tls-key", files.key)});
    }
    options.strict_sni = config.strict_sni;
    options.client_auth = client_auth(config.client_auth);
    options.client_ca = reader.read("tls-client-ca", config.client_ca_file);
    options.client_crl = reader.read("tls-client-crl", config.client_crl_file);
    options.min_version = version(config.min_version);
    options.ciphers = config.ciphers;
    options.curves = config.curves;
    options.alpn = {"mqtt", "http/1.1"};
    options.ticket_keys = process_tickets;
    tls::Pem tickets = reader.read_secret("tls-ticket-keys", config.ticket_keys_file);
    if (!reader.problem.empty()) return reader.problem;
    if (!tickets.empty()) {
        auto keys = tls::TicketKeys::parse(tickets.text);
        if (auto* problem = std::get_if<std::string>(&keys)) {
            return fmt::format("{}: {}", tickets.label, *problem);
        }
        options.ticket_keys = std::get<tls::TicketKeys>(keys);
    }
    auto made = tls::make_server_context(options);
    for (tls::Pair& pair : options.pairs) wipe(pair.key);
    wipe(tickets);
    if (auto* problem = std::get_if<tls::Problem>(&made)) return problem->text;
    out.server = std::get<tls::ServerContextRef>(made);
    return {};
}

std::string load_upstream(const UpstreamTls& config, Credentials& out) {
    Reader reader(out.warnings);
    tls::ClientOptions options;
    options.verify = verify(config.verify);
    options.ca = reader.read("upstream-ca", config.ca_file);
    options.identity = {reader.read("upstream-cert", config.certificate_file),
                        reader.read_secret("upstream-key", config.key_file)};
    if (!reader.problem.empty()) return reader.problem;
    if (config.verify == UpstreamVerify::None) {
        out.warnings.push_back(
            "--upstream-verify none: whoever answers at a broker's address gets "
            "the clients' passwords; use full with --upstream-ca");
    }
    auto made = tls::make_client_context(options);
    wipe(options.identity.key);
    if (auto* problem = std::get_if<tls::Problem>(&made)) return problem->text;
    out.upstream = std::get<tls::ClientContextRef>(made);
    return {};
}

}  // namespace

Parsed<Credentials> load_credentials(const Config& config, const tls::TicketKeys& process_tickets) {
    Credentials credentials;
    std::string problem;
    if (listens(config)) problem = load_server(config.tls, process_tickets, credentials);
    if (problem.empty() && dials(config)) problem = load_upstream(config.upstream_tls, credentials);
    if (!problem.empty()) return Problem{problem};
    return credentials;
}

bool uses_tls(const Config& config) { return listens(config) || dials(config); }

void forbid_core_dumps() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace jumpgate
