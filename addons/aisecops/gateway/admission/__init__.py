"""The way in: what is asked is gathered, judged, reserved, recorded and let go, or refused."""
