from __future__ import annotations

import pytest

from support.control import laid_out, started


@pytest.fixture(scope="session")
def control_folder(tmp_path_factory):
    """A folder in which a control plane runs, and where it does."""
    folder = laid_out(tmp_path_factory.mktemp("control"))
    with started(folder, "control", "--control-listen", "0") as (_, ready):
        yield folder, ready["control"]


@pytest.fixture
def control(control_folder, monkeypatch):
    """Commands called in this test find a running control plane."""
    folder, url = control_folder
    monkeypatch.chdir(folder)
    monkeypatch.setenv("AISECOPS_CONTROL_LISTEN", url.removeprefix("http://"))
    monkeypatch.delenv("BOT_SECRET", raising=False)
    return folder
