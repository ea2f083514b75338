"""Run each client of the table for real, in an enclosure, through a real installation; say what was seen of it.

A folder made by `make clients` holds the clients: a virtual environment, packages of npm, a Go and a Java program.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import orjson

from aisecops.ops.clients import JAVA, PROXY, Client
from aisecops.ops.environment import TRUST_VARIABLES
from support.client_world import UNKNOWN
from support.enclosure import Enclosure, Seen
from support.installation import fresh

PROGRAMS = Path(__file__).parents[1] / "clients" / "programs"
CARD = "4111 1111 1111 1111"
"""The number that payment companies publish for tests."""

_WHERE = {
    "boto3": ("s3.us-east-1.amazonaws.com", "s3.read"),
    "git": ("git.test", "git.clone"),
    "pip": ("index.test", None),
    "uv": ("index.test", None),
    "npm": ("registry.test", None),
    "mcp": ("mcp.test", "mcp.call"),
    "websockets": ("socket.test", "socket.talk"),
    "mistralai": ("api.mistral.ai", "mistral.ask"),
    "google-genai": ("generativelanguage.googleapis.com", "gemini.ask"),
    "openai": ("api.openai.com", None),
    "@anthropic-ai/sdk": ("api.anthropic.com", None),
    "anthropic": ("api.anthropic.com", None),
    "litellm": ("api.openai.com", None),
}
_SPEAKS_TO_A_MODEL = {"openai", "anthropic", "@anthropic-ai/sdk", "litellm", "google-genai", "mistralai"}
_PROGRAM = {
    "google-genai": "with_google_genai.py",
    "urllib.request": "with_urllib.py",
    "http.client": "with_http_client.py",
    "@anthropic-ai/sdk": "with_anthropic.mjs",
}


class Measured(NamedTuple):
    """What was seen of one client, in the words of `Client`; `refused` and `unknown` say what its user was shown."""

    version: str
    alone: str
    obeys: tuple[str, ...]
    trusts: tuple[str, ...]
    mended: str
    refused: str
    unknown: str
    last: str


class Runs:
    """Runs of clients in one enclosure."""

    def __init__(
        self,
        folder: Path,
        scratch: Path,
        enclosure: Enclosure,
        told: dict[str, str],
        *,
        capability: Callable[[str], str],
        arrived: Callable[[str], int],
    ) -> None:
        self._folder, self._scratch, self._enclosure, self._told = folder, scratch, enclosure, told
        self._capability, self._arrived = capability, arrived
        self._python = folder / "bin" / "python"

    def version(self, client: Client) -> str:  # noqa: PLR0911 - one for each kind
        """The version here; empty when the client is not on this machine."""
        key = client.found_as
        if client.kind == "node":
            node = self._node_of(client)
            if not node:
                return ""
            package = self._folder / "node" / "node_modules" / key / "package.json"
            line = f"Node.js {_said([node, '--version']).removeprefix('v')}"
            return f"{orjson.loads(package.read_bytes())['version']} on {line}" if key else line
        if client.kind == "python":
            asked = (
                f"import importlib.metadata as m; print(m.version({key!r}))"
                if key
                else "import platform as p; print(p.python_version())"
            )
            return _said([str(self._python), "-c", asked])
        match key:
            case "pip":
                return _number(_said([str(self._python), "-m", "pip", "--version"]))
            case "npm":
                return _number(
                    _said([f"{self._folder}/bin/npm", "--version"], PATH=f"{self._folder}/bin:/usr/bin:/bin")
                )
            case "go":
                built = (self._folder / "with_go").exists()
                return _number(_said(["go", "version"])) if built and shutil.which("go") else ""
            case "java":
                built = (self._folder / "WithJava.class").exists()
                return _number(_said(["java", "-version"])) if built and shutil.which("java") else ""
            case _:
                found = shutil.which(key, path=f"{self._folder}/bin:/usr/bin:/bin:/usr/local/bin")
                return _number(_said([found, "--version"])) if found else ""

    def measure(self, client: Client) -> Measured | None:
        """Run it in every way that its line in the table speaks of; None when it is not on this machine."""
        version = self.version(client)
        if not version:
            return None
        everything = self._told
        bare = {name: value for name, value in everything.items() if name not in (*PROXY, "http_proxy", "HTTP_PROXY")}
        alone, seen = self._verdict(client, everything)
        arguments = [] if client.governed else ["mended"]
        mended = self._verdict(client, everything, *arguments)[0] if client.mend and self._can_be_mended(client) else ""
        obeys = []
        for name in (*PROXY, JAVA) if client.found_as == "java" else PROXY:
            without = {key: value for key, value in bare.items() if key != JAVA or name == JAVA}
            given = everything.get(name, everything["HTTPS_PROXY"])
            if self._run(client, {**without, name: given}, only_where=True)[0].came:
                obeys.append(name)
        refused, last = self._shown(client, everything, arguments if self._can_be_mended(client) else [])
        unknown = ""
        if client.found_as not in _SPEAKS_TO_A_MODEL:
            unknown = self._shown(client, everything, arguments, host=UNKNOWN)[0]
        return Measured(
            version, alone, tuple(obeys), self._trusts(client, arguments), mended, refused, unknown, last or seen.output
        )

    def _trusts(self, client: Client, arguments: list[str]) -> tuple[str, ...]:
        if not self._can_be_mended(client):
            return client.trusts
        names = (*TRUST_VARIABLES, JAVA)
        bare = {name: value for name, value in self._told.items() if name not in names}
        alone = {name: {**bare, name: self._told[name]} for name in client.trusts}
        found = [name for name in alone if self._verdict(client, alone[name], *arguments)[0] == "governed"]
        others = {name: self._told[name] for name in names if name not in client.trusts and name in self._told}
        if client.found_as != "java" and self._verdict(client, {**bare, **others}, *arguments)[0] == "governed":
            found.append("and others")
        return tuple(found)

    @staticmethod
    def _can_be_mended(client: Client) -> bool:
        """The program for `https` of old Node.js has no second way of its own."""
        return client.name != "https of Node.js 20"

    def _verdict(self, client: Client, variables: dict[str, str], *arguments: str) -> tuple[str, Seen]:
        seen, arrived = self._run(client, variables, *arguments)
        if arrived and seen.code == 0:
            return "governed", seen
        if seen.direct:
            return "goes round", seen
        if seen.came and "407" in seen.output:
            return "nameless", seen
        if arrived:
            return "governed, and fails", seen
        return ("not trusted" if seen.came else "does nothing"), seen

    def _shown(
        self, client: Client, variables: dict[str, str], arguments: list[str], *, host: str = ""
    ) -> tuple[str, str]:
        seen, arrived = self._run(client, variables, *arguments, refused=True, host=host)
        if arrived or not seen.came:
            return ("passes" if arrived else ""), seen.output
        return _what_is_shown(seen.output), seen.output

    def _run(
        self,
        client: Client,
        variables: dict[str, str],
        *arguments: str,
        refused: bool = False,
        host: str = "",
        only_where: bool = False,
    ) -> tuple[Seen, int]:
        mark = fresh("k")
        place, tool = _WHERE.get(client.found_as, ("tool.test", "things.read"))
        folder = "undeclared" if refused and not host else "things"
        home = self._scratch / mark
        home.mkdir()
        environ = {
            "PATH": f"{self._folder}/bin:/usr/bin:/bin:/usr/local/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
            "GIT_TERMINAL_PROMPT": "0",
            "PYTHON": str(self._python),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **variables,
            "URL": f"https://{host or place}/{folder}/{mark}",
            "PROMPT": f"hello {mark} {CARD}" if refused else f"hello {mark}",
            "CAPABILITY": self._capability(tool) if tool else "",
        }
        if not environ["CAPABILITY"]:
            environ["CAPABILITY"] = "none"
        if client.name == "google-genai, async":
            arguments = (*arguments, "async")
        seen = self._enclosure.run([*self._argv(client), *arguments], environ, home, seconds=40, only_where=only_where)
        shutil.rmtree(home, ignore_errors=True)
        return seen, self._arrived(mark)

    def _argv(self, client: Client) -> list[str]:
        key = client.found_as or client.name
        if client.kind == "python":
            return [str(self._python), str(PROGRAMS / _PROGRAM.get(key, f"with_{key}.py"))]
        if client.kind == "node":
            program = _PROGRAM.get(key, f"with_{key}.mjs")
            if not client.found_as:
                program = "with_node_fetch.mjs" if client.name.startswith("fetch") else "with_node_https.mjs"
            return [self._node_of(client), str(self._folder / "node" / program)]
        match key:
            case "go":
                return [str(self._folder / "with_go")]
            case "java":
                return ["java", "-cp", str(self._folder), "WithJava"]
            case _:
                return ["sh", str(PROGRAMS / f"with_{key}.sh")]

    def _node_of(self, client: Client) -> str:
        """A Node.js of the line that this client is to be run on; empty when there is none."""
        for path in (f"{self._folder}/bin/node", shutil.which("node")):
            if path and _said([path, "--version"]).startswith(f"v{client.node}."):
                return path
        return ""


def _said(argv: list[str], **more: str) -> str:
    ran = subprocess.run(
        argv, capture_output=True, text=True, check=False, env=({**more, "HOME": "/nonexistent"} if more else None)
    )
    return (ran.stdout or ran.stderr).strip().splitlines()[0] if ran.returncode == 0 else ""


def _number(text: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+", text)
    return found[0] if found else ""


def _what_is_shown(output: str) -> str:
    """How much of a refusal the user of a program sees who looks at the error alone; our programs print bodies apart."""
    before, body, after = output.partition("the body:")
    seen = before if not body else output[output.find("\n", output.rfind("}")) :] if "}" in after else before
    code = re.search(r"destination_denied|tool_undeclared|egress_blocked|identity_required", seen)
    if re.search(r"no declared tool matches|must not leave; |no tool, model or source names", seen):
        return "the sentence"
    if code:
        return f"`{code[0]}`" + ("; the sentence is in the body" if body else "")
    status = re.search(r"(?<![\w.:])40[1-7]\b", seen)
    return (status[0] if status else "nothing of it") + ("; the sentence is in the body" if body else "")
