"""A headless Chromium that is asked through its remote protocol; the standard library alone."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path


def chromium():
    """The program, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Socket:
    """The client's side of a WebSocket (RFC 6455): whole text messages, no extensions."""

    def __init__(self, address):
        host, path = address.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.connection = socket.create_connection((name, int(port)), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.connection.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.connection.recv(4096)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0], head

    def _read(self, count):
        while len(self.rest) < count:
            more = self.connection.recv(1 << 16)
            if not more:
                raise ConnectionError("the browser has gone")
            self.rest += more
        data, self.rest = self.rest[:count], self.rest[count:]
        return data

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        length = (bytes([0x80 | len(data)]) if len(data) < 126 else
                  b"\xfe" + struct.pack(">H", len(data)) if len(data) < 1 << 16 else b"\xff" + struct.pack(">Q", len(data)))
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(data))
        self.connection.sendall(b"\x81" + length + mask + masked)

    def receive(self):
        text = b""
        while True:
            first, second = self._read(2)
            length = second & 0x7F
            if length == 126:
                (length,) = struct.unpack(">H", self._read(2))
            elif length == 127:
                (length,) = struct.unpack(">Q", self._read(8))
            data = self._read(length)
            if first & 0xF in (0, 1):
                text += data
                if first & 0x80:
                    return text.decode()


class Browser:
    """One page of a browser that starts with this object and ends with its `with` block."""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        self.process = subprocess.Popen(
            [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
             "--remote-debugging-port=0", f"--user-data-dir={self.folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        port = Path(self.folder) / "DevToolsActivePort"
        for _ in range(600):
            if port.exists() and "\n" in port.read_text():
                break
            time.sleep(0.1)
        number = port.read_text().split()[0]
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(100):
            pages = [t for t in json.load(opener.open(f"http://127.0.0.1:{number}/json/list")) if t["type"] == "page"]
            if pages:
                break
            time.sleep(0.1)
        self.socket = Socket(pages[0]["webSocketDebuggerUrl"])
        self.number = 0
        self.problems = []  # what went wrong in the pages' scripts, and what they would load
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self):
        message = json.loads(self.socket.receive())
        method, of = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(of["exceptionDetails"].get("exception", {}).get("description", str(of)))
        elif method == "Log.entryAdded" and of["entry"]["level"] in ("error", "warning"):
            self.problems.append(of["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and of["type"] == "error":
            self.problems.append(str(of["args"]))
        elif method == "Network.requestWillBeSent" and not of["request"]["url"].startswith(("file:", "data:")):
            self.problems.append("wants " + of["request"]["url"])
        return message

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = self._take()
            if message.get("id") == self.number:
                assert "error" not in message, (method, message["error"])
                return message["result"]

    def open(self, path, width, height=900, dark=False):
        """Shows a file in a window of this size and waits until it is drawn."""
        self.problems.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Page.navigate", url=Path(path).resolve().as_uri())
        while self._take().get("method") != "Page.loadEventFired":
            pass
        self.settle()

    def settle(self):
        """Two frames later all that observes sizes has drawn."""
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")

    def ask(self, expression):
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def mouse(self, kind, x, y, button="none"):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, buttons=int(button == "left"),
                  clickCount=int(kind != "mouseMoved"))

    def click(self, x, y):
        self.mouse("mousePressed", x, y, "left")
        self.mouse("mouseReleased", x, y, "left")

    def key(self, name):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=name, text=name if len(name) == 1 else "")
        self.call("Input.dispatchKeyEvent", type="keyUp", key=name)

    def screenshot(self, path, whole=False):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(data))
