#!/usr/bin/python3
"""What jumpload shows while it runs: the block in a terminal, lines without one, /metrics."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import time
import urllib.error
import urllib.request

from harness import DEADLINE_S, behaviour, equal, main, start, wait_until
from peers import Mosquitto, free_port

JUMPLOAD = os.environ.get("JUMPLOAD", "build/jumpload")
PATIENT = ("--lateness-limit-ms", "60000")
REDRAWN = re.compile(r"\x1b\[(\d+)F\x1b\[J")


class Terminal:
    """A run in a terminal of its own: what it wrote, and what stands on the screen."""

    def __init__(self, *arguments, columns=100):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = start([JUMPLOAD, *map(str, arguments), *PATIENT], stdin=slave, stdout=slave,
                             stderr=subprocess.PIPE, start_new_session=True)
        os.close(slave)
        self.text = ""

    def read(self):
        """Takes what is there; False at the end."""
        if not select.select([self.master], [], [], 0.05)[0]:
            return True
        try:
            part = os.read(self.master, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self.text += part.decode().replace("\r\n", "\n")
        return bool(part)

    def wait_for(self, accept, what):
        wait_until(lambda: self.read() and accept(self.text), what)

    def finish(self, exit_code=0):
        end = time.monotonic() + DEADLINE_S
        while self.read():
            assert time.monotonic() < end, self.text
        equal(self.process.wait(DEADLINE_S), exit_code, self.text)
        os.close(self.master)

    def screen(self):
        """The lines that are left once all that was drawn over is gone."""
        lines = []
        rest = self.text
        while rest:
            redrawn = REDRAWN.match(rest)
            if redrawn:
                count = int(redrawn.group(1))
                assert count <= len(lines), (count, lines)
                del lines[len(lines) - count:]
                rest = rest[redrawn.end():]
                continue
            line, newline, rest = rest.partition("\n")
            lines.append(line)
            assert newline or not rest
        return lines


@behaviour("a terminal shows one block, drawn over itself, and after the run the report alone")
def block():
    with Mosquitto() as broker:
        subprocess.run(["mosquitto_pub", "-p", str(broker.port), "-r", "-t", "jumpload/broker",
                        "-m", "the only one"], check=True, timeout=DEADLINE_S)
        run = Terminal("p2p", "-p", broker.port, "-c", 10, "-I", 20, "-q", 1, "--duration", 3,
                       "--broker-from", "topic:jumpload/broker")
        run.finish()
    assert len(REDRAWN.findall(run.text)) >= 3, run.text
    for words in ("jumpload p2p measuring", "[####", " s left", "connected  10 of 10", "messages",
                  "latency    p50 ", "lateness   p50 ", "errors     none",
                  f"  {'the only one':<24} [{'#' * 24}] 100.0 %  10"):
        assert words in run.text, (words, run.text)
    screen = run.screen()
    assert not any("connected  " in line or "\x1b" in line for line in screen), screen
    assert any("10 requested, 10 connected" in line for line in screen), screen
    equal(set(re.findall(r"\x1b\[[0-9;?]*[A-Za-z]", run.text)) -
          {f"\x1b[{n}F" for n in range(10)}, {"\x1b[J"}, "escapes")


@behaviour("Ctrl-C leaves the terminal clean, and a report that says it is partial")
def control_c():
    with tempfile.TemporaryDirectory(prefix="jumpload-e2e-") as folder, Mosquitto() as broker:
        path = os.path.join(folder, "result.json")
        run = Terminal("p2p", "-p", broker.port, "-c", 4, "-I", 20, "--duration", 1000,
                       "--json", path)
        run.wait_for(lambda text: "measuring" in text and "in 1" in text, "messages")
        run.process.send_signal(signal.SIGINT)
        run.finish()
        with open(path, encoding="utf-8") as file:
            equal(json.load(file)["interrupted"], True)
    screen = run.screen()
    assert any("interrupted: partial results" in line for line in screen), screen
    assert not any("connected  " in line for line in screen), screen


@behaviour("errors are shown by kind, in a narrow terminal without a line that wraps")
def errors():
    run = Terminal("conn", "-p", free_port(), "-c", 3, "-R", 2, "--duration", 2, columns=24)
    run.finish(exit_code=1)
    assert "errors     refused " in run.text, run.text
    blocks, report = re.split(r"\njumpload conn: (?=\d)", run.text)
    assert " measured" in report, run.text
    assert max(map(len, REDRAWN.sub("", blocks).splitlines())) < 24, run.text


@behaviour("without a terminal there are plain lines; with --quiet none")
def lines():
    with Mosquitto() as broker:
        command = [JUMPLOAD, "conn", "-p", str(broker.port), "-c", "2", "--duration", "2"]
        plain = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        quiet = subprocess.run([*command, "--quiet"], capture_output=True, text=True, timeout=60,
                               check=True)
        run = Terminal(*command[1:], "--quiet")
        run.finish()
    assert "\x1b" not in plain.stdout + quiet.stdout + run.text
    assert len(re.findall(r"(?m)^ +\d+\.\d s  2/2 connected", plain.stdout)) >= 2, plain.stdout
    for text in (quiet.stdout, run.text):
        assert "/2 connected" not in text and "2 requested, 2 connected" in text, text


def get(port, path, method="GET"):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None, ""  # not yet there


def sample(text, name):
    found = re.search(rf"(?m)^{re.escape(name)} (\S+)$", text)
    return float(found.group(1)) if found else 0


@behaviour("/metrics counts on while the load runs, and promtool has nothing to say")
def metrics():
    port = free_port()
    with Mosquitto() as broker:
        run = start([JUMPLOAD, "p2p", "-p", str(broker.port), "-c", "10", "-I", "20", "-q", "1",
                     "--duration", "1000", "--quiet", "--prometheus", str(port), *PATIENT],
                    stdout=subprocess.PIPE)
        received = "jumpload_messages_received_total"
        first = wait_until(lambda: sample(get(port, "/metrics")[1], received), "messages")
        wait_until(lambda: sample(get(port, "/metrics")[1], received) > first, "more messages")
        text = get(port, "/metrics")[1]
        equal(sample(text, "jumpload_clients_connected"), 10)
        equal(sample(text, "jumpload_latency_seconds_count"), sample(text, received))
        equal(sample(text, 'jumpload_latency_seconds_bucket{le="+Inf"}'), sample(text, received))
        equal(get(port, "/")[0], 404)
        equal(get(port, "/metrics", "POST")[0], 405)
        checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                                 capture_output=True, timeout=20, check=False)
        equal((checked.returncode, checked.stdout + checked.stderr), (0, ""), "promtool")
        taken = subprocess.run([JUMPLOAD, "conn", "-p", str(broker.port), "-c", "1", "--duration",
                                "1", "--prometheus", str(port)], capture_output=True, text=True,
                               timeout=60, check=False)
        equal((taken.returncode, taken.stderr),
              (1, f"jumpload conn: --prometheus 127.0.0.1:{port}: cannot be listened on: "
                  "Address already in use\n"))
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=30)
        equal(run.returncode, 0)


if __name__ == "__main__":
    main()
