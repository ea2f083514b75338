"""Names of the test's own, at the edge of a process: what its resolver answers is read from a file at every question."""

from __future__ import annotations

import json
from pathlib import Path

_CUSTOM = """
import json, os, socket
_real, _here = socket.getaddrinfo, os.path.dirname(__file__)
def getaddrinfo(host, port, *rest, **more):
    name = host.decode() if isinstance(host, bytes) else host
    told = json.load(open(os.path.join(_here, "names.json")))
    if name not in told:
        return _real(host, port, *rest, **more)
    with open(os.path.join(_here, "asked"), "a") as asked:
        asked.write(f"{name}\\n")
    answers = told[name]
    now = answers.pop(0) if len(answers) > 1 else answers[0]
    with open(os.path.join(_here, "names.json"), "w") as file:
        json.dump(told, file)
    return [info for address in now for info in _real(address, port, *rest, **more)]
socket.getaddrinfo = getaddrinfo
"""


class Names:
    """A folder to put first on PYTHONPATH. `say` sets the answers to each next question; the last one stays."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        (folder / "sitecustomize.py").write_text(_CUSTOM)
        self.say({})

    def say(self, names: dict[str, list[list[str]]]) -> None:
        (self.folder / "names.json").write_text(json.dumps(names))
        (self.folder / "asked").write_text("")

    @property
    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().split()
