from __future__ import annotations

import pytest

from aisecops.controls.provenance.letters import letters


@pytest.fixture(scope="session", autouse=True)
def _table() -> None:
    """The table of letters is made on first use, which takes longer than one example of a property may."""
    letters("")
