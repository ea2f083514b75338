"""The dashboard at `/` of the control plane: pages made on the server, each with a JSON twin (contract 8, spec 19).

`gate.py` stands before every page; `visits.py` knows who is logged in; one file makes each page's facts, and the
templates draw what they are given and nothing else. Attack text is on these pages: templates escape everything, and
no page has a script or a style of its own.
"""
