"""Floor 2: enforcement. The order of the checks, reservations, records; the world only through ports."""
