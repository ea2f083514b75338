"""People as files: a rule of their own below `people/` in the rules, and their secret in the state folder.

Knows where both are and how they are written. A rule that would make the rules wrong is not kept.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path

from aisecops.adapters.policies.files import Unreadable, read_folder
from aisecops.adapters.policies.reading import read_rules
from aisecops.adapters.system.files import PRIVATE, PUBLIC, made_folder, private_folder, write_whole
from aisecops.controls.policy.leaves import NAME
from aisecops.model.people import PersonRule
from aisecops.model.rules import RuleSet
from aisecops.ops.session import FAILED, MISUSED, CommandError
from aisecops.ops.settings import Settings

SECRET_BYTES = 32


def rules_now(settings: Settings) -> RuleSet:
    """The rules as they stand in the folder. Raises `CommandError` when they are wrong."""
    return _read(_files(settings))


def person_named(rules: RuleSet, name: str) -> PersonRule:
    """Raises `CommandError` when the rules name nobody so."""
    if (person := rules.people.get(name)) is None:
        raise CommandError(f"the rules name nobody `{name}`", "`aisecops people list` shows whom they name", FAILED)
    return person


def added(settings: Settings, name: str, fields: dict[str, str | Sequence[str]], *, secret: bool) -> str:
    """Write the rule of somebody new, and a secret when they are to have one; return it.

    Raises `CommandError`: nothing was written.
    """
    try:
        NAME.make(name)
    except ValueError as error:
        raise CommandError(f"`{name}` is no name", str(error), MISUSED) from None
    if name in rules_now(settings).people:
        raise CommandError(
            f"the rules name `{name}` already", "`aisecops people secret NAME` makes a new secret", FAILED
        )
    if secret:
        fields = {**fields, "secret": _source(settings, name)}
    file = _rule_file(settings, name)
    text = _rule_text(name, fields).encode()
    _read({**_files(settings), f"people/{name}.yaml": text})
    made = new_secret(settings, name) if secret else ""
    made_folder(file.parent)
    write_whole(file, text, mode=PUBLIC)
    return made


def new_secret(settings: Settings, name: str) -> str:
    """Make and keep a secret for `name`; the one before opens nothing from now on."""
    secret = base64.urlsafe_b64encode(os.urandom(SECRET_BYTES)).rstrip(b"=").decode()
    file = _secret_file(settings, name)
    private_folder(file.parent)
    write_whole(file, f"{secret}\n".encode(), mode=PRIVATE)
    return secret


def has_kept_secret(settings: Settings, person: PersonRule) -> bool:
    """True when their secret is one that was made here."""
    kind, _, path = person.secret.partition(":")
    return kind == "file" and (settings.paths.rules / path).resolve() == _secret_file(settings, person.name).resolve()


def removed(settings: Settings, person: PersonRule) -> None:
    """Take the rule and the secret of somebody away. Raises `CommandError` when the rule stands among others."""
    file = _rule_file(settings, person.name)
    if not file.exists() or person.place.file != f"people/{person.name}.yaml":
        raise CommandError(f"`{person.name}` stands in {person.place}", "take them out of that file", MISUSED)
    text = _files(settings)
    del text[f"people/{person.name}.yaml"]
    _read(text)  # whoever is still named by others, such as by `answers`, stays
    file.unlink()
    if has_kept_secret(settings, person):
        _secret_file(settings, person.name).unlink(missing_ok=True)


def _files(settings: Settings) -> dict[str, bytes]:
    try:
        return read_folder(settings.paths.rules)
    except Unreadable as error:
        raise CommandError(f"the rules cannot be read: {error.problem}", error.problem.mend, MISUSED) from error


def _read(files: dict[str, bytes]) -> RuleSet:
    rules = read_rules(files)
    if isinstance(rules, RuleSet):
        return rules
    raise CommandError(f"the rules would be wrong: {rules[0]}", rules[0].mend, MISUSED)


def _rule_text(name: str, fields: dict[str, str | Sequence[str]]) -> str:
    lines = [f"  {name}:", *(f"    {key}: {_yaml(value)}" for key, value in fields.items() if value)]
    return "\n".join(["version: 1", "people:", *lines, ""])


def _yaml(value: str | Sequence[str]) -> str:
    """JSON is YAML: what stands in quotes is text, whatever it looks like."""
    import json

    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False)


def _rule_file(settings: Settings, name: str) -> Path:
    return settings.paths.rules / "people" / f"{name}.yaml"


def _secret_file(settings: Settings, name: str) -> Path:
    return settings.paths.state / "people" / f"{name}.secret"


def _source(settings: Settings, name: str) -> str:
    """Where the secret is, as the rules say it: a file is named from the rules folder."""
    return f"file:{os.path.relpath(_secret_file(settings, name), settings.paths.rules)}"
