// PemReader: certificates, keys, CAs and lists, from files or from the text of an object, under
// names by which a person finds them again.
//
// Law: keeps the first problem: what follows is then not worth reading. A problem names flag or
// object and file, never what is in it. What it read is the caller's to wipe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config/objects.h"
#include "core/proxy/credentials.h"
#include "tls/context.h"

namespace jumpgate {

class PemReader {
  public:
    // Of flags: paths are relative to the folder that the process runs in. Warnings and expiries
    // are noted in `out`.
    explicit PemReader(Credentials& out) : out_(out) {}
    // Of an object: paths are relative to the folder of the file it is written in; by the Admin API
    // they must be absolute. `name`: "ssls 1".
    PemReader(const Origin& origin, std::string name, Credentials& out);

    // `field`: "--tls-cert", "client.ca". Its label is FIELD, FIELD PATH or FIELD $ENV://NAME.
    // Empty: not given, or there is a problem.
    tls::Pem read(std::string_view field, const PemSource& source);
    // The same for what must stay secret: warns where every user may read it.
    tls::Pem read_secret(std::string_view field, const PemSource& source);
    // A certificate that is shown, with its key; notes when it expires.
    tls::Pair read(std::string_view certificate_field, std::string_view key_field,
                   const PemPair& pair);

    bool failed() const { return !problem_.empty(); }
    const std::string& problem() const { return problem_; }  // with its place in front
    // Where the object is written: "fleet.yaml:12:3: ssls 1", by the API "ssls 1"; empty for flags.
    const std::string& place() const { return place_; }
    // The text with the place in front.
    std::string placed(std::string_view text) const;

  private:
    void fail(std::string_view label, std::string_view why);
    void warn_if_open(const std::string& path, std::string_view label, std::string_view holds);
    std::string located(const std::string& path) const;

    void note_expiry(std::string_view field, const tls::Pem& certificate);

    Credentials& out_;
    std::string name_;
    std::string place_;
    std::string file_;  // that the object is written in; empty: none
    bool by_api_ = false;
    std::string problem_;
};

// Adds a warning that is not there yet.
void warn(std::vector<std::string>& warnings, std::string text);

// What is freed shall not be found in a heap later.
void wipe(tls::Pem& pem);
void wipe(std::string& text);

}  // namespace jumpgate
