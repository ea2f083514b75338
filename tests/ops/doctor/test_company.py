"""`aisecops doctor` on TLS to the proxy and on the proxy before the world."""

from __future__ import annotations

import socket

import pytest

from aisecops.ops.doctor.company import CHECKS
from aisecops.ops.settings_read import load
from support.certificates import CLIENT, SERVER, Authority


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "company")


def looked(folder, **flags):
    settings = load({name.replace("__", "."): value for name, value in flags.items()}, environ={}, folder=folder)
    return [said for check in CHECKS for said in check(settings)]


def of(folder, certified, **flags):
    pair = dict(zip(("proxy__tls_certificate", "proxy__tls_key"), certified.pair, strict=True))
    [said] = looked(folder, **pair, **flags)
    return said


def test_nothing_is_said_of_what_is_not_there(tmp_path):
    assert looked(tmp_path) == []


def test_a_certificate_that_agents_believe_is_well(tmp_path, authority):
    good = authority.certified("127.0.0.1", use=SERVER, ends_days=90)
    said = of(tmp_path, good, proxy__tls_ca=str(authority.file))
    assert said.well, said


@pytest.mark.parametrize(
    ("names", "how", "words"),
    [
        (["127.0.0.1"], {"use": SERVER, "ends_days": 3}, "ends soon"),
        (["127.0.0.1"], {"use": SERVER, "begins_days": -9, "ends_days": -2}, "it is good from"),
        (["127.0.0.1"], {"use": SERVER, "begins_days": 2, "ends_days": 9}, "it is good from"),
        (["gw.corp.test"], {"use": SERVER, "ends_days": 90}, "mismatch"),
        (["127.0.0.1"], {"use": CLIENT, "ends_days": 90}, "purpose"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(tmp_path, authority, names, how, words):
    said = of(tmp_path, authority.certified(*names, **how), proxy__tls_ca=str(authority.file))
    assert not said.well
    assert words in said.words
    assert said.mend


def test_a_certificate_of_an_authority_that_agents_are_not_told_of_is_named(tmp_path, authority):
    said = of(tmp_path, authority.certified("127.0.0.1", use=SERVER, ends_days=90))
    assert not said.well
    assert "proxy.tls_ca" in said.mend


def test_a_name_for_agents_is_the_one_that_is_looked_for(tmp_path, authority):
    named = authority.certified("gw.corp.test", use=SERVER, ends_days=90)
    told = {"proxy__tls_ca": str(authority.file), "proxy__public_url": "https://gw.corp.test:8080"}
    assert of(tmp_path, named, **told).well


def test_files_that_cannot_serve_are_named(tmp_path, authority):
    one, other = authority.certified(), authority.certified()
    one.key_file.write_bytes(other.key_file.read_bytes())
    assert "cannot serve" in of(tmp_path, one).words


def test_a_corporate_proxy_that_answers_is_well_and_one_that_does_not_is_not(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as there:
        url = f"http://us:hush@127.0.0.1:{there.getsockname()[1]}"
        [said] = looked(tmp_path, upstream__proxy=url)
        assert said.well, said
    [said] = looked(tmp_path, upstream__proxy=url)
    assert not said.well
    assert "hush" not in repr(said)
    [said] = looked(tmp_path, upstream__proxy="env:AISECOPS_NOT_SET_ANYWHERE_SECRET")
    assert "where nothing is" in said.words
