"""The adapter that lesson 06 trains, for lessons and measurements that need one: its recipe in one call."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from course_utils import data, models
from course_utils.errors import CourseError

BUILD = Path(__file__).parent.parent / "build"

# Lesson 06's recipe for pocket-llama; the lesson explains each number.
RECIPE = {
    "rank": 16, "alpha": 32, "dropout": 0.0, "learning_rate": 2e-3, "schedule": "cosine", "warmup": 0.03,
    "clip": 1.0, "batch": 4, "max_length": 256,
}  # fmt: skip
SMALL_ROWS = 1600  # what a lesson trains on when it finds no adapter: about 45 s on two cores


def train(model: str, rows: Any, seed: int = 0) -> tuple[Any, Any, list[float]]:
    """Fine-tunes ``model`` in 4 bits as lesson 06 does.

    Args:
        model: a name as for ``models.load_4bit``.
        rows: a ``datasets.Dataset`` with a column ``messages``.
        seed: of the adapter's start and of the rows' order.

    Returns:
        The model with its adapter, its tokenizer, and the training loss of each twentieth of the run, in nats a
        graded token.
    """
    import torch
    from peft import LoraConfig
    from transformers import PrinterCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    dtype, on_gpu = models.choose_dtype().value, models.hardware().device == "cuda"
    set_seed(seed)
    tokenizer = models.load_tokenizer(model)
    settings = SFTConfig(
        output_dir=str(BUILD / "runs" / "adapters"), assistant_only_loss=True, max_length=RECIPE["max_length"],
        num_train_epochs=1, per_device_train_batch_size=RECIPE["batch"], packing=True,
        learning_rate=RECIPE["learning_rate"], lr_scheduler_type=RECIPE["schedule"], warmup_steps=RECIPE["warmup"],
        max_grad_norm=RECIPE["clip"], optim="adamw_torch", activation_checkpointing=on_gpu,
        bf16=dtype == torch.bfloat16, fp16=dtype == torch.float16, use_cpu=not on_gpu, logging_steps=0.05,
        save_strategy="no", report_to="none", disable_tqdm=True, seed=seed,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=models.load_4bit(model), args=settings, train_dataset=rows.select_columns(["messages"]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=RECIPE["rank"], lora_alpha=RECIPE["alpha"], lora_dropout=RECIPE["dropout"],
            target_modules="all-linear", bias="none", task_type="CAUSAL_LM",
        ),
    )  # fmt: skip
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # SFTTrainer casts it to bf16, where small steps round away
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    losses = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    trainer.model.eval()
    return trainer.model, tokenizer, losses


def belongs(directory: Path, model: str) -> bool:
    """Whether ``directory`` holds an adapter for ``model``, trained since these weights are here."""
    try:
        models.check_adapter(directory, model)
    except CourseError:
        return False
    weights = list(Path(models.locate(model)).glob("*.safetensors"))
    made = (directory / "adapter_model.safetensors").stat().st_mtime
    return all(path.stat().st_mtime <= made for path in weights)


def pocket_chat(model: str = "pocket-llama", seed: int = 0) -> Path:
    """The directory of an adapter that follows instructions on ``model``.

    Lesson 06's where it is there and belongs to ``model``; else a smaller one, trained now (once: the next call finds
    it). One line says which.
    """
    name = "pocket" if model == "pocket-llama" else Path(model).name
    full, small = BUILD / "adapters" / f"{name}-chat", BUILD / "adapters" / f"{name}-chat-small-{seed}"
    for directory in (full, small):
        if belongs(directory, model):
            print(f"adapter: {directory.relative_to(BUILD.parent)}, trained earlier")
            return directory
    print(f"no adapter of lesson 06 is here: training a small one on {SMALL_ROWS:,} instructions ...")
    began = time.perf_counter()
    tuned, _, _ = train(model, data.instructions("train", SMALL_ROWS, seed), seed)
    tuned.save_pretrained(small)
    print(f"adapter: {small.relative_to(BUILD.parent)}, trained in {time.perf_counter() - began:.0f} s")
    return small
