"""Tokens of services, by their fixed beginnings."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

_SHAPES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("slack_token", ("xox", "xapp-"), r"(?:xox[abeoprs]-[A-Za-z0-9-]{11,250}|xapp-[0-9]-[A-Za-z0-9-]{11,250})"),
    (
        "slack_webhook",
        ("hooks.slack.com",),
        r"https://hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9_/]{20,120}",
    ),
    (
        "stripe_key",
        ("_live_", "_test_", "whsec_"),
        r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,247}|whsec_[A-Za-z0-9+/=]{24,80})",
    ),
    ("sendgrid_key", ("SG.",), r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    ("npm_token", ("npm_",), r"npm_[A-Za-z0-9]{36}"),
    ("pypi_token", ("pypi-",), r"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    ("docker_token", ("dckr_",), r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,60}"),
    ("shopify_token", ("shp",), r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("square_token", ("sq0", "EAAA"), r"(?:sq0[a-z]{3}-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60})"),
    ("twilio_key", ("SK",), r"SK[0-9a-f]{32}"),
    ("mailgun_key", ("key-",), r"key-[0-9a-f]{32}"),
    ("telegram_token", (":AA",), r"[0-9]{8,10}:AA[A-Za-z0-9_-]{33}"),
    ("linear_key", ("lin_api_",), r"lin_api_[A-Za-z0-9]{40}"),
    ("notion_token", ("ntn_",), r"ntn_[A-Za-z0-9]{40,50}"),
    ("atlassian_token", ("ATATT3",), r"ATATT3[A-Za-z0-9_=-]{60,1024}"),
    ("grafana_token", ("glsa_", "glc_"), r"(?:glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,2})"),
    ("vault_token", ("hvs.", "hvb."), r"hv[sb]\.[A-Za-z0-9_-]{24,300}"),
)

DETECTORS = tuple(
    PatternDetector(
        id=name,
        entity="SAAS_TOKEN",
        trigger=trigger,
        pattern=re.compile(rf"(?<![A-Za-z0-9_-]){shape}(?![A-Za-z0-9_-])"),
    )
    for name, trigger, shape in _SHAPES
)
