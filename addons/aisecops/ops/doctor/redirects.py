"""Transparent mode, looked at from the machine: are the rules loaded, and would anything pass beside them?"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from aisecops.ops.doctor.diagnosis import Diagnosis, bad, well
from aisecops.ops.redirects import TABLE
from aisecops.ops.settings import Settings

FORWARDING = (Path("/proc/sys/net/ipv4/ip_forward"), Path("/proc/sys/net/ipv6/conf/all/forwarding"))
_LOAD = "load them: aisecops nftables --agents-interface NAME | sudo nft -f -"
_TIMEOUT_S = 5


def loaded_rules() -> str | None:
    """The table as the kernel has it; empty when it has none, None when it cannot be asked."""
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if nft is None:
        return None
    try:
        asked = subprocess.run(  # noqa: S603 - our own words, no shell
            [nft, "list", "table", "inet", TABLE], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if asked.returncode and "No such file" not in asked.stderr:
        return None
    return asked.stdout


def redirects(
    settings: Settings,
    rules: Callable[[], str | None] = loaded_rules,
    forwarding: tuple[Path, ...] = FORWARDING,
) -> Iterator[Diagnosis]:
    """Says nothing without transparent mode."""
    proxy = settings.proxy
    if not proxy.transparent:
        return
    wanted = [f"redirect to :{listen.port}" for listen in (proxy.listen, proxy.dns) if listen is not None]
    text = rules()
    if text is None:
        yield well("redirect rules", "cannot be looked at from here; as root: nft list table inet " + TABLE)
    elif missing := [words for words in wanted if words not in text]:
        what = f"`{missing[0]}` is not in the loaded ones" if text else "none are loaded: agents go around the gateway"
        yield bad("redirect rules", what, _LOAD)
    else:
        yield well("redirect rules", f"table `{TABLE}` is loaded and leads to our ports")
    passing = [str(knob) for knob in forwarding if _is_on(knob)]
    if passing:
        yield well("forwarding", f"on ({passing[0]}): the loaded rules alone keep agents from going around")
    else:
        yield well("forwarding", "off: nothing goes around the gateway, with or without rules")


def _is_on(knob: Path) -> bool:
    try:
        return knob.read_text().strip() != "0"
    except OSError:
        return False


CHECKS = (redirects,)
