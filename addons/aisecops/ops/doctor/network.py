"""What others see of us: ports, clocks, and whether clients in this shell use and trust the gateway."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.pem import certificates_in
from aisecops.ops.doctor.diagnosis import Diagnosis, bad, well
from aisecops.ops.environment import PROXY_VARIABLES, TRUST_VARIABLES
from aisecops.ops.settings import Listener, Settings
from aisecops.ops.settings_read import environment
from aisecops.ops.settings_text import Address

TIMEOUT_S = 2.0
MOST_SKEW_S = 5.0
EVAL = 'eval "$(aisecops env)"'


def _ports(settings: Settings) -> Iterator[Diagnosis]:
    yield _port("proxy port", settings.proxy, lambda: _is_our_proxy(settings))
    yield _port("control port", settings.control, lambda: '"status"' in _read(f"{settings.control.url}/healthz"))
    yield _port("metrics port", settings.metrics, lambda: "aisecops_" in _read(settings.metrics_url))


def _port(check: str, listener: Listener, is_ours: Callable[[], bool]) -> Diagnosis:
    listen = listener.listen
    if listen.port == 0:
        return well(check, "any free one")
    try:
        family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        with socket.socket(family) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((listen.host, listen.port))
    except OSError as failed:
        if is_ours():
            return well(check, f"`{listen}` answers")
        return bad(check, f"`{listen}` cannot be had: {failed.strerror}", "free it, or set another address")
    return well(check, f"`{listen}` is free; nothing of ours runs there")


def _read(url: str) -> str:
    try:
        return httpx.get(url, timeout=TIMEOUT_S, trust_env=False, verify=False).text  # noqa: S501  (only: is it ours?)
    except httpx.HTTPError:
        return ""


def _is_our_proxy(settings: Settings) -> bool:
    """Without credentials our proxy answers everything with a problem of ours; over TLS its certificate says enough."""
    if settings.proxy.tls_certificate is not None:
        return _shows(settings.proxy.listen.reachable, settings.proxy.tls_certificate)
    try:
        with httpx.Client(proxy=settings.proxy.url, timeout=TIMEOUT_S, trust_env=False) as client:
            return "urn:aisecops:problem:" in client.get("http://aisecops.internal/healthz").text
    except httpx.HTTPError:
        return False


def _shows(listen: Address, certificate: Path) -> bool:
    """Does who listens there show the first certificate of that file? None of our own is shown, wanted or not."""
    try:
        shown = ssl.get_server_certificate((listen.host, listen.port), timeout=TIMEOUT_S)
        return certificates_in(shown.encode()) == certificates_in(certificate.read_bytes())[:1]
    except OSError:
        return False


def _clock(settings: Settings) -> Iterator[Diagnosis]:
    """Tokens live minutes: clocks that differ refuse good ones and take old ones."""
    now = SystemClock().now_ms() / 1000
    files = [path.stat().st_mtime for path in settings.paths.state.glob("*") if path.is_file()]
    if files and max(files) > now + MOST_SKEW_S:
        yield bad("clock", f"it is {max(files) - now:.0f} s before our newest file", "set the clock; it went backwards")
        return
    try:
        answer = httpx.get(f"{settings.control_url}/healthz", timeout=TIMEOUT_S, trust_env=False, verify=False)  # noqa: S501
        skew = parsedate_to_datetime(answer.headers["date"]).timestamp() - now
    except (httpx.HTTPError, KeyError, ValueError):
        yield well("clock", "not before anything of ours; no control plane to compare with")
        return
    if abs(skew) > MOST_SKEW_S:
        yield bad("clock", f"the control plane's differs by {skew:.0f} s", "synchronise both machines' clocks")
    else:
        yield well("clock", "agrees with the control plane's")


def _clients(settings: Settings) -> Iterator[Diagnosis]:
    """In an environment that uses the gateway, every client must also trust it."""
    environ = environment()
    used = [name for name in PROXY_VARIABLES if settings.proxy.told_url.partition("://")[2] in environ.get(name, "")]
    if not used:
        yield well("clients", f"none set up in this shell: {EVAL}")
        return
    try:
        ours = certificates_in((settings.paths.certs / "mitmproxy-ca-cert.pem").read_bytes())[:1]
        ours += [one for path in settings.client_authorities for one in certificates_in(path.read_bytes())]
    except (OSError, IndexError):
        yield bad("clients", "they use the gateway, which has no certificate authority yet", "start it once")
        return
    untrusting = list(_untrusting(ours, environ.get))
    for name in untrusting:
        yield bad(
            f"trust of {TRUST_VARIABLES[name]}", f"{name} names no file with our authority", 'eval "$(aisecops env)"'
        )
    if not untrusting:
        yield well("clients", "all use the gateway and trust it")


def _untrusting(ours: list[bytes], variable: Callable[[str], str | None]) -> Iterable[str]:
    for name in TRUST_VARIABLES:
        try:
            trusted = certificates_in(Path(variable(name) or "").read_bytes())
        except OSError:
            trusted = []
        if not ours or not set(ours) <= set(trusted):
            yield name


CHECKS = (_ports, _clock, _clients)
