"""Tokens of code hosts, by their fixed beginnings."""

from __future__ import annotations

import re

from aisecops.controls.dlp.detector import PatternDetector

DETECTORS = (
    PatternDetector(
        id="github_token",
        entity="VCS_TOKEN",
        trigger=("ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        pattern=re.compile(r"(?<![A-Za-z0-9_])gh[pousr]_[A-Za-z0-9]{36,255}(?![A-Za-z0-9_])"),
    ),
    PatternDetector(
        id="github_fine_grained_token",
        entity="VCS_TOKEN",
        trigger=("github_pat_",),
        pattern=re.compile(r"(?<![A-Za-z0-9_])github_pat_[A-Za-z0-9_]{36,255}(?![A-Za-z0-9_])"),
    ),
    PatternDetector(
        id="gitlab_token",
        entity="VCS_TOKEN",
        trigger=(
            "glpat-",
            "gldt-",
            "glrt-",
            "glptt-",
            "glcbt-",
            "glsoat-",
            "glft-",
            "glimt-",
            "glagent-",
            "gloas-",
            "glffct-",
        ),
        pattern=re.compile(
            r"(?<![A-Za-z0-9_-])gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|oas|ffct)-[A-Za-z0-9_.-]{20,255}(?![A-Za-z0-9_-])",
        ),
    ),
    PatternDetector(
        id="bitbucket_token",
        entity="VCS_TOKEN",
        trigger=("ATBB", "ATCTT3"),
        pattern=re.compile(r"(?<![A-Za-z0-9_])(?:ATBB[A-Za-z0-9]{32}|ATCTT3[A-Za-z0-9_=-]{60,1024})(?![A-Za-z0-9_=-])"),
    ),
    PatternDetector(
        id="gitlab_runner_token",
        entity="VCS_TOKEN",
        trigger=("GR1348941",),
        pattern=re.compile(r"(?<![A-Za-z0-9_-])GR1348941[A-Za-z0-9_-]{20}(?![A-Za-z0-9_-])"),
    ),
)
