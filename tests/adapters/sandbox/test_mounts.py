"""What a sandboxed command sees of the disk, and cannot make of it."""

from __future__ import annotations

from aisecops.adapters.sandbox import mounts
from aisecops.adapters.sandbox.plan import PRIVATE


def test_what_is_writable_is_and_stays(ended, tmp_path):
    assert ended("echo 1 > made") == 0
    assert (tmp_path / "made").read_text() == "1\n"


def test_everything_else_is_not(ended):
    assert ended("echo 1 > /etc/planted") != 0


def test_nor_is_a_folder_that_was_not_named(ended, tmp_path):
    (tmp_path / "inner").mkdir()

    assert ended("echo 1 > inner/made; echo 1 > made; exit 3", writable=(str(tmp_path / "inner"),)) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert (tmp_path / "inner" / "made").exists()


def test_what_is_kept_is_read_and_not_changed(ended, tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a").write_text("a")

    script = 'test "$(cat rules/a)" = a && ! echo b > rules/a && ! rm rules/a && ! mv rules other && ! ln rules/a b'
    assert ended(script, kept=(str(tmp_path / "rules"),)) == 0
    assert (tmp_path / "rules" / "a").read_text() == "a"


def test_a_folder_above_what_is_kept_cannot_be_moved_away(ended, tmp_path):
    (tmp_path / "a" / "b" / "rules").mkdir(parents=True)

    assert ended("! mv a c && ! mv a/b a/c && echo 1 > a/b/made", kept=(str(tmp_path / "a/b/rules"),)) == 0
    assert (tmp_path / "a" / "b" / "made").exists()


def test_what_is_hidden_is_empty_but_for_what_is_shown(ended, tmp_path):
    (tmp_path / "certs").mkdir()
    for name in ("key", "bundle"):
        (tmp_path / "certs" / name).write_text(name)
    (tmp_path / "secret").write_text("secret")

    script = (
        'test "$(ls certs)" = bundle && test "$(cat certs/bundle)" = bundle && ! test -s secret'
        " && ! echo 1 > certs/bundle && ! echo 1 > certs/more && ! rm -r certs"
    )
    plan = {
        "hidden": (str(tmp_path / "certs"), str(tmp_path / "secret")),
        "shown": (str(tmp_path / "certs" / "bundle"),),
    }
    assert ended(script, **plan) == 0
    assert (tmp_path / "certs" / "key").read_text() == "key"


def test_private_folders_are_empty_and_leave_nothing(ended, tmp_path):
    left = [folder for folder in PRIVATE if mounts._is_folder(folder)]

    assert ended('for f in "$@"; do echo 1 > $f/aisecops-left || exit 1; done', *left, folder="/", writable=()) == 0
    assert ended('for f in "$@"; do test -z "$(ls -A $f)" || exit 1; done', *left, folder="/", writable=()) == 0


def test_devices_are_few_and_work(ended):
    script = (
        "test $(find /dev -type b | wc -l) = 0 && head -c 9 /dev/urandom > /dev/null"
        " && : < /dev/ptmx && ls /dev/fd/0 > /dev/null && ! test -e /dev/kmsg"
    )
    assert ended(script) == 0


def test_processes_are_its_own(ended):
    assert ended("test $(ls -d /proc/[0-9]* | wc -l) -le 5 && ! echo 1 > /proc/sys/kernel/printk") == 0


def test_names_can_be_given_to_loopback(ended):
    assert ended("getent hosts gw.corp.example | grep -q '::1\\|127.0.0.1'", names=("gw.corp.example",)) == 0


def test_a_tree_of_two_mounts_is_hidden_by_both_names(with_bind, tmp_path):
    (tmp_path / "one" / "state").mkdir(parents=True)
    (tmp_path / "one" / "state" / "secret").write_text("x")
    (tmp_path / "two").mkdir()
    code = (
        "import sys, os; from pathlib import Path\n"
        "from aisecops.adapters.sandbox.outside import *; from aisecops.adapters.sandbox.places import all_names\n"
        "plan = Plan(folder='/', doors=(), writable=(sys.argv[1],), hidden=all_names(Path(sys.argv[2])))\n"
        "with Sandbox(plan) as s: s.start(Start(('find', sys.argv[1], '-name', 'secret'), dict(os.environ))); s.wait()\n"
    )

    assert with_bind(tmp_path / "one", tmp_path / "two", code, tmp_path, tmp_path / "one" / "state") == ""
