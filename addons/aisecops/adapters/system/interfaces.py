"""Which addresses are this machine's own, whichever interface has them and since when.

Asks the kernel by binding, which sends nothing. Knows no ports of ours and judges nothing.
"""

from __future__ import annotations

import errno
import ipaddress
import socket


def is_this_machine(ip: str) -> bool:
    """True when packets to `ip`, a literal, never leave this machine; True also for what the kernel cannot say.

    Where binding to foreign addresses is allowed (`ip_nonlocal_bind`), every address counts as our own.
    """
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(ip.partition("%")[0]).version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))
    except OSError as no:
        return no.errno not in _NOT_OURS
    except ValueError:
        return False
    return True


_NOT_OURS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
