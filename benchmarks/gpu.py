"""Measures arrays on a CUDA device, each against the libraries' own calls: for anybody who has one.

    python benchmarks/gpu.py [--device 0] [--json]

Needs openhcs-mem-torch with a CUDA build of PyTorch; with openhcs-mem-cupy and openhcs-mem-jax it measures what
passes between the three. Without a device it says so and ends with exit status 0. The last line asks for more
memory than the device has; nothing else should run there meanwhile.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import table
from table import Line, duration, timed
from timing import Work, compare

from openhcs_host import Host, convert, plan_conversion
from openhcs_host.arrays.devices import require_available
from openhcs_host.arrays.recovery import RecoveryWarning
from openhcs_host.decorators import torch as on_torch
from openhcs_host.errors import DeviceUnavailableError, LibraryMissingError, PluginNotFoundError

SHAPE = (64, 2048, 2048)
"""512 MiB of uint16."""
LIBRARIES = ("torch", "cupy", "jax")


def main() -> None:
    """Run everything, or say why nothing can run."""
    options = arguments()
    with Host() as host:
        usable, missing = accelerated(host, options.device)
        for reason in missing:
            print(reason, file=sys.stderr)
        if "torch" not in usable:
            print("nothing was measured: PyTorch reaches no CUDA device here")
            return
        lines = list(measured(usable, options.device))
    if options.json:
        print(table.document(lines, {}))
        return
    print(table.header())
    for line in lines:
        print(table.row(line, {}))
    print("\n".join(["", "The floors:", *(f"  {line.label}: {line.floor}" for line in lines)]))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", type=int, default=0, help="number of the device")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser.parse_args()


def accelerated(host: Host, number: int) -> tuple[list[str], list[str]]:
    """Return the libraries that reach the device, and why others do not."""
    usable, missing = [], []
    for key in LIBRARIES:
        try:
            memory = host.memory(key)
            require_available(memory)
        except (PluginNotFoundError, LibraryMissingError, DeviceUnavailableError) as error:
            missing.append(f"{key}: {error}")
            continue
        if any(device.endswith(f":{number}") and device != "cpu" for device in memory.devices()):
            usable.append(key)
        else:
            missing.append(f"{key}: has no accelerator number {number}; its devices: {memory.devices()}")
    return usable, missing


def measured(usable: list[str], number: int) -> Iterator[Line]:
    """Measure one line after the other."""
    yield from bandwidth(number)
    yield from on_device(usable, number)
    yield overlap(number)
    yield recovery(number)


def bandwidth(number: int) -> Iterator[Line]:
    """Move a stack to the device and back, against copies from and to pinned memory."""
    import torch

    device = f"cuda:{number}"
    stack = np.random.default_rng(0).integers(0, 4000, SHAPE, dtype=np.uint16)
    pinned = torch.empty(SHAPE, dtype=torch.uint16, pin_memory=True)
    pinned.copy_(torch.from_numpy(stack))
    there = torch.empty(SHAPE, dtype=torch.uint16, device=device)
    ours = convert(stack, "torch", device)
    assert np.array_equal(convert(ours, "numpy"), stack)
    works: dict[str, tuple[Work, Work]] = {
        "to": (lambda: convert(stack, "torch", device), lambda: there.copy_(pinned, non_blocking=True)),
        "from": (lambda: convert(ours, "numpy"), lambda: pinned.copy_(there, non_blocking=True)),
    }
    for way, (mine, plain) in works.items():
        found = compare(finished(mine, device), finished(plain, device), rounds=11)
        rates = [stack.nbytes / seconds / 1e9 for seconds in (found.ours, found.floor)]
        yield timed(
            f"gpu {way}",
            f"512 MiB {way} the device, {rates[0]:.1f} and {rates[1]:.1f} GB/s",
            "one copy between pinned memory and memory of the device that was there before.",
            found,
        )


def on_device(usable: list[str], number: int) -> Iterator[Line]:
    """Hand a stack from library to library; it must stay on the device."""
    import torch

    device = f"cuda:{number}"
    start = torch.ones(SHAPE, dtype=torch.float32, device=device)
    arrays = {key: start if key == "torch" else convert(start, key, device) for key in usable}
    for source, array in arrays.items():
        for target in usable:
            if source == target:
                continue
            yield handed_over(source, array, target, device, start)


def handed_over(source: str, array: Any, target: str, device: str, like: Any) -> Line:
    """Hand one array over."""
    plan = plan_conversion(array, target, device)
    found = compare(
        finished(lambda: convert(array, target, device), device), finished(like.clone, device), rounds=11
    )
    shared = "shared" if plan.shares else f"{(plan.bytes_copied or 0) >> 20} MiB copied"
    return timed(
        f"gpu {source} {target}",
        f"{source} to {target}, {shared}",
        f"tensor.clone() of the same {like.nbytes >> 20} MiB; route {' > '.join(plan.route)}.",
        found,
    )


def overlap(number: int) -> Line:
    """Let two threads work with decorated functions: kernels of their streams may run side by side."""
    import torch

    image = torch.ones((1, 256, 256), device=f"cuda:{number}")

    @on_torch
    def work(stack: Any) -> Any:
        for _ in range(200):
            stack = torch.tanh(stack @ stack[0])
        return stack

    def twice() -> None:
        threads = [threading.Thread(target=work, args=(image,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def one_after_the_other() -> None:
        work(image)
        work(image)

    device = f"cuda:{number}"
    return timed(
        "gpu overlap",
        "two threads, small kernels, a stream each",
        "the same two calls one after the other; below 1 they overlap.",
        compare(finished(twice, device), finished(one_after_the_other, device), rounds=11),
    )


def recovery(number: int) -> Line:
    """Call a function that needs more memory than there is; it is called again on fewer planes."""
    import torch

    device = f"cuda:{number}"
    free, _ = torch.cuda.mem_get_info(device)
    # Ten times the stack in single precision is half more than is free; half of the planes fit.
    planes = max(2, int(1.5 * free / 10 / (2048 * 2048 * 4)))
    stack = torch.zeros((planes, 2048, 2048), dtype=torch.uint8, device=device)

    def hungry(image: Any) -> Any:
        return image.float().expand(10, *image.shape).clone().amax(0).to(torch.uint8)

    recovering = on_torch(oom_recovery=True, slice_by_slice=True)(hungry)
    said: list[str] = []

    def ours() -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = recovering(stack)
        assert result.shape == stack.shape
        said[:] = [str(each.message) for each in caught if issubclass(each.category, RecoveryWarning)]

    def by_hand() -> None:
        half = planes // 2
        torch.cat([hungry(stack[:half]), hungry(stack[half:])])

    times = [(seconds(ours, device), seconds(by_hand, device)) for _ in range(3)]
    mine, theirs = (statistics.median(side) for side in zip(*times, strict=True))
    print("; ".join(said) or "no call ran out of memory: this device gave more than it said", file=sys.stderr)
    return Line(
        "gpu recovery",
        f"{planes} planes that do not fit, recovered",
        "the same function called on both halves by someone who knew that they fit.",
        duration(mine),
        duration(theirs),
        mine / theirs,
    )


def finished(work: Work, device: str) -> Work:
    """Return the work with the wait for the device's end of it."""
    import torch

    def done() -> None:
        result = work()
        if type(result).__module__.startswith("jax"):
            result.block_until_ready()  # type: ignore[attr-defined]
        torch.cuda.synchronize(device)

    return done


def seconds(work: Work, device: str) -> float:
    """Return how long one work takes until the device has done it."""
    start = time.perf_counter()
    finished(work, device)()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
