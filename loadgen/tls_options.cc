#include "loadgen/tls_options.h"

#include <fmt/format.h>

namespace jumpgate::load {

void add_tls_flags(FlagTable& table, TlsOptions& options, TlsGiven& given) {
    table.group("TLS");
    table
        .toggle("ssl", options.on,
                "Speak TLS. The broker is verified before it is sent anything of MQTT.")
        .letter = 'S';
    table.text(
        "cacertfile", options.ca_path, "FILE",
        "The CAs that may have signed the broker's certificate, PEM. Default: the system's.");
    table.text("certfile", given.certificate_path, "FILE",
               "The clients' certificate, PEM, followed by its chain. With %i (or %t, %r) in the "
               "name each client has its own: all are read before the first dial, about 0.5 ms and "
               "5 KB each; without --cacertfile 8 ms and 85 KB, for the system's CAs.");
    table.text("keyfile", given.key_path, "FILE", "Its private key, PEM; %i, %t, %r as above.");
    table.choice<TlsVersions>("tls-version", options.versions,
                              {{"1.2", TlsVersions::Only12}, {"1.3", TlsVersions::Only13}},
                              "Exactly this version. Default: the highest that both ends know.");
    table.text("sni", options.server_name, "NAME",
               "The name to ask for and to verify. Default: the host as --host spells it.");
    table.toggle("no-verify", given.no_verify,
                 "Take any certificate, and with it anybody for the broker.");
    table.number("tls-resume", options.resume_percent, 0, 100, "%",
                 "Share of the connects that resume an earlier session of this run. The first "
                 "connect to a host, and with --certfile %i the first of each client, cannot.");
}

// The first flag that only means something with --ssl.
static std::string_view first_given(const TlsOptions& options, const TlsGiven& given) {
    if (!options.ca_path.empty()) return "cacertfile";
    if (!given.certificate_path.empty()) return "certfile";
    if (!given.key_path.empty()) return "keyfile";
    if (options.versions != TlsVersions::Both) return "tls-version";
    if (!options.server_name.empty()) return "sni";
    if (given.no_verify) return "no-verify";
    if (options.resume_percent > 0) return "tls-resume";
    return {};
}

std::optional<std::string> settle_tls(TlsOptions& options, const TlsGiven& given) {
    if (const std::string_view flag = first_given(options, given); !options.on && !flag.empty()) {
        return fmt::format("--{}: needs TLS; add -S, or leave --{} away", flag, flag);
    }
    if (given.certificate_path.empty() != given.key_path.empty()) {
        return given.key_path.empty() ? "--certfile: needs its private key; add --keyfile"
                                      : "--keyfile: needs its certificate; add --certfile";
    }
    if (given.no_verify && !options.ca_path.empty()) {
        return "--cacertfile: is for verification, which --no-verify turns off; leave one away";
    }
    options.verify = !given.no_verify;
    std::optional<std::string> refusal =
        settle_template("certfile", given.certificate_path, "itr", options.certificate_path);
    if (!refusal) refusal = settle_template("keyfile", given.key_path, "itr", options.key_path);
    return refusal;
}

}  // namespace jumpgate::load
