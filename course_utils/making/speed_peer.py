"""Unsloth on the same card, rows, rank and shapes as our fastest recipe: the peer's half of ``speed_ladder``.

    python -m course_utils.making.speed_ladder --out speed_ladder.json --peer-site DIR --gpus 0 1 --seconds 560

DIR holds what Unsloth wants beside the libraries that are there, unpacked from wheels (unsloth and unsloth_zoo
2026.10.9, trl 1.15.0, datasets 4.3.0, bitsandbytes, dill 0.4.0, multiprocess 0.70.16, cut_cross_entropy, tyro,
diffusers, torchao and what these need): a directory of its own, because Unsloth wants an older trl than the course.
Its model has random weights too, from a directory on disk, which is written once.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils.lora import LINEAR
from course_utils.making import on_a_card

if TYPE_CHECKING:
    from course_utils.making.speed_ladder import Case


def get_ready(place: Path) -> None:
    """Imports Unsloth, which has to come before the libraries that it changes. Its files get a place of their own."""
    os.environ["UNSLOTH_COMPILE_LOCATION"] = str(place / f"unsloth-{os.getpid()}")
    os.environ["UNSLOTH_DISABLE_STATISTICS"] = "1"
    import unsloth  # noqa: F401


def directory_of(shape: str, place: Path) -> Path:
    """A directory with a model of that shape, written if there is none."""
    directory = place / f"{shape}-shape"
    if not directory.exists():
        made = place / f"{shape}-{os.getpid()}"
        on_a_card.write_model(on_a_card.SHAPES[shape], made)
        if directory.exists():  # another process was quicker
            return directory
        made.rename(directory)
    return directory


def train(case: Case, rows: Any, place: Path) -> dict[str, Any]:
    """A case of training by Unsloth's own model and its SFTTrainer."""
    import torch
    from trl import SFTConfig, SFTTrainer
    from unsloth import FastLanguageModel

    from course_utils.making import speed_ladder

    reached = speed_ladder.ceiling()
    net, tokenizer = FastLanguageModel.from_pretrained(
        str(directory_of(case.shape, place)), max_seq_length=speed_ladder.LENGTH, dtype=torch.bfloat16,
        load_in_4bit=True, use_gradient_checkpointing=False, use_exact_model_name=True,
    )  # fmt: skip
    net = FastLanguageModel.get_peft_model(
        net, r=speed_ladder.RANK, lora_alpha=32, lora_dropout=0, bias="none", target_modules=list(LINEAR),
        use_gradient_checkpointing=False, random_state=0,
    )  # fmt: skip
    more = {} if case.recipe.packing else {"padding_free": False}  # else it chooses for itself
    trainer = SFTTrainer(
        model=net, processing_class=tokenizer, train_dataset=rows.remove_columns("labels"),  # all tokens are graded
        args=speed_ladder.settings_of(case, SFTConfig, gradient_checkpointing=False, **more),
    )  # fmt: skip
    found = speed_ladder.timed(case, trainer)
    share = speed_ladder.share_of(found["tokens_a_second"], case.shape, reached)
    return found | {"ceiling": reached, "share_of_ceiling": share}
