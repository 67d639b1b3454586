# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real headless Chromium, spoken to by its DevTools protocol, and what it noticed of a page."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import time
import typing as t
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import websocket

_SECONDS = 60.0
# As root and without a screen; and nothing of its own that would talk to the network.
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)


class Missing(Exception):
    """There is no Chromium, and it can't be installed."""


@dataclasses.dataclass
class Browser:
    """One page of one browser, with every request, console message and dialog since it was opened."""

    socket: websocket.WebSocket
    session: str = ""
    requests: list[str] = dataclasses.field(default_factory=list)
    errors: list[str] = dataclasses.field(default_factory=list)
    dialogs: list[str] = dataclasses.field(default_factory=list)
    loaded: bool = False
    sent: int = 0

    def open(self, page: Path) -> None:
        """Load the file and forget what was noticed before."""
        self.requests, self.errors, self.dialogs, self.loaded = [], [], [], False
        self.call("Page.navigate", url=page.as_uri())
        while not self.loaded:
            self._note(self._receive())
        # What a script or a late request would do, it does within two frames.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def evaluate(self, script: str) -> t.Any:
        """The value of a JavaScript expression in the page, which the page's own policy does not hinder."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def show(self, width: int, scheme: str, media: str = "screen") -> None:
        """Be a screen, or a sheet of paper, so many pixels wide, by day ("light") or by night ("dark")."""
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 500}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", media=media, features=[feature])

    def call(self, method: str, **params: t.Any) -> t.Any:
        self.sent += 1
        message = {"id": self.sent, "method": method, "params": params}
        self.socket.send(json.dumps(message | ({"sessionId": self.session} if self.session else {})))
        while True:
            answer = self._receive()
            if answer.get("id") == self.sent:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _receive(self) -> dict[str, t.Any]:
        answer: dict[str, t.Any] = json.loads(self.socket.recv())
        return answer

    def _note(self, event: dict[str, t.Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.errors.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.errors.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])
        elif method == "Page.loadEventFired":
            self.loaded = True


@contextmanager
def browser(home: Path) -> Iterator[Browser]:
    """A browser with a new, empty profile below ``home``; it ends with the block."""
    profile = home / "profile"
    command = [program(), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "HOME": str(home)})
        try:
            socket = websocket.create_connection(
                _address(process, profile, home / "log"), timeout=_SECONDS, suppress_origin=True
            )
            try:
                yield _page(Browser(socket))
            finally:
                socket.close()
        finally:
            process.terminate()
            process.wait(timeout=_SECONDS)


def program() -> str:
    """The browser's path; Debian's package is installed where it is missing."""
    if found := shutil.which("chromium"):
        return found
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise Missing("The tests of the HTML report need Chromium. Install it: apt-get install chromium")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(
            ["apt-get", "-qq", *command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            last = (done.stderr.strip() or "no message").splitlines()[-1]
            raise Missing(f"The tests of the HTML report need Chromium, and apt-get {command[0]} failed: {last}")
    return shutil.which("chromium") or "chromium"


def _address(process: subprocess.Popen[bytes], profile: Path, log: Path) -> str:
    """Where the browser listens: it writes port and path into its profile."""
    told = profile / "DevToolsActivePort"
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until and process.poll() is None:
        lines = told.read_text().splitlines() if told.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        time.sleep(0.05)
    raise Missing(f"Chromium did not start: {log.read_text(errors='replace')[-2000:]}")


def _page(made: Browser) -> Browser:
    target = made.call("Target.createTarget", url="about:blank")["targetId"]
    made.session = made.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        made.call(f"{domain}.enable")
    return made
