"""Finds the Chromium that browser tests drive, and brings one where there is none.

`python -m tests.browser` is what `make test` calls before pytest.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
_MAC = ("Google Chrome", "Chromium")


def find() -> str | None:
    """Return the path of a Chromium or Chrome, None when this machine has none."""
    on_path = (
        shutil.which(name) for name in (os.environ.get("BROWSER_PATH"), *_NAMES) if name
    )
    found = next((path for path in on_path if path), None)
    return found or _on_mac() or _of_playwright()


def launch_options() -> dict[str, object]:
    """Return the arguments for Playwright's `chromium.launch`.

    Raises RuntimeError where there is no browser: a browser test must not pass by
    not running.
    """
    path = find()
    if path is None:
        raise RuntimeError("No Chromium found: run `make test`, which brings one.")
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses it to root
    return {"executable_path": path, "args": sandbox}


def ensure() -> str | None:
    """Return a browser's path after trying every way to get one."""
    for bring in (lambda: None, _playwright_install, _apt_install):
        bring()
        if path := find():
            return path
    return None


def _on_mac() -> str | None:
    places = [Path(f"/Applications/{n}.app/Contents/MacOS/{n}") for n in _MAC]
    return next((str(path) for path in places if path.exists()), None)


def _of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _playwright_install() -> None:
    print("No Chromium here: asking Playwright for one …", flush=True)
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], check=False
    )


def _apt_install() -> None:
    if not shutil.which("apt-get"):
        return
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if root and not shutil.which("sudo"):
        return
    print("Installing the distribution's Chromium …", flush=True)
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (
        ["update", "-q"],
        ["install", "-qy", "--no-install-recommends", "chromium"],
    ):
        subprocess.run([*root, "apt-get", *words], check=False, env=env)


if __name__ == "__main__":
    if ensure() is None:
        sys.exit(
            "No browser could be installed: install Chromium or Chrome, then again."
        )
