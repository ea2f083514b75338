import pytest

from aisecops.adapters.store.stand_ins import Sealing
from aisecops.model.errors import StoreError
from aisecops.model.ids import RunId
from aisecops.model.stand_in import Given, StandIn

ROOT, OTHER = RunId("run_1"), RunId("run_2")
GIVEN = Given(run_id=ROOT, to="api.test:443", stand_in=StandIn(entity="X", value="Ann Real", text="Eve Made"))


def test_what_was_sealed_is_opened_in_its_tree():
    sealing = Sealing(b"k" * 32)
    assert sealing.opened(ROOT, [sealing.sealed(ROOT, GIVEN).sealed]) == [GIVEN]


def test_nothing_of_it_stands_in_what_is_kept():
    kept = repr(Sealing(b"k" * 32).sealed(ROOT, GIVEN)).encode()
    assert not any(word in kept for word in (b"Ann", b"Eve", b"api.test", b"run_1"))


@pytest.mark.parametrize(("root", "key"), [(OTHER, b"k" * 32), (ROOT, b"x" * 32)])
def test_another_tree_and_another_key_open_nothing_and_have_other_digests(root, key):
    sealed, other = Sealing(b"k" * 32).sealed(ROOT, GIVEN), Sealing(key)
    with pytest.raises(StoreError, match="cannot be opened"):
        other.opened(root, [sealed.sealed])
    assert other.sealed(root, GIVEN).value != sealed.value
