"""The store on a Redis or Valkey server, for any number of machines.

`link` is the connection of a process and what it may believe of the server; the others say what each promise of a port
means in commands. Whatever decides is above: a script compares and sets, and knows no rule.
"""
