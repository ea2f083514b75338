"""Policy engines beside the grants, as the rules name them (spec 24)."""

from __future__ import annotations

from aisecops.model.place import Place
from aisecops.model.value import Value


class OpaRule(Value):
    """An OPA server to ask beside the grants, under `path`. `token` is where its bearer token is (`env:NAME`)."""

    url: str
    path: str
    place: Place
    token: str = ""
    timeout_ms: int = 1000


class PolicyFile(Value):
    """One file of policies in a language of its own, as it stands beside the rules."""

    name: str
    text: str


class PolicyRules(Value):
    """Decision points beside the grants; they can only take away.

    `cedar` are the patterns as written, `cedar_files` the files they name, in the order of their names.
    """

    cedar: tuple[str, ...] = ()
    opa: OpaRule | None = None
    place: Place = Place(file="", line=1)
    cedar_files: tuple[PolicyFile, ...] = ()
