"""Nothing in the tree tells where it was made, and no secret is in it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE " + r"KEY-----\s+[A-Za-z0-9+/=]{20}",
    "a package index": r"--(?:extra-)?index-url[ =]|--find-links[ =]|--trusted-host[ =]|[p]ypi\.org|[r]egistry\.npmjs\.org",
    "a path of a machine": r"(?<![\w.])/(?:work/(?:main|shared|\.library)|root/|home/(?!agent\b)[a-z]+/|Users/[A-Za-z]+/|tmp/v/)",
}
LOCK_FILES = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}
NOT_OURS = {"LICENSE"}


def tracked():
    """What git would hand to somebody else: tracked, and new without being ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git tree")
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    found = [
        f"{path.relative_to(ROOT)}: {match[0][:60]}"
        for path in tracked()
        if path.name not in NOT_OURS
        and (match := re.search(FORBIDDEN[what], path.read_bytes().decode("utf-8", "replace")))
    ]
    assert found == []


def test_no_lock_file_with_an_index_in_it():
    assert [path.name for path in tracked() if path.name in LOCK_FILES] == []


def test_no_key_or_certificate_is_kept():
    wrong = [
        str(path.relative_to(ROOT)) for path in tracked() if path.suffix in {".pem", ".key", ".p12", ".jks", ".crt"}
    ]
    assert wrong == []


def test_every_pin_has_its_hashes():
    for name in ("requirements.txt", "docker/requirements.txt", "tests/clients/requirements.txt"):
        pins = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
        assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []
