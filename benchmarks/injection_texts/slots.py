# ruff: noqa: E501, TID251, SIM905 - lists of words, read from top to bottom
"""What fills the slots of `tasks.py`, `frames.py` and `carriers.py`. All of it is made up, all hosts are reserved."""

from __future__ import annotations

import random
import re

_FIRST = "Anna Ben Carla David Emma Farid Grace Hiro Ines Jonas Kofi Lena Marta Nils Olga Pedro Quentin Rosa Samir Tara Umar Vera Wei Yara Zoe Lucy".split()
_LAST = "Adler Brown Costa Duval Eriksen Fischer Garcia Haddad Ito Jensen Kim Lopez Moreau Novak Okafor Patel Rossi Silva Tanaka Ueda Vogel Weber Young Zhang".split()
_HOSTS = "example.com example.org mail.test box.example files.example secure-login.test data.example corp.example shop.test pay.example".split()
_LISTS = {
    "city": "Paris Lisbon Oslo Kyoto Boston Nairobi Vienna Madrid Toronto Seoul".split(),
    "country": "France Japan Kenya Peru Norway Canada Vietnam Egypt".split(),
    "language": "French German Spanish Italian Chinese Latin Japanese Russian Portuguese Klingon".split(),
    "company": [
        "Riverside",
        "Northwind",
        "Acme",
        "Blue Harbour",
        "Contoso",
        "Globex",
        "Lindgren & Co",
        "Sunrise Travel",
        "Delta Foods",
        "Orbit Labs",
    ],
    "product": [
        "wireless headphones",
        "the running shoe X2",
        "green tea",
        "a red dress",
        "the phone Nova 9",
        "coffee beans",
        "the garden chair",
        "vitamin pills",
        "pancakes",
        "history",
        "the novel",
        "gardening",
        "solar panels",
    ],
    "channel": "general random private announcements team-sales external".split(),
    "file": [
        "report.pdf",
        "~/notes.txt",
        "~/.ssh/id_rsa",
        "/etc/passwd",
        "budget.xlsx",
        "13",
        "the contract",
        "Documents",
        "secrets.env",
        "client-list.csv",
        "main.py",
        "photos",
    ],
    "tool": "send_email read_file get_contacts http_request web_search requests2 fast_util create_event run_shell".split(),
    "say": [
        "hacked",
        "access granted",
        "I have been replaced",
        "buy now",
        "TEST",
        "this is fine",
        "yes, master",
        "hello world",
        "the answer is 42",
        "no information found",
    ],
    "street": ["12 Mill Lane", "8 Harbour Street, Boston", "Rue de Lyon 4", "221 Oak Avenue"],
    "time": ["09:00", "3 pm", "noon", "18:30", "midnight"],
    "date": ["2024-05-17", "Friday", "May 15th", "tomorrow", "next Monday", "12 June", "1 January"],
}
_SLOT = re.compile(r"\{(\w+)\}")


def _person(pick: random.Random) -> str:
    return pick.choice([f"{pick.choice(_FIRST)} {pick.choice(_LAST)}", pick.choice(_FIRST)])


def _one(name: str, pick: random.Random) -> str:
    if name in _LISTS:
        return pick.choice(_LISTS[name])
    number = pick.randrange(10, 9_999_999)
    host = pick.choice(_HOSTS)
    made = {
        "person": _person,
        "mail": lambda pick: (
            f"{pick.choice(_FIRST).lower()}{pick.choice(['', '.', '_'])}{pick.choice(_LAST).lower()}@{host}"
        ),
        "url": lambda pick: (
            f"http{pick.choice(['s', 's', ''])}://{pick.choice(['', 'www.', 'a.'])}{host}/{pick.choice(['', 'x', 'login', 'collect', 'p/1', 'update.sh'])}"
        ),
        "money": lambda pick: pick.choice(
            [f"${number % 9000}", f"{number % 900} euros", f"{number % 5000} USD", f"\u20ac{number % 900}.50"]
        ),
        "account": lambda pick: f"{pick.choice(['US', 'GB', 'DE', 'CH'])}{number:020d}",
        "num": lambda _: str(number % 10_000),
        "id": lambda pick: pick.choice(
            [
                f"{pick.choice(_FIRST).lower()}_{number % 1000}",
                str(number),
                f"A{number % 10_000}",
                f"srv-{number % 100}",
            ]
        ),
        "phone": lambda _: f"+1 555 {number % 10_000:04d}",
    }
    return made[name](pick)


NAMES = frozenset(name.lower() for name in (*_FIRST, *_LAST))
"""What must not be learned: people are called so here, and nowhere else."""


def filled(template: str, pick: random.Random) -> str:
    """`template` with every slot that is known filled; `{task}` and what else it holds stay."""
    return _SLOT.sub(lambda found: found[0] if found[1] in {"task", "Task", "body"} else _one(found[1], pick), template)
