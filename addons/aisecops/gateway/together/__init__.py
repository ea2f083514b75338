"""Many steps in one exchange: batches, WebSockets, talks with realtime models."""
