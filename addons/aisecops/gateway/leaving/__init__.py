"""What goes out, looked at together with what the tree of runs has told before, and stand-ins for what may not."""
