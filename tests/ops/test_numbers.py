"""The numbers of many processes: one scrape, what dead ones leave behind, and disks without room."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from aisecops.ops.numbers import fresh_folder, process_died, together
from support.small_disk import fill, small_disk

ONE_REQUEST = {"agent": "bot", "tool": "crm.read", "effect": "read", "decision": "allow", "code": "", "seconds": 0.01}
COUNTED = 'aisecops_requests_total{agent="bot",code="",decision="allow",effect="read",tool="crm.read"}'
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="mounting needs root")


def counting(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A process of its own that counts as `code` says, with `m` for its metrics; it says its number first."""
    begins = "import os; from aisecops.ops.metrics import Metrics; print(os.getpid(), flush=True); m = Metrics()\n"
    environ = {"PYTHONPATH": ":".join(sys.path), "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", begins + code], env=environ, capture_output=True, text=True, check=False
    )


def one_request(folder: Path, *, valid: bool = True) -> int:
    rejected = "" if valid else "m.rules_rejected()"
    code = f"m.decided(**{ONE_REQUEST!r}); m.runs_active(3); m.rules_loaded('v1')\n{rejected}"
    done = counting(folder, code)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def told(folder: Path) -> str:
    return generate_latest(together(folder)).decode()


def test_one_scrape_shows_all_processes_and_a_dead_one_keeps_its_counts(tmp_path):
    folder = fresh_folder(tmp_path)
    one_request(folder)
    second = one_request(folder, valid=False)

    before = told(folder)
    process_died(second, folder)
    after = told(folder)

    assert f"{COUNTED} 2.0" in before
    assert f"{COUNTED} 2.0" in after
    assert "aisecops_policy_valid 0.0" in before
    assert "aisecops_policy_valid 1.0" in after


def test_however_many_have_died_they_leave_three_files(tmp_path):
    folder = fresh_folder(tmp_path)
    for _ in range(3):
        process_died(one_request(folder), folder)

    assert sorted(file.name for file in folder.glob("*.db")) == [
        "counter_0.db",
        "gauge_mostrecent_0.db",
        "histogram_0.db",
    ]
    assert f"{COUNTED} 3.0" in told(folder)
    assert 'aisecops_decision_seconds_bucket{le="0.01",stage="decide"} 3.0' in told(folder)


def test_of_what_dead_ones_found_the_newest_stands(tmp_path):
    folder = fresh_folder(tmp_path)
    for share in (0.5, 0.75):
        done = counting(folder, f"m.evaluated('suite', {share})")
        process_died(int(done.stdout), folder)

    assert 'aisecops_eval_pass_ratio{suite="suite"} 0.75' in told(folder)


@AS_ROOT
def test_a_full_disk_ends_no_process_that_counts_and_what_was_counted_stays(tmp_path):
    with small_disk(tmp_path / "disk", "4m") as disk:
        folder = fresh_folder(disk)
        code = (
            f"m.decided(**{ONE_REQUEST!r})\n"
            "import sys; sys.path.insert(0, 'tests'); from pathlib import Path; from support.small_disk import fill\n"
            f"ballast = fill(Path({str(disk)!r}))\n"
            "for n in range(900): m.token_rejected('c' * 200 + str(n)); m.stage('s' * 200 + str(n), 0.1)\n"
            f"m.decided(**{ONE_REQUEST!r})\n"
            "ballast.unlink(); m.token_rejected('with room'); print('lived')"
        )
        done = counting(folder, code)
        assert done.returncode == 0, (done.returncode, done.stderr)
        assert done.stdout.endswith("lived\n")
        assert done.stderr.count("some of what happens is not counted: no room in") == 2  # counters and histograms
        assert f"{COUNTED} 2.0" in told(folder)
        assert 'aisecops_tokens_rejected_total{code="with room"} 1.0' in told(folder)


@AS_ROOT
def test_a_process_that_finds_no_room_to_count_says_so_and_does_not_begin(tmp_path):
    with small_disk(tmp_path / "disk", "1m") as disk:
        folder = fresh_folder(disk)
        fill(disk)
        done = counting(folder, "")
        assert done.returncode == 1
        assert f"there is no room for metrics in `{folder}` (no space left on device)" in done.stderr


@AS_ROOT
def test_where_there_is_no_room_to_add_up_nothing_is_counted_twice(tmp_path):
    with small_disk(tmp_path / "disk", "2m") as disk:
        folder = fresh_folder(disk)
        died = one_request(folder)
        ballast = fill(disk)
        process_died(died, folder)
        assert f"{COUNTED} 1.0" in told(folder)
        ballast.unlink()
        process_died(died, folder)
        assert f"{COUNTED} 1.0" in told(folder)
        assert not (folder / f"counter_{died}.db").exists()


def test_a_fresh_folder_forgets_the_last_time(tmp_path):
    (fresh_folder(tmp_path) / "counter_1.db").write_bytes(b"old")

    assert not any(fresh_folder(tmp_path).iterdir())
