"""Every scenario of jumpload, made small: on mosquitto, and on three brokers behind jumpgate.

Law: what the list shows is what is played, so a new scenario is tested by being there. Reports of
all of them open in Chromium without a complaint, where it is installed.
"""

import contextlib
import json
import pathlib
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import beside
import browser
from browser import Browser
from fleet import JUMPLOAD, Brokers
from harness import Jumpgate, behaviour, equal, main
from peers import Mosquitto

PATIENCE_S = 60
FOLDER = tempfile.TemporaryDirectory(prefix="jumpload-scenarios-")
PAIRS = ("-c", 20, "--rate", 40)
# The beginning of a name, and what makes it small. The first that fits counts.
SMALL = (
    ("conn-tls", None),  # needs certificates: jumpload_tls_test.py
    ("conn-", ("-c", 50, "-R", 500)),
    ("fanout-", ("--publishers", 2, "--subscribers", 10, "--rate", 10)),
    ("emqx-fanout", ("--publishers", 1, "--subscribers", 10, "--rate", 10)),
    ("sharedsub-", ("--publishers", 10, "--subscribers", 5, "--rate", 40)),
    ("emqx-fanin", ("--publishers", 10, "--subscribers", 5, "--rate", 40)),
    ("p2p-", PAIRS), ("emqx-p2p-", PAIRS), ("churn", PAIRS),
    ("reconnect-storm", (*PAIRS, "--storm", "at=500ms,drop=100%")),
    ("persistent-session", (*PAIRS, "--storm", "at=500ms,drop=50%")),
    ("fleet-spread", ("-c", 50)),
    ("fleet-sticky", ("-c", 50, "--storm", "at=500ms,drop=100%")),
    ("fleet-scale-out", ("-c", 50, "--storm", "at=500ms,drop=100%")),
    ("fleet-failover", PAIRS),
    ("fleet-overhead", None),  # of two targets: fleet_scenarios_test.py
)


def names():
    said = subprocess.run([JUMPLOAD, "--list-scenarios"], capture_output=True, text=True,
                          timeout=PATIENCE_S, check=True).stdout
    return re.findall(r"(?m)^(\S+)$", said)


def small(name):
    return next(flags for begin, flags in SMALL if name.startswith(begin))


def play(place, port, name):
    path = pathlib.Path(FOLDER.name, f"{place}-{name}.json")
    # One tenant's clients share a broker, so both ends of every message are at one.
    done = subprocess.run(
        [JUMPLOAD, "--scenario", name, "-p", str(port), "--quiet", "--json", str(path),
         "--duration", "2" if "--storm" in small(name) else "1", "--drain-ms", "1000",
         "--tenants", "3" if "p2p" in name else "1", "--lateness-limit-ms", "60000",
         "--reconnect-max-ms", "300", *map(str, small(name))],
        capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    # mosquitto gives no name: what was to be measured of placement was not, and must not pass.
    nameless = place == "mosquitto" and name.startswith("fleet-") and name != "fleet-failover"
    unmeasured = nameless and name == "fleet-sticky"
    equal(done.returncode, 3 if unmeasured else 0, f"{name}: {done.stdout}{done.stderr}")
    equal("FAILED: moved>0: moved was not measured" in done.stdout, unmeasured, name)
    if name.startswith("fleet-") and name != "fleet-failover":
        equal("brokers: none gave its name" in done.stdout, nameless, name)
    result = json.loads(path.read_text(encoding="utf-8"))
    equal(result["clients"]["failed"], 0, name)
    assert result["command"].startswith(f"jumpload --scenario {name} -p"), result["command"]
    if result["mode"] != "conn":
        assert result["messages"]["received"] > 0, f"{name}: {result['messages']}"
        equal(result["messages"]["lost_on_live_connections"], 0, name)
    return path


def play_all(place, served):
    """All of them, several at a time; `served` makes a port for each, for they share ids."""
    wanted = [name for name in names() if small(name) is not None]
    assert len(wanted) > 15, wanted

    def play_one(name):
        with served() as port:
            return play(place, port, name)
    with ThreadPoolExecutor(beside.AT_ONCE) as threads:
        return list(threads.map(play_one, wanted))


def opens(paths):
    """Each page by itself: a browser must have nothing to say."""
    if browser.PROGRAM is None:
        print("# chromium is not installed: no page was opened")
        return
    with Browser() as page:
        for path in paths:
            made = path.with_suffix(".html")
            subprocess.run([JUMPLOAD, "report", str(path), "-o", str(made)], check=True,
                           timeout=PATIENCE_S)
            page.open(str(made))
            equal(page.complaints(), [], f"{path.stem}: said on the console")
            assert path.stem.split("-", 1)[1] in page.value("document.body.innerText"), path.stem


@contextlib.contextmanager
def mosquitto():
    with Mosquitto("allow_anonymous true", "max_queued_messages 0") as broker:
        yield broker.port


@contextlib.contextmanager
def fleet():
    with Brokers(3) as brokers, Jumpgate(brokers.ports, "--hash-key-prefix-until", "/") as gate:
        yield gate.port


@behaviour("every scenario on mosquitto, and the page of its results")
def on_mosquitto():
    opens(play_all("mosquitto", mosquitto))


@behaviour("every scenario on three brokers behind jumpgate, and the page of its results")
def on_a_fleet():
    opens(play_all("fleet", fleet))


if __name__ == "__main__":
    main()
