"""The browser of the tests. Nothing of Playwright starts before it is known that there is something to start."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

PATIENCE_MS = 60_000
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@cache
def missing() -> str:
    """Why there is no browser, in a line that says what to do; "" if there is one."""
    if not _installed():
        return "no Chromium: apt-get install chromium, or .venv/bin/python -m playwright install chromium"
    driver = subprocess.run(
        [sys.executable, "-m", "playwright", "--version"], capture_output=True, text=True, check=False
    )
    return f"Playwright's driver cannot start: {driver.stderr.strip()}" if driver.returncode else ""


@contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium, else the one that Playwright has installed."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=_of_the_system(), args=ARGUMENTS, timeout=PATIENCE_MS)
        yield running
        running.close()


def _installed() -> bool:
    """Playwright installs into its own folder; see its documentation, "Managing browser binaries"."""
    own = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    return bool(_of_the_system()) or any(own.glob("chromium*"))


def _of_the_system() -> str | None:
    return shutil.which("chromium")
