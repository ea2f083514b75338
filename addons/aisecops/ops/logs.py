"""What our processes say to stderr: one line each, plain for people or JSON for collectors.

Knows nothing of the record, which is `adapters/audit`: a line here may be lost, an event there may not.
"""

from __future__ import annotations

import logging
import sys
from typing import override

import orjson

from aisecops.ops.settings_text import LogFormat


def configure(form: LogFormat, process: str) -> None:
    """Send this process's log to stderr, each line with the name of the `process`. Calling again replaces."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(process) if form is LogFormat.JSON else _Plain(process))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("httpx", "httpcore", "presidio-analyzer", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Plain(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(process_word)s: %(message)s", "%H:%M:%S")
        self._process = process

    @override
    def format(self, record: logging.LogRecord) -> str:
        record.process_word = self._process
        return super().format(record)


class _Json(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    @override
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()
