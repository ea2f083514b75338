"""A governed way out for AI agents: what leaves is decided, recorded and bounded first."""

__version__ = "0.1.0"
SPEC_VERSION = "AISecOps-v0.1"
