"""Settings to everything connected: the only place that names both a port and its adapter.

`foundation` is what every process stands on; `gateway` and `control` are what stands on it. Each opens what it needs in
the order in which it is needed, and closes it in the reverse order. What cannot be opened stops the start with a
`ConfigError`, or with the fault of the part that is down.
"""
