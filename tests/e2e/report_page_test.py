#!/usr/bin/python3
"""`jumpload report` in a real browser: it draws, is dark, prints, is narrow, and lets nothing out.

Usage: JUMPLOAD=... report_page_test.py. Prints TAP. Where chromium is not installed all is skipped.
The screenshots lie in REPORT_SHOTS, or in a temporary folder.
"""
import json
import math
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import browser
from browser import Browser
from harness import behaviour, equal, main, start, wait_until

JUMPLOAD = os.environ["JUMPLOAD"]
FOLDER = tempfile.TemporaryDirectory(prefix="report-page-")
SHOTS = pathlib.Path(os.environ.get("REPORT_SHOTS", FOLDER.name))
EVIL = "</script><script>window.broken=1</script><img src=x onerror='window.broken=1'>"


def times(count, p50):
    return {"count": count, "min": p50 // 3, "mean": p50 * 1.4, "p50": p50, "p90": p50 * 3,
            "p99": p50 * 9, "p99_9": p50 * 30, "p99_99": p50 * 80, "max": p50 * 90}


def second(at, rate, p50):
    stall = 40 if at == 20 else 1
    wave = 1 + 0.05 * math.sin(at)
    return {"second": at, "elapsed_s": at + 1.0, "length_s": 1.0,
            "stage": "connecting" if at < 2 else "draining" if at > 28 else "measuring",
            "connected": min(1000, 500 * (at + 1)), "sent": 0 if at < 2 else rate,
            "received": 0 if at < 2 else round(rate * wave), "acknowledged": rate,
            "errors": 0, "reconnects": 3 if at == 21 else 0,
            "connections_lost": 3 if at == 20 else 0,
            "latency_p50_us": 0 if at < 2 else round(p50 * wave * stall),
            "latency_p99_us": 0 if at < 2 else round(p50 * 9 * wave * stall),
            "latency_max_us": 0 if at < 2 else p50 * 20 * stall,
            "send_lateness_p99_us": 90, "send_lateness_max_us": 400}


def result(rate=5000, p50=180, **changes):
    """A result of jumpload with every part that the page knows."""
    count = rate * 27
    run = {
        "schema_version": 1, "tool": "jumpload 0.1.0", "mode": "p2p", "interrupted": False,
        "command": "jumpload p2p -h broker.example -c 1000 -I 100 -q 1 -S --json run.json",
        "seconds": 27.0, "connect_seconds": 2.0,
        "environment": {"host": "bench-1", "kernel": "Linux 6.1.0 x86_64", "cpus": 2,
                        "start_utc": "2026-11-23T17:30:00.123Z"},
        "plan": {"clients": 1000, "publishers": 500, "connrate": 500, "version": 5, "qos": 1,
                 "size_bytes": 16, "interval_ns": 500 * 10**9 // rate, "reconnect": True},
        "clients": {"requested": 1000, "connected": 1000, "connections_lost": 3, "reconnects": 3},
        "outages": {"count": 1, "longest_ms": 840, "most_away": 334, "ended": True},
        "setup_failures": {"refused": 12, "timeout": 3}, "connections_lost": {"reset": 3},
        "connack_codes": {"0x97": 4, "0x87": 1}, "tls_alerts": {},
        "brokers": {"broker-1": {"clients": 340}, "broker-2": {"clients": 321},
                    "broker-3": {"clients": 339}},
        "messages": {"planned": count, "sent": count, "received": count, "lost": 0,
                     "lost_in_flight": 0, "lost_on_live_connections": 0, "duplicated": 2,
                     "reordered": 0, "unexpected": 0, "late": 17},
        "latency_from": "planned send", "latency_us": times(count, p50),
        "service_us": times(count, p50 - 20), "acknowledgement_us": times(count, p50 - 40),
        "send_lateness_us": times(count, 12), "connect_us": times(1000, 2900),
        "tcp_us": times(1000, 200), "tls_us": times(1000, 2300), "tls_full_us": times(1000, 2300),
        "connack_us": times(1000, 400), "subscribe_us": times(500, 150),
        "busiest_thread_share": 0.31, "generator_saturated": False,
        "thresholds": [{"expression": "p99>20ms", "value": p50 * 9, "limit": 20000,
                        "measured": True, "failed": False}],
        "seconds_series": [second(at, rate, p50) for at in range(30)],
    }
    return {**run, **changes}


def write(name, run):
    path = os.path.join(FOLDER.name, name)
    pathlib.Path(path).write_text(run if isinstance(run, str) else json.dumps(run),
                                  encoding="utf-8")
    return path


def report(name, *files):
    """Makes a page and returns its path."""
    page = os.path.join(FOLDER.name, name)
    done = subprocess.run([JUMPLOAD, "report", *files, "-o", page], capture_output=True, text=True,
                          timeout=60, check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "jumpload report")
    return page


def page_of_one():
    return report("one.html", write("run.json", result()))


def page_of_three():
    slow = result(p50=260, generator_saturated=True, busiest_thread_share=0.97)
    lossy = result(rate=2500, p50=90)
    lossy["messages"].update(lost=9, lost_on_live_connections=9)
    return report("three.html", write("direct.json", result()), write("jumpgate.json", slow),
                  write("haproxy.json", lossy))


# Of each chart that is shown: its name, its description, its lines' names, and how many pixels of
# its canvas are drawn upon.
CHARTS = """[...document.querySelectorAll("figure[data-chart]")].filter(f => !f.hidden).map(f => {
  const canvas = f.querySelector("canvas");
  const copy = new OffscreenCanvas(canvas.width, canvas.height)
    .getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
  let drawn = 0;
  for (let i = 3; i < pixels.length; i += 4) drawn += pixels[i] > 0;
  const plot = f.querySelector(".plot");
  return {name: f.dataset.chart, drawn, width: canvas.clientWidth,
          role: plot.getAttribute("role"), says: plot.getAttribute("aria-label"),
          lines: [...f.querySelectorAll(".u-series .u-label")].slice(1).map(l => l.textContent)};
})"""
TEXT = "document.body.innerText"


def charts(page):
    return {chart["name"]: chart for chart in page.value(CHARTS)}


def luminance(page, element, what):
    """0 (black) to 1 (white), as WCAG 2 defines it."""
    colour = page.value(f"getComputedStyle(document.querySelector('{element}')).{what}")
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(a * b for a, b in zip(linear, (0.2126, 0.7152, 0.0722)))


def contrast(page, element):
    pair = sorted(luminance(page, element, what) for what in ("color", "backgroundColor"))
    return (pair[1] + 0.05) / (pair[0] + 0.05)


def is_quiet(page):
    equal(page.complaints(), [], "said on the console")
    equal(page.requests(), [], "asked of the network")


@behaviour("a page of one run draws every chart, and asks for nothing")
def one_run():
    with Browser() as page:
        page.open(page_of_one())
        is_quiet(page)
        shown = charts(page)
        equal(sorted(shown), ["clients", "connect_percentiles", "latency", "lateness", "losses",
                              "messages", "percentiles"])
        for name, chart in shown.items():
            assert chart["drawn"] > 1500, f"{name} is nearly blank: {chart['drawn']} pixels"
            equal(chart["role"], "img", name)
            assert re.search(r"Line chart: .+, .+ to .+\.", chart["says"]), chart["says"]
        equal(shown["messages"]["lines"], ["received", "sent", "acknowledged"])
        equal(shown["percentiles"]["lines"], ["from the plan", "from the send", "acknowledged"])
        text = page.value(TEXT)
        for words in ("Everything asked for was reached", "p2p with 1,000 clients",
                      "1 outage, 334 clients away at most: it took 840 ms until 99 % were back.",
                      "No message was lost.", "which QoS 1 allows", "Quota exceeded",
                      "nobody listens there",
                      "3 brokers; the fullest has 1.02\u00d7 the mean", "bench-1",
                      "jumpload p2p -h broker.example", "fail at p99>20ms; it was 1.62 ms"):
            assert words in text, f"{words} is missing in:\n{text}"
        page.screenshot(SHOTS / "report.png")
        assert (SHOTS / "report.png").stat().st_size > 50_000
        print(f"# {SHOTS / 'report.png'}")


@behaviour("several runs are laid over each other and compared with the first")
def several_runs():
    with Browser() as page:
        page.open(page_of_three())
        is_quiet(page)
        shown = charts(page)
        equal(shown["percentiles"]["lines"],
              [f"{run}: from the {what}" for run in ("direct", "jumpgate", "haproxy")
               for what in ("plan", "send")])
        equal(shown["clients"]["lines"],
              ["direct: connected", "jumpgate: connected", "haproxy: connected"])
        text = page.value(TEXT)
        for words in ("1.44\u00d7", "0.50\u00d7",
                      "Read with care: the generator was saturated",
                      "its busiest thread was 97 % busy, over the limit of 90 %",
                      "Not what was asked for: messages were lost", "9 on live ones"):
            assert words in text, f"{words} is missing in:\n{text}"
        page.screenshot(SHOTS / "report-three.png")


@behaviour("a cursor over a chart shows its figures")
def cursor():
    with Browser() as page:
        page.open(page_of_one())
        place = page.value("""(() => {
          const over = document.querySelector("[data-chart=percentiles] .u-over");
          over.scrollIntoView();
          const box = over.getBoundingClientRect();
          return {x: box.x + box.width / 2, y: box.y + box.height / 2};
        })()""")
        page.call("Input.dispatchMouseEvent", type="mouseMoved", x=place["x"], y=place["y"])
        # The script answers in the next frame.
        page.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        shown = page.value("document.querySelector('[data-chart=percentiles] .u-legend').innerText")
        assert re.search(r"from the plan\s*[\d.]+ (\u00b5s|ms)", shown), shown
        assert re.search(r"percentile\s*p\d", shown), shown
        is_quiet(page)


@behaviour("dark and light follow the system, also while the page is open")
def dark_mode():
    with Browser() as page:
        page.open(page_of_three(), dark=True)
        is_quiet(page)
        marks = [".good > .mark", ".doubtful > .mark", ".bad > .mark", ".told > .mark"]
        axis = "document.querySelector('canvas').toDataURL()"
        assert luminance(page, "body", "backgroundColor") < 0.05
        assert contrast(page, "body") > 10
        for mark in marks:
            assert contrast(page, mark) >= 4.5, f"{mark} in the dark: {contrast(page, mark)}"
        in_the_dark = page.value(axis)
        page.screenshot(SHOTS / "report-dark.png")
        page.emulate(dark=False)
        assert luminance(page, "body", "backgroundColor") > 0.8
        for mark in marks:
            assert contrast(page, mark) >= 4.5, f"{mark} in the light: {contrast(page, mark)}"
        wait_until(lambda: page.value(axis) != in_the_dark, "charts in the colours of the day")
        is_quiet(page)


@behaviour("it prints: on white, as wide as paper, and is itself again afterwards")
def prints():
    with Browser() as page:
        page.open(page_of_one(), dark=True)
        widths = {name: chart["width"] for name, chart in charts(page).items()}
        page.value("window.dispatchEvent(new Event('beforeprint'))")
        assert luminance(page, "body", "backgroundColor") > 0.8, "paper is dark"
        assert all(chart["width"] <= 660 for chart in charts(page).values())
        page.value("window.dispatchEvent(new Event('afterprint'))")
        page.pdf(SHOTS / "report.pdf")
        pdf = (SHOTS / "report.pdf").read_bytes()
        assert pdf.startswith(b"%PDF-") and len(pdf) > 20_000
        pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
        assert 2 <= pages <= 12, f"{pages} pages"
        equal({name: chart["width"] for name, chart in charts(page).items()}, widths)
        assert luminance(page, "body", "backgroundColor") < 0.05
        is_quiet(page)


@behaviour("without a script verdict and tables stand")
def without_script():
    with Browser() as page:
        page.open(page_of_one(), scripts=False)
        text = page.value(TEXT)
        for words in ("Everything asked for was reached", "No message was lost.",
                      "Latency, from the plan", "CONNACK", "broker-2",
                      "The charts need JavaScript"):
            assert words in text, f"{words} is missing in:\n{text}"
        equal(page.value("[...document.querySelectorAll('figure')].filter(f => !f.hidden).length"),
              0, "empty charts")
        bars = page.value("[...document.querySelectorAll('.bar i')].map(b => b.clientWidth)")
        assert len(bars) == 7 and all(width > 0 for width in bars), bars


@behaviour("nothing that a file holds becomes markup or script")
def escapes():
    run = result(command=EVIL, mode=EVIL, setup_failures={EVIL: 1}, connack_codes={EVIL: 1},
                 environment={EVIL: EVIL}, brokers={EVIL: 7})
    path = write("evil.json", run)
    page_path = os.path.join(FOLDER.name, "evil.html")
    subprocess.run([JUMPLOAD, "report", path, "-o", page_path, "--title", EVIL], check=True,
                   timeout=60)
    with Browser() as page:
        page.open(page_path)
        is_quiet(page)
        equal(page.value("window.broken"), None, "a script of the file ran")
        equal(page.value("document.images.length"), 0, "images")
        equal(page.value("document.querySelector('h1').textContent"), EVIL)
        equal(page.value("document.querySelector('pre').textContent"), EVIL)
        assert charts(page)["messages"]["drawn"] > 1500


@behaviour("a narrow window shows all without scrolling sideways")
def narrow():
    with Browser() as page:
        page.open(page_of_one(), width=380)
        wide = page.value("document.documentElement.scrollWidth")
        assert wide <= 380, f"{wide} pixels"
        assert all(260 <= chart["width"] <= 380 for chart in charts(page).values())
        page.call("Emulation.setDeviceMetricsOverride", width=1100, height=900,
                  deviceScaleFactor=1, mobile=False)
        page.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert all(chart["width"] > 400 for chart in charts(page).values()), charts(page)
        is_quiet(page)


@behaviour("a file that holds little makes a page of little")
def little():
    with Browser() as page:
        run = write("little.json", {"tool": "jumpload 0.0.1", "mode": "p2p"})
        page.open(report("little.html", run))
        is_quiet(page)
        equal(charts(page), {})
        assert "Nothing to judge by" in page.value(TEXT)
        assert "Over time" not in page.value(TEXT)


@behaviour("a real run against a real broker makes a page")
def real_run():
    broker = start([JUMPLOAD, "broker", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                   text=True)
    port = re.search(r":(\d+)$", broker.stdout.readline().strip()).group(1)
    path = os.path.join(FOLDER.name, "real.json")
    done = subprocess.run(
        [JUMPLOAD, "p2p", "-p", port, "-c", "20", "-I", "20", "-q", "1", "--duration", "3",
         "--lateness-limit-ms", "60000", "--quiet", "--json", path],
        capture_output=True, text=True, timeout=120, check=False)
    broker.terminate()
    broker.wait()
    assert os.path.exists(path), done.stderr
    with Browser() as page:
        page.open(report("real.html", path))
        is_quiet(page)
        text = page.value(TEXT)
        assert "p2p with 20 clients" in text and "No message was lost." in text, text
        assert charts(page)["percentiles"]["drawn"] > 1500


if __name__ == "__main__":
    if browser.PROGRAM is None:
        print("1..0 # SKIP chromium is not installed (./dev setup installs it)")
        sys.exit(0)
    main()
