from __future__ import annotations

import shutil
from pathlib import Path

import pytest

RULES = Path(__file__).parents[3] / "rules"


@pytest.fixture
def own_rules(tmp_path, monkeypatch):
    """A working folder with a copy of the shipped rules; commands called in this test find it."""
    shutil.copytree(RULES, tmp_path / "rules")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "rules"
