"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# no test is about how fast this machine is at the moment
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
