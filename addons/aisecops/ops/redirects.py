"""The nftables rules of transparent mode: everything an agent sends goes to the gateway or nowhere.

Makes text; `nft -f -` loads it, whole or not at all. Knows interfaces and ports, nothing of who the agents are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from aisecops.model.errors import ConfigError

TABLE = "aisecops"
_INTERFACE = re.compile(r"[A-Za-z0-9_.@:-]{1,15}|[A-Za-z0-9_.@:-]{1,14}\*")

_TEMPLATE = """\
# Transparent mode of aisecops. Load: aisecops nftables ... | nft -f -     Unload: nft delete table inet {table}
# Loaded in one step: there is no moment in which only half of it holds. Loading it again replaces it.

table inet {table}
delete table inet {table}

table inet {table} {{
    # Every TCP connection of an agent, to whatever address and port, ends at the gateway.
    chain redirects {{
        type nat hook prerouting priority dstnat; policy accept;
        iifname != {agents} return
        # clients that know their proxy: they are where they wanted to go
        fib daddr type local tcp dport {proxy} accept
{dns_redirects}        meta l4proto tcp counter redirect to :{proxy}
    }}

    # What was not redirected goes nowhere. Needs no forwarding: keep net.ipv4.ip_forward and
    # net.ipv6.conf.all.forwarding at 0, and nothing leaves without these rules either.
    chain strays {{
        type filter hook prerouting priority -50; policy accept;
        iifname != {agents} return
        # an agent speaks from an address that is routed to its own interface: who calls is told by that
        ip6 saddr {{ ::, fe80::/10 }} icmpv6 type {{ {neighbours} }} accept
        fib saddr . iif oif missing counter drop
        icmpv6 type {{ {neighbours} }} accept
        fib daddr type local accept
        # QUIC and HTTP/3: said no to at once, so that clients fall back to TCP
        udp dport {{ 80, 443 }} counter reject with icmpx type port-unreachable
        counter drop
    }}

    # Of the gateway's own ports, agents reach the proxy{and_names} alone.
    chain arriving {{
        type filter hook input priority filter; policy accept;
        iifname != {agents} return
        ct state established,related accept
        tcp dport {proxy} accept
{dns_accepts}        icmpv6 type {{ {neighbours} }} accept
        icmp type echo-request limit rate 10/second accept
        icmpv6 type echo-request limit rate 10/second accept
        udp dport {{ 80, 443 }} counter reject with icmpx type port-unreachable
        counter drop
    }}

    # The second line behind `strays`{forwarding_words}.
    chain passing {{
        type filter hook forward priority filter; policy {forwarding};
        iifname {agents} counter drop
        oifname {agents} counter drop
    }}

    # The second line behind the gateway's own judging of addresses: nothing on this machine opens TCP to
    # link-local and metadata services. Take a line out if the machine itself needs it.
    chain leaving {{
        type filter hook output priority filter; policy accept;
        oifname "lo" accept
        meta l4proto tcp ip daddr {{ 169.254.0.0/16, 100.100.100.200, 168.63.129.16, 192.0.0.192 }} counter drop
        meta l4proto tcp ip6 daddr {{ fd00:ec2::254, fd00:ec2::23, fd20:ce::254 }} counter drop
        meta l4proto tcp ip6 daddr fe80::/10 oifname != {agents} counter drop
    }}
}}
"""
_NEIGHBOURS = "nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, mld-listener-report, mld2-listener-report"


def ruleset(
    agents: Sequence[str], *, proxy_port: int, dns_port: int | None, keep_forwarding: bool = False, table: str = TABLE
) -> str:
    """What `nft -f -` loads so that interfaces `agents` reach nothing but the gateway.

    Without `dns_port` no name is answered. `keep_forwarding` leaves what this machine forwards for others alone;
    otherwise it forwards nothing. Raises ConfigError for what can be no interface, table or port.
    """
    for name in agents:
        if not _INTERFACE.fullmatch(name):
            raise ConfigError(f"`{name}` is not the name of a network interface", "name one that `ip link` lists")
    if not agents:
        raise ConfigError("no interface was named", "name the one that agents are behind")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", table):
        raise ConfigError(f"`{table}` is not the name of a table", "use small letters, digits and `_`")
    if proxy_port == 0 or dns_port == 0:
        raise ConfigError("rules need ports that do not change", "set proxy.listen and proxy.dns to fixed ones")
    named = ", ".join(f'"{name}"' for name in agents)
    return _TEMPLATE.format(
        table=table,
        agents=named if len(agents) == 1 else f"{{ {named} }}",
        proxy=proxy_port,
        neighbours=_NEIGHBOURS,
        and_names=" and the DNS listener" if dns_port else "",
        dns_redirects=_dns_redirects(dns_port),
        dns_accepts=f"        meta l4proto {{ tcp, udp }} th dport {dns_port} accept\n" if dns_port else "",
        forwarding="accept" if keep_forwarding else "drop",
        forwarding_words="" if keep_forwarding else "; this machine forwards nothing for anybody",
    )


def _dns_redirects(dns_port: int | None) -> str:
    if dns_port is None:
        return ""
    return (
        "        # names, whichever resolver was asked: answered here, from the rules, and nobody else is asked\n"
        f"        meta l4proto {{ tcp, udp }} th dport 53 counter redirect to :{dns_port}\n"
    )
