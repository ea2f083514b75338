"""Keys of model providers, by their fixed beginnings."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("anthropic_key", ("sk-ant-",), r"sk-ant-[a-z0-9]{2,10}-[A-Za-z0-9_-]{20,200}"),
    ("openai_key", ("sk-",), r"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200}|[A-Za-z0-9]{32,100})"),
    ("openrouter_key", ("sk-or-",), r"sk-or-v1-[a-f0-9]{64}"),
    ("huggingface_token", ("hf_",), r"hf_[A-Za-z0-9]{34,40}"),
    ("huggingface_organisation_token", ("api_org_",), r"api_org_[A-Za-z0-9]{34}"),
    ("groq_key", ("gsk_",), r"gsk_[A-Za-z0-9]{52}"),
    ("xai_key", ("xai-",), r"xai-[A-Za-z0-9]{70,90}"),
    ("replicate_token", ("r8_",), r"r8_[A-Za-z0-9]{37}"),
    ("perplexity_key", ("pplx-",), r"pplx-[A-Za-z0-9]{40,64}"),
    ("nvidia_key", ("nvapi-",), r"nvapi-[A-Za-z0-9_-]{60,80}"),
    ("together_key", ("tgp_v1_",), r"tgp_v1_[A-Za-z0-9_-]{40,50}"),
    ("fireworks_key", ("fw_",), r"fw_[A-Za-z0-9]{22,24}"),
    ("cerebras_key", ("csk-",), r"csk-[a-z0-9]{48}"),
    ("elevenlabs_key", ("sk_",), r"sk_[a-f0-9]{48}"),
    ("jina_key", ("jina_",), r"jina_[A-Za-z0-9]{56,64}"),
    ("tavily_key", ("tvly-",), r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{30,36}"),
    ("pinecone_key", ("pcsk_",), r"pcsk_[A-Za-z0-9_]{60,80}"),
    ("voyage_key", ("pa-",), r"pa-[A-Za-z0-9_-]{43}"),
    ("langsmith_key", ("lsv2_",), r"lsv2_(?:pt|sk)_[a-f0-9]{32}_[a-f0-9]{10}"),
    ("langfuse_key", ("sk-lf-",), r"sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ("firecrawl_key", ("fc-",), r"fc-[a-f0-9]{32}"),
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
