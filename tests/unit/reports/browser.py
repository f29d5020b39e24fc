"""A headless Chromium, driven over WebDriver: as much of it as the tests of the page need."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.support.command import patience
from tests.support.room import until

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
MISSING = "" if CHROMIUM and DRIVER else "chromedriver is missing: apt-get install chromium-driver"
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]


class Browser:
    """One window of a browser."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client, self._session = client, session

    def _ask(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/session/{self._session}/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()["value"]

    def devtools(self, method: str, **params: Any) -> Any:
        """Call a method of the DevTools protocol."""
        return self._ask("goog/cdp/execute", cmd=method, params=params)

    def open(self, page: Path, *, width: int = 1000, dark: bool = False, script: bool = True) -> None:
        """Show a page in a window of `width` pixels."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", features=[scheme])
        self.devtools("Emulation.setScriptExecutionDisabled", value=not script)
        self._load("about:blank")
        self._load(page.as_uri())

    def _load(self, url: str) -> None:
        """Go to `url`, and wait until all of it is there.

        On a busy machine the driver's own wait has ended before the script of the page ran, so it is off
        (`pageLoadStrategy`), and each load is waited for here.
        """
        self._ask("url", url=url)
        state = "return [location.href, document.readyState]"
        until(lambda: self.run(state) == [url, "complete"], what=f"{url} is loaded")

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a JavaScript function body returns."""
        return self._ask("execute/sync", script=script, args=list(arguments))

    def click(self, selector: str) -> None:
        """Click an element as a person does: it must be in view and not covered."""
        ((_, element),) = self._ask("element", using="css selector", value=selector).items()
        self._ask(f"element/{element}/click")

    def type(self, selector: str, text: str) -> None:
        """Type text into an element."""
        ((_, element),) = self._ask("element", using="css selector", value=selector).items()
        self._ask(f"element/{element}/value", text=text)

    def log(self) -> list[str]:
        """Return what the browser complained of since it was last asked, policy violations among it."""
        return [entry["message"] for entry in self._ask("se/log", type="browser")]

    def screenshot(self) -> bytes:
        """Return the window as PNG."""
        answer = self._client.get(f"/session/{self._session}/screenshot")
        return base64.b64decode(answer.json()["value"])


@contextmanager
def launched(profile: Path) -> Iterator[Browser]:
    """Start a browser on a free port, and end it; it keeps its files under `profile`."""
    assert CHROMIUM
    assert DRIVER
    wanted = {
        "goog:chromeOptions": {"binary": CHROMIUM, "args": [*_ARGUMENTS, f"--user-data-dir={profile}"]},
        "goog:loggingPrefs": {"browser": "ALL"},
        "pageLoadStrategy": "none",
    }
    with subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, text=True) as driver:
        try:
            assert driver.stdout
            started = (re.search(r"successfully on port (\d+)", line) for line in driver.stdout)
            port = next(found[1] for found in started if found)
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", timeout=patience(), trust_env=False
            ) as client:
                answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
                assert answer.is_success, answer.text
                session = answer.json()["value"]["sessionId"]
                try:
                    yield Browser(client, session)
                finally:
                    client.delete(f"/session/{session}")
        finally:
            driver.terminate()
