import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.settings_keys import as_tree
from aisecops.ops.settings_read import load
from aisecops.ops.store_url import StoreUrl, read_store_url

WHOLE = "rediss://us:hush%3Ahush@redis.corp.test:7000/2?replicas=1"


def test_sqlite_is_the_file_in_the_state_folder(tmp_path):
    assert read_store_url("sqlite", tmp_path).is_sqlite


def test_a_url_names_a_server_and_its_password_is_decoded(tmp_path):
    place = read_store_url(WHOLE, tmp_path).place({})
    assert (place.host, place.port, place.database, place.password) == ("redis.corp.test", 7000, 2, "hush:hush")


def test_it_may_stand_in_a_variable_or_in_a_file_beside_the_settings(tmp_path):
    (tmp_path / "store").write_text(f"{WHOLE}\n")
    in_file = read_store_url("file:store", tmp_path)
    assert in_file.source == f"file:{tmp_path}/store"
    assert in_file.place({}) == read_store_url("env:STORE", tmp_path).place({"STORE": WHOLE})


@pytest.mark.parametrize("held", ["", "http://us:hush@redis.test", "redis://us:hush@redis.test?hush=1"])
def test_a_place_with_nothing_good_in_it_is_named_and_what_is_in_it_is_not(held, tmp_path):
    with pytest.raises(ConfigError, match="env:STORE") as wrong:
        read_store_url("env:STORE", tmp_path).place({"STORE": held})
    assert "hush" not in str(wrong.value)


@pytest.mark.parametrize("text", ["", "mysql", "postgres://us:hush@h.test", "redis://us:hush@h.test/hush", None, 7])
def test_anything_else_refuses_to_start_without_being_repeated(text, tmp_path):
    with pytest.raises(ConfigError, match="store") as wrong:
        load({"store": text} if text is not None else {"store": " "}, environ={}, folder=tmp_path)
    assert "hush" not in f"{wrong.value} {wrong.value.mend}"


def test_the_password_is_never_written(tmp_path):
    settings = load({"store": WHOLE}, environ={}, folder=tmp_path)
    for shown in (str(settings.store), repr(settings), str(as_tree(settings))):
        assert "hush" not in shown
    assert str(settings.store) == "rediss://us:...@redis.corp.test:7000/2?replicas=1"
    assert settings.store.is_shortened
    assert not StoreUrl(source="redis://redis.corp.test").is_shortened
