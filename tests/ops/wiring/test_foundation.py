"""What every process opens before it serves: what is wrong there is said with its name."""

from __future__ import annotations

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.settings_read import load
from aisecops.ops.wiring.foundation import foundation


async def test_an_authority_that_cannot_be_read_is_named(tmp_path):
    settings = load({"upstream.ca": ["corp.pem"]}, environ={}, folder=tmp_path)
    with pytest.raises(ConfigError, match=r"corp\.pem` cannot be read"):
        async with foundation(settings, {}):
            pass
