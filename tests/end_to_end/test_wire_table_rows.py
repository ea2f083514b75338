"""The bypass table, row by row, and which tests try it; a row without a test, or with one that is gone, fails here."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from support.wire_rows import ROWS

TESTS = Path(__file__).parents[1]
BYTES = "end_to_end/test_wire_table_requests.py"
ANSWERS = "end_to_end/test_wire_table_answers.py"
WHOLE = "end_to_end/test_wire_table_installation.py"
DOORS = "end_to_end/test_doors.py"
PLACES = "end_to_end/test_installation_destinations.py"
CONTENT = "end_to_end/test_installation_content.py"
CODING = "wire/test_coding.py"

TABLE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(ROWS, (f"{BYTES}::test_a_request_of_the_table_is_refused_or_leaves_exactly_as_it_was_judged",)),
    "a second request in a tunnel names another host": (f"{BYTES}::test_a_bad_request_behind_a_good_one_is_refused",),
    "fronting: CONNECT, SNI and Host differ": (
        f"{DOORS}::test_tls_under_another_name_than_the_tunnels_ends_and_is_recorded",
        f"{DOORS}::test_names_that_disagree_inside_a_tunnel_are_refused",
    ),
    "no SNI": (f"{BYTES}::test_tls_without_a_name_is_the_tunnels",),
    "ALPN of something else": (f"{BYTES}::test_an_odd_protocol_offered_in_tls_changes_nothing",),
    "TLS in TLS": (f"{DOORS}::test_tls_in_tls_is_not_looked_into_and_not_relayed",),
    "addresses through the whole installation": (f"{PLACES}::test_an_address_in_any_spelling_is_no_destination",),
    "a private address after resolution": (
        f"{PLACES}::test_a_declared_name_with_a_private_address_behind_it_is_not_dialled",
        f"{WHOLE}::test_a_name_that_leads_to_a_place_nobody_may_go_is_not_dialled",
    ),
    "DNS rebinding": (
        f"{WHOLE}::test_a_name_that_changes_its_address_after_the_check_is_dialled_where_it_was_checked",
    ),
    "the gateway's own ports": (
        f"{PLACES}::test_the_gateways_own_ports_are_not_reached_even_under_a_fixed_and_declared_name",
        f"{PLACES}::test_control_plane_metrics_and_proxy_are_not_reached_through_the_proxy",
        "ops/test_own_addresses.py::test_a_listener_on_every_address_is_reached_by_none",
        "adapters/system/test_interfaces.py::test_the_address_that_others_reach_us_by_is_here",
    ),
    "pipelining": (f"{BYTES}::test_requests_in_one_piece_are_judged_one_by_one",),
    "a request hidden in a body": (f"{BYTES}::test_a_body_is_not_a_request",),
    "GET with a body": (f"{BYTES}::test_a_get_with_a_body_is_judged_with_it",),
    "split writes": (f"{BYTES}::test_a_request_in_single_bytes_is_the_same_request",),
    "Expect: 100-continue of a refused request": (f"{DOORS}::test_a_refused_client_is_not_asked_for_its_body",),
    "request trailers": (f"{DOORS}::test_trailers_are_refused_at_once",),
    "101 tricks": (f"{DOORS}::test_an_upstream_may_not_change_the_protocol",),
    "raw TCP in a CONNECT": (f"{DOORS}::test_raw_bytes_in_a_tunnel_reach_nobody",),
    "passthrough options": ("end_to_end/test_host_life.py::test_changing_a_pinned_option_closes_the_gate_for_good",),
    "passthrough by other addons": (
        f"{DOORS}::test_an_addon_that_fails_lets_nothing_out",
        f"{DOORS}::test_a_request_changed_after_it_was_admitted_does_not_leave",
        "adapters/mitm/test_tunnels.py::test_tls_in_a_tunnel_asks_for_the_tunnels_name",
    ),
    "content codings": (
        f"{CONTENT}::test_a_body_that_is_not_what_it_says_is_unreadable",
        f"{CODING}::test_a_coding_we_do_not_know_is_refused",
        f"{CODING}::test_two_headers_are_refused_even_when_they_agree",
        f"{CODING}::test_a_plain_body_under_a_coding_is_refused",
        f"{CODING}::test_the_bare_deflate_format_is_refused",
    ),
    "hidden members, frames and trailing bytes": (
        f"{CONTENT}::test_a_second_member_of_a_gzip_body_is_not_overlooked",
        f"{CODING}::test_every_gzip_member_is_read",
        f"{CODING}::test_a_skippable_zstd_frame_is_refused",
        f"{CODING}::test_bytes_after_the_end_are_refused",
    ),
    "bombs": (
        f"{CONTENT}::test_a_bomb_is_refused_without_being_blown_up",
        f"{CODING}::test_a_bomb_unfolds_no_further_than_its_bound",
    ),
    "charsets": (f"{CONTENT}::test_a_card_number_does_not_leave_in_any_dress_and_is_nowhere_repeated",),
    "multipart": ("wire/test_multipart.py::",),
    "gRPC": (f"{WHOLE}::test_grpc_is_not_passed_unread",),
    "path bytes through the whole installation": (f"{PLACES}::test_a_path_that_can_be_read_in_two_ways_does_not_pass",),
    "answers: lengths, splitting, line breaks": (
        f"{ANSWERS}::test_an_answer_that_can_be_read_in_two_ways_is_a_bad_gateway",
        f"{ANSWERS}::test_what_follows_an_answer_is_not_handed_over",
    ),
    "answers: floods of 1xx": (f"{ANSWERS}::test_interim_answers_are_passed_over_up_to_a_bound",),
    "answers: trailers": (f"{ANSWERS}::test_trailers_of_an_answer_are_left_away_and_not_announced",),
    "redirects to metadata": (f"{ANSWERS}::test_a_redirect_is_the_agents_to_follow_and_judged_when_it_does",),
    "upstream reuse across identities and runs": (
        f"{BYTES}::test_two_clients_do_not_share_an_upstream_connection",
        f"{BYTES}::test_an_upstream_connection_is_not_shared_between_runs",
    ),
    "malformed requests are counted and recorded": (
        f"{BYTES}::test_what_cannot_be_read_in_a_tunnel_is_told_to_the_enforcer",
        f"{BYTES}::test_what_cannot_be_read_from_nobody_is_counted",
        f"{WHOLE}::test_what_cannot_be_read_is_counted_and_recorded",
    ),
}
"""Rows of HTTP/2, WebSocket messages and transparent mode are with their own tests."""


def functions_of(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}


@pytest.mark.parametrize("row", TABLE)
def test_each_row_has_tests_that_are_there(row):
    assert TABLE[row]
    for place in TABLE[row]:
        path, _, name = place.partition("::")
        assert name in functions_of(path) or (not name and any(n.startswith("test_") for n in functions_of(path))), (
            place
        )


def test_each_row_of_bytes_has_hostile_requests_and_a_twin():
    assert all(row.hostile and row.twin and row.codes - {"200"} for row in ROWS.values())
