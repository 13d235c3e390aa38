"""Checkpoints: the same state back, any damage found, and the right ones kept."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import safetensors
import torch
from torch import Tensor

from dltrain.system.disk import StorageError
from dltrain.train.checkpoints import checkpoint_file as checkpoint
from dltrain.train.checkpoints.checkpoint_file import (
    CheckpointError,
    Keeper,
    Meta,
    load,
    paths,
    prune,
    save,
)
from dltrain.train.checkpoints.checkpoint_file import path_of as path_of_meta

META: dict[str, Any] = {"epoch": 3, "step": 21, "best": {"metric": "val/loss", "value": 0.5}}


def tensors(value: float = 1.0) -> dict[str, Tensor]:
    return {
        "model.layers.0.weight": torch.arange(6.0).view(2, 3) * value,
        "model.layers.0.bias": torch.tensor([0.1, -0.0], dtype=torch.float64),
        "optimizer.steps": torch.tensor(7),
    }


def path_of(folder: Path, epoch: int) -> Path:
    return path_of_meta(folder, {"epoch": epoch})


def epochs(folder: Path) -> list[int]:
    return sorted(int(path.stem.partition("-")[2]) for path in folder.glob("*"))


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    found, meta = load(save(tmp_path, tensors(), META))
    assert meta == META
    assert found.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    assert found["model.layers.0.bias"].signbit().tolist() == [False, True]


def test_numbers_that_are_not_finite_come_back(tmp_path: Path) -> None:
    odd = torch.tensor([torch.nan, torch.inf, -torch.inf, 1e-45])
    found, _ = load(save(tmp_path, {"odd": odd}, META))
    torch.testing.assert_close(found["odd"], odd, rtol=0, atol=0, equal_nan=True)


def test_one_members_share_of_a_stack_can_be_saved(tmp_path: Path) -> None:
    stack = torch.arange(24.0).view(2, 3, 4)
    strided = {"contiguous": stack[1], "transposed": stack[1].t(), "column": stack[:, 1, 2]}
    found, _ = load(save(tmp_path, strided, META))
    assert all(torch.equal(found[name], tensor) for name, tensor in strided.items())


def test_an_empty_state_can_be_saved(tmp_path: Path) -> None:
    assert load(save(tmp_path, {}, {"epoch": 1})) == ({}, {"epoch": 1})


def test_the_file_is_named_by_its_epoch(tmp_path: Path) -> None:
    path = save(tmp_path / "deep" / "checkpoints", tensors(), META)
    assert path == path_of(tmp_path / "deep" / "checkpoints", 3)
    assert path.name == "epoch-000003.safetensors"


def test_equal_states_give_equal_bytes(tmp_path: Path) -> None:
    first = save(tmp_path / "a", tensors(), META).read_bytes()
    shuffled = dict(reversed(tensors().items()))
    assert save(tmp_path / "b", shuffled, META).read_bytes() == first
    assert save(tmp_path / "c", tensors(2.0), META).read_bytes() != first


def test_any_reader_of_safetensors_can_read_it(tmp_path: Path) -> None:
    with safetensors.safe_open(save(tmp_path, tensors(), META), framework="np") as file:
        assert set(file.keys()) == set(tensors())
        assert json.loads(file.metadata()["dltrain"])["epoch"] == 3


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, {"w": torch.tensor([1.0, -2.0])}, {"epoch": 1})
    content = path.read_bytes()
    assert len(content) < 400
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=path.name):
            load(path)
    path.write_bytes(content)
    assert load(path)[1] == {"epoch": 1}


def test_every_truncation_and_an_appended_byte_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, {"w": torch.tensor([1.0, -2.0])}, {"epoch": 1})
    content = path.read_bytes()
    for damaged in [*(content[:length] for length in range(len(content))), content + b"\0"]:
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            load(path)


def test_random_damage_is_found(tmp_path: Path) -> None:
    path = save(tmp_path, tensors(), META)
    content, dice = path.read_bytes(), random.Random(0)
    for _ in range(300):
        damaged = bytearray(content)
        for position in dice.sample(range(len(content)), dice.randint(1, 40)):
            damaged[position] = (damaged[position] + dice.randint(1, 255)) % 256
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError):
            load(path)


def test_two_files_cannot_trade_their_contents(tmp_path: Path) -> None:
    first, second = (save(tmp_path / f"{v}", tensors(v), META).read_bytes() for v in (1.0, 2.0))
    half = len(first) // 2
    path = tmp_path / "mixed.safetensors"
    path.write_bytes(first[:half] + second[half:])
    with pytest.raises(CheckpointError, match="damaged"):
        load(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\x02\0\0\0\0\0\0\0{}",
        b"\x02\0\0\0\0\0\0\0[]",
        b"\xff" * 100,
        b"PK\x03\x04" * 50,
        (64).to_bytes(8, "little") + b"[" * 64,
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
    ],
    ids=range(8),
)
def test_another_file_is_no_checkpoint(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is no checkpoint that can be read"):
        load(path)


def test_a_file_of_another_safetensors_writer_is_no_checkpoint(tmp_path: Path) -> None:
    import safetensors.torch as writer

    path = tmp_path / "other.safetensors"
    writer.save_file(tensors(), path, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="is no checkpoint that can be read"):
        load(path)


def test_a_digest_that_is_no_text_is_refused_like_other_damage(tmp_path: Path) -> None:
    header = json.dumps({"__metadata__": {"dltrain": '{"epoch": 1, "sha256": "\\ud800"}'}}).encode()
    path = tmp_path / "crafted.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    try:
        load(path)
    except CheckpointError:
        return
    raise AssertionError("it was read")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.safetensors"):
        load(tmp_path / "gone.safetensors")


def test_a_write_that_cannot_be_done_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="checkpoints"):
        save(tmp_path / "checkpoints", tensors(), META)


def test_a_write_that_fails_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    older = save(tmp_path, tensors(), META).read_bytes()
    path_of(tmp_path, 4).mkdir()  # what os.replace cannot replace
    with pytest.raises(StorageError, match="epoch-000004"):
        save(tmp_path, tensors(), {**META, "epoch": 4})
    assert path_of(tmp_path, 3).read_bytes() == older
    assert len(list(tmp_path.iterdir())) == 2


def test_pruning_keeps_the_last_and_the_chosen(tmp_path: Path) -> None:
    for epoch in (1, 2, 9, 10, 11):
        save(tmp_path, tensors(), {"epoch": epoch})
    (tmp_path / "notes.txt").write_text("mine")
    prune(tmp_path, keep=[path_of(tmp_path, 2), path_of(tmp_path, 5)], keep_last=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(f"epoch-{epoch:06d}.safetensors" for epoch in (2, 10, 11)),
        "notes.txt",
    ]


# Keeping.


class Clock:
    """A clock that stands still unless it is told to go, or goes on at each look."""

    def __init__(self, tick: float = 0.0) -> None:
        self.now, self.tick = 1000.0, tick

    def monotonic(self) -> float:
        self.now += self.tick
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(checkpoint, "time", found)
    return found


def advance(
    keeper: Keeper, live: dict[str, Tensor], metas: list[Meta | None], *, best: list[bool]
) -> None:
    """Do what a training does after an epoch; a member without a meta has stopped."""
    keeper.write([member for member, meta in enumerate(metas) if meta is None], ended=True)
    keeper.take(live, metas, best=best)
    if keeper.is_due():
        keeper.write([member for member, meta in enumerate(metas) if meta is not None])


def take(keeper: Keeper, epoch: int, *, best: bool = False) -> None:
    advance(keeper, {"w": torch.tensor([[float(epoch)]])}, [{"epoch": epoch}], best=[best])


def held(folder: Path) -> dict[int, float]:
    """Epoch -> what its checkpoint holds."""
    loaded = [load(path) for path in sorted(folder.iterdir())]
    return {int(meta["epoch"]): float(found["w"]) for found, meta in loaded}


def test_close_leaves_the_last_and_the_best(tmp_path: Path) -> None:
    keeper = Keeper([tmp_path])
    for epoch in range(1, 8):
        take(keeper, epoch, best=epoch in (1, 2, 4))
    keeper.write(ended=True)
    assert held(tmp_path) == {4: 4.0, 7: 7.0}


def test_the_last_may_be_the_best(tmp_path: Path) -> None:
    keeper = Keeper([tmp_path])
    for epoch in range(1, 5):
        take(keeper, epoch, best=True)
    keeper.write(ended=True)
    assert held(tmp_path) == {4: 4.0}


def test_without_a_best_the_last_is_left(tmp_path: Path) -> None:
    keeper = Keeper([tmp_path])
    for epoch in range(1, 5):
        take(keeper, epoch)
    keeper.write(ended=True)
    assert held(tmp_path) == {4: 4.0}


def test_a_keeper_that_took_nothing_leaves_nothing(tmp_path: Path) -> None:
    Keeper([tmp_path / "checkpoints"]).write(ended=True)
    assert not (tmp_path / "checkpoints").exists()


def test_the_first_state_is_written_at_once(tmp_path: Path) -> None:
    take(Keeper([tmp_path]), 1)
    assert epochs(tmp_path) == [1]


def test_no_state_is_there_before_the_best_that_it_speaks_of(tmp_path: Path, clock: Clock) -> None:
    keeper = Keeper([tmp_path])
    for epoch in range(1, 6):
        take(keeper, epoch, best=epoch == 3)
    path_of(tmp_path, 3).mkdir()  # where the best cannot be written
    with pytest.raises(StorageError, match="epoch-000003"):
        keeper.write()
    assert epochs(tmp_path) == [1, 3]


def test_short_epochs_wait_in_memory(tmp_path: Path, clock: Clock) -> None:
    keeper, live = Keeper([tmp_path]), torch.zeros(1, 1)
    for epoch in range(1, 6):
        live.fill_(epoch)
        advance(keeper, {"w": live}, [{"epoch": epoch}], best=[epoch == 3])
    assert epochs(tmp_path) == [1]
    live.fill_(99)
    keeper.write(ended=True)
    assert held(tmp_path) == {3: 3.0, 5: 5.0}


def test_while_running_the_last_two_and_their_bests_are_kept(tmp_path: Path, clock: Clock) -> None:
    keeper, found = Keeper([tmp_path]), []
    for epoch in range(1, 8):
        take(keeper, epoch, best=epoch in (1, 3))
        found.append(epochs(tmp_path))
        clock.now += 2
    # The second speaks of the first as its best, and may be needed beside the third.
    assert found == [[1], [1, 2], [1, 2, 3], [3, 4], [3, 4, 5], [3, 5, 6], [3, 6, 7]]
    keeper.write(ended=True)
    assert held(tmp_path) == {3: 3.0, 7: 7.0}


def test_states_are_written_at_most_once_a_second(tmp_path: Path, clock: Clock) -> None:
    keeper, found = Keeper([tmp_path]), []
    for epoch in range(1, 9):
        take(keeper, epoch)
        found.append(epochs(tmp_path)[-1])
        clock.now += 0.25
    assert checkpoint.SAVE_SECONDS == 1
    assert found == [1, 1, 1, 1, 5, 5, 5, 5]


def test_writing_takes_no_more_than_a_twentieth_of_the_time(tmp_path: Path, clock: Clock) -> None:
    clock.tick = 2  # what a write takes
    keeper, found = Keeper([tmp_path]), []
    for epoch in range(1, 61):
        take(keeper, epoch)  # at each of which it looks at the clock, two seconds apart
        found.append(epochs(tmp_path)[-1])
    # Twenty looks of two seconds after a write of two seconds.
    assert sorted(set(found)) == [1, 21, 41]


def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    keeper = Keeper([tmp_path])
    take(keeper, 1, best=True)
    take(keeper, 2)
    keeper.write(ended=True)
    keeper.write(ended=True)
    assert held(tmp_path) == {1: 1.0, 2: 2.0}


def test_a_keeper_that_cannot_write_says_so(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(StorageError, match="run"):
        take(Keeper([tmp_path / "run" / "checkpoints"]), 1)


# Members.


def members(folder: Path, count: int) -> list[Path | None]:
    return [folder / f"{member}" for member in range(count)]


def states(folder: Path, count: int) -> list[dict[int, float]]:
    return [held(folder / f"{member}") for member in range(count)]


def stack(epoch: int, count: int) -> dict[str, Tensor]:
    """What member 2 holds after epoch 7 is 207."""
    return {"w": torch.arange(count).float().view(-1, 1) * 100 + epoch}


def test_each_member_keeps_its_own_last_and_best(tmp_path: Path) -> None:
    keeper, best = Keeper(members(tmp_path, 3)), {1: [0, 1, 2], 2: [1], 3: [0, 1]}
    for epoch in range(1, 6):
        improved = [member in best.get(epoch, []) for member in range(3)]
        advance(keeper, stack(epoch, 3), [{"epoch": epoch}] * 3, best=improved)
    keeper.write(ended=True)
    assert states(tmp_path, 3) == [{3: 3, 5: 5}, {3: 103, 5: 105}, {1: 201, 5: 205}]


def test_each_member_keeps_its_own_words(tmp_path: Path) -> None:
    keeper = Keeper(members(tmp_path, 2))
    advance(keeper, stack(1, 2), [{"epoch": 1, "name": name} for name in "ab"], best=[True, False])
    keeper.write(ended=True)
    metas = [load(path_of(tmp_path / name, 1))[1]["name"] for name in "01"]
    assert metas == ["a", "b"]


def test_a_members_file_is_that_of_a_run_of_its_own(tmp_path: Path) -> None:
    keeper, alone = Keeper(members(tmp_path / "stack", 3)), Keeper([tmp_path / "alone"])
    for epoch in range(1, 4):
        advance(keeper, stack(epoch, 3), [{"epoch": epoch}] * 3, best=[False, epoch == 2, True])
        single = {name: tensor[1:2] for name, tensor in stack(epoch, 3).items()}
        advance(alone, single, [{"epoch": epoch}], best=[epoch == 2])
    keeper.write(ended=True)
    alone.write(ended=True)
    files = sorted((tmp_path / "alone").iterdir())
    assert [file.name for file in files] == [path_of(tmp_path, epoch).name for epoch in (2, 3)]
    for file in files:
        assert (tmp_path / "stack" / "1" / file.name).read_bytes() == file.read_bytes()


def test_a_member_that_stopped_keeps_the_state_it_stopped_in(tmp_path: Path, clock: Clock) -> None:
    keeper = Keeper(members(tmp_path, 3))
    for epoch in range(1, 6):
        metas = [{"epoch": epoch} if epoch <= stop else None for stop in (5, 2, 3)]
        # A member that stopped at its best goes on being at its best.
        advance(keeper, stack(epoch, 3), metas, best=[epoch == 4, True, epoch == 1])
    keeper.write(ended=True)
    assert states(tmp_path, 3) == [{4: 4, 5: 5}, {2: 102}, {1: 201, 3: 203}]


def test_a_stopped_member_that_is_not_finite_spoils_no_other(tmp_path: Path, clock: Clock) -> None:
    keeper = Keeper(members(tmp_path, 2))
    for epoch in range(1, 4):
        live = stack(epoch, 2)
        live["w"][0] = torch.nan if epoch > 1 else 1
        metas = [{"epoch": epoch} if epoch == 1 else None, {"epoch": epoch}]
        advance(keeper, live, metas, best=[True, epoch == 2])
    keeper.write(ended=True)
    assert states(tmp_path, 2) == [{1: 1}, {2: 102, 3: 103}]


def test_a_member_that_never_came_to_a_state_leaves_nothing(tmp_path: Path) -> None:
    keeper = Keeper(members(tmp_path, 2))
    for epoch in (1, 2):
        advance(keeper, stack(epoch, 2), [None, {"epoch": epoch}], best=[False, True])
    keeper.write(ended=True)
    assert not (tmp_path / "0").exists()
    assert held(tmp_path / "1") == {2: 102}


def test_once_all_have_stopped_nothing_changes(tmp_path: Path, clock: Clock) -> None:
    keeper = Keeper(members(tmp_path, 2))
    advance(keeper, stack(1, 2), [{"epoch": 1}] * 2, best=[True, True])
    for epoch in (2, 3):
        clock.now += 5
        advance(keeper, stack(epoch, 2), [None, None], best=[True, True])
    keeper.write(ended=True)
    assert states(tmp_path, 2) == [{1: 1}, {1: 101}]


def test_a_member_without_a_folder_is_not_kept(tmp_path: Path) -> None:
    keeper = Keeper([None, tmp_path / "1", None])
    for epoch in range(1, 4):
        advance(keeper, stack(epoch, 3), [{"epoch": epoch}] * 3, best=[True, epoch == 2, False])
    keeper.write(ended=True)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
    assert held(tmp_path / "1") == {2: 102, 3: 103}


def test_what_is_kept_is_not_the_live_state(tmp_path: Path, clock: Clock) -> None:
    keeper, live = Keeper(members(tmp_path, 2)), stack(1, 2)
    advance(keeper, live, [{"epoch": 1}] * 2, best=[True, False])
    for epoch, best in ((2, [True, True]), (3, [False, True]), (4, [False, False])):
        live["w"].copy_(stack(epoch, 2)["w"])
        advance(keeper, live, [{"epoch": epoch}] * 2, best=best)
    live["w"].fill_(99)
    keeper.write(ended=True)
    assert states(tmp_path, 2) == [{2: 2, 4: 4}, {3: 103, 4: 104}]


def test_the_millionth_epoch_is_newer_than_the_one_before(tmp_path: Path) -> None:
    for epoch in (999_998, 999_999, 1_000_000):
        save(tmp_path, tensors(), {"epoch": epoch})
    prune(tmp_path, keep=[], keep_last=1)
    assert [path.name for path in tmp_path.iterdir()] == ["epoch-1000000.safetensors"]


def test_a_state_within_an_epoch_is_named_by_its_step_and_later_than_the_epoch(
    tmp_path: Path,
) -> None:
    metas = [{"epoch": 3, "step": 30}, {"epoch": 3, "step": 34, "underway": 4}, {"epoch": 4}]
    saved = [save(tmp_path, tensors(), meta) for meta in metas]
    (tmp_path / "epoch-9.safetensors").write_text("no such name")
    assert saved[1].name == "epoch-000003-step-00000034.safetensors"
    assert paths(tmp_path) == saved[::-1]


def test_states_within_an_epoch_are_due_once_a_minute(tmp_path: Path, clock: Clock) -> None:
    keeper, found = Keeper([tmp_path]), []
    for second in range(200):
        clock.now = 1000.0 + second
        if keeper.is_due(underway=True):
            found.append(second)
            keeper.write()
    assert found == [60, 120, 180]


def test_a_folder_that_is_a_link_has_no_checkpoints(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere", tensors(), META)
    (tmp_path / "checkpoints").symlink_to(tmp_path / "elsewhere")
    assert paths(tmp_path / "checkpoints") == []
    assert len(paths(tmp_path / "elsewhere")) == 1
