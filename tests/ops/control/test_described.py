"""The API shot at from its own description: every call takes what it says, refuses what it does not, and never breaks.

Schemathesis makes the requests; its own pytest plugin is left out, as it does not know this pytest.
"""

from __future__ import annotations

import asyncio
import functools
import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aisecops.ops.control.openapi import describe
from support.api import OPERATOR, Api
from support.gateway import RULES, House

TRIES = 20
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance, negative_data_rejection,
]  # fmt: skip
CALLS = [
    (method, path)
    for path, calls in describe()["paths"].items()
    for method in calls
    if path != "/v1/events"  # it has no end
]


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE


@functools.cache
def shot_at():
    """The API as its description tells of it, and a run that it knows."""
    api = Api(Path(tempfile.mkdtemp()), House(RULES))
    run = asyncio.run(api.house.run())
    return schemathesis.openapi.from_asgi("/openapi.json", api.app), run.run.run_id


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (method, path, mode)
        for method, path in CALLS
        for mode in (POSITIVE, NEGATIVE)
        if mode is POSITIVE or path.startswith("/v1/")  # nothing can be wrong about a call that takes nothing
    ],
)
def test_the_api_keeps_to_its_description(method, path, mode):
    schema, known = shot_at()
    call = schema[path][method.upper()]

    @settings(max_examples=TRIES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=call.as_strategy(generation_mode=mode))
    def keeps(case):
        if mode is POSITIVE and "run_id" in case.path_parameters:
            case.path_parameters["run_id"] = known
        case.call_and_validate(headers=OPERATOR, checks=CHECKS)

    keeps()
