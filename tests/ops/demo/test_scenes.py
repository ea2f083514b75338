from pathlib import Path

import yaml

from aisecops.controls.policy.parse import parse
from aisecops.model.rules import RuleSet
from aisecops.ops.demo import agent
from aisecops.ops.demo.scenes import ATTACKERS_ADDRESS, SCENES, script, world
from aisecops.ops.demo.script import Conversation, next_turn
from aisecops.ops.demo.stage import Performed

RULES = Path(agent.__file__).with_name("rules.yaml")


def test_every_scene_has_an_agent_program_and_a_declared_agent():
    declared = yaml.safe_load(RULES.read_text())["agents"]
    assert [scene.name for scene in SCENES] == list(agent.SCENES)
    assert {scene.agent for scene in SCENES} == set(declared)


def test_the_demos_rules_are_good_rules():
    assert isinstance(parse({"demo.yaml": RULES.read_bytes()}), RuleSet)


def test_the_model_obeys_whoever_wrote_to_it_last():
    article = world().articles["password"]
    said = Conversation(user="How do I reset my password?", turns=1, tool_result=article, everything="")
    assert next_turn(script(), said).calls[0].arguments["to"] == ATTACKERS_ADDRESS


def test_the_step_that_stopped_a_scene_is_the_last_refusal():
    done = Performed(scene=SCENES[0], run_id="r", seconds=0, steps=[{"code": "a"}, {"code": ""}, {"code": "b"}, {}])
    assert (done.codes, done.stop) == (["a", "b"], {"code": "b"})
