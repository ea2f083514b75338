"""A real provider over TLS on loopback: when it is asked, and what of it is not believed."""

from __future__ import annotations

import pytest

from aisecops.adapters.oidc.provider import ANEW_MS, KEYS_MS, Providers
from aisecops.model.errors import PolicyError
from support.gateway import SetClock
from support.provider import played_provider


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with played_provider(tmp_path_factory.mktemp("provider")) as one:
        yield one


@pytest.fixture
async def asked(provider):
    provider.asked.clear()
    provider.discovery.clear()
    clock = SetClock()
    providers = Providers(clock, trust=[provider.ca])
    yield providers, clock, provider
    await providers.close()


async def test_what_it_says_is_kept_for_a_while(asked):
    providers, clock, provider = asked
    await providers.of(provider.issuer)
    await providers.of(provider.issuer, key="one")
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
    clock.ms += KEYS_MS
    await providers.of(provider.issuer)
    assert len(provider.asked) == 4


async def test_a_key_that_is_not_known_is_looked_for_but_not_for_everybody_who_makes_one_up(asked):
    providers, clock, provider = asked
    await providers.of(provider.issuer)
    for number in range(20):
        await providers.of(provider.issuer, key=f"made-up-{number}")
    assert len(provider.asked) == 2
    clock.ms += ANEW_MS
    provider.rotate("new")
    assert (await providers.of(provider.issuer, key="new")).keys[0]["kid"] == "new"


@pytest.mark.parametrize("said", [
    {"issuer": "https://evil.test"}, {"jwks_uri": "http://localhost/keys"}, {"token_endpoint": None},
    {"authorization_endpoint": "javascript:alert(1)"},
])  # fmt: skip
async def test_a_provider_that_is_not_the_one_of_the_rules_or_names_open_places_is_not_believed(asked, said):
    providers, _, provider = asked
    provider.discovery.update(said)
    with pytest.raises(PolicyError):
        await providers.of(provider.issuer)


async def test_a_provider_that_is_not_there_or_that_nobody_trusts_cannot_be_asked(provider):
    strangers = Providers(SetClock())
    with pytest.raises(PolicyError, match="cannot be asked"):
        await strangers.of(provider.issuer)
    with pytest.raises(PolicyError, match="cannot be asked"):
        await strangers.of("https://localhost:1")
    await strangers.close()
