"""`aisecops rules bundle`: the rules folder as one signed file."""

from __future__ import annotations

from pathlib import Path

import click

from aisecops.ops.session import FAILED, MISUSED, CommandError, Session


@click.command("bundle")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path),
    help="The private key, from `aisecops keys make`; without it the one in AISECOPS_RULES_KEY_SECRET.",
)
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The bundle to write.")
@click.option("--serial", type=click.IntRange(min=0), help="Higher than any before; by default the time in ms.")
@click.pass_obj
def bundle_command(
    session: Session, folder: Path | None, key_file: Path | None, output: Path, serial: int | None
) -> None:
    """Check the rules of FOLDER (default: that of the settings) and sign them as one file.

    Without case files and scenarios. A machine that has `rules.signed_by` takes up what is signed by such a key, and
    nothing that is older than what it has had.
    """
    from aisecops.adapters.policies.bundle import MAX_SERIAL, packed
    from aisecops.adapters.policies.files import Unreadable, read_folder
    from aisecops.adapters.policies.reading import read_rules
    from aisecops.adapters.system.clock import SystemClock
    from aisecops.adapters.system.files import PUBLIC, write_whole
    from aisecops.adapters.system.keys import read_key_set
    from aisecops.adapters.system.signing import RULES_KEY, file_signer, held_signer
    from aisecops.model.rules import RuleSet
    from aisecops.ops.settings_read import environment

    settings = session.settings
    signer = file_signer(key_file) if key_file else held_signer(RULES_KEY, environment())
    if signer is None:
        raise CommandError("nothing says which key signs", f"give --key FILE, or set {RULES_KEY}", MISUSED)
    tokens = settings.paths.certs / "jwks.json"
    if tokens.exists() and signer.key_id in {key.kid for key in read_key_set(tokens)}:
        raise CommandError("this key signs tokens", "make one for rules: `aisecops keys make rules.key`", MISUSED)
    at = folder or settings.paths.rules
    try:
        files = read_folder(at)
    except Unreadable as unreadable:
        raise CommandError(unreadable.problem.what, unreadable.problem.mend, MISUSED) from None
    rules = read_rules(files)
    if not isinstance(rules, RuleSet):
        raise CommandError(f"the rules of `{at}` cannot be used: {rules[0]}", rules[0].mend, FAILED)
    now_ms = SystemClock().now_ms()
    number = now_ms if serial is None else serial
    if number > MAX_SERIAL:
        raise CommandError(f"the serial {number} is over {MAX_SERIAL}", "give a lower one", MISUSED)
    write_whole(output, packed(files, signer, serial=number, issued_at=now_ms // 1000), mode=PUBLIC)
    click.echo(f"{output}: {len(files)} files, serial {number}, signed by {signer.key_id}\n{rules.policy_version}")
