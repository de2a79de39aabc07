"""The twins of five families on one task, each in 16 bits, NF4, LLM.int8 and GPTQ. Lesson 12's receipt.

    python -m course_utils.making.five_families --out five_families.json        # a quarter of an hour on two cores
    python -m course_utils.making.five_families --out /tmp/five.json --quick    # the same path in a minute

Every run trains the same adapter on the same rows in the same order; a seed decides these and the adapter's start.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path
from typing import Any

from course_utils import data, environment, families, gptq, models, world

WAYS = ("16 bits", "NF4", "LLM.int8", "GPTQ")
RANK, ALPHA, RATE, BATCH = 16, 32, 4e-3, 16
OUTLIER = 6.0  # the threshold of LLM.int8
HELDOUT_SEED = 0


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each run")
    parser.add_argument("--families", nargs="+", choices=families.NAMES, default=list(families.NAMES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=400, help="quotes to train on")
    parser.add_argument("--heldout", type=int, default=200, help="quotes to be tested on")
    parser.add_argument("--quick", action="store_true", help="few rows and quotes, one seed")
    given = parser.parse_args(arguments)
    if given.quick:
        given.seeds, given.rows, given.heldout = [0], 32, 8
    return given


def stored(family: str, way: str) -> tuple[Any, Any, int]:
    """A twin with its weights stored in one of ``WAYS``, its tokenizer, and the bytes it takes."""
    import torch
    from torch import nn
    from transformers import BitsAndBytesConfig
    from transformers.models.falcon import modeling_falcon

    modeling_falcon.FalconLinear = nn.Linear  # of which a child would not be quantized
    dtype = models.choose_dtype().value
    options: dict[str, Any] = {"dtype": dtype}
    if way == "NF4":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
        )
    elif way == "LLM.int8":
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    elif way == "16 bits":
        options["dtype"] = torch.bfloat16
    net, tokenizer = families.load(family, **options)
    size = net.get_memory_footprint()
    if way == "GPTQ":
        given = families.inputs_of(net, tokenizer, [world.document(20_000, i).text for i in range(40)])
        size = sum(p.nbytes for p in net.parameters()) * 2 // dtype.itemsize
        for name, layer in families.linear_layers(net).items():
            packed = gptq.quantize(layer.weight.detach().float(), gptq.hessian(given[name]))
            layer.weight.data = gptq.dequantize(*packed).to(layer.weight)
            size += sum(part.nbytes for part in gptq.pack(*packed).values()) - 2 * layer.weight.numel()
    return net, tokenizer, size


def encoded(rows: Any, tokenizer: Any, seq2seq: bool) -> list[tuple[list[int], list[int]]]:
    """Ids and labels of each row: of an encoder-decoder apart, of a decoder in one with the question not graded."""
    made = []
    for row in rows:
        asked, tag = f"{row['quote']} ->:", row["tags"][0]
        if seq2seq:
            made.append((tokenizer(asked)["input_ids"], tokenizer(tag)["input_ids"]))
        else:
            ids = tokenizer(asked)["input_ids"]
            answer = tokenizer(f" {tag}", add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
            made.append((ids + answer, [-100] * len(ids) + answer))
    return made


def train(net: Any, tokenizer: Any, rows: Any, seed: int) -> tuple[Any, float]:
    """The model with its adapter trained, and the seconds that took."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    seq2seq = net.config.is_encoder_decoder
    examples = encoded(rows, tokenizer, seq2seq)
    set_seed(seed)
    net = get_peft_model(
        net,
        LoraConfig(
            r=RANK, lora_alpha=ALPHA, target_modules="all-linear", task_type="SEQ_2_SEQ_LM" if seq2seq else "CAUSAL_LM"
        ),
    )
    trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
    for parameter in trained:
        parameter.data = parameter.data.float()
    optimizer = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.0)
    order = random.Random(seed).sample(range(len(examples)), len(examples))
    steps = len(examples) // BATCH
    dtype, kind = models.choose_dtype().value, models.hardware().device
    began = time.perf_counter()
    net.train()
    for step in range(steps):
        batch = [examples[i] for i in order[step * BATCH : (step + 1) * BATCH]]
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, (step + 1) / (0.1 * steps), (steps - step) / steps)
        sides = []
        for side, filling in ((0, tokenizer.pad_token_id), (1, -100)):
            longest = max(len(example[side]) for example in batch)
            sides.append([example[side] + [filling] * (longest - len(example[side])) for example in batch])
        ids, labels = (torch.tensor(side, device=net.device) for side in sides)
        mask = {"attention_mask": (ids != tokenizer.pad_token_id).long()} if seq2seq else {}
        with torch.autocast(kind, dtype, enabled=dtype != torch.float32):
            loss = net(input_ids=ids, labels=labels, **mask).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
    return net, time.perf_counter() - began


def judged(net: Any, tokenizer: Any, rows: Any) -> str:
    """A bit for each held-out row: 1 where the model writes the tag and ends."""
    said = families.answers(net, tokenizer, [f"{quote} ->:" for quote in rows["quote"]])
    return "".join(str(int(text == tags[0])) for text, tags in zip(said, rows["tags"], strict=True))


def outliers(family: str) -> float:
    """The share of the columns of the linear layers' inputs in which some activation reaches ``OUTLIER``."""
    import torch

    net, tokenizer = families.load(family, dtype=torch.float32)
    given = families.inputs_of(net, tokenizer, data.quotes("heldout", 40, HELDOUT_SEED)["quote"])
    flags = torch.cat([(x.abs() >= OUTLIER).any(0) for x in given.values()])
    return flags.float().mean().item()


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    environment.prepare()
    import bitsandbytes
    import peft
    import torch
    import transformers

    heldout = data.quotes("heldout", given.heldout, HELDOUT_SEED)
    receipt: dict[str, Any] = {
        "command": "python -m course_utils.making.five_families --out FILE" + (" --quick" if given.quick else ""),
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {each.__name__: each.__version__ for each in (torch, transformers, peft, bitsandbytes)},
        "recipe": {"rank": RANK, "alpha": ALPHA, "learning_rate": RATE, "batch": BATCH, "rows": given.rows},
        "outliers": {family: outliers(family) for family in given.families},
        "runs": [],
    }
    for seed in given.seeds:
        rows = data.quotes("train", given.rows, seed)
        for family in given.families:
            for way in WAYS:
                net, tokenizer, size = stored(family, way)
                before = judged(net, tokenizer, heldout) if seed == given.seeds[0] else None
                net, seconds = train(net, tokenizer, rows, seed)
                run = {"family": family, "way": way, "seed": seed, "bytes": size, "seconds": round(seconds, 2)}
                run |= {"right": judged(net, tokenizer, heldout)} | ({"untrained": before} if before else {})
                receipt["runs"].append(run)
                given.out.write_text(json.dumps(receipt, indent=1) + "\n")
                print(family, way, seed, run["right"].count("1") / given.heldout, f"{seconds:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
