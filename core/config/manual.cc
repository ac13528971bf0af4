#include "core/config/manual.h"

#include <string>
#include <utility>

#include "core/config/flags.h"

namespace jumpgate {

namespace {

constexpr const char* kDescription =
    "`jumpgate` puts a fleet of MQTT brokers behind one address. It reads a client's CONNECT "
    "packet, chooses the broker by a consistent hash of the client id (or user name, address, "
    "certificate), and then only moves bytes, over io_uring, one thread per CPU. Any number of "
    "proxies with the same list of brokers choose alike. While a broker is down only its clients "
    "go elsewhere, and they return when it is back.\n"
    "\n"
    "Brokers come from --broker, from files named by --config, or through the Admin API of "
    "--admin. Files and API also take stream routes (which clients go to which brokers), upstreams "
    "(pools with health checks), and certificates; they can be changed while clients stay "
    "connected.\n"
    "\n"
    "A setting comes from its flag, else from the environment, else from a file, else it has its "
    "default. --no-<NAME> turns a switch off.";

// The variable of every setting; flags that say what to do instead of serving have none.
std::string variables(const FlagSheet& sheet) {
    std::string out;
    for (const Flag& flag : sheet.rows) {
        if (flag.mode) continue;
        out += (out.empty() ? "`" : ", `") + variable_name(flag) + "`";
    }
    return out + ".";
}

ManualSection environment(const FlagSheet& sheet) {
    return {"ENVIRONMENT",
            "Each setting has a variable: `JUMPGATE_DIAL_TIMEOUT_MS` for --dial-timeout-ms. "
            "Switches take true or false. Values of a flag that may be repeated stand between "
            "blanks. An empty variable counts as not set; an unknown one is a warning.\n"
            "\n" +
                variables(sheet) +
                "\n\n"
                "Files may take text from any variable: `${{NAME}}`, or `${{NAME:=default}}`.",
            {},
            false};
}

ManualSection exit_status() {
    return {"EXIT STATUS",
            "",
            {{"0", "Ended by a signal, or by `POST /drain`; --check found nothing wrong."},
             {"1",
              "The start failed for what may be otherwise a moment later: an address or a "
              "state directory that another process uses, no name that resolves, no "
              "io_uring."},
             {"2",
              "A wrong flag, setting or file. Standard error says which, where, and what is "
              "allowed. The same mistake would end the next start: "
              "`RestartPreventExitStatus=2` in systemd."}},
            false};
}

ManualSection signals() {
    return {"SIGNALS",
            "",
            {{"SIGTERM, SIGQUIT",
              "Takes no new clients and ends when the last one has left, after --drain-timeout-s "
              "at the latest. A second signal ends it at once."},
             {"SIGINT", "Ends at once: every connection is closed."},
             {"SIGHUP",
              "Reads files again: --config, certificates, keys, CAs, revocation lists, ticket "
              "keys. All are valid, or nothing changes; connected clients stay."}},
            false};
}

ManualSection files() {
    return {"FILES",
            "No file is read unless a flag names it.",
            {{"FILE.yaml, FILE.json",
              "Of --config: settings under `jumpgate:`, `listeners`, `stream_routes`, `upstreams` "
              "and `ssls`. --check judges it, --print-config writes one, --json-schema describes "
              "it to editors."},
             {"DIR/state.json",
              "In --state-dir: objects of the Admin API. Mode 0600, for it may hold private keys."},
             {"DIR/admin.key",
              "In --state-dir: the key that the Admin API asks for, made at the first start unless "
              "--admin-key-file names another."}},
            false};
}

ManualSection examples() {
    return {"EXAMPLES",
            "",
            {{"Three brokers behind one port:",
              "jumpgate --listen :1883 --broker b1:1883 --broker b2:1883 --broker b3:1883"},
             {"All clients of a tenant (`tenant7/dev1`, `tenant7/dev2`) on one broker:",
              "jumpgate --listen :1883 --broker b1:1883 --broker b2:1883 \\\n"
              "    --hash-key-prefix-until /"},
             {"TLS with devices and with brokers:",
              "jumpgate --tls-listen :8883 --tls-cert server.crt --tls-key server.key \\\n"
              "    --broker b1:8883,tls --broker b2:8883,tls --upstream-ca brokers-ca.crt"},
             {"Is this file right? Then serve it, with an Admin API:",
              "jumpgate --config fleet.yaml --check\n"
              "jumpgate --config fleet.yaml --admin 127.0.0.1:9180 --state-dir /var/lib/jumpgate"}},
            true};
}

}  // namespace

Manual jumpgate_manual() {
    FlagSheet sheet = Settings().table.sheet();
    Manual manual;
    manual.program = "jumpgate";
    manual.section = 8;
    manual.purpose = "MQTT-aware proxy that shares clients among brokers";
    manual.version = JUMPGATE_VERSION;
    manual.date = "2026-11-23";
    manual.synopsis = {"--listen <ADDR:PORT> --broker <HOST:PORT> ... [<FLAGS>]",
                       "--config <FILE.yaml> [--check | --print-config] [<FLAGS>]"};
    manual.description = kDescription;
    manual.sections = {
        exit_status(), environment(sheet),
        files(),       signals(),
        examples(),    {"SEE ALSO", "`jumpload`(1), `mosquitto`(8), `io_uring`(7)", {}, false}};
    manual.has_other_sources = true;
    manual.modes.push_back({"", "", "", std::move(sheet), ""});
    return manual;
}

}  // namespace jumpgate
