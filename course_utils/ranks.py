"""Several processes on one machine, for lesson 13: forks of the notebook's own, launchers, and machines that are none.

``run`` is what accelerate's ``debug_launcher`` does, and gives back what each process returned. A fork has all that the
notebook has loaded, and begins in no time; but it must not use a GPU that the notebook has used, nor threads that the
notebook has started: this kernel computes with one thread and leaves backward passes to its forks.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

LOOPBACK = Path("/proc/net/dev")  # where Linux counts what each network interface has received


def use_one_thread() -> None:
    """Gives each process one core and no GPU, this one and its forks. It has to come before torch is imported.

    Raises:
        CourseError: torch is there already, and was told otherwise.
    """
    if "torch" in sys.modules and os.environ.get("OMP_NUM_THREADS") != "1":
        raise CourseError("torch is loaded and has threads of its own: restart the kernel and run from the top")
    os.environ |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def run(function: Callable[..., Any], count: int = 2, *args: Any, seconds: float = 120) -> list[Any]:
    """Calls ``function(*args)`` in ``count`` forks of this process, which gloo joins to a group.

    Args:
        function: what each of them does; ``torch.distributed`` tells it which one it is.
        count: how many.
        args: the same for each.
        seconds: after which they are ended.

    Returns:
        What each process returned, by its rank; anything that ``torch.save`` can write.

    Raises:
        CourseError: one of them failed or did not end, or processes cannot be forked here.
    """
    import torch
    from torch.multiprocessing import ProcessExitedException, ProcessRaisedException, start_processes

    if not hasattr(os, "fork"):
        raise CourseError("this system cannot fork a process: run the lesson on Linux, in WSL or on macOS")
    with tempfile.TemporaryDirectory() as place:
        group = start_processes(
            _process, (function, count, place, seconds, args), nprocs=count, join=False, start_method="fork"
        )  # fmt: skip
        end = time.monotonic() + seconds
        try:
            while not group.join(timeout=max(0.0, end - time.monotonic())):
                if time.monotonic() >= end:
                    where = "; ".join(
                        f"rank {rank} stood in {_standing(Path(place, f'{rank}.log'))}" for rank in range(count)
                    )
                    raise CourseError(f"{count} processes had not ended after {seconds:g} s: {where}")
        except ProcessRaisedException as error:
            raise CourseError(f"process {error.error_index} of {count}: {_reason(str(error))}") from None
        except ProcessExitedException as error:
            raise CourseError(f"process {error.error_index} of {count} ended with {error.exit_code}") from None
        finally:
            for process in group.processes:
                if process.is_alive():
                    process.kill()
        return [torch.load(Path(place, f"{rank}.pt"), weights_only=False) for rank in range(count)]


def _process(
    rank: int, function: Callable[..., Any], count: int, place: str, seconds: float, args: tuple[Any, ...]
) -> None:  # fmt: skip
    import faulthandler
    import logging
    import warnings

    import torch
    import torch.distributed as dist

    log = os.open(f"{place}/{rank}.log", os.O_WRONLY | os.O_CREAT)
    # What the libraries write is nobody's output; and a notebook's own streams belong to threads that no fork has.
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.stdout = sys.stderr = os.fdopen(log, "w", buffering=1, closefd=False)
    faulthandler.dump_traceback_later(0.9 * seconds, file=log)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(count)}  # as a launcher says it
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "GLOO_SOCKET_IFNAME": _loopback()}
    dist.init_process_group("gloo", rank=rank, world_size=count, store=dist.FileStore(f"{place}/store", count))
    torch.save(function(*args), f"{place}/{rank}.pt")
    with contextlib.suppress(RuntimeError):  # where the group is broken, what was found is kept all the same
        dist.barrier()  # a process that left early would take its connections along
        dist.destroy_process_group()


def _standing(log: Path) -> str:
    """The function in which a process stood when its time was nearly over, and where it was called from."""
    lines = [line.split(" in ")[-1] for line in log.read_text(errors="replace").splitlines() if " in " in line]
    return ", called by ".join(lines[:3]) or "no function that is known"


def _loopback() -> str:
    import socket

    return next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")


def _reason(text: str) -> str:
    """The last line of a traceback, or what to do where a fork cannot go on from what the notebook did."""
    if "fork-based multiprocessing" in text:
        return "this kernel has run a backward pass itself, and its forks cannot: restart it and run from the top"
    return text.strip().splitlines()[-1]


def received() -> int | None:
    """Bytes that this machine has received from itself so far, whoever sent them; None where nobody counts them."""
    if not LOOPBACK.exists():
        return None
    lines = (line.split(":") for line in LOOPBACK.read_text().splitlines() if ":" in line)
    return next((int(numbers.split()[0]) for name, numbers in lines if name.strip() == "lo"), None)


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code (None if it had to be ended), all that it wrote, and its seconds."""

    code: int | None
    output: str
    seconds: float

    def lines(self, *words: str) -> list[str]:
        """The lines that hold one of the words, each once, without the number of a process or a time."""
        found = (line.strip() for line in self.output.splitlines() if any(word in line for word in words))
        return list(dict.fromkeys(found))


def launch(
    *commands: Sequence[str], seconds: float = 120, grace: float = 60, **variables: str
) -> list[Ended]:  # fmt: skip
    """Starts commands side by side, each in a session of its own, and waits for all of them.

    Args:
        commands: the words of each; a first word ``"torchrun"`` or ``"accelerate"`` is the one of this Python.
        seconds: after which all are ended.
        grace: after the first of several has failed, the others are given so many seconds more.
        variables: environment variables, beside one thread and no GPU.
    """
    own = {"torchrun": "torch.distributed.run", "accelerate": "accelerate.commands.accelerate_cli"}
    around = {name: value for name, value in os.environ.items() if name not in ("RANK", "LOCAL_RANK", "WORLD_SIZE")}
    around |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false", **variables}
    began, started, ends = time.monotonic(), [], {}
    with tempfile.TemporaryDirectory() as place:
        for i, words in enumerate(commands):
            words = [part for word in words for part in ([sys.executable, "-m", own[word]] if word in own else [word])]
            with open(f"{place}/{i}", "w") as out:
                started.append(
                    subprocess.Popen(
                        words, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=around, start_new_session=True
                    )
                )  # fmt: skip
        last = began + seconds
        try:
            while len(ends) < len(started) and time.monotonic() < last:
                for i, process in enumerate(started):
                    if i not in ends and process.poll() is not None:
                        ends[i] = time.monotonic() - began
                        if process.returncode:
                            last = min(last, time.monotonic() + grace)
                time.sleep(0.05)
        finally:
            for process in started:
                end(process)
        texts = [Path(place, str(i)).read_text(errors="replace") for i in range(len(started))]
    return [
        Ended(process.returncode if i in ends else None, texts[i], ends.get(i, time.monotonic() - began))
        for i, process in enumerate(started)
    ]


def end(process: subprocess.Popen) -> None:
    """Ends a process and all that it has started; torchrun's workers are in sessions of their own."""
    import psutil

    if process.poll() is None:
        first = psutil.Process(process.pid)
        for each in [first, *first.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


@contextlib.contextmanager
def two_machines() -> Iterator[list[list[str]] | None]:
    """Two network namespaces with a cable between them: each has interfaces, addresses and ports of its own.

    Yields for each of the two the words that go before a command to run it there; their addresses are 10.77.0.1 and
    10.77.0.2, the cable's ends are called ``wire0`` and ``wire1``. None where the system does not let us: it takes
    Linux, the program ``ip`` and the rights of root.
    """
    names = [f"course-{os.getpid()}-{i}" for i in range(2)]

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    made = []
    try:
        try:
            if shutil.which("ip") is None:
                raise OSError("there is no program `ip`")
            for name in names:
                ip("netns", "add", name)
                made.append(name)
            ip("link", "add", "wire0", "netns", names[0], "type", "veth", "peer", "name", "wire1", "netns", names[1])
            for i, name in enumerate(names):
                ip("-n", name, "addr", "add", f"10.77.0.{i + 1}/24", "dev", f"wire{i}")
                for interface in (f"wire{i}", "lo"):
                    ip("-n", name, "link", "set", interface, "up")
        except (OSError, subprocess.CalledProcessError):
            yield None
        else:
            yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def gpus() -> int:
    """How many GPUs this machine has, visible to this process or not."""
    if shutil.which("nvidia-smi") is None:
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True).stdout
    return sum(line.startswith("GPU ") for line in listed.splitlines())
