"""The way back: what it really cost, what came back, and whether the agent may see it."""
