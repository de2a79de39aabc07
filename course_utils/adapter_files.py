"""The directory of an adapter: read, compared with the model it is for, and written whole or not at all."""

from __future__ import annotations

import contextlib
import copy
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_utils import model_files
from course_utils.errors import CourseError

SETTINGS = "adapter_config.json"
WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")  # in the order in which peft looks for them
BASE = "base_weights.json"  # which weights the adapter was trained on; peft's own settings only name the model

Shapes = dict[str, tuple[int, ...]]


def read(directory: Path) -> tuple[dict[str, Any], Shapes]:
    """The settings of the LoRA adapter in ``directory``, and name and shape of each of its tensors.

    Raises:
        CourseError: there is no adapter, a file of it is damaged, or it is of another kind than LoRA.
    """
    if not directory.is_dir():
        raise CourseError(f"there is no directory {directory}: check the adapter's name")
    weights = next((directory / name for name in WEIGHTS if (directory / name).exists()), None)
    if weights is None or not (directory / SETTINGS).exists():
        inner = sorted(path.parent for path in directory.glob(f"*/{SETTINGS}"))
        if inner:
            # peft saves an adapter that was given a name in a folder of that name
            number = "an adapter" if len(inner) == 1 else f"{len(inner)} adapters"
            which = "" if len(inner) == 1 else "one of them, such as "
            raise CourseError(f"{directory} holds {number} in a folder within, not itself: give {which}{inner[0]}")
        missing = WEIGHTS[0] if weights is None else SETTINGS
        raise CourseError(f"{directory} holds no adapter: it lacks {missing}")
    settings = model_files.read_json(directory / SETTINGS)
    kind = settings.get("peft_type")
    if kind != "LORA":
        raise CourseError(
            f"the adapter {directory} is of kind {kind}, and this course works with LORA: train one with LoraConfig"
        )
    shapes = model_files.read_shapes(weights)
    if not shapes:
        raise CourseError(f"{weights} holds no tensor: the training saved an empty adapter, save it again")
    return settings, shapes


def check_fit(directory: Path, settings: dict[str, Any], found: Shapes, config: Any, model: str) -> None:
    """Raises ``CourseError`` unless the tensors ``found`` are those that peft will look for on a model of ``config``.

    The model and its adapter are built without memory (on torch's meta device), so that every kind of LoRA is
    compared as peft lays it out: DoRA, single ranks of a module, trained tokens, modules saved whole.
    """
    _check_vocabulary(directory, settings, found, config.get_text_config().vocab_size, model)
    misfit = f"the adapter {directory} does not fit {model}"
    try:
        expected = _expected(directory, config)
    except Exception as error:  # peft and torch raise many kinds where settings and model do not agree
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CourseError(f"{misfit} ({reason}): load it with its own base, or train a new one") from None
    # Embeddings that were saved beside the adapter, of the right size: peft loads them too.
    strange = sorted(name for name in found.keys() - expected.keys() if "lora" in name)
    if strange:
        raise CourseError(f"{misfit}, which has no {_place(strange[0])}: load it with its own base, or train a new one")
    for name, shape in expected.items():
        if name not in found:
            raise CourseError(f"{misfit}, it lacks {_place(name)}: its save was not complete, or it has another base")
        if found[name] != shape:
            sizes = f"{_size(found[name])}, and the model needs {_size(shape)}"
            raise CourseError(f"{misfit}, its {_place(name)} is {sizes}: load it with its own base")


def _check_vocabulary(directory: Path, settings: dict[str, Any], found: Shapes, vocabulary: int, model: str) -> None:
    """An adapter with tokens of its own, as lesson 05 makes them, needs a base whose table has rows for them."""
    heights = {shape[0] for name, shape in found.items() if name.endswith(("embed_tokens.weight", "lm_head.weight"))}
    trained = settings.get("trainable_token_indices") or []
    lists = trained.values() if isinstance(trained, dict) else [trained]
    highest = max((index for indices in lists for index in indices), default=-1)
    if highest >= vocabulary or heights - {vocabulary}:
        raise CourseError(
            f"the adapter {directory} was trained with {max(heights, default=highest + 1):,} tokens, and {model} has "
            f"{vocabulary:,}: resize its base's embeddings, merge it there, and give the merged model"
        )


def _expected(directory: Path, config: Any) -> Shapes:
    import torch
    from peft import PeftConfig, get_peft_model, get_peft_model_state_dict
    from transformers import AutoModelForCausalLM

    settings = PeftConfig.from_pretrained(str(directory))
    settings.init_lora_weights = False  # some ways to begin take the weights apart, and here are none
    settings.base_model_name_or_path = None  # peft warns of another path, and names have been compared already
    config = copy.deepcopy(config)
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # a LoRA layer has the same shapes on codes as on the weights
    with torch.device("meta"):
        model = get_peft_model(AutoModelForCausalLM.from_config(config), settings)
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _place(name: str) -> str:
    return name.removeprefix("base_model.model.").removesuffix(".weight")


def _size(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def recorded_base(directory: Path) -> str:
    """The fingerprint of the weights that the adapter was trained on, or an empty string where none is recorded."""
    path = directory / BASE
    return str(model_files.read_json(path).get("fingerprint", "")) if path.exists() else ""


@contextlib.contextmanager
def saving(directory: Path, fingerprint: str) -> Iterator[Path]:
    """Gives an empty directory to save into, which becomes ``directory`` once the block has ended without an error.

    ``fingerprint``, of the base's weights, is recorded in it. What was in ``directory`` stays there until the new
    adapter is whole, and for good if it never is.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    # Beside it and hidden: on the same disk, so that a rename moves it, and under no adapter's name.
    with tempfile.TemporaryDirectory(prefix=f".{directory.name}-", dir=directory.parent) as temporary:
        new, old = Path(temporary) / "new", Path(temporary) / "old"
        new.mkdir()
        yield new
        if not (new / SETTINGS).exists():
            raise CourseError(f"nothing was saved for {directory}: save the adapter into the directory that was given")
        if fingerprint:
            (new / BASE).write_text(json.dumps({"fingerprint": fingerprint}) + "\n")
        try:
            if directory.is_dir():
                directory.rename(old)
            new.rename(directory)
        except BaseException:  # an interrupt too
            if old.exists() and not directory.exists():
                old.rename(directory)
            raise
