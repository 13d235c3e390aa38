"""What a CUDA graph does, on the processor: operations recorded once and done again.

Letters: W steps of a window. A graph knows kernels and addresses, nothing of Python: so what is
kept here of an operation is its function, its numbers as they were, and where its tensors lie.
Memory that the recording itself made is the graph's own; other memory is only pointed at, and a
replay after it was given back is an error here, where on a GPU it would spoil what lies there now.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode

READS = {torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape}


class GivenBackError(Exception):
    """A replay would use memory that has been given back."""


@dataclass(frozen=True)
class Operation:
    """One call of torch's dispatcher.

    Attributes:
        name: As in ``aten.addmm.out``.
        reads: Whether a result, or its shape, depends on numbers that the host has to read.
        tensors: All it was given.
        fresh: Results in memory that it made itself.
    """

    name: str
    reads: bool
    tensors: list[Tensor]
    fresh: list[Tensor]


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Lists all operations; calls made of simpler ones are taken apart first.

    Attributes:
        operations: In order.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.operations: list[Operation] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        with self:  # inference mode leaves these whole
            result = func.decompose(*args, **kwargs)
        if result is not NotImplemented:
            return result
        result = func(*args, **kwargs)
        given = _tensors((args, kwargs))
        known = {_storage(tensor) for tensor in given}
        fresh = [tensor for tensor in _tensors(result) if _storage(tensor) not in known]
        self.operations.append(Operation(str(func), _reads(func, given), given, fresh))
        self.seen(func, args, kwargs, result, fresh)
        return result

    def seen(self, func: Any, args: Any, kwargs: Any, result: Any, fresh: list[Tensor]) -> None:
        """Take note of an operation."""


class Place:
    """Where a tensor lies.

    Args:
        tensor: That tensor.
        held: Whether its memory is to be kept.
    """

    def __init__(self, tensor: Tensor, *, held: bool) -> None:
        storage = tensor.untyped_storage()
        self._storage = storage if held else None
        self._weak = StorageWeakRef(storage)  # type: ignore[no-untyped-call]
        self._dtype = tensor.dtype
        self._view = (tensor.storage_offset(), tuple(tensor.shape), tensor.stride())

    def tensor(self) -> Tensor:
        """Return what lies there now.

        Raises:
            GivenBackError: If nothing does.
        """
        storage = self._storage
        if storage is None:
            storage = torch.UntypedStorage._new_with_weak_ptr(self._weak.cdata)
        if storage is None:
            raise GivenBackError("a replay would use memory that was given back")
        return torch.empty(0, dtype=self._dtype).set_(storage, *self._view)


@dataclass
class Recording:
    """A graph: operations on memory that stays where it is."""

    calls: list[tuple[Any, Any, Any, list[Place]]] = field(default_factory=list)
    result: Place | None = None

    def replay(self) -> Tensor:
        """Do it all again; return where the result lies."""
        for func, args, kwargs, fresh in self.calls:
            result = func(*_found(args), **_found(kwargs))
            made = _tensors(result)
            # What the operation made anew belongs where it was made when it was recorded.
            for place, tensor in zip(fresh, made if fresh else [], strict=True):
                place.tensor().copy_(tensor)
        assert self.result is not None
        return self.result.tensor()


class Recorder(Watch):  # type: ignore[no-untyped-call]
    """Records operations, which are carried out meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.recording = Recording()
        self._own: set[int] = set()

    def seen(self, func: Any, args: Any, kwargs: Any, result: Any, fresh: list[Tensor]) -> None:
        """Keep what it takes to do the operation again."""
        self._own |= {_storage(tensor) for tensor in fresh}
        places = [self.place(tensor) for tensor in fresh]
        assert not fresh or len(fresh) == len(_tensors(result))
        self.recording.calls.append((func, self._placed(args), self._placed(kwargs), places))

    def place(self, tensor: Tensor) -> Place:
        """Return where a tensor lies; what the recording made stays."""
        return Place(tensor, held=_storage(tensor) in self._own)

    def _placed(self, tree: Any) -> Any:
        return _mapped(tree, Tensor, self.place)


class Replays:
    """Stands in for ``Graphs``: first a plain run, then one recorded, then replays.

    Attributes:
        problem: Always empty.
        count: Replays so far.
    """

    def __init__(self) -> None:
        self.problem = ""
        self.count = 0
        self._ran: set[Hashable] = set()
        self._recorded: dict[Hashable, Recording] = {}

    def run(self, kind: Hashable, function: Callable[[], Tensor]) -> Tensor:
        """Run the function, or replay what it did."""
        if kind in self._recorded:
            self.count += 1
            return self._recorded[kind].replay()
        if kind not in self._ran:
            self._ran.add(kind)
            return function()
        with Recorder() as recorder:
            result = function()
        recorder.recording.result = recorder.place(result)
        self._recorded[kind] = recorder.recording
        return result


def _reads(func: Any, given: list[Tensor]) -> bool:
    if func is torch.ops.aten.index.Tensor:  # a mask has to be counted; whole numbers have not
        return any(tensor.dtype in (torch.bool, torch.uint8) for tensor in given[1:])
    return bool(READS & set(func.tags))


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(tree: Any) -> list[Tensor]:
    found: list[Tensor] = []
    _mapped(tree, Tensor, found.append)
    return found


def _found(tree: Any) -> Any:
    return _mapped(tree, Place, Place.tensor)


def _mapped(tree: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Change all of a kind in what an operation is given or gives, however they are nested."""
    if isinstance(tree, kind):
        return change(tree)
    if isinstance(tree, list | tuple):
        return [_mapped(branch, kind, change) for branch in tree]
    if isinstance(tree, dict):
        return {name: _mapped(branch, kind, change) for name, branch in tree.items()}
    return tree
