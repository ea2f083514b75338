"""Where words came from: content that came in is kept as fingerprints, and known again when it goes on."""
