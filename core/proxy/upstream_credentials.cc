#include "core/proxy/upstream_credentials.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/proxy/pem_reader.h"

namespace jumpgate {

namespace {

tls::Verify verify_of(UpstreamVerify verify) {
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

struct SecretOptions : tls::ClientOptions {
    SecretOptions() = default;
    SecretOptions(const SecretOptions&) = default;
    SecretOptions& operator=(const SecretOptions&) = delete;
    ~SecretOptions() { wipe(identity.key); }

    // Whether what they make is the same; labels are for people.
    bool same_as(const SecretOptions& other) const {
        return verify == other.verify && ca.text == other.ca.text &&
               identity.certificate.text == other.identity.certificate.text &&
               identity.key.text == other.identity.key.text;
    }
};

class UpstreamLoader {
  public:
    UpstreamLoader(const Config& config, const Objects& objects, Credentials& out)
        : flags_(config.upstream_tls), objects_(objects), out_(out) {}

    // The problem; empty where it went well.
    std::string load(const UpstreamTlsConfig& own, PemReader& reader,
                     tls::ClientContextRef& context) {
        PemReader flags(out_);
        SecretOptions options;
        const UpstreamVerify verify = own.verify.value_or(flags_.verify);
        options.verify = verify_of(verify);
        options.ca = own.ca.empty() ? flags.read("--upstream-ca", {{}, flags_.ca_file})
                                    : reader.read("tls.ca", own.ca);
        std::string problem = read_identity(own, reader, flags, options.identity);
        if (problem.empty()) problem = reader.failed() ? reader.problem() : flags.problem();
        if (!problem.empty()) return problem;
        if (verify == UpstreamVerify::None) {
            warn(out_.warnings,
                 fmt::format("{}: whoever answers at a broker's address gets the clients' "
                             "passwords; verify it, by a CA of its own if need be",
                             own.verify ? reader.placed("tls.verify") : "--upstream-verify none"));
        }
        return make(options, reader, context);
    }

    // That the certificate of a client ssl can be used, whether an upstream names it or not.
    std::string check(const SslConfig& ssl) {
        PemReader reader(ssl.origin, fmt::format("ssls {}", ssl.id), out_);
        SecretOptions options;
        options.verify = tls::Verify::None;
        options.identity = reader.read("cert", "key", ssl.pairs.front());
        if (reader.failed()) return reader.problem();
        tls::ClientContextRef unused;
        return make(options, reader, unused);
    }

  private:
    // Its own certificate, or one of the ssls, or that of the flags.
    std::string read_identity(const UpstreamTlsConfig& own, PemReader& reader, PemReader& flags,
                              tls::Pair& identity) {
        if (!own.identity.certificate.empty() || !own.identity.key.empty()) {
            identity = reader.read("tls.client_cert", "tls.client_key", own.identity);
            return {};
        }
        if (own.client_cert_id.empty()) {
            identity = flags.read("--upstream-cert", "--upstream-key",
                                  {{{}, flags_.certificate_file}, {{}, flags_.key_file}});
            return {};
        }
        const auto ssl = std::ranges::find(objects_.ssls, own.client_cert_id, &SslConfig::id);
        const char* wrong = ssl == objects_.ssls.end()     ? "does not exist"
                            : ssl->type != SslType::Client ? "is not of type client"
                            : !ssl->enabled                ? "is disabled (status: 0)"
                                                           : nullptr;
        if (wrong != nullptr)
            return reader.placed(
                fmt::format("tls.client_cert_id: ssls {} {}", own.client_cert_id, wrong));
        PemReader of_ssl(ssl->origin, fmt::format("ssls {}", ssl->id), out_);
        identity = of_ssl.read("cert", "key", ssl->pairs.front());
        return of_ssl.problem();
    }

    // What was made of the same is the same: a thousand upstreams by one CA load it once.
    std::string make(const SecretOptions& options, const PemReader& reader,
                     tls::ClientContextRef& context) {
        for (const Made& made : made_) {
            if (!made.of.same_as(options)) continue;
            context = made.context;
            return {};
        }
        auto made = tls::make_client_context(options);
        if (auto* wrong = std::get_if<tls::Problem>(&made)) return reader.placed(wrong->text);
        context = std::get<tls::ClientContextRef>(made);
        made_.push_back({options, context});
        return {};
    }

    struct Made {
        SecretOptions of;
        tls::ClientContextRef context;
    };

    const UpstreamTls& flags_;
    const Objects& objects_;
    Credentials& out_;
    std::vector<Made> made_;
};

}  // namespace

bool dials_tls(const UpstreamConfig& upstream) {
    return upstream.scheme_tls || std::ranges::any_of(upstream.nodes, &BrokerAddress::tls);
}

std::string load_upstreams(const Config& config, const Objects& objects, Credentials& out) {
    UpstreamLoader loader(config, objects, out);
    for (const SslConfig& ssl : objects.ssls) {
        if (ssl.type != SslType::Client || !ssl.enabled) continue;
        if (std::string problem = loader.check(ssl); !problem.empty()) return problem;
    }
    out.upstreams.assign(objects.upstreams.size(), nullptr);
    for (size_t i = 0; i < objects.upstreams.size(); ++i) {
        const UpstreamConfig& upstream = objects.upstreams[i];
        if (!dials_tls(upstream)) continue;
        PemReader reader(upstream.origin, fmt::format("upstreams {}", upstream.id), out);
        std::string problem = loader.load(upstream.tls, reader, out.upstreams[i]);
        if (!problem.empty()) return problem;
    }
    return {};
}

}  // namespace jumpgate
