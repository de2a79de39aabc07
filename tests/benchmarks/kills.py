"""Whether a run of `tune` that is killed ends in the memo it would have had: `python tests/benchmarks/kills.py`.

One run is left alone. Then runs on the same file are killed, kernel and all, at random moments, each some times over,
and at last left to end. Memo and merged weights have to be the same, byte by byte. Twenty kills take ten minutes or so.
"""

import argparse
import contextlib
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from course_utils import environment, planted

IN_A_ROW = 5  # kills of one run, before it is left alone


def start(file, out):
    command = [sys.executable, "-m", "course_utils", "tune", str(file), "--out", str(out)]
    with out.with_suffix(".log").open("a") as log:
        return subprocess.Popen(command, cwd=environment.ROOT, stdout=log, stderr=log)


def kill(process):
    """The command, the kernel, and whatever they began."""
    for each in [*psutil.Process(process.pid).children(recursive=True), process]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each.pid, signal.SIGKILL)
    process.wait()


def ended(process, out):
    """What a run left behind: its memo, and what its weights are."""
    if process.wait() != 0:
        raise SystemExit(f"the run ended with {process.returncode}: {out.with_suffix('.log').read_text()[-500:]}")
    weights = hashlib.sha256((out / "model" / "model.safetensors").read_bytes()).hexdigest()
    return (out / "memo.md").read_text(), weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    drawn = random.Random(given.seed)
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        file = planted.write(planted.desks(48, 16, 1).rows, place / "desks.jsonl")
        began = time.monotonic()
        wanted = ended(start(file, place / "alone"), place / "alone")
        takes = time.monotonic() - began
        print(f"left alone it takes {takes:.0f} s: {wanted[0].splitlines()[2]}", flush=True)
        kills = unlike = runs = 0
        while kills < given.kills:
            runs += 1
            out, after = place / f"killed{runs}", []
            for _ in range(min(IN_A_ROW, given.kills - kills)):
                process, moment = start(file, out), drawn.uniform(0.5, 0.8 * takes)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(moment)
                    break  # it ended first
                kill(process)
                kills += 1
                after.append(f"{moment:.0f} s, {len(list(out.glob('stages/*/*.json')))} stages")
            same = ended(start(file, out), out) == wanted
            unlike += not same
            print(f"killed after {'; '.join(after)}: {'the same' if same else 'ANOTHER'} memo", flush=True)
    print(f"{kills} kills of {runs} runs, {unlike} with another memo or other weights")
    return int(unlike > 0)


if __name__ == "__main__":
    sys.exit(main())
