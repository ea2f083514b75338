"""Names that mean something inside a network only. Looked at where nobody here can say what a name leads to.

Knows names by their form, no address: what a name resolves to is judged by `destination.py`, and says more.
"""

from __future__ import annotations

_INSIDE = frozenset(
    {
        "localhost", "localdomain", "local",  # RFC 6761, RFC 6762
        "internal", "arpa", "alt", "onion",  # ICANN 2024, RFC 8375 and reverse names, RFC 9476, RFC 7686
        "test", "example", "invalid",  # RFC 2606
        "corp", "home", "mail", "lan", "intranet", "private", "belkin", "host", "domain", "router",  # RFC 6762 G, usage
    }
)  # fmt: skip


def is_inside_name(host: str) -> bool:
    """True for a name without a dot, and for one under an ending that public name servers do not know."""
    labels = host.lower().split(".")
    return len(labels) == 1 or labels[-1] in _INSIDE
