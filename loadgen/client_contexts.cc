#include "loadgen/client_contexts.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>

#include "core/base/check.h"
#include "core/base/read_file.h"
#include "loadgen/identity.h"

namespace jumpgate::load {

namespace {

// Makes contexts that differ in nothing but the client's own certificate.
class Maker {
  public:
    explicit Maker(const TlsOptions& options) : options_(options) {
        wanted_.verify = options.verify ? tls::Verify::Full : tls::Verify::None;
        if (options.versions == TlsVersions::Only12) wanted_.max_version = tls::Version::Tls12;
        if (options.versions == TlsVersions::Only13) wanted_.min_version = tls::Version::Tls13;
    }

    std::optional<tls::Problem> read_ca() {
        return options_.ca_path.empty() ? std::nullopt
                                        : read("cacertfile", options_.ca_path, wanted_.ca);
    }
    std::variant<tls::ClientContextRef, tls::Problem> make(const std::string& certificate_path,
                                                           const std::string& key_path) {
        std::optional<tls::Problem> problem;
        if (!certificate_path.empty()) {
            problem = read("certfile", certificate_path, wanted_.identity.certificate);
            if (!problem) problem = read("keyfile", key_path, wanted_.identity.key);
        }
        if (problem) return *problem;
        return tls::make_client_context(wanted_);
    }

  private:
    static std::optional<tls::Problem> read(std::string_view flag, const std::string& path,
                                            tls::Pem& out) {
        Parsed<std::string> text = read_file(path);
        if (const Problem* problem = std::get_if<Problem>(&text)) {
            return tls::Problem{fmt::format("--{}: {}: {}", flag, path, problem->text)};
        }
        out = {path, std::get<std::string>(std::move(text))};
        return std::nullopt;
    }

    const TlsOptions& options_;
    tls::ClientOptions wanted_;
};

bool is_one_for_all(const TlsOptions& tls) {
    for (const char letter : {'i', 't', 'r'}) {
        if (tls.certificate_path.has(letter) || tls.key_path.has(letter)) return false;
    }
    return true;
}

}  // namespace

std::variant<ClientContexts, tls::Problem> ClientContexts::make(const Options& options) {
    CHECK(options.tls.on);
    Maker maker(options.tls);
    if (std::optional<tls::Problem> problem = maker.read_ca()) return *problem;
    ClientContexts made;
    const uint32_t wanted = is_one_for_all(options.tls) ? 1 : options.count;
    made.contexts_.reserve(wanted);
    std::unordered_map<std::string, tls::ClientContextRef> known;
    for (uint32_t index = 0; index < wanted; ++index) {
        const TemplateValues values = values_of(options, index);
        std::string certificate_path;
        std::string key_path;
        options.tls.certificate_path.append_to(certificate_path, values);
        options.tls.key_path.append_to(key_path, values);
        tls::ClientContextRef& context = known[certificate_path + '\0' + key_path];
        if (!context) {
            auto result = maker.make(certificate_path, key_path);
            if (tls::Problem* problem = std::get_if<tls::Problem>(&result)) return *problem;
            context = std::move(std::get<tls::ClientContextRef>(result));
        }
        made.contexts_.push_back(context);
    }
    made.different_ = known.size();
    return made;
}

}  // namespace jumpgate::load
