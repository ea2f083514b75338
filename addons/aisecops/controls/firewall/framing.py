# ruff: noqa: E501 - an expression reads better in one line
"""Whether a sign is said to its reader or only shown: quoted, reported, in a text or in code that is about injections.

Evidence against a sign, and bounded: an attacker can write all of it around an order. So what is shown together with
something to act on (an address, a link, an account, a key file) is flagged all the same, and nothing is forgiven
wholly; only what blocks is out of reach of a text that is about injections. Knows words and marks, no detectors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from aisecops.model.provenance import Span

NEAR = 200
"""So close to a shown sign and to a word about attacks or phrases, what is seen is a saying that is talked about."""
SHORT = 60
"""Characters of a quote, or of a reported order, that is a saying and no order with its particulars."""
SHORT_LITERAL = 160
"""The same of a literal in source code: what code holds is told to a program and not to its reader."""
_LINE = 400
"""Characters before a sign in which its line, its quote or its fence begins."""
_ACTS = 160
"""Characters behind a sign in which what it wants done would name where to."""
_CODE_LINES = 3
"""Lines that only source code has, in a text that is source code."""
STRONG, FLOOR = 0.7, 0.5
"""A sign so strong is not forgiven below what flags when there is something to act on."""

_ABOUT = (
    *("prompt injection", "prompt-injection", "jailbreak", "red team", "red-team", "adversarial", "attacker"),
    *("owasp", "cve-", "vulnerabilit", "mitigat", "sanitiz", "untrusted", "threat model", "exploit", "guardrail"),
    *("llm security", "ai security", "injection attack", "malicious", "phishing", "defens", "payload", "researcher"),
)
_MANY_ABOUT = 4
_FACTOR_ABOUT = {0: 1.0, 1: 1.0, 2: 0.9, 3: 0.75}
_FACTOR_MANY = 0.5
_CAPPED_BELOW = 0.9
_FACTOR_SHOWN, _FACTOR_SAYING = 0.8, 0.5
_MENTIONS = (
    *_ABOUT,
    *("the phrase", "phrases", "the sentence", "sentences", "strings", "for example", "such as", "detect"),
    *("the words", "the string", "injection", "pattern", "keyword", "attack", "scenario", "a test", "the test"),
)
_QUOTE = re.compile(
    r"\"[^\"\n]{1,300}\"|\u201c[^\u201d\n]{1,300}\u201d|\u2018[^\u2019\n]{1,300}\u2019|`[^`\n]{1,300}`|\u00ab[^\u00bb\n]{1,300}\u00bb"
    r"|\u300c[^\u300d\n]{1,300}\u300d|(?:(?<!\w)|(?<=\b[rfbu]))'[^'\n]{1,300}'(?!\w)|\|[^|\n]{1,300}\|"
)
_MARKS = "\"'`\u201c\u2018\u00ab\u300c"
_JSON_VALUE = re.compile(
    r"\"\s{0,4}:\s{0,4}\"$"
)  # what such a quote opens is content, not a saying that is talked about
_REPORTED = re.compile(
    r"\b(?:documents?|pages?|texts?|mails?|e-?mails?|messages?|comments?|prompts?|payloads?|attackers?|attacks?|injections?"
    r"|web ?sites?|sites?|strings?|articles?|tickets?|tools?|contents?|files?|results?)\b[^.!?\n:]{0,60}"
    r"\b(?:tells?|told|asks?|asked|instructs?|instructed|orders?|ordered|wants?|makes?|made|gets?|tries to make)"
    r" (?:you|it|them|(?:the|an?|your) \w+|models|agents|assistants)(?: to)? $"
    r"|\b(?:attempt(?:s|ed|ing)?|tr(?:ies|ied|ying)) to (?:\w+ (?:or|and) )?$"
)
"""Before a sign: it is told that somebody gives such an order or tries such a thing, which is not to do it."""
_NAMED = re.compile(
    r"\b(?:such as|like|e\.g\.,?|for example|called|named|the (?:tags?|markers?|delimiters?|phrases?|strings?|words?)) [\"'`(]?$"
)
_NAMED_BEHIND = re.compile(
    r"[\"'`)]{0,2}(?:,? (?:and |or )?[\"'`]?[\[<{][^\[\]<>{}\n]{1,30}[\]>}][\"'`]?){0,4} (?:tags?|tokens?|markers?|delimiters?|phrases?|patterns?|strings?|payloads?|attacks?|injections?|attempts?)\b"
)
_KEYWORDS = re.compile(r"[\w-]+(?:[\"'`]{0,2},[ \n]{0,4}[\"'`]{0,2}[\w-]+){2,}")
"""What is a row of single words, and no sentence."""
_EXPRESSION = re.compile(r"\(\?[:i]|\\{1,2}[sbwd][+*)]|\w\|\w|\[\^")
"""What has alternatives, or room for anything, looks for an order and gives none."""
_PROGRAM = re.compile(
    r"```[ \t]{0,4}(?:python|py|pycon|javascript|js|jsx|typescript|ts|tsx|go|rust|java|kotlin|ruby|php|c|cpp|csharp|bash|sh|shell|console|curl|http)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\n[ \t]{0,80}[rfbRFB]{0,2}[\"'`+&.\\]")
"""A line that goes on with the literal of the line before."""
_END = re.compile(r"[.!?\n]")
_VALUE = re.compile(
    r"https?:|www\.\w|[\w.+-]{1,64}@\w[\w.-]{1,64}\.\w|\b[a-z]{2}\d{14,30}\b|[$\u20ac\u00a3]\s?\d{2}|\bid_rsa\b|/etc/(?:passwd|shadow)|\.ssh/|\.env\b|\brm -rf\b",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"^[ \t]{0,40}(?:(?:async )?def \w+\(|class \w+[:(]|import \w|from [\w.]+ import|assert |function \w*\(|@\w+[\w.]*\(?|return\b|if __name__"
    r"|(?:it|test|describe|expect)\(|public |private |(?:const|let|var) (?:mut )?\w+(?:: [^=\n]{1,60})? :?=|export (?:default |const |function |class |async |type |interface )"
    r"|module\.exports\b|(?:pub )?(?:fn|struct|enum|mod|impl) \w+[^.\n]{0,200}\{|use \w+::|#\[\w+|#include [<\"]|package [\w.]+;?$|func [\w(]|type \w+ (?:struct|interface)\b"
    r"|\w+(?:: [^=\n]{1,60})? :?= (?:[\[({]|[rfb]{0,2}[\"']))",
    re.MULTILINE,
)
_BLOCK = re.compile(
    r"(?:[=(\[,{+]\s{0,200}|:[ \t]{0,4}|\breturn )(?:[rfbRFB]{0,2}(?P<python>\"\"\"|''')|r(?P<rust>#{1,3})\"|`)"
)
"""Where a literal over several lines begins that is a value. One that stands for itself is a comment: it speaks to whoever reads."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How much of a sign's weight is left, and whether it is shown and not said."""

    factor: float
    shown: bool
    acts: bool
    saying: bool = False
    """Shown, short, and with nothing to act on: all such signs together stay below what flags."""

    def score(self, weight: float) -> float:
        """What the sign comes to: less for its frame, but not below what flags when it is strong and has a target."""
        framed = weight * self.factor
        return max(framed, FLOOR) if self.acts and weight >= STRONG else framed


SAYING = Frame(_FACTOR_SAYING, shown=True, acts=False, saying=True)
"""Of a sentence that holds a shown saying, and names nothing to act on."""


@dataclass(frozen=True)
class Framing:
    """The frames of the signs of one text; `lowered` is the text in lower case, character by character."""

    text: str
    lowered: str

    @cached_property
    def _words(self) -> int:
        return sum(word in self.lowered for word in _ABOUT)

    @property
    def about(self) -> float:
        """Less than 1 for a text that speaks of attacks: two words of it may be chance, four are the subject."""
        return _FACTOR_MANY if self._words >= _MANY_ABOUT else _FACTOR_ABOUT[self._words]

    @property
    def capped(self) -> bool:
        """True when the text is about injections, or code that names attacks: it is flagged at most, never blocked."""
        return self.about < _CAPPED_BELOW or (self._words > 0 and self._is_code)

    @cached_property
    def _is_code(self) -> bool:
        found = _CODE.finditer(self.text)
        return sum(1 for _ in zip(found, range(_CODE_LINES), strict=False)) == _CODE_LINES

    @cached_property
    def _blocks(self) -> list[Span]:
        if not self._is_code:
            return []
        blocks, at, nowhere = [], 0, set[str]()
        while found := _BLOCK.search(self.text, at):
            ends = found["python"] or (f'"{found["rust"]}' if found["rust"] else "`")
            end = -1 if ends in nowhere else self.text.find(ends, found.end())
            if end < 0:
                nowhere.add(ends)
                at = found.end()
            else:
                at = end + len(ends)
                blocks.append(Span(start=found.start(), end=at))
        return blocks

    def of(self, span: Span) -> Frame:
        """How the sign at `span` is framed."""
        before = self.lowered[max(0, span.start - NEAR) : span.start]
        quote = self._quote(span)
        program = self._is_code or self._in_program(span)
        reach = span.end + _ACTS
        if program and quote is not None:
            reach = self._end_of_statement(quote, reach)
        acts = _VALUE.search(self.text, span.start, reach) is not None
        if (said := self._told(span, before, program=program)) is not None:
            return self._shown(said, acts=acts)
        if quote is None:
            named = _NAMED.search(before) is not None or _NAMED_BEHIND.match(self.text, span.end) is not None
            if named and self._is_mentioned(span):
                return self._shown(span.end - span.start, acts=acts)
            opened = any(mark in self.text[max(0, span.start - 2) : span.start] for mark in _MARKS)
            factor = _FACTOR_SHOWN if opened else 1.0
            return Frame(self.about * factor, shown=opened and self._is_mentioned(span), acts=acts)
        if _JSON_VALUE.search(self.text[max(0, quote.start - 11) : quote.start + 1]) and not self._is_code:
            return Frame(self.about, shown=False, acts=acts)
        if self._is_code or self._is_mentioned(span):
            short = SHORT_LITERAL if program and self.text[quote.start] in _MARKS else SHORT
            short = SHORT_LITERAL if self._is_code else short
            return self._shown(quote.end - quote.start, acts=acts, short=short)
        factor = 1.0 if self.text[quote.start] == "|" else _FACTOR_SHOWN
        return Frame(self.about * factor, shown=False, acts=acts)

    def _told(self, span: Span, before: str, *, program: bool) -> int | None:
        """How long what is only told of is: an order that somebody else gives, or a row of single words.

        In a text about injections and in a program also what is an expression to look for orders by.
        """
        if _KEYWORDS.fullmatch(self.text, span.start, span.end) is not None:
            return span.end - span.start
        if (program or self._words >= _MANY_ABOUT) and _EXPRESSION.search(self.text, span.start, span.end) is not None:
            return span.end - span.start
        if _REPORTED.search(before) is None:
            return None
        end = _END.search(self.text, span.end)
        return (end.start() if end else len(self.text)) - span.start

    def _shown(self, length: int, *, acts: bool, short: int = SHORT) -> Frame:
        saying = length <= short and not acts
        factor = _FACTOR_SAYING if saying else _FACTOR_SHOWN
        return Frame(self.about * factor, shown=True, acts=acts, saying=saying)

    def _in_program(self, span: Span) -> bool:
        """True inside a fence that says that a program stands in it."""
        if self.text.count("```", 0, span.start) % 2 == 0:
            return False
        return _PROGRAM.match(self.text, self.text.rfind("```", 0, span.start)) is not None

    def _end_of_statement(self, quote: Span, most: int) -> int:
        """Where the line ends in which `quote` does, or the last of those that go on with it; `most` at most."""
        end = self.text.find("\n", quote.end, most)
        while end >= 0 and _GOES_ON.match(self.text, end) is not None:
            end = self.text.find("\n", end + 1, most)
        return end if end >= 0 else most

    def _quote(self, span: Span) -> Span | None:
        """The quote, code literal, table cell or fence that the sign stands in."""
        start = max(self.text.rfind("\n", 0, span.start) + 1, span.start - _LINE)
        for found in _QUOTE.finditer(self.text, start, span.end + _LINE):
            if found.start() <= span.start < found.end():
                return Span(start=found.start(), end=found.end())
            if found.start() > span.start:
                break
        for block in self._blocks:
            if block.start <= span.start < block.end:
                return block
        fence = self.text.rfind("```", max(0, span.start - _LINE), span.start)
        if fence >= 0 and self.text.count("```", 0, span.start) % 2 == 1:
            end = self.text.find("```", span.start)
            return Span(start=fence, end=end if end >= 0 else len(self.text))
        return None

    def _is_mentioned(self, span: Span) -> bool:
        near = self.lowered[max(0, span.start - NEAR) : span.end + NEAR]
        return any(word in near for word in _MENTIONS)
