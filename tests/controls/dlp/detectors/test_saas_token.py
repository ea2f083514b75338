from __future__ import annotations

import pytest

from aisecops.controls.dlp.detectors.saas_token import DETECTORS
from support.detecting import assert_linear, seen
from support.samples import Random, secrets

IDS = (
    "slack_token",
    "stripe_key",
    "sendgrid_key",
    "npm_token",
    "pypi_token",
    "telegram_token",
    "vault_token",
    "databricks_token",
    "postman_key",
    "pulumi_token",
    "figma_token",
    "airtable_token",
    "supabase_token",
    "tailscale_key",
    "sentry_token",
    "doppler_token",
)


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("seed", range(5))
def test_it_finds_the_whole_value_in_prose_json_and_code(name: str, seed: int) -> None:
    _, value = secrets(Random(seed))[name]
    for text in (value, f"use {value} now", f'{{"key": "{value}"}}', f"KEY={value}\nNEXT=1"):
        assert (name, value) in seen(DETECTORS, text)


@pytest.mark.parametrize("tail", ["", "local_", "0d697f54cb24238e_"])
def test_a_sourcegraph_token_is_known_with_and_without_its_instance(tail: str) -> None:
    value = f"sgp_{tail}{'0d697f54cb' * 4}"
    assert ("sourcegraph_token", value) in seen(DETECTORS, f"SRC_ACCESS_TOKEN={value}")


def test_it_is_linear_on_text_made_to_be_slow() -> None:
    assert_linear(DETECTORS)
