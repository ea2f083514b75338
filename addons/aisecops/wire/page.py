"""What a page in HTML shows, and what it says beside: in attributes, comments, scripts and styles.

Reads marks as browsers do (HTML 13.2.5), in pieces that may be cut anywhere; each character is looked at once, whatever
the page is made of. Never raises. Knows no tree: what an element means is for others.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aisecops.model.references import unescaped

LONGEST_MARK = 256 * 1024
"""Characters; of a longer mark what has come is said beside as it stands."""
_SPOKEN = frozenset({"alt", "title", "content", "value", "placeholder", "aria-label", "href", "src"})
_TAG = re.compile(r"</?[a-zA-Z]")
_NAME = re.compile(r"</?([^\t\n\f\r />]*+)")
_ATTRIBUTE = re.compile(r"([^\s/>=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>]*+)))?+")
_NAMES, _BEHIND_EQUALS, _BARE = "names", "=", "bare"
_IN_TAG = {
    _NAMES: re.compile(r"[>=]"),
    _BEHIND_EQUALS: re.compile(r"[^\t\n\f\r ]"),
    _BARE: re.compile(r"[\t\n\f\r >]"),
    '"': re.compile('"'),
    "'": re.compile("'"),
}
"""What counts in a tag: among names, behind `=`, in a value without quotes, and in each sort of quotes."""
_LONGEST_REFERENCE = 34
_REFERENCE_ENDS = re.compile(r"[\s;]")
_TELLS = 9
"""Characters that tell marks apart, and what ends one, with what must stand behind it."""
_QUOTES = frozenset("\"'")
_GOES_ON = "\0"
"""Held in place of what was said of a long mark; a page holds none."""
_NOT_YET = -1


class _Until(NamedTuple):
    """Something that is no tag: how it ends, and whether it says anything."""

    ends: re.Pattern[str]
    says: bool = True


_BEGUN = {
    "<!--": _Until(re.compile("--!?>")),
    "<![cdata[": _Until(re.compile(r"\]\]>")),
    "<!doctype": _Until(re.compile(">"), says=False),
    "<!": _Until(re.compile(">")),
    "<?": _Until(re.compile(">"), says=False),
    "</": _Until(re.compile(">")),
}
"""By how it begins; the first that fits. The last is the end of an element without a name."""
_SILENT = {name: _Until(re.compile(rf"(?i)(?=</{name}[\t\n\f\r />])")) for name in ("script", "style")}


class Page:
    """Takes a page piece by piece; what it has `shown` and said `beside` by then may be taken away in between."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.beside: list[str] = []
        self._tail = ""
        self._held: list[str] = []
        """What has come of a mark that has not ended, and how many characters that are: pieces may be of one each."""
        self._held_characters = 0
        self._in_tag: str | None = None
        self._until: _Until | None = None

    def feed(self, text: str) -> None:
        """The next piece."""
        self._read(self._tail + text, at_end=False)

    def close(self) -> None:
        """Nothing more comes. A mark that has not ended says what it holds."""
        self._read(self._tail, at_end=True)
        self._say(self._let_go())

    def _read(self, text: str, *, at_end: bool) -> None:
        at = end = 0
        while at < len(text):
            if self._in_tag is not None:
                end = self._read_tag(text, at, self._in_tag)
            elif self._until is not None:
                end = self._read_until(text, at, self._until, at_end=at_end)
            elif text[at] == "<":
                end = self._begin_mark(text, at, at_end=at_end)
            else:
                end = self._read_words(text, at, at_end=at_end)
            if end == _NOT_YET:
                break
            at = end
        self._tail = text[at:]
        if self._held_characters > LONGEST_MARK:
            self._say(self._let_go())
            self._hold(_GOES_ON)

    def _hold(self, text: str) -> None:
        self._held.append(text)
        self._held_characters += len(text)

    def _let_go(self) -> str:
        held, self._held, self._held_characters = "".join(self._held), [], 0
        return held

    def _read_words(self, text: str, at: int, *, at_end: bool) -> int:
        """Where the words end that stand `at`, as far as no reference in them may go on."""
        end = text.find("<", at)
        if end < 0:
            end = len(text)
            reference = -1 if at_end else text.rfind("&", max(at, end - _LONGEST_REFERENCE))
            if reference >= 0 and _REFERENCE_ENDS.search(text, reference) is None:
                end = reference
        if end == at:
            return _NOT_YET
        self.shown.append(unescaped(text[at:end]))
        return end

    def _begin_mark(self, text: str, at: int, *, at_end: bool) -> int:
        """Begin the mark whose `<` stands `at`, if it is one."""
        if _TAG.match(text, at) is not None:
            self._in_tag = _NAMES
            return at
        begun = text[at : at + _TELLS].lower()
        if not at_end and len(begun) < _TELLS and any(begins.startswith(begun) for begins in _BEGUN):
            return _NOT_YET
        for begins, until in _BEGUN.items():
            if begun.startswith(begins):
                self._until = until
                return at + (len(begins) if begins != "<!--" else len("<!"))  # `<!-->` is a whole comment
        self.shown.append("<")
        return at + 1

    def _read_tag(self, text: str, at: int, state: str) -> int:
        """Read on in a tag from `at`; a `>` in quotes is not its end."""
        here = at
        while (found := _IN_TAG[state].search(text, here)) is not None:
            sign, here = found[0], found.end()
            if sign == ">" and state not in _QUOTES:
                self._end_tag(self._let_go() + text[at : found.start()])
                return here
            if state == _BEHIND_EQUALS:
                state = sign if sign in _QUOTES else _BARE
            else:
                state = _BEHIND_EQUALS if state == _NAMES else _NAMES
        self._in_tag = state
        self._hold(text[at:])
        return len(text)

    def _end_tag(self, tag: str) -> None:
        self._in_tag = None
        name = _NAME.match(tag)
        if name is None:  # the end of a long one
            self._say(tag)
        elif not tag.startswith("</"):
            attributes = (found.groups() for found in _ATTRIBUTE.finditer(tag, name.end()))
            said = (one or two or bare for spoken, one, two, bare in attributes if spoken.lower() in _SPOKEN)
            self.beside += [unescaped(value) for value in said if value]
            self._until = None if tag.endswith("/") else _SILENT.get(name[1].lower())

    def _read_until(self, text: str, at: int, until: _Until, *, at_end: bool) -> int:
        """Read on in what is no tag from `at`."""
        found = until.ends.search(text, at)
        if found is not None:
            held = self._let_go() + text[at : found.start()]
            self._until = None
            self._say(held if until.says else "")
            return found.end()
        end = len(text) if at_end else len(text) - _TELLS
        if end <= at:
            return _NOT_YET
        self._hold(text[at:end])
        return end

    def _say(self, text: str) -> None:
        if said := text.removeprefix(_GOES_ON).removeprefix("--").strip():
            self.beside.append(said)
