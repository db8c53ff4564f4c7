"""Chromium, driven by its DevTools protocol over two pipes: no driver, no socket, no other package."""

import base64
import json
import os
import shutil
import subprocess
import threading
from collections import deque

PROGRAM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 60


class BrowserError(AssertionError):
    """What the browser answered instead of a result."""


class Browser:
    """One headless Chromium process."""

    def __init__(self, directory):
        to_browser, self._output = os.pipe()
        self._input, from_browser = os.pipe()
        flags = [
            "--headless=new",
            "--remote-debugging-pipe",
            f"--user-data-dir={directory}",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-component-update",
            "--disable-background-networking",
            "--hide-scrollbars",
            "--force-color-profile=srgb",
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "about:blank",
        ]
        # The protocol is spoken on the descriptors 3 and 4.
        line = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        self._process = subprocess.Popen(
            ["bash", "-c", line, "chromium", PROGRAM, *flags],
            pass_fds=(to_browser, from_browser),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(directory)},
        )
        os.close(to_browser)
        os.close(from_browser)
        self._news = threading.Condition()
        self._answers = {}
        self._pages = {}
        self._last_call = 0
        self._gone = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        rest = b""
        while piece := os.read(self._input, 1 << 20):
            *messages, rest = (rest + piece).split(b"\0")
            with self._news:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._answers[message["id"]] = message
                    elif page := self._pages.get(message.get("sessionId")):
                        page.note(message["method"], message["params"])
                self._news.notify_all()
        with self._news:
            self._gone = True
            self._news.notify_all()

    def call(self, method, session=None, **parameters):
        """Asks the browser, or one page of it, and returns its answer."""
        with self._news:
            self._last_call += 1
            number = self._last_call
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._output, data) :]
        answer = self.wait(lambda: self._answers.pop(number, None), f"an answer to {method}")
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def wait(self, condition, what):
        """Waits for the browser to say something that makes a condition true."""
        found = None

        def holds():
            nonlocal found
            found = condition()
            return found or self._gone

        with self._news:
            if not self._news.wait_for(holds, PATIENCE) or not found:
                raise BrowserError(f"waited in vain for {what}")
        return found

    def page(self, width=1280, height=900, scheme="light", scripts=True, reduced=True):
        """Opens an empty page in a context of its own: no cookie, no storage, no cache of others."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, context)
        with self._news:
            self._pages[session] = page
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.emulate(scheme, reduced)
        if not scripts:
            page.call("Emulation.setScriptExecutionDisabled", value=True)
        return page

    def close(self):
        os.close(self._output)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._input)


class Page:
    """One page: what it shows, what it complained of, and a hand for mouse and keys."""

    def __init__(self, browser, session, context):
        self.browser = browser
        self.session = session
        self.context = context
        self.complaints = []
        self.requests = []
        self._loads = deque()

    def note(self, method, parameters):
        if method == "Log.entryAdded":
            entry = parameters["entry"]
            if entry["level"] in ("error", "warning"):
                self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.complaints.append(str([each.get("value") for each in parameters["args"]]))
        elif method == "Page.loadEventFired":
            self._loads.append(parameters)
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def open(self, url):
        self._loads.clear()
        answer = self.call("Page.navigate", url=url)
        if "errorText" in answer:
            raise BrowserError(f"{url}: {answer['errorText']}")
        self.loaded()

    def loaded(self):
        self.browser.wait(lambda: bool(self._loads), "the page to load")

    def run(self, expression, *values):
        """The value of an expression, or of a function called with values; a promise is awaited."""
        if values:
            expression = f"({expression})({', '.join(map(json.dumps, values))})"
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return answer["result"].get("value")

    def until(self, expression, what=None):
        """Waits until an expression is true; it is looked at in each frame of the page."""
        watcher = f"""new Promise((resolve) => {{
            const end = Date.now() + {PATIENCE - 10} * 1000;
            const look = () => {{
                const value = Boolean({expression});
                if (value || Date.now() > end) resolve(value); else setTimeout(look, 30);
            }};
            look();
        }})"""
        value = self.run(watcher)
        assert value, f"waited in vain for {what or expression}; the page complained: {self.complaints}"
        return value

    def text(self, selector):
        return self.run("(s) => [...document.querySelectorAll(s)].map((e) => e.innerText.trim())", selector)

    def resize(self, width, height):
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def emulate(self, scheme, reduced=True, media=""):
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def key(self, name, text=""):
        code = {"Tab": 9, "Enter": 13, "ArrowDown": 40, "ArrowUp": 38, "Home": 36, "End": 35, " ": 32}.get(
            name, 0
        )
        text = text or {"Enter": "\r", " ": " "}.get(name, "")
        shared = {"key": name, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def screenshot(self, path, whole=True):
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
