#include "core/proxy/pem_reader.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <ctime>

#include "core/base/read_file.h"

namespace jumpgate {

namespace {

// "--broker" and the like, which no file is.
bool is_of_flag(const Origin& origin) { return origin.file.starts_with("--"); }

}  // namespace

PemReader::PemReader(const Origin& origin, std::string name, Credentials& out)
    : out_(out), name_(std::move(name)), place_(name_), by_api_(origin.from_api()) {
    if (by_api_) return;
    if (!is_of_flag(origin)) file_ = origin.file;
    place_ = origin.mark.line == 0 ? fmt::format("{}: {}", origin.file, name_)
                                   : fmt::format("{}:{}:{}: {}", origin.file, origin.mark.line,
                                                 origin.mark.column, name_);
}

tls::Pem PemReader::read(std::string_view field, const PemSource& source) {
    if (source.empty() || failed()) return {};
    tls::Pem pem{std::string(field), source.text};
    const std::string& from = source.file.empty() ? source.variable : source.file;
    if (!from.empty()) pem.label = fmt::format("{} {}", field, from);
    if (source.file.empty()) return pem;
    if (by_api_ && !source.file.starts_with('/')) {
        fail(pem.label, "is a relative path; by the Admin API a file has its absolute path");
        return {};
    }
    Parsed<std::string> text = read_file(located(source.file));
    if (const Problem* why = std::get_if<Problem>(&text)) {
        fail(pem.label, why->text);
        return {};
    }
    pem.text = std::get<std::string>(std::move(text));
    return pem;
}

tls::Pem PemReader::read_secret(std::string_view field, const PemSource& source) {
    if (!source.file.empty()) {
        const std::string label = fmt::format("{} {}", field, source.file);
        warn_if_open(located(source.file), placed(label), "it");
    } else if (!source.empty() && source.variable.empty() && !file_.empty()) {
        warn_if_open(file_, file_, "the private keys in it");
    }
    return read(field, source);
}

tls::Pair PemReader::read(std::string_view certificate_field, std::string_view key_field,
                          const PemPair& pair) {
    tls::Pem certificate = read(certificate_field, pair.certificate);
    note_expiry(certificate_field, certificate);
    return {std::move(certificate), read_secret(key_field, pair.key)};
}

// Of flags there may be several, told apart by their files.
void PemReader::note_expiry(std::string_view field, const tls::Pem& certificate) {
    const auto not_after_s = static_cast<int64_t>(tls::expiry_s(certificate));
    if (not_after_s == 0) return;
    std::string label = name_.empty() ? certificate.label : fmt::format("{}: {}", name_, field);
    if (std::ranges::find(out_.expiries, label, &CertificateExpiry::label) != out_.expiries.end())
        return;
    out_.expiries.push_back({std::move(label), not_after_s});
    const std::string where = placed(certificate.label);
    if (auto warning = expiry_warning(where, not_after_s, std::time(nullptr)))
        warn(out_.warnings, std::move(*warning));
}

std::string PemReader::placed(std::string_view text) const {
    return place_.empty() ? std::string(text) : fmt::format("{}: {}", place_, text);
}

void PemReader::fail(std::string_view label, std::string_view why) {
    if (!failed()) problem_ = placed(fmt::format("{}: {}", label, why));
}

void PemReader::warn_if_open(const std::string& path, std::string_view label,
                             std::string_view holds) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
    warn(out_.warnings, fmt::format("{}: every user may read {} (mode {:04o}); chmod 600 it", label,
                                    holds, status.st_mode & 07777U));
}

std::string PemReader::located(const std::string& path) const {
    return jumpgate::located({file_, {}}, path);
}

void warn(std::vector<std::string>& warnings, std::string text) {
    if (std::ranges::find(warnings, text) == warnings.end()) warnings.push_back(std::move(text));
}

void wipe(std::string& text) { explicit_bzero(text.data(), text.size()); }
void wipe(tls::Pem& pem) { wipe(pem.text); }

}  // namespace jumpgate
