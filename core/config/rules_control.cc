#include "core/config/rules_control.h"

#include <fmt/format.h>

namespace jumpgate {

namespace {

constexpr size_t kNetworksMax = 256;
constexpr size_t kDnsServersMax = 8;

// `address` as Config::admin has it: an IP literal in its shortest form, and a port.
bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address.starts_with("[::1]:");
}

}  // namespace

std::optional<std::string> broken_control_rule(const Config& config) {
    if (config.dns_servers.size() > kDnsServersMax)
        return fmt::format("--dns-servers: {} addresses; allowed: up to {}",
                           config.dns_servers.size(), kDnsServersMax);
    if (config.admin_allow.size() > kNetworksMax)
        return fmt::format("--admin-allow: {} networks; allowed: up to {}",
                           config.admin_allow.size(), kNetworksMax);
    const struct {
        const char* flag;
        bool is_given;
    } without_admin[] = {{"admin-key-file", !config.admin_key_file.empty()},
                         {"admin-viewer-key-file", !config.admin_viewer_key_file.empty()},
                         {"admin-allow", !config.admin_allow.empty()}};
    for (const auto& [flag, is_given] : without_admin)
        if (is_given && config.admin.empty())
            return fmt::format(
                "--{}: there is no Admin API; give --admin ADDR:PORT as well, or leave it away",
                flag);
    if (config.admin.empty()) return std::nullopt;
    if (!config.admin_viewer_key_file.empty() &&
        config.admin_viewer_key_file == config.admin_key_file)
        return "--admin-viewer-key-file: is the file of --admin-key-file too; allowed: another key";
    if (config.admin.starts_with("unix:")) {
        if (config.admin_allow.empty()) return std::nullopt;
        return "--admin-allow: a unix socket has no addresses; its permissions say who may use it";
    }
    if (is_loopback(config.admin) || !config.admin_allow.empty()) return std::nullopt;
    return fmt::format(
        "--admin: {} can be reached from elsewhere; give --admin-allow CIDR, or a loopback address "
        "such as 127.0.0.1:9180",
        config.admin);
}

}  // namespace jumpgate
