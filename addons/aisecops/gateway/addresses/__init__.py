"""Where names lead: the answers that agents get, and what may be connected to."""
