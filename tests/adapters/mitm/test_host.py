"""What the host checks before it starts. The rest is `end_to_end/test_host_life.py`."""

from __future__ import annotations

import pytest

from aisecops.adapters.mitm.host import HostSettings, check_files, pinned_options
from aisecops.model.errors import ConfigError


def test_no_authority_no_start(tmp_path):
    with pytest.raises(ConfigError, match="no certificate authority") as caught:
        check_files(HostSettings(confdir=tmp_path))
    assert caught.value.mend


def test_a_trust_file_has_to_be_there(tmp_path):
    (tmp_path / "mitmproxy-ca.pem").touch()
    check_files(HostSettings(confdir=tmp_path))
    with pytest.raises(ConfigError, match="is not a file"):
        check_files(HostSettings(confdir=tmp_path, upstream_trust=tmp_path / "absent.pem"))


def test_what_is_set_is_pinned(tmp_path):
    settings = HostSettings(confdir=tmp_path, listen_host="127.0.0.2", listen_port=9, reuse_port=True)
    options = pinned_options(settings)
    assert options["mode"] == ["governed:shared@127.0.0.2:9"]
    assert options["rawtcp"] is False
    assert options["ssl_verify_upstream_trusted_ca"] is None
