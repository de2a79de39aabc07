"""The lessons on a GPU: with pocket-llama, and with models of TinyLlama's and Llama 2 7B's shape. A receipt.

    python -m course_utils.making.on_a_card --out on_a_card.json --lanes 8 --gpus 0 1    # of 80 GB, half an hour
    python -m course_utils.making.on_a_card --out /tmp/card.json --quick       # the same path, a small model, a CPU

The shapes are local directories with random weights in bf16 and a tokenizer of their vocabulary's size, made for the
purpose: what a lesson takes of a card does not depend on what a weight says, and whether it runs at all is seen too.
Each lesson is a ``validate`` of its own, whose report is taken over. ``--lanes`` says how many run at a time, spread
over the GPUs; a lesson's share of a card is known only where it had the card to itself. ``--out`` is written after
each lesson, and what ended well is not run again; ``--only`` takes parts of the runs' names.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from course_utils import environment, memory, models, world
from course_utils.making import tokenizer

TINY = {
    "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "tie_word_embeddings": True,
}  # fmt: skip
SHAPES: dict[str, Any] = {"tinyllama": "tinyllama", "llama-2-7b": "llama-2-7b", "tiny": TINY}
POSITIONS = 4096
# What a kernel runs first: the card says that it is of a T4's generation, for which `models` chooses fp16.
AS_ON_A_T4 = """
def _as_on_a_t4():
    import dataclasses, os, pathlib
    from course_utils import models
    here, seen = models.hardware, pathlib.Path(os.environ["IPYTHONDIR"], "seen")
    def hardware():
        machine = dataclasses.replace(here(), capability=(7, 5))
        seen.write_text(str(models.choose_dtype(machine).value))
        return machine
    models.hardware = hardware
_as_on_a_t4()
"""


@dataclasses.dataclass(frozen=True)
class Run:
    """Lessons with one model: a name that they take, or a shape of ``SHAPES``."""

    name: str
    model: str
    lessons: tuple[str, ...] = ()  # by their numbers; none means all
    parameters: tuple[tuple[str, Any], ...] = ()
    gpus: str = ""  # all that are to be visible; empty means the lane's own
    fp16: bool = False  # as on a card without bf16
    quick: bool = False


FULL = (
    Run("Llama 2 7B's shape", "llama-2-7b", ("08", "07", "06", "00")),  # what takes longest comes first
    Run("TinyLlama's shape", "tinyllama"),
    Run("TinyLlama's shape, the book's pace", "tinyllama", ("06",), (("pace", "book"), ("train_rows", 400))),
    Run("pocket-llama", "pocket-llama"),
    Run("smollm2", "smollm2", ("00", "05", "06", "07", "08")),
    Run("smollm2, another seed", "smollm2", ("06",), (("seed", 1),)),
    Run("smollm2, the book's pace", "smollm2", ("06",), (("pace", "book"),)),
    Run("smollm2, the book's pace, another seed", "smollm2", ("06",), (("pace", "book"), ("seed", 1))),
    Run("smollm2, a quarter of the rows", "smollm2", ("06",), (("train_rows", 1100),)),
    Run(
        "smollm2, a quarter of the rows, the book's pace", "smollm2", ("06",), (("pace", "book"), ("train_rows", 1100))
    ),
    Run("fp16, as on a T4", "pocket-llama", ("00", "06", "07"), fp16=True),
    Run("two GPUs visible", "pocket-llama", gpus="0,1"),
)
QUICK = (Run("a small shape", "tiny", ("03",), quick=True), Run("fp16", "tiny", ("01",), fp16=True, quick=True))
KEPT = ("status", "seconds", "peak_rss_mb", "widget_errors", "error", "results")


def write_model(shape: Any, directory: Path) -> None:
    """Saves a Llama of random weights in bf16, and a tokenizer whose vocabulary is as large as the model's."""
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModelForCausalLM, LlamaConfig

    numbers = dataclasses.asdict(memory.shape_of(shape))
    config = LlamaConfig(**numbers, max_position_embeddings=POSITIONS, bos_token_id=1, eos_token_id=2, pad_token_id=0)
    torch.manual_seed(0)
    with torch.device(models.hardware().device):
        net = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    net.save_pretrained(directory)
    texts = (world.document(0, i).text for i in range(2000))
    learned = json.loads(tokenizer.train_tokenizer(texts, numbers["vocab_size"]).to_str())
    # The small world has fewer words than a large vocabulary has places: the others are taken by words it never uses.
    # (Not as tokens added afterwards: for each of those TRL's clone_chat_template builds the whole vocabulary anew.)
    words = learned["model"]["vocab"]
    words |= {f"<unused{i}>": i for i in range(len(words), numbers["vocab_size"])}
    tokenizer.save_tokenizer(Tokenizer.from_str(json.dumps(learned)), directory, POSITIONS)


class CardWatch(threading.Thread):
    """Notes the most that is taken of a GPU, whoever takes it, twice a second; 0 where there is none."""

    def __init__(self, gpu: str) -> None:
        super().__init__(daemon=True)
        self.gpu, self.peak_mb, self._ended = gpu, 0, threading.Event()

    def run(self) -> None:
        question = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", f"--id={self.gpu}"]
        while models.hardware().device == "cuda" and not self._ended.wait(0.5):
            said = subprocess.run(question, capture_output=True, text=True).stdout.split()
            self.peak_mb = max([self.peak_mb, *map(int, said)])

    def stop(self) -> int:
        self._ended.set()
        self.join(5)
        return self.peak_mb


def run_lesson(run: Run, lesson: str, model: str, place: Path, gpu: str) -> dict[str, Any]:
    """The report's entry of a lesson by itself, with the most that was taken of the card meanwhile."""
    output, start = place / f"{run.name} {lesson}", place / "ipython" / "profile_default" / "startup"
    given = [word for name, value in (("model", model), *run.parameters) for word in ("-p", name, str(value))]
    command = [sys.executable, "-m", "course_utils", "validate", lesson, "--output", str(output), *given]
    around = os.environ | {"CUDA_VISIBLE_DEVICES": run.gpus or gpu, "IPYTHONDIR": str(place / "none")}
    if run.fp16:
        start.mkdir(parents=True, exist_ok=True)
        (start / "as_on_a_t4.py").write_text(AS_ON_A_T4)
        around["IPYTHONDIR"] = str(place / "ipython")
    watch = CardWatch(gpu)
    watch.start()
    log = Path(f"{output}.log")  # where to look while it runs
    with log.open("w") as said:
        subprocess.run(command + ["--quick"] * run.quick, cwd=environment.ROOT, env=around, stdout=said, stderr=said)
    entry = {"run": run.name, "lesson": lesson, "model": run.model, "parameters": dict(run.parameters)}
    entry |= {"gpus": run.gpus or gpu, "card_peak_mb": watch.stop()}
    if run.fp16:
        seen = place / "ipython" / "seen"
        entry["dtype"] = seen.read_text() if seen.exists() else "no kernel asked"
    report = output / "report.json"
    if not report.exists():
        return entry | {"status": "not started", "error": log.read_text().strip()[-2000:]}
    (found,) = json.loads(report.read_text())["lessons"].values()
    return entry | {key: found[key] for key in KEPT}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each lesson")
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the runs' names")
    parser.add_argument("--lessons", nargs="+", help="only these, by their numbers")
    parser.add_argument("--lanes", type=int, default=1, help="lessons at a time, spread over the GPUs")
    parser.add_argument("--gpus", nargs="+", default=["0"], help="by their numbers")
    parser.add_argument("--place", type=Path, help="keeps models, notebooks and what they made here, for the next call")
    parser.add_argument("--quick", action="store_true", help="a small shape and two lessons")
    given = parser.parse_args(arguments)
    environment.prepare()
    import bitsandbytes
    import peft
    import torch
    import transformers
    import trl

    from course_utils import contents  # reads notebooks, which need not be where only `write_model` is called

    receipt: dict[str, Any] = {
        "command": "python -m course_utils.making.on_a_card --out FILE" + (" --quick" if given.quick else ""),
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {each.__name__: each.__version__ for each in (torch, transformers, peft, bitsandbytes, trl)},
        "runs": json.loads(given.out.read_text())["runs"] if given.out.exists() else [],
    }
    ended = {(entry["run"], entry["lesson"]) for entry in receipt["runs"] if entry["status"] == "ok"}
    numbers = tuple(entry.number for entry in contents.entries() if entry.file)
    lanes: queue.SimpleQueue[str] = queue.SimpleQueue()
    for lane in range(given.lanes):
        lanes.put(given.gpus[lane % len(given.gpus)])
    writing = threading.Lock()

    def one(run: Run, lesson: str, model: str, place: Path) -> None:
        gpu = lanes.get()
        entry = run_lesson(run, lesson, model, place, gpu) | {"alone": given.lanes <= len(given.gpus)}
        entry["hardware"] = receipt["hardware"].split(" (")[0]  # of each: a receipt may be gone on with elsewhere
        lanes.put(gpu)
        with writing:
            same = (run.name, lesson)
            receipt["runs"] = [each for each in receipt["runs"] if (each["run"], each["lesson"]) != same] + [entry]
            given.out.write_text(json.dumps(receipt, indent=1) + "\n")
            print(run.name, lesson, entry["status"], entry.get("seconds"), f"{entry['card_peak_mb']} MB", flush=True)
            if entry["status"] != "ok":
                print("   ", entry["error"], flush=True)

    with tempfile.TemporaryDirectory() as directory, concurrent.futures.ThreadPoolExecutor(given.lanes) as pool:
        place, asked = given.place or Path(directory), []
        for run in QUICK if given.quick else FULL:
            if not any(part in run.name for part in given.only):
                continue
            model = run.model
            if model in SHAPES:
                where = place / f"{model}-shape"
                if not (where / "config.json").exists():
                    write_model(SHAPES[run.model], where)
                model = str(where)
            for lesson in run.lessons or numbers:
                if (run.name, lesson) not in ended and lesson in (given.lessons or [lesson]):
                    asked.append(pool.submit(one, run, lesson, model, place))
        for task in asked:
            task.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
