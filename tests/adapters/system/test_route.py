import pytest

from aisecops.adapters.system.resolver import SystemResolver
from aisecops.adapters.system.route import ProxyRoute
from aisecops.model.upstream import UpstreamProxy

PROXY = UpstreamProxy(scheme="http", host="proxy.corp.test", port=3128)


def route(**how) -> ProxyRoute:
    def lookup(host, port):
        if host != "proxy.corp.test":
            raise OSError(host)
        return [("10.0.0.9", port)]

    return ProxyRoute(PROXY, SystemResolver({"fixed.test:443": "127.0.0.1:1"}, lookup=lookup), **how)


@pytest.mark.parametrize(
    ("host", "port", "led"),
    [
        ("api.example.org", 443, True),
        ("fixed.test", 443, False),
        ("fixed.test", 80, True),
        ("near.example", 443, False),
        ("Near.Example", 443, False),
        ("below.near.example", 443, True),
        ("x.y.corp.example", 443, False),
        ("corp.example", 443, True),
        ("notcorp.example", 443, True),
    ],
)
def test_everything_is_led_but_what_is_fixed_or_named(host, port, led):
    assert route(direct=("near.example", ".corp.example")).leads_to(host, port) is led


async def test_the_proxy_is_looked_up_by_its_own_name_and_may_be_private():
    assert await route().addresses() == (("10.0.0.9", 3128),)
