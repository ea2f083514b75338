"""What every value of this floor is: frozen, named fields only, strict when read from JSON."""

from __future__ import annotations

from typing import dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fact that does not change once it exists.

    Reading one from JSON refuses unknown fields, missing fields and wrong types.
    """
