# ruff: noqa: TID251 - made from a seed
"""Names, places and numbers that nobody has, drawn from a seed."""

from __future__ import annotations

from random import Random

FIRST = ("Alma", "Bela", "Cora", "Dario", "Edda", "Falk", "Greta", "Hanno", "Iris", "Jaron", "Kira", "Levin")
LAST = ("Adler", "Brandt", "Castell", "Dorn", "Engel", "Falter", "Graf", "Hofer", "Imhof", "Jansen")
CITIES = ("Lisbon", "Porto", "Ghent", "Turin", "Graz", "Malmo")
EVIL = ("mallory", "trudy", "oscar")


def people(rng: Random, count: int) -> list[dict[str, str]]:
    """So many people of one company, each with an address."""
    found = []
    for first in rng.sample(FIRST, count):
        last = rng.choice(LAST)
        found.append({"name": f"{first} {last}", "email": f"{first}.{last}@corp.example".lower()})
    return found


def stranger(rng: Random) -> str:
    """An address of an attacker."""
    return f"{rng.choice(EVIL)}{rng.randrange(100, 999)}@evil.test"


def iban(rng: Random) -> str:
    """An account that no bank has."""
    return f"XX{rng.randrange(10, 99)}" + "".join(str(rng.randrange(10)) for _ in range(18))


def day(rng: Random) -> str:
    """A day of 2027."""
    return f"2027-{rng.randrange(1, 13):02}-{rng.randrange(1, 28):02}"


def ident(rng: Random, prefix: str) -> str:
    """An id as systems make them."""
    return f"{prefix}-{rng.randrange(10_000, 99_999)}"
