"""A device that is none, so that faults of devices are found on a machine without one.

A tensor of this device says `cuda:0` (or `mps:0`), holds its numbers on the CPU, and refuses what CUDA refuses: an operation
on two devices (a CPU scalar among elements and CPU indices aside, as there), `.numpy()`, a generator of another device; as
`mps` it refuses float64 as well. It stands on torch's `meta` device, which autograd and torch.func know. What only hardware
shows stays unseen: the last digits, operations that MPS lacks, memory, time.

    METAREC_DEVICE=cuda .venv/bin/python -m pytest -p tests.mock_device tests/library
    METAREC_DEVICE=cuda .venv/bin/python -m tests.mock_device q01 q05    # the code of lessons, from their sources
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

KIND = os.environ.get("METAREC_DEVICE", "cuda")
HERE, META = torch.device(KIND, 0), torch.device("meta")
MAKERS = {torch.tensor, torch.as_tensor, torch.asarray}
# Where CUDA takes arguments of two devices: copies, and the indices or single values of these.
aten = torch.ops.aten
CROSSING = {aten.copy_.default, aten.copy.default, aten._to_copy.default}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._unsafe_index.Tensor}
FILLING = {aten.fill_.Tensor, aten.fill.Tensor, aten.index_fill.int_Tensor, aten.index_fill_.int_Tensor}
FILLING |= {aten.masked_fill.Tensor, aten.masked_fill_.Tensor}


class MockTensor(Tensor):
    """A tensor that says it lies on the device; its numbers lie in `held`, on the CPU."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(
        lambda self: HERE if torch._C._len_torch_function_stack() else META
    )  # torch's own code sees `meta`
    is_cuda = property(lambda self: KIND == "cuda")
    is_meta = property(lambda self: False)

    @staticmethod
    def __new__(cls, held: Tensor) -> MockTensor:
        if KIND == "mps" and held.dtype == torch.float64:
            raise TypeError(
                "Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64."
            )
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        made = Tensor._make_wrapper_subclass(cls, held.shape, **layout, device=META)
        made.held = held
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})

    def numpy(self, *args: object, **kwargs: object) -> None:
        raise TypeError(f"can't convert {HERE} device type tensor to numpy. Use Tensor.cpu() to copy the tensor first.")

    def tolist(self) -> list:
        return self.cpu().tolist()

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if self.ndim == 0 else super().__format__(form)

    def __repr__(self) -> str:
        return f"{self.held!r} on {HERE}"


def each(change: object, value: object) -> object:
    """`change` of every tensor in an argument or a result."""
    if isinstance(value, (tuple, list)):
        return type(value)(each(change, part) for part in value)
    return change(value) if isinstance(value, Tensor) else value


def run(func: object, args: tuple, kwargs: dict) -> object:
    """One operation of ATen: on the CPU as it is, with tensors of the device checked, computed inside and wrapped."""
    found: list[Tensor] = []
    each(found.append, [*args, *kwargs.values()])
    place = kwargs.get("device")
    if not any(isinstance(t, MockTensor) for t in found) and (place is None or place.type != "meta"):
        return func(*args, **kwargs)
    if place is None or func not in CROSSING:
        refuse_two_devices(func, args, found)
    generator = kwargs.get("generator")
    if generator is not None and generator.device.type == "cpu":
        raise RuntimeError(f"Expected a '{KIND}' device type for generator but found 'cpu'")
    if place is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    inside = [each(lambda t: getattr(t, "held", t), value) for value in (args, tuple(kwargs.values()))]
    out = func(*inside[0], **dict(zip(kwargs, inside[1], strict=True)))
    if place is not None and place.type == "cpu":
        return out
    if func._schema.is_mutable:
        return changed(func, args, kwargs, out)
    return each(MockTensor, out)


def changed(func: object, args: tuple, kwargs: dict, out: object) -> object:
    """What an operation in place returns: the tensors that it changed."""
    if torch.Tag.inplace_view in func.tags:
        with torch.utils._mode_utils.no_dispatch():
            func(*args, **kwargs)
    if out is None or isinstance(out, (tuple, list)):
        return out and tuple(kwargs.values())[-len(out) :]
    return kwargs.get("out", args[0])


def refuse_two_devices(func: object, args: tuple, found: list[Tensor]) -> None:
    """Raises RuntimeError where CUDA would."""
    if func in CROSSING:
        return
    if func in INDEXING and isinstance(args[0], MockTensor):
        found = [args[0], *[v for v in args[2:3] if v.ndim]]
    elif func in FILLING or torch.Tag.pointwise in func.tags:
        others = [t for t in found if t is not args[0]] if func._schema.is_mutable else found
        found = [t for t in found if t.ndim or isinstance(t, MockTensor) or all(t is not o for o in others)]
    if len({isinstance(t, MockTensor) for t in found}) == 2:
        raise RuntimeError(f"Expected all tensors to be on the same device, but {func} got {HERE} and cpu")


class _Operations(TorchDispatchMode):
    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True imports the compiler, for seconds

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


class _Names(TorchFunctionMode):
    """The device becomes `meta` in what a program asks for; torch would look for a driver."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in MAKERS and (place := kwargs.get("device")) is not None and named(place) == META:
            return func(*args, **{k: v for k, v in kwargs.items() if k != "device"}).to(META)
        if func is Tensor.new_tensor and isinstance(args[0], MockTensor):
            return torch.tensor(*args[1:], **{"dtype": args[0].dtype, **kwargs}).to(META)
        if func in (Tensor.to, Tensor.cuda):
            args = tuple(named(a) for a in args) if func is Tensor.to else (args[0], META)
            func = Tensor.to
        if "device" in kwargs:
            kwargs = {**kwargs, "device": named(kwargs["device"])}
        return func(*args, **kwargs)


def named(place: object) -> object:
    return META if isinstance(place, (str, torch.device)) and str(place).startswith(KIND) else place


@contextlib.contextmanager
def mock_device() -> Iterator[None]:
    """Inside, torch has the device, and the library computes on it."""
    with (
        mock.patch.object({"cuda": torch.cuda, "mps": torch.backends.mps}[KIND], "is_available", lambda: True),
        mock.patch.dict(os.environ, METAREC_DEVICE=KIND),
        _Operations(),
        _Names(),
    ):
        yield


def pytest_configure(config: object) -> None:
    whole_run = contextlib.ExitStack()
    whole_run.enter_context(mock_device())
    config.add_cleanup(whole_run.close)


def run_cells(key: str) -> int:
    """Execute a lesson's code cells in this process; how many failed, each told with its source line."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    from metarec_lib.workbook.lessons import read_lesson

    shell, lesson, failed = InteractiveShell.instance(colors="NoColor"), read_lesson(key), 0
    for cell in lesson.code_cells:
        with capture_output() as said:
            result = shell.run_cell(cell.source)
        if not result.success and "raises-exception" not in cell.tags:
            failed += 1
            print(f"{lesson.path.name}:{cell.line}\n{said.stdout}")
    print(f"{key}: {len(lesson.code_cells)} cells, {failed} failed", flush=True)
    return failed


def main(keys: list[str]) -> int:
    """Each lesson in a process of its own, as in its own kernel. On a real device where torch has one, else on this one."""
    if len(keys) > 1:
        return max(subprocess.run([sys.executable, "-m", "tests.mock_device", key]).returncode for key in keys)
    os.environ["METAREC_WORK"] = "solutions"
    real = getattr(torch, KIND).is_available()
    with contextlib.nullcontext() if real else mock_device():
        return int(run_cells(keys[0]) > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
