"""`aisecops keys` and `aisecops token inspect`: on files alone, with nothing running."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from aisecops.adapters.system.clock import SystemClock
from aisecops.adapters.system.keys import KeyFolder
from aisecops.controls.tokens.attenuate import attenuate
from aisecops.controls.tokens.sign import issue
from aisecops.model.ids import TokenId
from aisecops.ops.cli import main
from support.tokens import HOLDER, KEY, SetClock, claims, forged, grant, parts


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return KeyFolder(tmp_path / "certs", SystemClock())


def fresh(signer, age_s=0, **changes):
    now_s = SystemClock().now_ms() // 1000 - age_s
    return issue(claims(iat=now_s, nbf=now_s, exp=now_s + 300, **changes), signer)


def test_rotate_makes_a_key_and_list_shows_it(folder, capsys):
    assert main(["keys", "rotate"]) == 0
    kid = folder.published()[0].kid

    assert main(["keys", "list"]) == 0

    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"{kid} signs from now on"
    assert re.fullmatch(rf"{kid}  signs      made \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", out[1])


def test_a_key_that_is_not_in_the_folder_is_not_replaced_by_one_that_is(folder, capsys, monkeypatch):
    folder.create_if_missing()
    before = folder.published()
    monkeypatch.setenv("AISECOPS_TOKEN_KEY_SECRET", "held elsewhere")

    assert main(["keys", "rotate"]) == 1

    assert "AISECOPS_TOKEN_KEY_SECRET" in capsys.readouterr().err
    assert folder.published() == before


def test_after_a_rotation_the_old_key_is_listed_with_its_end(folder, capsys):
    folder.create_if_missing()
    main(["keys", "rotate", "--overlap", "1h"])
    capsys.readouterr()

    assert main(["keys", "list", "--json"]) == 0

    listed = json.loads(capsys.readouterr().out)["keys"]
    assert [key["state"] for key in listed] == ["signs", "verifies"]
    assert 3598 <= listed[1]["ends_at"] - listed[0]["made_at"] <= 3600


def test_a_key_whose_time_is_over_is_listed_as_ended(tmp_path, capsys):
    long_ago = SetClock(SystemClock().now_ms() - 3_600_000)
    KeyFolder(tmp_path / "certs", long_ago).create_if_missing()
    KeyFolder(tmp_path / "certs", long_ago).rotate(overlap_s=60)

    assert main(["keys", "list", "--json"]) == 0

    assert [key["state"] for key in json.loads(capsys.readouterr().out)["keys"]] == ["signs", "ended"]


def test_a_rotation_that_will_refuse_tokens_says_so(folder, capsys):
    folder.create_if_missing()

    assert main(["keys", "rotate", "--overlap", "0s"]) == 0

    assert "may be refused before they end" in capsys.readouterr().err
    assert len(folder.published()) == 1


@pytest.mark.parametrize("overlap", ["", "15", "m", "-1m", "1.5h", "15 m", "1w", "9999999d"])
def test_an_overlap_that_is_no_duration_is_wrong_use(folder, capsys, overlap):
    assert main(["keys", "rotate", "--overlap", overlap]) == 2

    assert "is not a duration; write `90s`" in capsys.readouterr().err
    assert not folder.public_path.exists()


def test_without_keys_list_says_how_to_get_them(capsys):
    assert main(["keys", "list"]) == 2

    assert capsys.readouterr().err.splitlines() == [
        f"aisecops: the key set `{Path('certs/jwks.json').absolute()}` cannot be read",
        "  start the control plane once, or `aisecops keys rotate`",
    ]


def test_the_folder_can_be_another(tmp_path, capsys):
    assert main(["keys", "rotate", "--certs", "elsewhere"]) == 0

    assert (tmp_path / "elsewhere" / "jwks.json").exists()


def test_inspect_prints_everything_the_token_holds(folder, capsys):
    folder.create_if_missing()
    text = fresh(folder.signer(), grant=grant(max_rows=100, max_cost_micros=500_000))

    assert main(["token", "inspect", text]) == 0

    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert {
        name: shown[name] for name in ("signature", "time", "agent_id", "tool", "scope", "risk_score", "policy_version")
    } == {
        "signature": "good",
        "time": "in time",
        "agent_id": "support-bot",
        "tool": "crm.read",
        "scope": "crm.customers.*",
        "risk_score": "0.42",
        "policy_version": "rules-1",
    }
    assert (shown["constraints.max_rows"], shown["constraints.max_cost"]) == ("100", "0.5")
    assert shown["constraints.expiry"] in shown["exp"]


def test_inspect_reads_standard_input_and_gives_json(folder, capsys, monkeypatch):
    folder.create_if_missing()
    text = fresh(folder.signer())
    monkeypatch.setattr("sys.stdin", io.StringIO(f"  {text}\n"))

    assert main(["token", "inspect", "-", "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert (shown["signature"], shown["time"], shown["kid"]) == ("good", "in time", folder.published()[0].kid)
    assert shown["claims"] == parts(text)[1]


def test_inspect_says_when_the_signature_is_bad(folder, capsys):
    folder.create_if_missing()

    assert main(["token", "inspect", fresh(KEY)]) == 1

    assert "bad: no key in use has signed it" in capsys.readouterr().out


def test_inspect_says_when_the_time_is_over(folder, capsys):
    folder.create_if_missing()

    assert main(["token", "inspect", fresh(folder.signer(), age_s=400)]) == 1

    assert re.search(r"time +`cap_01KJQ8` ended 10[01] s ago", capsys.readouterr().out)


def test_inspect_without_keys_shows_the_claims_and_vouches_for_nothing(capsys):
    assert main(["token", "inspect", fresh(KEY)]) == 1

    out = capsys.readouterr().out
    assert f"not checked: the key set `{Path('certs/jwks.json').absolute()}` cannot be read" in out
    assert "support-bot" in out


@pytest.mark.parametrize("text", ["nonsense", "a.b.c", forged({"alg": "none"}, {}), forged(parts(fresh(KEY))[0], {})])
def test_what_is_no_token_fails_in_two_lines(capsys, text):
    assert main(["token", "inspect", text]) == 1

    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith("aisecops: not a capability token: ")
    assert err[1] == "  request a new one"


def test_a_token_cannot_speak_to_the_terminal(capsys):
    spiteful = forged(parts(fresh(KEY))[0], parts(fresh(KEY))[1] | {"policy_version": "\x1b]0;owned\x07\n\u202eok"})

    main(["token", "inspect", spiteful])

    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown["policy_version"] == "\ufffd]0;owned\ufffd\ufffd\ufffdok"


def test_of_a_narrowed_token_the_last_child_is_shown_and_an_unsound_one_is_named(folder, capsys):
    folder.create_if_missing()
    parent = issue(claims(cnf={"jkt": HOLDER.key_id}), folder.signer())
    made = attenuate(parent, HOLDER, to=KEY.public, jti=TokenId("cap_child"), scope="crm.customers.42")
    main(["token", "inspect", made])
    shown = capsys.readouterr().out
    assert "crm.customers.42" in shown
    assert "cap_child" in shown

    assert main(["token", "inspect", f"{issue(claims(), KEY)}~{made.split('~')[1]}"]) == 1
    assert "not soundly" in capsys.readouterr().err
