"""What a client may make of its token."""

from __future__ import annotations

import pytest

from aisecops.controls.tokens.attenuate import attenuate
from aisecops.model.grant import Constraints
from aisecops.model.ids import TokenId
from support.tokens import HOLDER, NOW_S, OTHER_KEY, grant, token

PARENT = token(cnf={"jkt": HOLDER.key_id}, grant=grant(max_rows=100))


@pytest.mark.parametrize(
    "wider", [{"tool": "crm.*"}, {"scope": "crm.**"}, {"ends_s": NOW_S + 301}, {"tool": "mail.send"}]
)
def test_what_would_be_refused_is_not_made(wider):
    with pytest.raises(ValueError, match="wider than its parent"):
        attenuate(PARENT, HOLDER, to=OTHER_KEY.public, jti=TokenId("cap_2"), **wider)


def test_constraints_only_ever_add_up():
    made = attenuate(PARENT, HOLDER, to=OTHER_KEY.public, jti=TokenId("cap_2"), constraints=Constraints(max_rows=500))
    from aisecops.controls.tokens.chain import links
    from aisecops.controls.tokens.claims import read_claims
    from aisecops.controls.tokens.codec import split

    assert read_claims(split(links(made)[1]).payload, "").grant.constraints.max_rows == 100


def test_what_is_no_token_is_not_narrowed():
    with pytest.raises(ValueError, match="three parts"):
        attenuate("nothing", HOLDER, to=OTHER_KEY.public, jti=TokenId("cap_2"))
