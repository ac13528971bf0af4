// The `deployment:` of APISIX's config.yaml, and whether it asks for the Admin API: a part of
// file_settings.h.
//
// Law: APISIX's Admin API is on unless enable_admin is false; here a file has to ask for it, by
// enable_admin: true or by an address, and without an address it is on 127.0.0.1 only.
#include <fmt/format.h>

#include "core/config/file_settings.h"

namespace jumpgate {

namespace {

constexpr const char* kPath = "deployment.admin";
constexpr const char* kIp = "127.0.0.1";
constexpr const char* kPort = "9180";

// deployment.role_X.config_provider
void check_provider(const FileReading& reading, const Value& deployment) {
    for (const Member& member : deployment.members) {
        const Value* provider = member.value.find("config_provider");
        if (provider != nullptr && provider->text == "etcd")
            reading.warn(*provider, fmt::format("deployment.{}.config_provider", member.key),
                         "etcd is not read: objects come from --config and the Admin API");
    }
}

// Keys in a file that many may read, and in its copies: refused softly, so that the rest works.
void check_keys(const FileReading& reading, const Value& admin) {
    for (const Member& member : admin.members) {
        Value at;
        at.mark = member.mark;
        const std::string path = fmt::format("{}.{}", kPath, member.key);
        if (member.key == "admin_key")
            reading.warn(at, path,
                         "keys are not taken from here: write the key into a file of its own and "
                         "name it with admin_key_file under jumpgate");
        else if (member.key == "admin_key_required" && !member.value.boolean)
            reading.warn(at, path, "is ignored: a key is always required");
        else if (member.key != "admin_listen" && member.key != "allow_admin" &&
                 member.key != "admin_key_required" && member.key != "admin_api_version")
            reading.warn(at, path, "is not used by jumpgate; ignored");
    }
}

std::string listen_text(const FileReading& reading, const Value* listen) {
    std::string ip = kIp;
    std::string port = kPort;
    if (listen != nullptr && reading.is(Value::Kind::Map, *listen, "deployment.admin.admin_listen"))
        for (const Member& member : listen->members) {
            if (member.key == "ip")
                ip = scalar_text(member.value);
            else if (member.key == "port")
                port = scalar_text(member.value);
            else
                reading.complain(member.value, fmt::format("{}.admin_listen.{}", kPath, member.key),
                                 "is unknown", "ip, port");
        }
    const bool bare_v6 = ip.find(':') != ip.npos && !ip.starts_with('[');
    return fmt::format("{}{}{}:{}", bare_v6 ? "[" : "", ip, bare_v6 ? "]" : "", port);
}

void read_allow_admin(const FileReading& reading, const Value& allow) {
    const std::string path = fmt::format("{}.allow_admin", kPath);
    if (!reading.is(Value::Kind::List, allow, path) || reading.table.row("admin-allow")->given())
        return;
    for (size_t i = 0; i < allow.items.size(); ++i)
        reading.give("admin-allow", {scalar_text(allow.items[i])}, allow.items[i],
                     fmt::format("{}[{}]", path, i));
}

}  // namespace

void read_deployment(const FileReading& reading, const Value& document) {
    const Value* apisix = document.find("apisix");
    const Value* enable = apisix == nullptr ? nullptr : apisix->find("enable_admin");
    const Value* deployment = document.find("deployment");
    const Value* admin = nullptr;
    if (deployment != nullptr && reading.is(Value::Kind::Map, *deployment, "deployment")) {
        check_provider(reading, *deployment);
        admin = deployment->find("admin");
        if (admin != nullptr && !reading.is(Value::Kind::Map, *admin, kPath)) admin = nullptr;
    }
    if (admin != nullptr) check_keys(reading, *admin);

    const Value* listen = admin == nullptr ? nullptr : admin->find("admin_listen");
    const Flag& row = *reading.table.row("admin");
    const bool asked = reading.truth(enable, "apisix.enable_admin", listen != nullptr);
    if (!asked) {
        if (enable != nullptr && row.given())
            reading.complain(
                *enable, "apisix.enable_admin",
                fmt::format("is false, but {} gives the Admin API an address", row.where));
        return;
    }
    if (!row.given())
        reading.give("admin", {listen_text(reading, listen)}, listen ? *listen : *enable,
                     listen ? "deployment.admin.admin_listen" : "apisix.enable_admin");
    const Value* allow = admin == nullptr ? nullptr : admin->find("allow_admin");
    if (allow != nullptr) read_allow_admin(reading, *allow);
}

}  // namespace jumpgate
