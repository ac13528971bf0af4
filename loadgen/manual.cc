#include "loadgen/manual.h"

#include <utility>

#include "loadgen/commands.h"
#include "loadgen/scenario.h"

namespace jumpgate::load {

namespace {

constexpr const char* kDescription =
    "`jumpload` plays fleets of MQTT clients against a broker or a proxy, measures latencies and "
    "accounts for every message. It also plays the brokers.\n"
    "\n"
    "The load is open loop: the time of each message is planned before the run, and does not wait "
    "for answers. Latency counts from the planned time, so a target that stalls cannot hide it; "
    "how late messages were sent is reported beside it. A generator that was itself too slow says "
    "so (`generator_saturated`), and ends with exit status 3.\n"
    "\n"
    "Lost, duplicated and reordered messages are counted exactly, by publisher and subscriber.\n"
    "\n"
    "Letters and long names are those of emqtt-bench where it has them.";

// What stands in place of a mode.
std::vector<Flag> scenario_rows() {
    std::vector<Flag> rows(2);
    rows[0].name = "scenario";
    rows[0].kind = FlagKind::Text;
    rows[0].metavar = "NAME";
    rows[0].allowed = "a name that --list-scenarios shows, one of their grammar, or FILE.yaml";
    rows[0].help =
        "First, in place of a mode: plays a mode with flags under one name. Flags behind it win "
        "over its own.";
    for (Scenario& scenario : preset_scenarios()) rows[0].words.push_back(std::move(scenario.name));
    rows[1].name = "list-scenarios";
    rows[1].kind = FlagKind::Switch;
    rows[1].help = "Shows the names of scenarios, and what each plays.";
    for (Flag& row : rows) row.group = "Scenarios";
    return rows;
}

ManualSection scenarios() {
    ManualSection section{
        "SCENARIOS",
        "Names for --scenario. Those of the Open MQTT Benchmark Suite are read by "
        "their grammar, SHAPE-PUBLISHERS-SUBSCRIBERS-IN-OUT and "
        "conn-TRANSPORT-CLIENTS-RATE, so other sizes work too.",
        {},
        false};
    for (Scenario& scenario : preset_scenarios())
        section.entries.push_back({std::move(scenario.name), std::move(scenario.about)});
    return section;
}

ManualSection exit_status() {
    return {"EXIT STATUS",
            "",
            {{"0", "All well."},
             {"1",
              "Clients could not connect, a broker could not start, or a file could not be "
              "read or written."},
             {"2", "Wrong usage. Standard error says which flag, and what is allowed."},
             {"3", "Messages were lost, the generator was saturated, or a limit was broken."}},
            false};
}

ManualSection environment() {
    return {"ENVIRONMENT",
            "Without --shard, the launcher of many processes says which part of the run is this "
            "one's: JOB_COMPLETION_INDEX and JUMPLOAD_SHARDS (Kubernetes), SLURM_PROCID and "
            "SLURM_NTASKS, SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT (Slurm), "
            "OMPI_COMM_WORLD_RANK and OMPI_COMM_WORLD_SIZE or PMI_RANK and PMI_SIZE (MPI). Nothing "
            "else is taken from the environment.",
            {},
            false};
}

ManualSection files() {
    return {"FILES",
            "No file is read or written unless a flag names it, but for `jumpload report`, which "
            "writes report.html where --output is not given. Certificates and keys are PEM. "
            "Results are JSON, in units that the names of their fields end with.",
            {},
            false};
}

ManualSection signals() {
    return {"SIGNALS",
            "",
            {{"SIGINT, SIGTERM, SIGQUIT, SIGHUP",
              "Ends the run early, waits for messages under way, and reports what was measured, "
              "marked as interrupted. A second signal ends the wait. `jumpload broker` ends on "
              "SIGINT and SIGTERM."}},
            false};
}

ManualSection examples() {
    return {
        "EXAMPLES",
        "",
        {{"A broker to try things on, and 1,000 pairs of clients with QoS 1, each publishing "
          "once a second, for 30 s:",
          "jumpload broker --listen 127.0.0.1:1884 &\n"
          "jumpload p2p -h 127.0.0.1 -p 1884 -c 2000 -q 1 --duration 30 --json run.json"},
         {"20,000 idle clients, 500 new ones a second:",
          "jumpload conn -h broker.example -c 20000 -R 500"},
         {"What a proxy costs, against the same broker without it:",
          "jumpload compare --target direct=127.0.0.1:1884 --target proxy=127.0.0.1:1883 \\\n"
          "    p2p -c 200 -I 100 --duration 10"},
         {"A scenario of the Open MQTT Benchmark Suite, for a minute instead of thirty, as a page "
          "to look at:",
          "jumpload --scenario p2p-1K-1K-1K-1K -h broker.example --duration 60 --json run.json\n"
          "jumpload report run.json -o run.html"},
         {"Four processes of one load, and their results as one:",
          "mpirun -np 4 jumpload p2p -h broker.example -c 40000 --duration 60 --json run-%I.json\n"
          "jumpload merge run-?.json -o run.json --fail-if 'p99>20ms'"},
         {"Sensors of several tenants, over TLS, each with a certificate of its own:",
          "jumpload pub -S -h broker.example --cacertfile ca.crt --certfile clients/%i.crt \\\n"
          "    --keyfile clients/%i.key --tenants 20 -c 500 -t tenant%t/sensors/%i -I 5000"}},
        true};
}

}  // namespace

Manual jumpload_manual() {
    Manual manual;
    manual.program = "jumpload";
    manual.section = 1;
    manual.purpose = "load generator for MQTT brokers and proxies";
    manual.version = JUMPGATE_VERSION;
    manual.date = "2026-11-23";
    manual.synopsis = {"<MODE> [<FLAGS>]", "--scenario <NAME>|<FILE.yaml> [<FLAGS>]",
                       "<MODE> --help"};
    manual.instead_of_mode = scenario_rows();
    manual.description = kDescription;
    for (const Command& command : commands()) {
        ManualMode mode{std::string(command.name),
                        std::string(command.purpose),
                        std::string(title(command.kind)),
                        command.flags(),
                        {}};
        if (mode.flags.operand.starts_with("MODE")) mode.runs = title(CommandKind::Clients);
        manual.modes.push_back(std::move(mode));
    }
    manual.sections = {scenarios(),
                       exit_status(),
                       environment(),
                       files(),
                       signals(),
                       examples(),
                       {"SEE ALSO", "`jumpgate`(8), `mosquitto`(8)", {}, false}};
    return manual;
}

}  // namespace jumpgate::load
