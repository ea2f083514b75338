"""`aisecops inventory` asks the control plane and shows what it says."""

import json

from aisecops.ops.cli import main


def test_the_inventory_is_listed_for_people_as_json_and_as_a_bill_of_materials(control, capsys):
    assert main(["inventory"]) == 0
    people = capsys.readouterr()
    assert main(["inventory", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["counts"]) == {"changed", "overdue", "undeclared", "unused", "active"}
    for one in told["integrations"]:
        assert one["name"] in people.out
    assert main(["inventory", "--sbom"]) == 0
    assert json.loads(capsys.readouterr().out)["specVersion"] == "1.6"


def test_accepting_needs_a_reason_and_something_that_waits(control, capsys):
    assert main(["inventory", "accept", "prompt:bot"]) == 2
    assert "reason" in capsys.readouterr().err
    assert main(["inventory", "accept", "prompt:bot", "--reason", "seen"]) == 1
    assert "nothing of `prompt:bot` waits" in capsys.readouterr().err
