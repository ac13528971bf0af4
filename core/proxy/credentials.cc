#include "core/proxy/credentials.h"

#include <fmt/format.h>
#include <sys/prctl.h>

#include <algorithm>

#include "core/proxy/pem_reader.h"
#include "core/proxy/upstream_credentials.h"
#include "tls/algorithms.h"

namespace jumpgate {

namespace {

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

bool listens(const Config& config) {
    return std::ranges::any_of(config.listen, &ListenAddress::tls);
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

constexpr std::string_view kNoCertificate =
    "--tls-listen: there is no certificate to show; every TLS client is refused until an object "
    "under ssls has one";

struct SecretOptions : tls::ServerOptions {
    ~SecretOptions() {
        wipe_keys(*this);
        for (tls::ServerGroup& group : others) wipe_keys(group);
    }
    // The first one is the default.
    void add(tls::ServerGroup&& group) {
        if (pairs.empty()) {
            static_cast<tls::ServerGroup&>(*this) = std::move(group);
        } else {
            others.push_back(std::move(group));
        }
    }

  private:
    static void wipe_keys(tls::ServerGroup& group) {
        for (tls::Pair& pair : group.pairs) wipe(pair.key);
    }
};

class ServerLoader {
  public:
    ServerLoader(const DownstreamTls& flags, Credentials& out) : flags_(flags), out_(out) {}

    // Each returns the problem; empty where it went well.
    std::string add_flags() {
        PemReader reader(out_);
        by_flags_.client_auth = client_auth(flags_.client_auth);
        by_flags_.client_ca = reader.read("--tls-client-ca", {{}, flags_.client_ca_file});
        by_flags_.client_crl = reader.read("--tls-client-crl", {{}, flags_.client_crl_file});
        by_flags_.min_version = version(flags_.min_version);
        if (flags_.certificates.empty()) return reader.problem();
        tls::ServerGroup group = by_flags_;
        for (const CertificateFiles& files : flags_.certificates) {
            group.pairs.push_back(
                reader.read("--tls-cert", "--tls-key", {{{}, files.certificate}, {{}, files.key}}));
        }
        options_.add(std::move(group));
        return reader.problem();
    }

    std::string add(const SslConfig& ssl) {
        PemReader reader(ssl.origin, fmt::format("ssls {}", ssl.id), out_);
        tls::ServerGroup group = by_flags_;
        group.label = reader.place();
        for (size_t i = 0; i < ssl.pairs.size(); ++i) {
            const std::string index = i == 0 ? "" : fmt::format("s[{}]", i - 1);
            group.pairs.push_back(reader.read("cert" + index, "key" + index, ssl.pairs[i]));
        }
        group.names = ssl.snis;
        if (!ssl.client_ca.empty()) {
            group.client_auth = tls::ClientAuth::Required;
            group.client_ca = reader.read("client.ca", ssl.client_ca);
            group.client_crl = reader.read("client.crl", ssl.client_crl);
            group.client_depth = ssl.client_depth;
        } else if (!ssl.client_crl.empty()) {
            return reader.placed("client.crl: revokes what no CA vouches for; give client.ca");
        }
        group.min_version = std::max(by_flags_.min_version, version(ssl.min_version));
        group.max_version = version(ssl.max_version);
        if (group.min_version > group.max_version)
            return reader.placed("ssl_protocols: hold nothing that --tls-min-version allows");
        options_.add(std::move(group));
        return reader.problem();
    }

    bool empty() const { return options_.pairs.empty(); }

    std::string make(const tls::TicketKeys& process_tickets, tls::ServerContextRef& context) {
        options_.strict_sni = flags_.strict_sni;
        options_.ciphers = flags_.ciphers;
        options_.curves = flags_.curves;
        options_.alpn = {"mqtt", "http/1.1"};
        options_.ticket_keys = process_tickets;
        if (std::string problem = read_tickets(); !problem.empty()) return problem;
        auto made = tls::make_server_context(options_);
        if (auto* problem = std::get_if<tls::Problem>(&made)) return problem->text;
        context = std::get<tls::ServerContextRef>(made);
        return {};
    }

  private:
    std::string read_tickets() {
        PemReader reader(out_);
        tls::Pem tickets = reader.read_secret("--tls-ticket-keys", {{}, flags_.ticket_keys_file});
        if (reader.failed() || tickets.empty()) return reader.problem();
        auto keys = tls::TicketKeys::parse(tickets.text);
        wipe(tickets);
        if (auto* problem = std::get_if<std::string>(&keys))
            return fmt::format("{}: {}", tickets.label, *problem);
        options_.ticket_keys = std::get<tls::TicketKeys>(keys);
        return {};
    }

    const DownstreamTls& flags_;
    Credentials& out_;
    tls::ServerGroup by_flags_;  // what holds where an ssl says nothing else
    SecretOptions options_;
};

// By the Admin API, and then at a restart out of --state-dir. Of files alone, core/config
// complains.
bool may_come(const Config& config) { return !config.admin.empty() || !config.state_dir.empty(); }

bool is_served(const SslConfig& ssl) { return ssl.enabled && ssl.type == SslType::Server; }

std::string load_server(const Config& config, const Objects& objects,
                        const tls::TicketKeys& process_tickets, Credentials& out) {
    const DownstreamTls& flags = config.tls;
    const bool listening = listens(config);
    if (!listening && std::ranges::none_of(objects.ssls, is_served)) return {};
    if (std::string problem = broken_list(flags); !problem.empty()) return problem;
    if (!flags.curves.empty() && flags.min_version == TlsVersion::Tls12) {
        out.warnings.emplace_back(kCurvesOfTls13);
    }
    ServerLoader loader(flags, out);
    std::string problem = loader.add_flags();
    for (const SslConfig& ssl : objects.ssls) {
        if (problem.empty() && is_served(ssl)) problem = loader.add(ssl);
    }
    if (!problem.empty()) return problem;
    if (loader.empty() && may_come(config)) {
        out.warnings.emplace_back(kNoCertificate);
        return {};
    }
    if (loader.empty())
        return "--tls-listen: there is no certificate to show; give --tls-cert FILE and --tls-key "
               "FILE, or an object under ssls";
    tls::ServerContextRef made;
    problem = loader.make(process_tickets, made);
    if (listening) out.server = std::move(made);
    return problem;
}

}  // namespace

Parsed<Credentials> load_credentials(const Config& config, const Objects& objects,
                                     const tls::TicketKeys& process_tickets) {
    Credentials credentials;
    std::string problem = load_server(config, objects, process_tickets, credentials);
    if (problem.empty()) problem = load_upstreams(config, objects, credentials);
    if (!problem.empty()) return Problem{problem};
    return credentials;
}

bool uses_tls(const Config& config, const Objects& objects) {
    return listens(config) || !objects.ssls.empty() ||
           std::ranges::any_of(objects.upstreams, dials_tls);
}

void forbid_core_dumps() { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

}  // namespace jumpgate
