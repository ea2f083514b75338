"""Questions to people: asked about one exact request, announced, waited for, answered once."""
