import pytest

from aisecops.adapters.store.written import name_of, packed, read, text_of, unpacked
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.known import KnownContent, ProposedWords, SaidWords
from aisecops.model.state import Run
from support.origins import origin
from support.trees import ROOT, run_of


def test_a_value_is_read_as_it_was_written():
    assert read(text_of(run_of(ROOT)), Run) == run_of(ROOT)


def test_what_cannot_be_read_is_the_stores_fault():
    for text in ("", "{}", text_of(run_of(ROOT)).replace('"agent_id"', '"agent"')):
        with pytest.raises(StoreError, match="cannot be read"):
            read(text, Run)
    for data in (b"", b"\xc1", packed(KnownContent(origin=origin("a"), prints=b""))[:-1]):
        with pytest.raises(StoreError, match="cannot be read"):
            unpacked(data)


def test_each_kind_has_names_of_its_own():
    root = RunId("run_1")
    said = [SaidWords(root_run_id=root, name="x", trusted=trusted, words=b"", pairs=b"") for trusted in (True, False)]
    known = [*said, ProposedWords(root_run_id=root, key="x"), KnownContent(origin=origin("a"), prints=b"")]
    assert [unpacked(packed(one)) for one in known] == known
    assert [name_of(one) for one in known] == ["run_1:t:x", "run_1:u:x", "run_1:p:x", origin("a").origin_id]
