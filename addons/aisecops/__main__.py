"""`python -m aisecops` is the command `aisecops`."""

from __future__ import annotations

import sys

from aisecops.ops.cli import main

if __name__ == "__main__":
    sys.exit(main())
