"""A headless Chromium, driven through its DevTools protocol over a pipe (no library is needed).

Law: one browser, one page at a time, a profile of its own in a temporary folder; every wait has a
deadline. What the page said on the console, threw, or asked the network for is kept for the test.
"""
import base64
import json
import os
import select
import shutil
import tempfile
import time

from harness import start

PROGRAM = shutil.which("chromium")
DEADLINE_S = 60.0  # a browser starts slowly on a busy machine
ASKING = ("http:", "https:", "ws:", "wss:", "ftp:")


class Browser:
    """As a context it is closed at the end."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="jumpload-chromium-")
        to_browser, self.into = os.pipe()
        self.out, from_browser = os.pipe()
        # Chromium reads file descriptor 3 and writes 4 (--remote-debugging-pipe).
        shell = f"exec 3<&{to_browser} 4>&{from_browser}; exec \"$@\""
        self.process = start(
            ["bash", "-c", shell, "bash", PROGRAM, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
             "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={self.folder}"],
            stdin=-3, stdout=-3, stderr=-3, pass_fds=(to_browser, from_browser))  # -3: DEVNULL
        os.close(to_browser)
        os.close(from_browser)
        self.rest = b""
        self.last_id = 0
        self.session = None
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.into)
        os.close(self.out)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _message(self, deadline):
        """The next message; those that are no answers are kept in `events`."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.out], [], [], max(0, deadline - time.monotonic()))
            assert ready, "the browser says nothing"
            piece = os.read(self.out, 1 << 16)
            assert piece, f"the browser ended with {self.process.wait()}"
            self.rest += piece
        text, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(text)
        if "id" not in message:
            self.events.append(message)
        return message

    def call(self, method, **parameters):
        self.last_id += 1
        request = {"id": self.last_id, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.into, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_S
        while True:
            message = self._message(deadline)
            if message.get("id") == self.last_id:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def wait_for(self, method):
        deadline = time.monotonic() + DEADLINE_S
        while not any(event["method"] == method for event in self.events):
            self._message(deadline)

    def open(self, path, dark=False, scripts=True, width=1200, height=900):
        """Loads a file into a new page and waits for its end."""
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.emulate(dark)
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path))
        self.wait_for("Page.loadEventFired")

    def emulate(self, dark):
        scheme = "dark" if dark else "light"
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def value(self, script):
        """What a JavaScript expression gives in the page."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def complaints(self):
        """What the page said on the console, threw, or was refused since it was opened."""
        self.value("1")  # whatever was said before has come then
        said = []
        for event in self.events:
            parameters = event.get("params", {})
            if event["method"] in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                                   "Log.entryAdded", "Network.loadingFailed"):
                said.append(json.dumps(parameters)[:400])
        return said

    def requests(self):
        """The addresses that the page asked the network for."""
        urls = [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "Network.requestWillBeSent"]
        return [url for url in urls if url.startswith(ASKING)]

    def screenshot(self, path):
        """All of the page as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True,
                         clip=clip)
        self._write(path, shot["data"])

    def pdf(self, path):
        self._write(path, self.call("Page.printToPDF", printBackground=False)["data"])

    @staticmethod
    def _write(path, text):
        with open(path, "wb") as file:
            file.write(base64.b64decode(text))
