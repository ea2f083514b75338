"""Places of charts: nothing is drawn outside, and what was stopped does not move the line."""

import pytest

from aisecops.ops.dashboard.charts import CURVE_HEIGHT, CURVE_WIDTH, SPARK_HEIGHT, risk_curve, share, sparkline


def step(total, *, enforced="allow", before=0.0, halt=2.0):
    risk = {"base": 0.4, "escalation": 1.2, "trust": 2.0, "stress": 1.0, "step": total - before}
    return {
        "decision_id": f"dec_{total}", "enforced": enforced, "tool": "mail.send", "kind": "tool", "risk": risk,
        "before": before, "total": total, "approve_above": 1.5, "halt_above": halt,
    }  # fmt: skip


@pytest.mark.parametrize("values", [[], [None], [0.0, None, 0.0], [1.0, 2.0, None, 3.5], [1e9, 1e-9]])
def test_columns_stay_inside(values):
    drawn = sparkline(values)

    assert len(drawn["columns"]) == sum(value is not None for value in values)
    assert all(one["y"] >= 0 and one["y"] + one["height"] <= SPARK_HEIGHT + 0.1 for one in drawn["columns"])


def test_the_highest_column_is_the_highest_value():
    heights = [one["height"] for one in sparkline([1.0, 4.0, 2.0])["columns"]]

    assert heights[1] == max(heights)
    assert heights[1] == pytest.approx(4 * heights[0], abs=0.5)


def test_a_share_of_a_limit_ends_at_all_of_it():
    assert [share(5, 10), share(20, 10), share(5, None), share(5, 0)] == [50.0, 100.0, 0.0, 0.0]


def test_no_step_no_curve():
    assert risk_curve([]) is None


@pytest.mark.parametrize("halt", [2.0, 0.0])
def test_points_stay_inside_and_so_do_their_words(halt):
    steps = [step(0.8), step(1.6, enforced="hold", before=0.8), step(9.0, enforced="deny", before=0.8)]
    curve = risk_curve([{**one, "halt_above": halt} for one in steps])

    for point in curve["points"]:
        assert 0 <= point["x"] <= CURVE_WIDTH
        assert 0 <= point["y"] <= CURVE_HEIGHT
        assert point["tip"]["x"] >= 0
        assert point["tip"]["x"] + point["tip"]["width"] <= CURVE_WIDTH
        assert point["tip"]["y"] >= 0


def test_what_was_stopped_stands_where_it_would_have_led_and_moves_nothing():
    one = risk_curve([step(0.8)])
    two = risk_curve([step(0.8), step(1.6, enforced="hold", before=0.8)])

    held = two["points"][1]
    assert held["y"] < two["points"][0]["y"]
    assert held["words"][0] == "mail.send: held"
    assert two["line"].rsplit("V", 1)[1].split()[0] == str(two["points"][0]["y"])
    assert len(one["points"]) == 1


def test_the_terms_of_a_step_are_told():
    words = risk_curve([step(0.96)])["points"][0]["words"]

    assert words == [
        "mail.send: passed",
        "risk 0.96 = 0.4 base",
        "\N{MULTIPLICATION SIGN} 1.2 escalation \N{MULTIPLICATION SIGN} 2 trust",
        "chain 0 \N{RIGHTWARDS ARROW} 0.96",
    ]
