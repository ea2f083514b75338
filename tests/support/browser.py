"""A headless Chromium for tests that look at pages; the machine's own, never one that is fetched."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SERIOUS = {"serious", "critical"}


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """One browser process. Its own sandbox needs more than a container gives; it sees our own pages alone."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield running
        finally:
            running.close()


def watched(running: Any, *, dark: bool = False) -> tuple[Any, list[str]]:
    """A page of its own, and what the browser complained about: what was blocked, what failed, what raised."""
    page = running.new_context(
        color_scheme="dark" if dark else "light", viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    ).new_page()
    page.set_default_timeout(60_000)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: (said.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
    return page, said


def kept_twin(page: Any) -> Any:
    """The twin of `page`, which gets the same from now on: the points of a trend move with the clock."""
    answer = page.request.get(page.evaluate("document.querySelector('link[rel=alternate]').href"))
    page.route("**/*.json*", lambda route: route.fulfill(response=answer))
    page.reload()
    return answer.json()


def serious(page: Any) -> list[str]:
    """What axe-core finds wrong with the page as it stands, of weight serious and above."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate("axe.run().then((told) => told.violations)")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def shot(page: Any, folder: Path, name: str) -> None:
    """A picture of the whole page, for whoever wants to look."""
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


def picture(part: Any, folder: Path, name: str) -> None:
    """A picture of one part of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    part.screenshot(path=folder / f"{name}.png")
