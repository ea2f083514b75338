"""Keys of model providers, by their fixed beginnings."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("anthropic_key", ("sk-ant-",), r"sk-ant-[a-z0-9]{2,10}-[A-Za-z0-9_-]{20,200}"),
    ("openai_key", ("sk-",), r"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}|[A-Za-z0-9]{32,100})"),
    ("openrouter_key", ("sk-or-",), r"sk-or-v1-[a-f0-9]{64}"),
    ("huggingface_token", ("hf_",), r"hf_[A-Za-z]{34}"),
    ("groq_key", ("gsk_",), r"gsk_[A-Za-z0-9]{52}"),
    ("xai_key", ("xai-",), r"xai-[A-Za-z0-9]{70,90}"),
    ("replicate_token", ("r8_",), r"r8_[A-Za-z0-9]{37}"),
    ("perplexity_key", ("pplx-",), r"pplx-[A-Za-z0-9]{40,64}"),
)

DETECTORS = tuple(
    PatternDetector(
        id=name,
        entity="MODEL_KEY",
        trigger=trigger,
        pattern=re.compile(rf"(?<![A-Za-z0-9_-]){shape}(?![A-Za-z0-9_-])"),
    )
    for name, trigger, shape in _SHAPES
)
