"""The adapter that lesson 06 trains, for lessons and measurements that need one: its recipe in one call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils import adapter_files, data, environment, models
from course_utils.errors import CourseError

# What each model of the course is fine-tuned with; lesson 06 explains each number.
RECIPES = {
    "pocket-llama": {
        "rank": 16, "alpha": 32, "dropout": 0.0, "learning_rate": 2e-3, "schedule": "cosine", "warmup": 0.03,
        "clip": 1.0, "batch": 4, "accumulation": 1, "max_length": 256, "packing": True, "optimizer": "adamw_torch",
        "checkpointing": False,
    },
    "smollm2": {
        "rank": 128, "alpha": 128, "dropout": 0.0, "learning_rate": 2e-4, "schedule": "cosine", "warmup": 0.03,
        "clip": 1.0, "batch": 8, "accumulation": 1, "max_length": 256, "packing": False, "optimizer": "adamw_torch",
        "checkpointing": False,
    },
    "tinyllama": {
        "rank": 64, "alpha": 32, "dropout": 0.1, "learning_rate": 2e-4, "schedule": "cosine", "warmup": 0.03,
        "clip": 1.0, "batch": 2, "accumulation": 4, "max_length": 512, "packing": False,
        "optimizer": "paged_adamw_32bit", "checkpointing": True,
    },
    "llama-2-7b": {
        "rank": 64, "alpha": 16, "dropout": 0.1, "learning_rate": 2e-4, "schedule": "constant", "warmup": 0.03,
        "clip": 0.3, "batch": 4, "accumulation": 4, "max_length": 512, "packing": False,
        "optimizer": "paged_adamw_32bit", "checkpointing": True,
    },
}  # fmt: skip
PACES = ("fast", "book")
SMALL_ROWS = 1600, 160  # what a lesson trains on when it finds no adapter, see models.affordable: about a minute


def recipe(model: str, pace: str = "fast", **changes: Any) -> dict[str, Any]:
    """The recipe for ``model`` on this machine, in a dict of its own; TinyLlama's for a model that has none.

    Args:
        model: a name as for ``models.load_4bit``.
        pace: one of ``PACES``: ``"fast"``, as ``models.choose_pace`` would have it run here, or ``"book"``, as it is
            published.
        changes: other values for some of its numbers; None leaves a number as it is.
    """
    found = dict(RECIPES.get(model, RECIPES["tinyllama"]))
    unknown = changes.keys() - found.keys()
    if unknown:
        raise CourseError(f"a recipe has no {min(unknown)!r}: it has {', '.join(found)}")
    if pace not in PACES:
        raise CourseError(f"there is no pace {pace!r}: it is one of {', '.join(PACES)}")
    if models.hardware().device != "cuda":
        # Without a GPU there is nothing to page, and memory enough.
        found |= {"optimizer": "adamw_torch", "checkpointing": False}
    asked = {name: value for name, value in changes.items() if value is not None}
    found |= asked
    return found | (models.choose_pace(model, found).value | asked if pace == "fast" else {})


def train(
    model: str, rows: Any, seed: int = 0, numbers: dict[str, Any] | None = None, epochs: float = 1
) -> tuple[Any, Any, list[float]]:
    """Fine-tunes ``model`` in 4 bits as lesson 06 does.

    Args:
        model: a name as for ``models.load_4bit``.
        rows: a ``datasets.Dataset`` with a column ``messages``.
        seed: of the adapter's start and of the rows' order.
        numbers: a recipe; what ``recipe`` gives for the model if none is given.
        epochs: passes over the rows.

    Returns:
        The model with its adapter, its tokenizer, and the training loss of each twentieth of the run, in nats a
        graded token.

    Raises:
        CourseError: the model cannot be loaded, or its chat template does not say what the assistant wrote.
    """
    import torch
    from peft import LoraConfig
    from transformers import PrinterCallback, set_seed
    from trl import SFTConfig, SFTTrainer

    dtype, on_gpu = models.choose_dtype().value, models.hardware().device == "cuda"
    numbers = numbers or recipe(model)
    models.check_trainable(model)
    set_seed(seed)
    tokenizer = models.load_tokenizer(model)
    settings = SFTConfig(
        output_dir=str(environment.workspace() / "runs" / "adapters"), assistant_only_loss=True,
        max_length=numbers["max_length"], num_train_epochs=epochs, per_device_train_batch_size=numbers["batch"],
        gradient_accumulation_steps=numbers["accumulation"], packing=numbers["packing"],
        learning_rate=numbers["learning_rate"], lr_scheduler_type=numbers["schedule"], warmup_steps=numbers["warmup"],
        max_grad_norm=numbers["clip"], optim=numbers["optimizer"], activation_checkpointing=numbers["checkpointing"],
        bf16=dtype == torch.bfloat16, fp16=dtype == torch.float16, use_cpu=not on_gpu, logging_steps=0.05,
        save_strategy="no", report_to="none", disable_tqdm=True, seed=seed,
    )  # fmt: skip
    trainer = SFTTrainer(
        model=models.load_4bit(model), args=settings, train_dataset=rows.select_columns(["messages"]),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=numbers["rank"], lora_alpha=numbers["alpha"], lora_dropout=numbers["dropout"],
            target_modules="all-linear", bias="none", task_type="CAUSAL_LM",
        ),
    )  # fmt: skip
    for parameter in trainer.model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()  # SFTTrainer casts it to bf16, where small steps round away
    if numbers["packing"]:
        trainer.data_collator = SideBySide(tokenizer.pad_token_id, numbers["max_length"])
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    losses = [float(entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]
    trainer.model.eval()
    return trainer.model, tokenizer, losses


class SideBySide:
    """Puts packed rows into a batch one beside the other, where TRL lays them end to end as one long row.

    End to end suits kernels that take the conversations' lengths, such as flash attention's. torch's own attention,
    which the course uses everywhere, computes every pair of a row and masks afterwards: four rows of 256 tokens side
    by side have a quarter of the pairs. Conversations within a row stay apart as they do in TRL's batch, by positions
    that begin again; what is left of a row is a conversation of padding.

        trainer.data_collator = adapters.SideBySide(tokenizer.pad_token_id, settings.max_length)
    """

    def __init__(self, pad_token_id: int, max_length: int):
        self.pad_token_id, self.max_length = pad_token_id, max_length

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """Tensors of ``len(rows)`` times ``max_length``; the rows as ``SFTTrainer`` packs them."""
        import torch

        batch: dict[str, list[list[int]]] = {"input_ids": [], "labels": [], "position_ids": []}
        for row in rows:
            empty = self.max_length - len(row["input_ids"])
            positions = [i for length in (*row["seq_lengths"], empty) for i in range(length)]
            labels = [*row["labels"], *[-100] * empty]
            batch["input_ids"].append([*row["input_ids"], *[self.pad_token_id] * empty])
            # Nothing stands before a conversation's first token to foretell it from.
            batch["labels"].append([-100 if i == 0 else label for i, label in zip(positions, labels, strict=True)])
            batch["position_ids"].append(positions)
        return {name: torch.tensor(values) for name, values in batch.items()}


def home(model: str) -> Path:
    """Where lesson 06 leaves its adapter for ``model``, and where other lessons look for it."""
    name = "pocket" if model == "pocket-llama" else Path(model).name
    return environment.workspace() / "adapters" / f"{name}-chat"


@contextlib.contextmanager
def saving(directory: str | Path, model: str) -> Iterator[Path]:
    """Gives a directory to save an adapter for ``model`` into, which becomes ``directory`` once it is whole.

    An interrupted save leaves what was there before. Beside the adapter stands a checksum of the base's weights, by
    which ``models.check_adapter`` knows them again wherever and whenever the files are copied.

        with adapters.saving(directory, model) as place:
            tuned.save_pretrained(place)
    """
    with adapter_files.saving(Path(directory), models.fingerprint(model)) as place:
        yield place


def pocket_chat(model: str = "pocket-llama", seed: int = 0) -> Path:
    """The directory of an adapter that follows instructions on ``model``.

    Lesson 06's where it is there, whole, and belongs to ``model``; else a smaller one, trained now (once: the next
    call finds it). One line says which, and one line of each that is passed over says why.
    """
    full, build = home(model), environment.workspace()
    small = full.with_name(f"{full.name}-small-{seed}")
    for directory in (full, small):
        if not directory.exists():
            continue
        shown = str(directory.relative_to(build.parent))
        try:
            models.check_adapter(directory, model)
        except CourseError as error:
            print("passed over:", str(error).replace(str(directory), shown))
        else:
            print(f"adapter: {shown}, trained earlier")
            return directory
    count = models.affordable(model, None, *SMALL_ROWS)
    print(f"no adapter of lesson 06 can be used here: training a small one on {count:,} instructions ...")
    began = time.perf_counter()
    tuned, _, _ = train(model, data.instructions("train", count, seed), seed)
    with saving(small, model) as place:
        tuned.save_pretrained(place)
    print(f"adapter: {small.relative_to(build.parent)}, trained in {time.perf_counter() - began:.0f} s")
    return small
