"""Falcon, BLOOM and Mistral in their real sizes on one card, by their recipes, one training step. Lesson 12's receipt.

    python -m course_utils.making.shapes --out shapes.json             # on one GPU of 16 GB, ten minutes
    python -m course_utils.making.shapes --out /tmp/shapes.json --quick    # the same path with small shapes, on a CPU

The weights are random, the shapes are the published ones: memory and time do not ask what a weight says. Each model is
written to disk in 16 bits and loaded from there, as a reader would load the real one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from course_utils import environment, families, models

# What each recipe of the shelf says: how the weights are stored, the adapter, rows in a step.
RECIPES: dict[str, dict[str, Any]] = {
    "falcon as it comes": {"family": "falcon", "bits": 4, "rank": 16, "alpha": 32, "targets": ["query_key_value"]},
    "falcon": {"family": "falcon", "bits": 4, "rank": 16, "alpha": 32, "targets": ["query_key_value"]},
    "bloom": {"family": "bloom", "bits": 8, "rank": 16, "alpha": 32, "targets": ["query_key_value"]},
    "mistral": {"family": "mistral", "bits": 4, "rank": 8, "alpha": 32, "targets": ["q_proj"]},
}
SMALL: dict[str, dict[str, Any]] = {
    "falcon": {"vocab_size": 128, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4},
    "bloom": {"vocab_size": 128, "hidden_size": 64, "n_layer": 2, "n_head": 4},
    "mistral": {
        "vocab_size": 128, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2,
    },
}  # fmt: skip
ROWS, TOKENS = 4, 512  # of a step; of a row


def write(family: str, directory: Path, quick: bool) -> int:
    """Saves a model with random weights of the published shape in bf16; returns the number of its weights."""
    import torch

    torch.manual_seed(0)
    with torch.device(models.hardware().device):
        model = families.head_class(family).from_config(
            families.configuration(family, **(SMALL[family] if quick else {})), dtype=torch.bfloat16
        )
    model.save_pretrained(directory)
    return model.num_parameters()


def step_of(name: str, directory: Path, steps: int) -> dict[str, Any]:
    """Loads the model as its recipe says and trains an adapter on random tokens; memory in bytes, time in seconds."""
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import BitsAndBytesConfig
    from transformers.models.falcon import modeling_falcon

    recipe, on_gpu = RECIPES[name], models.hardware().device == "cuda"
    # transformers quantizes what is exactly an nn.Linear, and Falcon's layers are of a subclass.
    if name != "falcon as it comes":  # which comes first
        modeling_falcon.FalconLinear = torch.nn.Linear
    kept = {"load_in_8bit": True} if recipe["bits"] == 8 else {
        "load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": models.choose_dtype().value,
    }  # fmt: skip
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    model = families.head_class(recipe["family"]).from_pretrained(
        directory, quantization_config=BitsAndBytesConfig(**kept), dtype=models.choose_dtype().value,
        device_map={"": 0} if on_gpu else None,
    )  # fmt: skip
    models.keep_4bit_layout(model)
    load_seconds = time.perf_counter() - began
    loaded = torch.cuda.memory_allocated() if on_gpu else 0
    model = prepare_model_for_kbit_training(model)
    lora = LoraConfig(
        r=recipe["rank"], lora_alpha=recipe["alpha"], lora_dropout=0.05, target_modules=recipe["targets"],
        task_type="CAUSAL_LM",
    )  # fmt: skip
    model = get_peft_model(model, lora)
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    before = {name: p.detach().clone() for name, p in trained.items()}
    optimizer = torch.optim.AdamW(trained.values(), lr=2e-4)
    tokens = torch.randint(10, model.config.vocab_size, (ROWS, TOKENS), device=model.device)
    losses, seconds = [], []
    model.train()
    for _ in range(steps):
        began = time.perf_counter()
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        seconds.append(time.perf_counter() - began)
    moved = sum(not torch.equal(before[name], p) for name, p in trained.items())
    return {
        "trainable": sum(p.numel() for p in trained.values()),
        "load_seconds": load_seconds,
        "loaded_bytes": loaded,
        "peak_bytes": torch.cuda.max_memory_allocated() if on_gpu else 0,
        "footprint_bytes": model.get_memory_footprint(),
        "losses": losses,
        "step_seconds": statistics.median(seconds[1:]),
        "moved": f"{moved} of {len(trained)} adapter matrices",
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each model")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--quick", action="store_true", help="small shapes")
    given = parser.parse_args(arguments)
    environment.prepare()
    import bitsandbytes
    import peft
    import torch
    import transformers

    receipt: dict[str, Any] = {
        "command": "python -m course_utils.making.shapes --out FILE" + (" --quick" if given.quick else ""),
        "date": time.strftime("%Y-%m-%d"),
        "hardware": str(models.hardware()),
        "versions": {each.__name__: each.__version__ for each in (torch, transformers, peft, bitsandbytes)},
        "rows": ROWS,
        "tokens_a_row": TOKENS,
        "runs": [],
    }
    for name in given.only:
        family = RECIPES[name]["family"]
        with tempfile.TemporaryDirectory() as place:
            weights = write(family, Path(place), given.quick)
            run = {"run": name, "model": families.PUBLISHED[family][0], "weights": weights, **RECIPES[name]}
            receipt["runs"].append(run | step_of(name, Path(place), 4))
        given.out.write_text(json.dumps(receipt, indent=1) + "\n")
        print(json.dumps(receipt["runs"][-1]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
