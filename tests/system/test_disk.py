"""Every byte on disk: claimed once, whole or absent, and never lost in silence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from dltrain.system import disk
from dltrain.system.disk import (
    InUseError,
    StorageError,
    append,
    copy_tree,
    locked,
    make_folder,
    redirect,
    remove,
    remove_tree,
    replace,
    side_by_side,
)
from tests.conftest import tree

FULL = Path("/dev/full")  # takes no byte: no space left
needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


def test_a_folder_is_claimed_once(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "a" / "b" / "run")
    assert not make_folder(tmp_path / "a" / "b" / "run")


def test_a_claimed_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine").write_text("mine")
    (tmp_path / "file").write_text("mine")
    assert not make_folder(tmp_path / "run")
    assert not make_folder(tmp_path / "file")
    assert [(tmp_path / name).read_text() for name in ("run/mine", "file")] == ["mine"] * 2


def test_many_threads_claim_each_folder_once(tmp_path: Path) -> None:
    threads, names = 8, [f"new/deep/run-{i}" for i in range(40)]
    gate = threading.Barrier(threads)

    def claim(_: int) -> list[str]:
        gate.wait()
        return [name for name in names if make_folder(tmp_path / name)]

    with ThreadPoolExecutor(threads) as pool:
        claimed = [name for each in pool.map(claim, range(threads)) for name in each]
    assert sorted(claimed) == sorted(names)


def test_many_processes_claim_each_folder_once(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from dltrain.system.disk import make_folder
folder = Path(sys.argv[1])
sys.stdin.readline()  # all start together
print(*[i for i in range(200) if make_folder(folder / "runs" / str(i))])
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    claimed = [int(word) for process in processes for word in process.communicate()[0].split()]
    assert sorted(claimed) == list(range(200))


def test_a_folder_below_a_file_cannot_be_claimed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot create .*file/run: .*; check"):
        make_folder(tmp_path / "file" / "run")


def test_a_name_too_long_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="File name too long"):
        make_folder(tmp_path / ("x" * 300))
    with pytest.raises(StorageError, match="File name too long"):
        replace(tmp_path / ("x" * 300), b"")


def test_a_replaced_file_holds_the_new_content(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for content in (b"old", b"a longer new one", b""):
        replace(path, content)
        assert path.read_bytes() == content
        assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path, contents = tmp_path / "run.json", [bytes([65 + i]) * 50_000 for i in range(30)]
    replace(path, contents[0])
    seen, done = [], threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for content in contents:
        replace(path, content)
    done.set()
    reader.join()
    assert seen
    assert set(seen) <= set(contents)


def test_an_open_file_keeps_its_content_when_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    replace(path, b"old")
    with open(path, "rb") as file:
        replace(path, b"new")
        assert file.read() == b"old"


def test_a_failed_replacement_leaves_the_target_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    with pytest.raises(StorageError, match=r"cannot write .*folder"):
        replace(tmp_path / "folder", b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
    assert (tmp_path / "folder" / "mine").read_text() == "mine"


def test_a_replacement_in_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        replace(tmp_path / "gone" / "file", b"")


def run_with_small_files(program: str, folder: Path) -> None:
    """Run lines of Python in ``folder`` in a process whose files can hold ten bytes."""
    head = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))\n"
    head += "from pathlib import Path; from dltrain.system.disk import *\n"
    subprocess.run([sys.executable, "-c", head + program], cwd=folder, check=True)


def test_content_that_finds_no_space_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    replace(tmp_path / "run.json", b"old")
    program = """
try:
    replace(Path("run.json"), b"new" * 100)
except StorageError as error:
    assert "cannot write run.json: File too large" in str(error), error
else:
    raise AssertionError("it was written")
"""
    run_with_small_files(program, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]
    assert (tmp_path / "run.json").read_bytes() == b"old"


def test_a_line_that_finds_space_for_a_part_is_a_storage_error(tmp_path: Path) -> None:
    program = """
append(Path("log"), ["12345"])
try:
    append(Path("log"), ["1234567"])
except StorageError as error:
    assert "cannot write log: File too large" in str(error), error
else:
    raise AssertionError("it was written")
"""
    run_with_small_files(program, tmp_path)
    assert (tmp_path / "log").read_bytes() == b"12345\n1234"


def test_an_interrupt_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.json"
    replace(path, b"old")

    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.json"]


# Carries something out on a disk whose power is cut at each call of it in turn, and right after it;
# prints how often it was cut, and complains if what is left then is not what is allowed.
CUTS = """
import os, shutil, sys
from pathlib import Path
from dltrain.system.disk import append, cut, make_folder, replace, sync
from tests.torture.faults import PowerDisk

os.chdir(sys.argv[1])

def carry_out(at, variant):
    shutil.rmtree("disk", ignore_errors=True)
    Path("disk").mkdir()
    Path("disk/file").write_bytes(b"old line\\n")
    pid = os.fork()
    if not pid:
        PowerDisk(at, root=Path("disk").absolute(), variant=variant).install()
        {deed}
        Path("returned").touch()
        make_folder(Path("disk/later"))  # the power is cut here at the latest
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    returned = Path("returned").exists()
    Path("returned").unlink(missing_ok=True)
    return status != 0, returned

cuts = 0
for variant in range(3):
    for at in range(100):
        was_cut, returned = carry_out(at, variant)
        if not was_cut:
            break
        cuts += 1
        allowed = {after} if returned else {meanwhile}
        assert allowed, (variant, at, returned, sorted(Path("disk").rglob("*")))
    assert returned
print(cuts)
"""


@pytest.mark.parametrize(
    ("deed", "meanwhile", "after", "calls"),
    [
        (
            'replace(Path("disk/file"), b"new" * 100)',
            'Path("disk/file").read_bytes() in (b"old line\\n", b"new" * 100)',
            'Path("disk/file").read_bytes() == b"new" * 100',
            6,
        ),
        (
            'append(Path("disk/file"), ["new"]); sync(Path("disk/file"))',
            'Path("disk/file").read_bytes().startswith(b"old line\\n")',
            'Path("disk/file").read_bytes() == b"old line\\nnew\\n"',
            4,
        ),
        (
            'cut(Path("disk/file"), 3)',
            'b"old line\\n".startswith(Path("disk/file").read_bytes())',
            'Path("disk/file").read_bytes() == b"old"',
            3,
        ),
        ('make_folder(Path("disk/a/b"))', "True", 'Path("disk/a/b").is_dir()', 6),
    ],
    ids=["replace", "sync", "cut", "make_folder"],
)
def test_what_was_done_outlives_a_power_cut(
    tmp_path: Path, deed: str, meanwhile: str, after: str, calls: int
) -> None:
    program = CUTS.format(deed=deed, meanwhile=meanwhile, after=after)
    line = [sys.executable, "-c", program, str(tmp_path)]
    root = Path(__file__).parents[2]
    result = subprocess.run(line, cwd=root, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    # At each of its calls, in each of the three ways.
    assert int(result.stdout) > 3 * calls


def test_a_link_is_neither_followed_nor_written_through(tmp_path: Path) -> None:
    mine, link = tmp_path / "mine", tmp_path / "link"
    mine.write_text("mine")
    link.symlink_to(mine)
    writes: list[Callable[[], object]] = [
        lambda: append(link, ["x"]),
        lambda: disk.sync(link),
        lambda: disk.cut(link, 0),
        lambda: redirect(link, []),
    ]
    for write in writes:
        with pytest.raises(StorageError, match=r"cannot write .*link"):
            write()
    replace(link, b"new")  # takes the place of the link
    assert (mine.read_text(), link.read_bytes(), link.is_symlink()) == ("mine", b"new", False)


def test_what_a_killed_process_of_this_number_left_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / f".tmp-{os.getpid()}-run.json").write_bytes(b"hal")
    replace(tmp_path / "run.json", b"whole")
    assert (tmp_path / "run.json").read_bytes() == b"whole"


def test_removing_is_done_once_and_may_be_asked_twice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    remove(tmp_path / "file")
    remove(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_removed_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match=r"cannot remove .*folder"):
        remove(tmp_path / "folder")


def test_a_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    for count, text in enumerate(["epoch,loss", "1,0.5", ""], start=1):
        append(path, [text])
        assert path.read_bytes().count(b"\n") == count
    assert path.read_bytes() == b"epoch,loss\n1,0.5\n\n"


def test_lines_are_added_to_what_is_there(tmp_path: Path) -> None:
    for lines in (["first", "second"], [], ["third"]):
        append(tmp_path / "log", lines)
    assert (tmp_path / "log").read_text() == "first\nsecond\nthird\n"


def test_text_that_has_no_utf8_can_be_appended(tmp_path: Path) -> None:
    append(tmp_path / "log", ["größe \udcff 猫"])
    assert (tmp_path / "log").read_text(encoding="utf-8") == "größe \\udcff 猫\n"


def test_two_writers_do_not_tear_each_others_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def write(letter: str) -> None:
        for _ in range(200):
            append(path, [letter * 100, letter * 100])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))
    lines = path.read_text().splitlines()
    assert sorted(lines) == sorted(letter * 100 for letter in "abcd" for _ in range(400))
    # What was handed over together stands together.
    assert all(first == second for first, second in zip(lines[::2], lines[1::2], strict=True))


def test_appending_leaves_no_file_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for member in range(50):
        append(tmp_path / f"{member}.csv", ["epoch"])
    assert len(os.listdir("/proc/self/fd")) == before


@needs_full
def test_a_line_on_a_full_disk_is_a_storage_error() -> None:
    with pytest.raises(StorageError, match="/dev/full: No space left"):
        append(FULL, ["1,0.5"])


def test_a_file_that_cannot_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*gone/log"):
        append(tmp_path / "gone" / "log", ["x"])
    with pytest.raises(StorageError, match="Is a directory"):
        append(tmp_path, ["x"])


# Several at a time.


def test_side_by_side_gives_results_in_the_order_of_the_items(tmp_path: Path) -> None:
    def write(number: int) -> int:
        replace(tmp_path / str(number), b"%d" % number)
        return -number

    for count in (0, 1, 50):
        assert side_by_side(write, range(count)) == [-number for number in range(count)]
    assert [int((tmp_path / str(n)).read_bytes()) for n in range(50)] == list(range(50))


@pytest.mark.parametrize("count", [1, 20])
def test_what_fails_side_by_side_is_not_lost(tmp_path: Path, count: int) -> None:
    paths = [tmp_path / f"{number}" for number in range(count - 1)] + [tmp_path / "gone" / "x"]
    with pytest.raises(StorageError, match="gone/x"):
        side_by_side(lambda path: replace(path, b""), paths)
    assert len(list(tmp_path.iterdir())) == count - 1


# Whole folders.


def fill(folder: Path) -> Path:
    """Make a small tree with a link in it that leads out."""
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "checkpoints" / "epoch-1").write_bytes(b"\0\1")
    outside = folder.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "mine").write_text("mine")
    (folder / "link").symlink_to(outside)
    return folder


def test_a_tree_is_removed_once_and_may_be_asked_twice(tmp_path: Path) -> None:
    fill(tmp_path / "run")
    remove_tree(tmp_path / "run")
    remove_tree(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (tmp_path / "outside" / "mine").read_text() == "mine"


def test_what_is_no_folder_is_not_removed_as_a_tree(tmp_path: Path) -> None:
    fill(tmp_path / "run")
    for name in ("run.json", "link"):
        with pytest.raises(StorageError, match=rf"cannot remove .*{name}"):
            remove_tree(tmp_path / "run" / name)
    assert (tmp_path / "run" / "run.json").exists()
    assert (tmp_path / "outside" / "mine").exists()


def test_a_tree_is_copied_whole_and_links_are_not_followed(tmp_path: Path) -> None:
    source = fill(tmp_path / "run")
    copy_tree(source, tmp_path / "deep" / "copy")
    copy = tmp_path / "deep" / "copy"
    assert tree(copy) == tree(source)
    assert (copy / "checkpoints" / "epoch-1").read_bytes() == b"\0\1"
    assert (copy / "link").is_symlink()
    (copy / "run.json").write_text("changed")
    assert (source / "run.json").read_text() == "{}"


def test_a_tree_is_not_copied_over_something(tmp_path: Path) -> None:
    source, target = fill(tmp_path / "run"), tmp_path / "there"
    target.mkdir()
    (target / "mine").write_text("mine")
    with pytest.raises(StorageError, match=r"cannot write .*there: "):
        copy_tree(source, target)
    assert tree(target) == ["mine"]


def test_a_tree_that_is_not_there_cannot_be_copied(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="No such file or directory"):
        copy_tree(tmp_path / "gone", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


# Locks.

HOLD = """
import sys
from pathlib import Path
from dltrain.system.disk import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds a lock until it is killed or gets a line."""
    line = [sys.executable, "-c", HOLD, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_held_by_one_process(tmp_path: Path) -> None:
    lock = tmp_path / "sweep"
    lock.mkdir()
    with (
        holder(lock),
        pytest.raises(InUseError, match=r"sweep: another process is at work in it"),
        locked(lock),
    ):
        raise AssertionError("two hold it")


def test_a_lock_ends_with_a_process_that_is_killed(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait()
        with locked(tmp_path):
            pass


def test_a_lock_ends_with_its_block_even_if_that_fails(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), locked(tmp_path):
            raise ZeroDivisionError
    with holder(tmp_path):
        pass


def test_who_is_refused_a_lock_does_not_take_it_away(tmp_path: Path) -> None:
    with holder(tmp_path):
        for _ in range(2):
            with pytest.raises(InUseError), locked(tmp_path):
                raise AssertionError("two hold it")


def test_a_lock_of_no_folder_is_a_storage_error(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"cannot lock .*gone"),
        locked(tmp_path / "gone"),
    ):
        raise AssertionError("it was made")


def test_in_use_is_no_error_of_the_disk() -> None:
    assert not issubclass(InUseError, OSError | ValueError)


# What a process says.


def test_what_a_process_writes_goes_to_the_end_of_a_file(tmp_path: Path) -> None:
    program = """
import os, subprocess, sys
from pathlib import Path
from dltrain.system.disk import redirect
print("seen", flush=True)
redirect(Path("log"), [1, 2])
print("printed", flush=True)
print("complained", file=sys.stderr, flush=True)
os.write(2, b"from below\\n")
subprocess.run(["echo", "from a child"], check=True)
"""
    (tmp_path / "log").write_text("before\n")
    line = [sys.executable, "-c", program]
    result = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("seen\n", "")
    assert (tmp_path / "log").read_text() == (
        "before\nprinted\ncomplained\nfrom below\nfrom a child\n"
    )


def test_only_what_was_asked_for_is_redirected(tmp_path: Path) -> None:
    program = """
import os
from pathlib import Path
from dltrain.system.disk import redirect
redirect(Path("log"), [2])
os.write(1, b"out")
os.write(2, b"err")
"""
    line = [sys.executable, "-c", program]
    result = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("out", "")
    assert (tmp_path / "log").read_text() == "err"


def test_what_cannot_be_redirected_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*gone/log"):
        redirect(tmp_path / "gone" / "log", [])


def test_a_storage_error_is_an_os_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="check the space left and the permissions there") as caught:
        replace(tmp_path / "gone" / "file", b"")
    assert isinstance(caught.value, StorageError)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


# Files written part by part.


def test_a_file_written_in_parts_is_the_old_one_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with disk.replacing(path) as write:
        write(b"new, ")
        write(b"and more")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new, and more"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), OSError("another's")])
def test_what_goes_wrong_between_the_parts_leaves_the_old_file(
    tmp_path: Path, error: BaseException
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught, disk.replacing(path) as write:  # noqa: PT012
        write(b"new")
        raise error
    assert caught.value is error  # an error of another file is not this one's
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
