#include "core/proxy/check_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "core/proxy/credentials.h"
#include "core/proxy/pem_reader.h"
#include "core/proxy/upstream_credentials.h"

namespace jumpgate {

namespace {

struct NamedPem {
    std::string field;
    const PemSource& source;
};

class CredentialsCheck {
  public:
    CredentialsCheck(const Config& config, const Objects& objects)
        : config_(config), objects_(objects), alone_(config) {
        alone_.listen.clear();  // a listener wants a certificate, which another object may have
        alone_.tls.certificates.clear();
    }

    Checked run() {
        check_server_flags();
        check_upstream_flags();
        Objects sound;
        for (const SslConfig& ssl : objects_.ssls)
            if (ssl.enabled && is_sound(ssl)) sound.ssls.push_back(ssl);
        for (const UpstreamConfig& upstream : objects_.upstreams)
            if (dials_tls(upstream)) check(upstream);
        if (found_.errors.empty() && !is_incomplete_)
            try_all(config_, objects_);
        else
            try_all(alone_, sound);  // a name (SNI) that two of them share
        return std::move(found_);
    }

  private:
    using Pems = std::initializer_list<NamedPem>;

    // Each once: what flags say holds for many objects.
    static void say(std::vector<Complaint>& all, std::string problem) {
        if (std::ranges::find(all, problem, &Complaint::problem) == all.end())
            all.push_back({{}, {}, {}, std::move(problem), {}});
    }
    void complain(std::string problem) { say(found_.errors, std::move(problem)); }

    // Whether each of `pems` that is given can be read; `reader` makes a PemReader of its own for
    // each, for one keeps its first problem alone.
    template <class MakeReader>
    bool can_read(const MakeReader& make_reader, Pems pems) {
        bool all = true;
        for (const NamedPem& pem : pems) {
            PemReader reader = make_reader();
            tls::Pem read = reader.read(pem.field, pem.source);
            wipe(read);
            if (reader.failed()) complain(reader.problem());
            all &= !reader.failed();
        }
        return all;
    }
    bool can_read_flags(Pems pems) {
        return can_read([this] { return PemReader(scratch_); }, pems);
    }

    bool try_all(const Config& config, const Objects& objects) {
        Parsed<Credentials> loaded = load_credentials(config, objects, tickets_);
        if (const Problem* problem = std::get_if<Problem>(&loaded)) {
            complain(problem->text);
            return false;
        }
        for (std::string& warning : std::get<Credentials>(loaded).warnings)
            say(found_.warnings, std::move(warning));
        return true;
    }

    // One certificate with its key, by the names under which they are given.
    bool fits(PemReader reader, const std::string& certificate, const std::string& key,
              const PemPair& pair, const std::vector<std::string>& names) {
        if (pair.certificate.empty() || pair.key.empty()) {
            is_incomplete_ = true;
            return false;
        }
        tls::ServerOptions options;
        options.label = reader.place();
        options.pairs.push_back(reader.read(certificate, key, pair));
        options.names = names;
        options.ticket_keys = tickets_;
        auto made = tls::make_server_context(options);
        wipe(options.pairs[0].key);
        const auto* problem = std::get_if<tls::Problem>(&made);
        if (problem != nullptr) complain(problem->text);
        return problem == nullptr;
    }

    void check_server_flags() {
        const DownstreamTls& tls = config_.tls;
        Config flags = config_;
        flags.upstream_tls = {};
        std::erase_if(flags.tls.certificates, [&](const CertificateFiles& files) {
            const PemPair pair{{{}, files.certificate}, {{}, files.key}};
            return !can_read_flags({{"--tls-cert", pair.certificate}, {"--tls-key", pair.key}}) ||
                   !fits(PemReader(scratch_), "--tls-cert", "--tls-key", pair, {});
        });
        const bool are_read = can_read_flags({{"--tls-client-ca", {{}, tls.client_ca_file}},
                                              {"--tls-client-crl", {{}, tls.client_crl_file}},
                                              {"--tls-ticket-keys", {{}, tls.ticket_keys_file}}});
        if (flags.tls.certificates.empty()) flags.listen.clear();
        if (are_read && try_all(flags, {})) return;
        alone_.tls = {};
        alone_.tls.min_version = tls.min_version;
    }

    void check_upstream_flags() {
        const UpstreamTls& tls = config_.upstream_tls;
        if (std::ranges::none_of(objects_.upstreams, dials_tls)) return;
        const bool are_read = can_read_flags({{"--upstream-ca", {{}, tls.ca_file}},
                                              {"--upstream-cert", {{}, tls.certificate_file}},
                                              {"--upstream-key", {{}, tls.key_file}}});
        Objects one;
        one.upstreams.emplace_back().scheme_tls = true;
        Config flags = alone_;
        flags.upstream_tls = tls;
        if (!are_read || !try_all(flags, one)) alone_.upstream_tls = {};
    }

    bool is_sound(const SslConfig& ssl) {
        const auto reader = [&] {
            return PemReader(ssl.origin, fmt::format("ssls {}", ssl.id), scratch_);
        };
        const size_t before = found_.errors.size();
        bool is_whole = true;
        for (size_t i = 0; i < ssl.pairs.size(); ++i) {
            const PemPair& pair = ssl.pairs[i];
            const std::string index = i == 0 ? "" : fmt::format("s[{}]", i - 1);
            const std::string certificate = "cert" + index, key = "key" + index;
            is_whole &= !pair.certificate.empty() && !pair.key.empty();
            is_incomplete_ |= !is_whole;
            if (can_read(reader, {{certificate, pair.certificate}, {key, pair.key}}) &&
                ssl.type == SslType::Server)
                fits(reader(), certificate, key, pair, ssl.snis);
        }
        can_read(reader, {{"client.ca", ssl.client_ca}, {"client.crl", ssl.client_crl}});
        if (!is_whole || found_.errors.size() != before) return false;
        Objects one;
        one.ssls = {ssl};
        return try_all(alone_, one);
    }

    void check(const UpstreamConfig& upstream) {
        const UpstreamTlsConfig& tls = upstream.tls;
        const auto reader = [&] {
            return PemReader(upstream.origin, fmt::format("upstreams {}", upstream.id), scratch_);
        };
        if (!can_read(reader, {{"tls.ca", tls.ca},
                               {"tls.client_cert", tls.identity.certificate},
                               {"tls.client_key", tls.identity.key}}))
            return;
        const auto is_meant = [&tls](const SslConfig& ssl) {
            return ssl.id == tls.client_cert_id && ssl.type == SslType::Client && ssl.enabled;
        };
        const bool refers = !tls.client_cert_id.empty();
        const bool is_half = tls.identity.certificate.empty() != tls.identity.key.empty();
        if (is_half || (refers && std::ranges::none_of(objects_.ssls, is_meant))) {
            is_incomplete_ = true;
            return;
        }
        Objects one;
        one.upstreams = {upstream};
        one.upstreams[0].tls.client_cert_id.clear();  // that ssl is tried for itself
        try_all(alone_, one);
    }

    const Config& config_;
    const Objects& objects_;
    const tls::TicketKeys tickets_ = tls::TicketKeys::random();
    Config alone_;         // what the flags say of an object, but for what is wrong with them
    Credentials scratch_;  // warnings that would come again
    bool is_incomplete_ = false;  // the readers have complained: what is whole fails
    Checked found_;
};

}  // namespace

Checked check_credentials(const Config& config, const Objects& objects) {
    return CredentialsCheck(config, objects).run();
}

}  // namespace jumpgate
