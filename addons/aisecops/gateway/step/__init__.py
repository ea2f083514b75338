"""What one request is, and what is decided about it: a pure judgment, the words of its record, the refusal."""
