"""The control plane's API, asked from the command line.

Knows how to say who asks and what came back. A refusal or a silence becomes a `CommandError` in words
for people. Goes to the control plane directly, never through a proxy from the environment.
"""

from __future__ import annotations

import ssl
from typing import Any, Self

import httpx

from aisecops.adapters.system.files import PRIVATE, PRIVATE_FOLDER, made_folder, read_private, write_whole
from aisecops.model.errors import ConfigError
from aisecops.model.refusals import REFUSALS, Code
from aisecops.ops.environment import Credentials
from aisecops.ops.session import BROKEN, FAILED, MISUSED, CommandError
from aisecops.ops.settings import Settings

TIMEOUT_S = 30.0
_DOWN = 500


class ControlPlane:
    """One caller's view of the API. Use as a context manager."""

    def __init__(self, settings: Settings, authorization: httpx.Auth, *, unknown: str) -> None:
        """`unknown` is the mend for who is not known there."""
        self._url = settings.control_url
        self._unknown = unknown
        self._http = httpx.Client(
            base_url=self._url,
            auth=authorization,
            timeout=TIMEOUT_S,
            trust_env=False,
            verify=trusted(settings),
        )

    @classmethod
    def as_operator(cls, settings: Settings) -> Self:
        """As whoever has logged in here, else as the operator; raises CommandError when neither's secret is there."""
        kept = settings.person_secret if settings.person_secret.exists() else settings.operator_secret
        try:
            secret = read_private(kept).decode().strip()
        except OSError as failed:
            raise CommandError(
                f"the operator's secret `{settings.operator_secret}` cannot be read: {failed.strerror}",
                "it is made when `aisecops up` first starts; if that was elsewhere, name its settings with --config",
                MISUSED,
            ) from None
        mend = f"is `{kept}` of the installation that answers there? see paths.state, control.listen, `aisecops logout`"
        return cls(settings, _Bearer(secret), unknown=mend)

    @classmethod
    def with_secret(cls, settings: Settings, secret: str) -> Self:
        """As whoever has this secret."""
        if not (secret.isascii() and secret.isprintable() and secret):
            raise CommandError("that is no secret", "copy it as it was shown", MISUSED)
        return cls(settings, _Bearer(secret), unknown="copy it as it was shown, or ask for a new one")

    @staticmethod
    def keep(settings: Settings, secret: str) -> None:
        """From now on commands in this folder are asked by whoever has this secret."""
        made_folder(settings.paths.state, mode=PRIVATE_FOLDER)
        write_whole(settings.person_secret, f"{secret}\n".encode(), mode=PRIVATE)

    @staticmethod
    def forget(settings: Settings) -> bool:
        """Nobody is logged in here any more; False when nobody was."""
        there = settings.person_secret.exists()
        settings.person_secret.unlink(missing_ok=True)
        return there

    @classmethod
    def as_agent(cls, settings: Settings, credentials: Credentials) -> Self:
        """As an agent, or as one run of it."""
        mend = f"give `{credentials.name}` here the secret that it has where `aisecops up` was started"
        return cls(settings, httpx.BasicAuth(*credentials), unknown=mend)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON object at `path`; raises CommandError."""
        return self._asked("GET", path, params=query)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What came of posting `body`; raises CommandError."""
        return self._asked("POST", path, json=body or {})

    def _asked(self, method: str, path: str, **how: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **how)
        except httpx.HTTPError as failed:
            raise CommandError(
                f"the control plane at `{self._url}` does not answer: {_words(failed)}",
                "start it with `aisecops up`, or set control.listen or control.public_url to where it is",
                BROKEN,
            ) from None
        if answer.is_success:
            return _object(answer)
        raise _refused(answer, unknown=self._unknown)


class _Bearer(httpx.Auth):
    def __init__(self, secret: str) -> None:
        self._header = f"Bearer {secret}"

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers["authorization"] = self._header
        yield request


def trusted(settings: Settings) -> ssl.SSLContext:
    """What a control plane is believed by."""
    context = ssl.create_default_context()
    for file in settings.control_authorities:
        try:
            context.load_verify_locations(file)
        except OSError as failed:
            mend = "control.tls_certificate and upstream.ca name files with certificates in PEM"
            raise ConfigError(f"`{file}` holds no authority to believe: {failed.strerror or failed}", mend) from None
    return context


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        read = answer.json()
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise CommandError(f"`{answer.url}` does not speak this API", "is something else on that port?", BROKEN)
    return read


def _refused(answer: httpx.Response, *, unknown: str) -> CommandError:
    how_bad = BROKEN if answer.status_code >= _DOWN else FAILED
    try:
        problem = _object(answer)
    except CommandError:
        what = f"`{answer.url}` answered {answer.status_code} and no reason"
        return CommandError(what, "its log may say why", how_bad)
    code = str(problem.get("code") or answer.status_code)
    detail = str(problem.get("detail") or problem.get("title") or "the control plane refused")
    what, _, mend = detail.partition("; ")  # a refusal that knows its mend says it there
    if not mend and code in set(Code):
        mend = unknown if code == Code.IDENTITY_REQUIRED else REFUSALS[Code(code)].mend
    return CommandError(f"{what} ({code})", mend, how_bad)


def _words(failed: httpx.HTTPError) -> str:
    return "too slow" if isinstance(failed, httpx.TimeoutException) else str(failed) or type(failed).__name__
