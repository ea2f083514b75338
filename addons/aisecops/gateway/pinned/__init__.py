"""What an installation has shown and is held to: prompts, tools of servers, destinations; the inventory of it."""
