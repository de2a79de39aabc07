"""What waiting threads cost: a training step, generation and a redraw, alone and in company.

    python tests/benchmarks/threads.py                  # every setting of SETTINGS, about ten minutes on two cores
    python tests/benchmarks/threads.py spin-300 passive # some of them

PyTorch's Linux wheels compute with GNU OpenMP, whose threads spin while they wait for each other. Each line is one
setting: training in tokens a second alone, beside a process that keeps one core busy, and as one of two such trainings
(their sum); generation in tokens a second and redraws in milliseconds, alone and beside the busy process.
"""

import json
import os
import statistics
import subprocess
import sys
import time

SETTINGS = {
    "default": {},
    "spin-300": {"GOMP_SPINCOUNT": "300"},
    "spin-1000": {"GOMP_SPINCOUNT": "1000"},
    "spin-3000": {"GOMP_SPINCOUNT": "3000"},
    "spin-5000": {"GOMP_SPINCOUNT": "5000"},
    "spin-10000": {"GOMP_SPINCOUNT": "10000"},
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one-thread": {"OMP_NUM_THREADS": "1"},
}
SECONDS = 6.0
OURS = {name for values in SETTINGS.values() for name in values}


def train():
    """Tokens a second of QLoRA on pocket-llama, 8 rows of 128 tokens a step; the median step."""
    import torch
    from peft import LoraConfig, get_peft_model

    from course_utils import models

    torch.manual_seed(0)
    net = get_peft_model(models.load_4bit("pocket-llama"), LoraConfig(r=16, target_modules="all-linear"))
    adapter = [parameter for parameter in net.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(adapter, lr=1e-4)
    ids = torch.randint(3, 4000, (8, 128))
    times, end = [], time.perf_counter() + 2 + SECONDS
    while time.perf_counter() < end or len(times) < 4:
        began = time.perf_counter()
        net(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        times.append(time.perf_counter() - began)
    return ids.numel() / statistics.median(times[2:])


def generate():
    """Tokens a second that 16 prompts get together."""
    import torch

    from course_utils import models

    net = models.load_4bit("pocket-llama").eval()
    ids = torch.randint(3, 4000, (16, 24))
    rates, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end or len(rates) < 3:
        began = time.perf_counter()
        net.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=16, min_new_tokens=16,
                     do_sample=False, pad_token_id=0)  # fmt: skip
        rates.append(16 * 16 / (time.perf_counter() - began))
    return statistics.median(rates[1:])


def redraw():
    """Milliseconds of a redraw whose figure needs a matrix product of torch first."""
    import torch

    from course_utils import plots, widgets

    matrix = torch.randn(512, 512)

    def draw(rank):
        figure, axes = plots.figure(5, 3)
        axes.plot((matrix[:, :rank] @ matrix[:rank]).abs().mean(0))
        axes.set(xlabel="column", ylabel="mean")
        return figure

    times, end = [], time.perf_counter() + SECONDS / 2
    while time.perf_counter() < end or len(times) < 5:
        began = time.perf_counter()
        widgets.render(draw, {"rank": 8 + len(times) % 8})
        times.append(1000 * (time.perf_counter() - began))
        plots.lay_out_ahead()
    return statistics.median(times[2:])


def measured(what, setting, copies=1, busy=False):
    """What ``copies`` processes of ``what`` reach at once, summed."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS} | SETTINGS[setting]
    company = [subprocess.Popen([sys.executable, "-c", "while True: pass"])] if busy else []
    command = [sys.executable, __file__, "--one", what]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(copies)]
    results = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
    for process in company:
        process.kill()
        process.wait()
    return sum(results)


def main(names):
    print("setting     | training: alone, beside a busy process, two at once | generation: alone, beside | redraw ms")
    for name in names or SETTINGS:
        figures = [measured("train", name), measured("train", name, busy=True), measured("train", name, copies=2)]
        figures += [measured(what, name, busy=busy) for what in ("generate", "redraw") for busy in (False, True)]
        print(f"{name:<11} | " + "  ".join(f"{figure:7,.0f}" for figure in figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps({"train": train, "generate": generate, "redraw": redraw}[sys.argv[2]]()))
    else:
        main(sys.argv[1:])
