"""Capability tokens: written, read, proven, compared with what is asked (spec 5.2, 18)."""
