import pytest

from aisecops.adapters.system.rule_secrets import RuleSecrets
from aisecops.model.errors import ConfigError


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("env:A", b"one"),
        ("env:BLANK", None),
        ("env:NOT_SET", None),
        ("file:secret", b"two"),
        ("file:missing", None),
        ("file:empty", None),
        ("other:A", None),
        ("", None),
    ],
)
def test_a_secret_is_there_or_nobody_is_it(tmp_path, source, expected):
    (tmp_path / "secret").write_text("two\n")
    (tmp_path / "empty").write_text("\n")
    assert RuleSecrets({"A": "one", "BLANK": " "}, tmp_path).secret(source) == expected


def test_a_file_that_changes_counts_at_once(tmp_path):
    secrets = RuleSecrets({}, tmp_path)
    (tmp_path / "s").write_text("old")
    assert secrets.secret("file:s") == b"old"
    (tmp_path / "s").write_text("new")
    assert secrets.secret("file:s") == b"new"


def test_what_is_missing_is_said_once_and_never_what_is_there(tmp_path, caplog):
    secrets = RuleSecrets({"A": "one"}, tmp_path)
    for source in ("env:A", "env:B", "env:B"):
        secrets.secret(source)
    assert [record.getMessage().split("`")[1] for record in caplog.records] == ["env:B"]
    assert "one" not in caplog.text


def test_a_file_of_values_that_is_too_large_is_an_error(tmp_path):
    (tmp_path / "s").write_text("0123456789\n" * 100_000)
    with pytest.raises(ConfigError, match="over 1048576 bytes"):
        RuleSecrets({}, tmp_path).values("file:s")
