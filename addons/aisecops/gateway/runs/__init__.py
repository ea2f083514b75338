"""Who calls and in which run; trees of runs, what is charged to them, tokens for them."""
