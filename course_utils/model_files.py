"""The files that models and adapters lie in, checked before anything is loaded from them.

A download that was cut short, a clone without Git LFS and a save that was interrupted leave files that have the right
names. Each is refused in one line that says what is wrong with which file.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

from course_utils.errors import CourseError

LFS_POINTER = b"version https://git-lfs"
AGAIN = "fetch or save it again"
SAMPLE = 2**20  # bytes from either end of a file of weights that go into its fingerprint


def check_bytes(path: Path) -> None:
    """Raises ``CourseError`` if ``path`` is missing, unreadable, empty, or a Git LFS pointer in a file's place."""
    try:
        with path.open("rb") as file:
            begin = file.read(len(LFS_POINTER))
    except FileNotFoundError:
        raise CourseError(f"{path} is missing: {AGAIN}") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror}): check its permissions") from None
    if not begin:
        raise CourseError(f"{path} is empty: {AGAIN}")
    if begin == LFS_POINTER:
        raise CourseError(f"{path} is a Git LFS pointer, not the file: fetch it with `git lfs pull`")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        CourseError: the file is missing or damaged, or holds something else.
    """
    check_bytes(path)
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:  # JSON's own errors, and bytes that are no text
        raise CourseError(f"{path} is damaged, it is not JSON ({error}): {AGAIN}") from None
    if not isinstance(value, dict):
        raise CourseError(f"{path} does not hold a JSON object: {AGAIN}")
    return value


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each tensor in a file of weights, ``.safetensors`` or torch's ``.bin``.

    Of a safetensors file only the header is read, which says how long the file has to be.

    Raises:
        CourseError: the file is missing or damaged.
    """
    check_bytes(path)
    if path.suffix == ".bin":
        return _bin_shapes(path)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise CourseError(f"{path} is damaged or was cut short ({error}): {AGAIN}") from None


def _bin_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    import torch

    _check_bin(path)
    try:
        # A file that would run code when it is read is refused here too.
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    except Exception as error:  # torch names no common class for what a broken archive or pickle raises
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CourseError(f"{path} holds no tensors that torch can read ({reason}): {AGAIN}") from None


def _check_bin(path: Path) -> None:
    """A zip archive lists its content at its end, so that a missing end shows without reading the rest."""
    check_bytes(path)
    with path.open("rb") as file:
        zipped = file.read(2) == b"PK"
    if zipped and not zipfile.is_zipfile(path):
        raise CourseError(f"{path} is damaged or was cut short: {AGAIN}")


def check_model(directory: Path, tokenizer: bool = True) -> None:
    """Raises ``CourseError`` if ``directory`` lacks a part of a model, or a part is damaged. No weight is read.

    ``tokenizer`` says whether one has to be there; weights can be loaded without.
    """
    if not (directory / "config.json").exists():
        if (directory / "adapter_config.json").exists():
            raise CourseError(
                f"the directory {directory} holds an adapter, not a model: give the model it was made for"
            )
        raise CourseError(f"the directory {directory} holds no model: it has no config.json")
    read_json(directory / "config.json")
    _check_weights(directory)
    _check_loads(directory, "configuration")
    if tokenizer:
        for path in sorted(directory.glob("*token*.json")):
            read_json(path)
        _check_loads(directory, "tokenizer")


def _check_weights(directory: Path) -> None:
    """The first of the names that transformers looks for, in its order."""
    for stem, suffix in (("model", ".safetensors"), ("pytorch_model", ".bin")):
        single, index = directory / f"{stem}{suffix}", directory / f"{stem}{suffix}.index.json"
        if single.exists():
            return _check_file(single)
        if index.exists():
            return _check_shards(index)
    raise CourseError(f"the directory {directory} holds no weights: model.safetensors is missing, {AGAIN}")


def _check_file(path: Path) -> None:
    if path.suffix == ".bin":
        _check_bin(path)  # to know its tensors, all of it would have to be read
    elif not read_shapes(path):
        raise CourseError(f"{path} holds no tensor: {AGAIN}")


def _check_shards(index: Path) -> None:
    shard_of = read_json(index).get("weight_map")
    if not isinstance(shard_of, dict) or not shard_of:
        raise CourseError(f"{index} names no weights: {AGAIN}")
    for shard in sorted(set(shard_of.values())):
        path = index.parent / shard
        _check_file(path)
        if path.suffix == ".bin":
            continue
        missing = {name for name, where in shard_of.items() if where == shard} - set(read_shapes(path))
        if missing:
            raise CourseError(f"{path} lacks {min(missing)}, which {index.name} places there: {AGAIN}")


def _check_loads(directory: Path, what: str) -> None:
    """Configuration and tokenizer are small enough to be loaded for a trial."""
    from transformers import AutoConfig, AutoTokenizer

    try:
        {"configuration": AutoConfig, "tokenizer": AutoTokenizer}[what].from_pretrained(directory)
    except Exception as error:  # the tokenizers library raises nothing more precise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CourseError(f"the {what} in {directory} cannot be loaded ({reason}): {AGAIN}") from None


def fingerprint(directory: Path) -> str:
    """A checksum that tells the weights in ``directory`` from others, or an empty string where there are none.

    It is taken over each file's name, its size, and ``SAMPLE`` bytes from either end: training moves every weight, and
    all of a 7B model would take half a minute.
    """
    digest = hashlib.sha256()
    files = sorted([*directory.glob("*.safetensors"), *directory.glob("*.bin")])
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(SAMPLE))
            file.seek(max(SAMPLE, size - SAMPLE))
            digest.update(file.read())
    return digest.hexdigest() if files else ""
