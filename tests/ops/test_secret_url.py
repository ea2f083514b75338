import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.secret_url import SecretUrl, source_of


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("redis://us:hush@h.test:1/2?x=1", "redis://us:...@h.test:1/2?x=1"),
        ("http://:hush@h.test", "http://:...@h.test"),
        ("http://us@h.test/", "http://us@h.test/"),
        ("env:NAME", "env:NAME"),
        ("file:/run/secrets/x", "file:/run/secrets/x"),
        ("sqlite", "sqlite"),
    ],
)
def test_everything_is_shown_but_the_password(source, shown):
    url = SecretUrl(source=source)
    assert str(url) == shown
    assert repr(url) == f"SecretUrl({shown!r})"
    assert url.is_shortened is (source != shown)


def test_where_nothing_is_is_said_by_the_settings_name(tmp_path):
    for source in ("env:NAME", f"file:{tmp_path}/none", f"file:{tmp_path}"):
        with pytest.raises(ConfigError, match=f"the.setting names `{source}`"):
            SecretUrl(source=source).held({"NAME": " "}, setting="the.setting", mend="m")


def test_a_file_is_beside_the_settings_and_other_texts_are_as_they_are(tmp_path):
    assert source_of("file:x", tmp_path) == f"file:{tmp_path}/x"
    assert [source_of(raw, tmp_path) for raw in (" env:X ", "a b", 7, None)] == ["env:X", "a b", "", ""]
