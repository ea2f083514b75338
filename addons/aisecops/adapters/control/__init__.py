"""The control plane as the gateway sees it: over HTTP, on another port or another machine."""
