from __future__ import annotations

from decimal import Decimal

import pytest
from msgspec.structs import replace

from aisecops.controls.firewall.judge import judge_arguments, judge_destination, judge_envelope, trust_of
from aisecops.model.decision import Verdict
from aisecops.model.envelope import ArgumentSource, Descent, LabelledSegment, NamedDestination, Stretch, TracedArgument
from aisecops.model.place import Place
from aisecops.model.provenance import Span, TrustTier
from aisecops.model.refusals import Code
from aisecops.model.rules import ArgumentRule, NamedBy, ToolRule, Untrusted


def tool(untrusted: Untrusted = Untrusted.HOLD, *, steering: bool = True) -> ToolRule:
    argument = ArgumentRule(name="to", at="to", steering=steering, untrusted=untrusted)
    return ToolRule(name="mail.send", place=Place(file="r.yaml", line=1), match=(), arguments=(argument,))


def traced(source: ArgumentSource, *, read_untrusted: bool = True) -> Descent:
    return Descent(arguments=(TracedArgument(name="to", source=source),), read_untrusted=read_untrusted)


@pytest.mark.parametrize(
    ("source", "read", "rule", "verdict", "code"),
    [
        (ArgumentSource.TRUSTED, True, Untrusted.DENY, Verdict.ALLOW, None),
        (ArgumentSource.NONE, True, Untrusted.DENY, Verdict.ALLOW, None),
        (ArgumentSource.UNTRUSTED, True, Untrusted.HOLD, Verdict.HOLD, Code.ARGUMENT_UNTRUSTED),
        (ArgumentSource.UNTRUSTED, True, Untrusted.DENY, Verdict.DENY, Code.ARGUMENT_UNTRUSTED),
        (ArgumentSource.NOWHERE, True, Untrusted.DENY, Verdict.HOLD, Code.HUMAN_APPROVAL_REQUIRED),
        (ArgumentSource.NOWHERE, False, Untrusted.DENY, Verdict.ALLOW, None),
    ],
)
def test_a_steering_argument(
    source: ArgumentSource, read: bool, rule: Untrusted, verdict: Verdict, code: Code | None
) -> None:
    judged = judge_arguments(tool(rule), traced(source, read_untrusted=read))
    assert (judged.verdict, judged.reasons[0].code if judged.reasons else None) == (verdict, code)
    mend = "have the user name the value" if verdict is Verdict.DENY else "have a person look at it"
    assert all(reason.detail.endswith(mend) for reason in judged.reasons)


@pytest.mark.parametrize("source", [ArgumentSource.TRUSTED, ArgumentSource.UNTRUSTED, ArgumentSource.NOWHERE])
@pytest.mark.parametrize("read", [True, False])
def test_what_the_user_must_have_named_is_judged_so_whatever_else_names_it(source: ArgumentSource, read: bool) -> None:
    for untrusted, verdict in ((Untrusted.HOLD, Verdict.HOLD), (Untrusted.DENY, Verdict.DENY)):
        rule = replace(tool(untrusted).arguments[0], named_by=NamedBy.USER)
        asked = replace(tool(), arguments=(rule,))
        assert judge_arguments(asked, traced(source, read_untrusted=read)).verdict is verdict
        said = Descent(arguments=(TracedArgument(name="to", source=ArgumentSource.TRUSTED, said=True),))
        assert judge_arguments(asked, said).verdict is Verdict.ALLOW
        none = Descent(arguments=(TracedArgument(name="to", source=ArgumentSource.NONE),))
        assert judge_arguments(asked, none).verdict is Verdict.ALLOW


def test_an_argument_that_does_not_steer_is_not_held_for_its_origin() -> None:
    assert judge_arguments(tool(steering=False), traced(ArgumentSource.UNTRUSTED)).verdict is Verdict.ALLOW


def test_any_argument_from_untrusted_content_raises_the_trust_factor() -> None:
    assert trust_of(tool(steering=False), traced(ArgumentSource.UNTRUSTED), Decimal("0.5")) == 2
    assert trust_of(tool(), traced(ArgumentSource.TRUSTED), Decimal("0.5")) == Decimal("0.5")
    assert trust_of(None, None, Decimal(1)) == 1


@pytest.mark.parametrize("role", ["system", "developer"])
def test_untrusted_text_where_instructions_stand_is_refused(role: str) -> None:
    stretch = Stretch(span=Span(start=0, end=5), tier=TrustTier.EXTERNAL, source="https://page.test")
    segment = LabelledSegment(position="/m/0", role=role, kind="text", tier=TrustTier.EXTERNAL, stretches=(stretch,))
    judged = judge_envelope(Descent(segments=(segment,)))
    assert (judged.verdict, judged.reasons[0].code) == (Verdict.DENY, Code.CONTEXT_REJECTED)
    assert "https://page.test" in judged.reasons[0].detail


@pytest.mark.parametrize(("role", "tier"), [("user", TrustTier.EXTERNAL), ("system", TrustTier.INTERNAL)])
def test_elsewhere_and_from_inside_it_is_not(role: str, tier: TrustTier) -> None:
    stretch = Stretch(span=Span(start=0, end=5), tier=tier)
    segment = LabelledSegment(position="/m/0", role=role, kind="text", tier=tier, stretches=(stretch,))
    assert judge_envelope(Descent(segments=(segment,))).verdict is Verdict.ALLOW


@pytest.mark.parametrize(("open_", "verdict"), [(True, Verdict.HOLD), (False, Verdict.ALLOW)])
def test_a_place_that_only_memory_names_raises_trust_and_is_held_where_no_rule_names_it(
    open_: bool, verdict: Verdict
) -> None:
    named = NamedDestination(host="h.test", origin_id="prv_1", origin="memory:notes", open=open_)
    assert judge_destination(Descent(remembered=named)).verdict is verdict
    assert trust_of(tool(), Descent(remembered=named), Decimal("0.5")) == 2
