"""Where each byte of a training step goes: a budget by formula, and the same bytes counted on a running model.

The formulas are for Llamas as transformers runs them with torch's fused attention (``sdpa``), adapters as peft lays
them beside every linear layer of a block, and 4-bit weights as bitsandbytes stores them. What autograd keeps was read
from the tensors that it does keep (``memory_watch.Saved``), operation by operation; how each moment fills, from the
peaks of an H100 (the receipt ``memory_peaks``). Published: QLoRA (arXiv 2305.14314) for the 4-bit weights and their
constants, 8-bit optimizers (arXiv 2110.02861), ZeRO (arXiv 1910.02054) for the 16 bytes a parameter of full
fine-tuning, checkpointing (arXiv 1604.06174).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from course_utils import model_files
from course_utils.errors import CourseError

__all__ = [
    "METHODS",
    "OPTIMIZERS",
    "PRECISIONS",
    "SHAPES",
    "MemoryBudget",
    "Shape",
    "estimate",
    "longest_row",
    "shape_of",
]

ASSETS = Path(__file__).parent / "assets"
METHODS = ("full", "lora", "qlora")
LOGITS = ("full", "chunked")
DEVICES = ("cuda", "cpu")
# Bytes of a trained number, of one that is frozen, and of one that is computed with.
PRECISIONS = {"bf16": (2, 2, 2), "mixed": (4, 2, 2), "fp32": (4, 4, 4)}
# Bytes of optimizer state a trained number of `trained` bytes. torch keeps Adam's two averages in the dtype of the
# number itself; bitsandbytes keeps them in 32 bits, or in 8 with one float32 constant for each block of 256.
OPTIMIZERS = {
    "adamw_torch": "two averages, each like the number",
    "adamw_torch_fused": "two averages, each like the number",
    "adamw_master": "a float32 copy of the number and two float32 averages",
    "adamw_8bit": "two averages in 8 bits, a float32 constant for 256 of each",
    "paged_adamw_8bit": "two averages in 8 bits, a float32 constant for 256 of each",
    "paged_adamw_32bit": "two float32 averages",
    "sgd": "nothing",
}
BLOCK, CONSTANTS_BLOCK = 64, 256  # weights that share a constant; constants that share a second one
SMALLEST_8BIT = 4096  # bitsandbytes keeps the states of smaller tensors in 32 bits
SMALLEST_PAGED = 100_000  # and those of tensors with fewer numbers out of managed memory
TILE_TOKENS, TILE_WIDTH = 4096, 32768  # of TRL's chunked loss: as wide for a vocabulary that has fewer words
MIB = 2**20
# torch gives cuBLAS 32 MiB to work in on GPUs of compute capability 9 (8.1 MiB before), for each thread that calls it:
# the one that runs the forward pass, and autograd's.
CUBLAS_WORKSPACE = 2 * 32 * MIB

_LLAMA_2 = {"vocab_size": 32000, "head_dim": 128, "tie_word_embeddings": False, "max_position_embeddings": 4096}
# The fields of each published config.json that decide shapes, and the longest row that the model was trained on.
SHAPES: dict[str, dict[str, Any]] = {
    "smollm2": {
        "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "head_dim": 64, "tie_word_embeddings": True,
        "max_position_embeddings": 8192,
    },
    "tinyllama": {
        "vocab_size": 32000, "hidden_size": 2048, "intermediate_size": 5632, "num_hidden_layers": 22,
        "num_attention_heads": 32, "num_key_value_heads": 4, "head_dim": 64, "tie_word_embeddings": False,
        "max_position_embeddings": 2048,
    },
    "llama-2-7b": _LLAMA_2 | {
        "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 32,
    },
    "llama-2-13b": _LLAMA_2 | {
        "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40,
        "num_key_value_heads": 40,
    },
    "llama-65b": _LLAMA_2 | {
        "hidden_size": 8192, "intermediate_size": 22016, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 64, "max_position_embeddings": 2048,
    },
    "llama-2-70b": _LLAMA_2 | {
        "hidden_size": 8192, "intermediate_size": 28672, "num_hidden_layers": 80, "num_attention_heads": 64,
        "num_key_value_heads": 8,
    },
}  # fmt: skip
NAMES = ("pocket-llama", *SHAPES)


@dataclasses.dataclass(frozen=True)
class Shape:
    """The numbers of a Llama that decide how many bytes it takes."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    tie_word_embeddings: bool

    @property
    def linear(self) -> dict[str, tuple[int, int]]:
        """Outputs and inputs of each linear layer of a block, by its name."""
        d, f = self.hidden_size, self.intermediate_size
        q, kv = self.num_attention_heads * self.head_dim, self.num_key_value_heads * self.head_dim
        attention = {"q_proj": (q, d), "k_proj": (kv, d), "v_proj": (kv, d), "o_proj": (d, q)}
        return attention | {"gate_proj": (f, d), "up_proj": (f, d), "down_proj": (d, f)}

    @property
    def embeddings(self) -> int:
        """Numbers in the embedding and the output head, which are one matrix where they are tied."""
        return (1 if self.tie_word_embeddings else 2) * self.vocab_size * self.hidden_size

    @property
    def norms(self) -> int:
        """Numbers in the norms: two of each block, and the last one."""
        return (2 * self.num_hidden_layers + 1) * self.hidden_size

    @property
    def parameters(self) -> int:
        """Numbers of the whole model."""
        return self.num_hidden_layers * sum(o * i for o, i in self.linear.values()) + self.embeddings + self.norms

    @property
    def products(self) -> int:
        """Weights that a token is multiplied with: those of the linear layers and of the output head."""
        return self.parameters - self.norms - self.embeddings + self.vocab_size * self.hidden_size


def shape_of(model: Any) -> Shape:
    """The shape of a model. Nothing is downloaded, and no weight is read.

    Args:
        model: a name of ``NAMES``, a directory with a ``config.json``, that file, a configuration of transformers, or a
            dict of its fields. ``head_dim``, ``num_key_value_heads`` and ``tie_word_embeddings`` may be left out.

    Raises:
        CourseError: there is no such model here, it is no Llama, or a number is missing or out of range.
    """
    fields = _fields(model)
    kind = fields.get("model_type", "llama")
    if kind not in ("llama", "mistral"):
        raise CourseError(f"the formulas are a Llama's, and this model is of type {kind!r}")
    heads = fields.get("num_attention_heads")
    if not fields.get("head_dim") and _whole(heads) and _whole(fields.get("hidden_size")):
        fields["head_dim"] = fields["hidden_size"] // heads
    if fields.get("num_key_value_heads") is None:
        fields["num_key_value_heads"] = heads
    # What transformers' Llama takes for a configuration that does not say it.
    fields["tie_word_embeddings"] = bool(fields.get("tie_word_embeddings", False))
    numbers = {field.name: fields.get(field.name) for field in dataclasses.fields(Shape)}
    for name, value in numbers.items():
        if name != "tie_word_embeddings" and not _whole(value):
            raise CourseError(f"the model's {name} has to be a whole number from 1 up, not {value!r}")
    return Shape(**numbers)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _fields(model: Any) -> dict[str, Any]:
    """The fields of a model's configuration, whatever names it."""
    if isinstance(model, Mapping):
        return dict(model)
    if hasattr(model, "to_dict"):
        return model.to_dict()
    if model in SHAPES:
        return dict(SHAPES[model])
    if isinstance(model, str | Path) and str(model).strip():
        path = ASSETS / "pocket-llama" if model == "pocket-llama" else Path(model).expanduser()
        if path.is_dir() or path.is_file():
            return model_files.read_json(path / "config.json" if path.is_dir() else path)
    raise CourseError(
        f"there is no model {str(model)!r} here: give {', '.join(NAMES)}, a directory with a config.json or that file"
    )


def longest_row(model: Any) -> int | None:
    """Tokens of the longest row that a model was trained on, as far as its configuration says so."""
    length = _fields(model).get("max_position_embeddings")
    return length if _whole(length) else None


@dataclasses.dataclass(frozen=True)
class MemoryBudget:
    """The bytes of a training step by what they are for, at each moment that may be the fullest.

    Attributes:
        moments: by the moment's name, in the order of a step, the bytes of each part then.
        formulas: how each part was computed, with its numbers, by the part's name.
        paged: bytes of optimizer states in managed memory, which moves between card and host as it is used. The
            allocator does not see them, and they are in no moment.
    """

    moments: dict[str, dict[str, int]]
    formulas: dict[str, str]
    paged: int = 0

    @property
    def peak(self) -> str:
        """The fullest moment's name."""
        return max(self.moments, key=lambda name: sum(self.moments[name].values()))

    @property
    def parts(self) -> dict[str, int]:
        """The bytes of each part at the fullest moment."""
        return self.moments[self.peak]

    @property
    def total(self) -> int:
        """Bytes at the fullest moment: what the allocator hands out, without its reserve and without the driver's."""
        return sum(self.parts.values())


def estimate(
    model: Any,
    method: str = "qlora",
    rank: int = 16,
    batch: int = 1,
    seq_len: int = 512,
    checkpointing: bool = False,
    optimizer: str = "adamw_torch",
    *,
    precision: str = "bf16",
    logits: str = "full",
    double_quant: bool = True,
    targets: Iterable[str] = (),
    dropout: bool = False,
    device: str = "cuda",
) -> MemoryBudget:
    """The bytes of one training step, after the optimizer's first step, from shapes alone.

    Args:
        model: as for ``shape_of``.
        method: ``"full"`` trains every weight, ``"lora"`` an adapter on 16-bit weights, ``"qlora"`` one on NF4.
        rank: of the adapters.
        batch: rows of a step.
        seq_len: tokens of a row.
        checkpointing: whether each block's inner values are computed again in the backward pass.
        optimizer: one of ``OPTIMIZERS``, by transformers' name. ``"adamw_master"`` stands for mixed precision as Apex
            and DeepSpeed keep it.
        precision: ``"bf16"`` keeps everything in 16 bits; ``"mixed"`` what is trained in 32 and computes in 16 under
            autocast, as a trainer with ``bf16=True`` does; ``"fp32"`` keeps all that is not quantized in 32.
        logits: ``"full"`` as transformers computes the loss, ``"chunked"`` as TRL does.
        double_quant: whether the constants of NF4 are quantized too.
        targets: names of the linear layers that get adapters; none means all.
        dropout: whether the adapters drop some of their inputs.
        device: ``"cuda"``, or ``"cpu"``, where some operations keep or take something else.

    Raises:
        CourseError: the model is unknown, or an argument is out of range.
    """
    shape = shape_of(model)
    targets = tuple(targets) or tuple(shape.linear)
    _check_choices(
        method=(method, METHODS), optimizer=(optimizer, OPTIMIZERS), precision=(precision, PRECISIONS),
        logits=(logits, LOGITS), device=(device, DEVICES),
    )  # fmt: skip
    for name, value in (("rank", rank), ("batch", batch), ("seq_len", seq_len)):
        if not _whole(value):
            raise CourseError(f"{name} has to be a whole number from 1 up, not {value!r}")
    if set(targets) - set(shape.linear):
        raise CourseError(f"targets are some of {', '.join(shape.linear)}, not {targets!r}")
    trained_bytes, base_bytes, compute_bytes = PRECISIONS[precision]
    step = _Step(
        shape, method, rank, targets, batch, seq_len, checkpointing, optimizer, precision, logits, double_quant,
        dropout, trained_bytes, trained_bytes if method == "full" else base_bytes, compute_bytes, device,
    )  # fmt: skip
    still = step.weights() | step.adapters() | step.states() | step.allocator()
    blocks, top = step.kept_by_blocks(), step.kept_on_top()
    moments = {
        "forward, last block": still | blocks | step.casts() | step.block_forward(),
        "loss": still | blocks | top | (step.full_logits() if logits == "full" else step.chunked_logits()),
        "backward, last block": still | blocks | step.head_gradient() | step.block_backward(),
        "backward, first block": still | step.block_gradients() | step.kept_by_first() | step.block_backward(),
        "optimizer": still | step.gradients() | step.update(),
    }
    formulas = {name: text for moment in moments.values() for name, (_, text) in moment.items()}
    sizes = {
        moment: {name: int(size) for name, (size, _) in parts.items() if size} for moment, parts in moments.items()
    }
    return MemoryBudget(sizes, formulas, step.paged())


def _check_choices(**given: tuple[Any, Iterable[str]]) -> None:
    for name, (value, allowed) in given.items():
        if value not in allowed:
            raise CourseError(f"{name} is one of {', '.join(allowed)}, not {value!r}")


Parts = dict[str, tuple[float, str]]  # bytes and formula of each part


@dataclasses.dataclass(frozen=True)
class _Step:
    """A training step, of which each method gives some parts: bytes, and the formula with its numbers."""

    shape: Shape
    method: str
    rank: int
    targets: tuple[str, ...]
    batch: int
    seq_len: int
    checkpointing: bool
    optimizer: str
    precision: str
    logits: str
    double_quant: bool
    dropout: bool
    trained_bytes: int
    base_bytes: int
    compute_bytes: int
    device: str

    @property
    def tokens(self) -> int:
        return self.batch * self.seq_len

    @property
    def layers(self) -> int:
        return self.shape.num_hidden_layers

    @property
    def full(self) -> bool:
        return self.method == "full"

    def adapter_tensors(self) -> list[int]:
        """The numbers in each matrix A and B."""
        sides = [side for name in self.targets for side in self.shape.linear[name]]
        return [self.rank * side for side in sides] * self.layers

    def trained_tensors(self) -> list[int]:
        """The numbers in each tensor that the optimizer moves."""
        if not self.full:
            return self.adapter_tensors()
        shape = self.shape
        linear = [o * i for o, i in shape.linear.values()] * self.layers
        matrices = 1 if shape.tie_word_embeddings else 2
        norms = [shape.hidden_size] * (2 * self.layers + 1)
        return linear + [shape.vocab_size * shape.hidden_size] * matrices + norms

    def weights(self) -> Parts:
        shape, size = self.shape, self.base_bytes
        linear = [o * i for o, i in shape.linear.values()]
        rotary = 2 * 4 * (shape.head_dim // 2)  # transformers keeps the frequencies twice
        parts: Parts = {
            "embedding and head": (
                size * shape.embeddings,
                f"{size} bytes x {shape.vocab_size:,} words x {shape.hidden_size:,}"
                + (", one matrix for both" if shape.tie_word_embeddings else " x 2"),
            ),
            "norms": (size * shape.norms + rotary, f"{size} bytes x {shape.norms:,}, and rotary frequencies"),
        }
        if self.method != "qlora":
            count = sum(linear) * self.layers
            return parts | {"linear weights": (size * count, f"{size} bytes x {count:,}")}
        codes = sum(-(-count // 2) for count in linear) * self.layers
        blocks = [-(-count // BLOCK) for count in linear]
        if self.double_quant:
            # Beside them each matrix keeps its mean, NF4's 16 levels and the 256 of the 8-bit map, in float32.
            constants = sum(b + 4 * -(-b // CONSTANTS_BLOCK) + 4 * (1 + 16 + 256) for b in blocks) * self.layers
            text = f"(1 + 4/{CONSTANTS_BLOCK}) bytes for {BLOCK} weights, and the levels of each matrix"
        else:
            constants = sum(4 * b + 4 * 16 for b in blocks) * self.layers
            text = f"4 bytes for {BLOCK} weights, and the levels of each matrix"
        return parts | {
            "4-bit codes": (codes, f"half a byte x {sum(linear) * self.layers:,}"),
            "quantization constants": (constants, text),
        }

    def adapters(self) -> Parts:
        if self.full:
            return {}
        count = sum(self.adapter_tensors())
        return {
            "adapters": (
                self.trained_bytes * count,
                f"{self.trained_bytes} bytes x rank {self.rank} x {count // self.rank:,} inputs and outputs",
            )
        }

    def _states(self) -> tuple[list[int], int]:
        """Bytes of each tensor of optimizer state that the allocator gives, and of all that bitsandbytes pages."""
        plain, managed = [], 0
        small, paged = "8bit" in self.optimizer, self.optimizer.startswith("paged")
        for count in self.trained_tensors():
            if self.optimizer.startswith("adamw_torch"):
                plain += [self.trained_bytes * count] * 2
            elif self.optimizer == "adamw_master":
                plain += [4 * count] * 3
            elif self.optimizer != "sgd":
                in_8_bits = small and count >= SMALLEST_8BIT
                averages = [count if in_8_bits else 4 * count] * 2
                plain += [4 * -(-count // 256)] * 2 if in_8_bits else []
                if paged and count >= SMALLEST_PAGED:
                    managed += sum(averages)
                else:
                    plain += averages
        return plain + [4 * 256] * (2 if small else 0), managed  # both 8-bit maps are there once

    def states(self) -> Parts:
        return {"optimizer states": (sum(self._states()[0]), OPTIMIZERS[self.optimizer])}

    def paged(self) -> int:
        return self._states()[1]

    def allocator(self) -> Parts:
        """What a GPU's allocator gives out beside tensors: cuBLAS' workspaces, and what rounding loses."""
        if self.device != "cuda":
            return {}
        linear = [] if self.method == "qlora" else [o * i for o, i in self.shape.linear.values()] * self.layers
        matrices = 1 if self.shape.tie_word_embeddings else 2
        weights = [self.base_bytes * c for c in linear + [self.shape.vocab_size * self.shape.hidden_size] * matrices]
        lost = sum(_lost(size) for size in weights + self._states()[0])
        return {
            "workspace": (CUBLAS_WORKSPACE, "what cuBLAS works in, 32 MiB for each of two threads"),
            "rounding": (lost, "the end of a 2 MiB unit that a large tensor leaves, if it is 1 MiB or less"),
        }

    def gradients(self, without: int = 0) -> Parts:
        """Of all that is trained but for ``without`` numbers."""
        # Mixed precision with a master copy has its gradients in the 16 bits of the weights.
        count = sum(self.trained_tensors()) - without
        return {"gradients": (self.trained_bytes * count, f"{self.trained_bytes} bytes x {count:,}")}

    def update(self) -> Parts:
        """torch's Adam, all tensors at once, takes the root of the second average into new memory."""
        size = self.trained_bytes * sum(self.trained_tensors()) if self.optimizer == "adamw_torch" else 0
        return {"update": (size, "the root of Adam's second average, like the numbers")}

    @property
    def copies_inputs(self) -> bool:
        """Whether each linear layer keeps a 16-bit copy of its input, made for it by autocast.

        peft leaves the input of a 4-bit layer alone where autocast is on, which it asks of GPUs only.
        """
        return self.precision == "mixed" and not (self.method == "qlora" and self.device == "cuda")

    def _inputs(self, names: Iterable[str], width: int) -> int:
        """Bytes a token of the inputs that linear layers keep for their own or their adapters' gradients."""
        kept_by = len([name for name in names if self.full or name in self.targets])
        copies = kept_by if self.copies_inputs or self.dropout else min(1, kept_by)
        return width * (self.compute_bytes * copies + self._mask() * kept_by)

    def _mask(self) -> int:
        """Bytes of an input's number that an adapter's dropout keeps: which it let pass; on a CPU what it multiplied
        with."""
        if not self.dropout or self.full:
            return 0
        return 1 if self.device == "cuda" else 4 if self.copies_inputs else self.compute_bytes

    def _norm(self) -> int:
        """Bytes a token that a norm keeps: its input in float32, the root, and to train it the normalized input."""
        d = self.shape.hidden_size
        return 4 * d + 4 + (self._residual() * d if self.full else 0)

    def _residual(self) -> int:
        """Bytes of a number between blocks: the sum of a float32 embedding and 16-bit outputs is float32."""
        return 4 if self.precision != "bf16" and self.full else self.compute_bytes

    def block(self) -> int:
        """Bytes that one block keeps of each token."""
        shape, size = self.shape, self.compute_bytes
        d, f = shape.hidden_size, shape.intermediate_size
        q, kv = shape.num_attention_heads * shape.head_dim, shape.num_key_value_heads * shape.head_dim
        ranks = 0 if self.full else size * self.rank * len(self.targets)
        # Queries, keys, values, the attention's output, and in float32 a sum for each head.
        attention = size * (2 * q + 2 * kv) + 4 * shape.num_attention_heads
        attention += self._inputs(("q_proj", "k_proj", "v_proj"), d)
        if not self.full and (self.copies_inputs or self.dropout):
            attention += self._inputs(("o_proj",), q)  # else it is the attention's own output
        # The outputs of gate and up, and SiLU of the first; their product is the input of down.
        feed_forward = 3 * size * f + self._inputs(("gate_proj", "up_proj"), d) + self._inputs(("down_proj",), f)
        return 2 * self._norm() + attention + feed_forward + ranks

    def kept_by_blocks(self) -> Parts:
        """What autograd keeps of the blocks from the forward pass for the backward pass."""
        n, layers, d = self.tokens, self.layers, self.shape.hidden_size
        angles = 2 * self.seq_len * self.shape.head_dim * self._residual()
        parts: Parts = {"rotary angles": (angles, f"sine and cosine, {self.seq_len:,} x {self.shape.head_dim}")}
        if self.checkpointing:
            size = self._residual() * d
            return parts | {"block inputs": (n * layers * size, f"{n:,} tokens x {layers} blocks x {size:,} bytes")}
        size, spared, adapted = self.block(), 0, 0
        if not self.full:
            # The embedding of a frozen model needs no gradient: the first norm keeps nothing, nor do the first
            # adapters what it would take to carry one on.
            adapted = len({"q_proj", "k_proj", "v_proj"} & set(self.targets))
            spared = n * (self._norm() + adapted * d * self._mask())
        text = f"{n:,} tokens x {layers} blocks x {size:,} bytes" + (", less in the first" if spared else "")
        parts["activations"] = (n * layers * size - spared, text)
        return parts | self._casts(layers, without=adapted * self.rank * d)

    def kept_by_first(self) -> Parts:
        """What of it is left when the backward pass has come to the first block."""
        size = self._residual() * self.shape.hidden_size if self.checkpointing else self.block()
        name = "block inputs" if self.checkpointing else "activations"
        return {name: (self.tokens * size, f"{self.tokens:,} tokens x {size:,} bytes")}

    def _casts(self, layers: int, without: int = 0) -> Parts:
        if self.precision != "mixed":
            return {}
        weights = sum(o * i for o, i in self.shape.linear.values()) * self.layers
        count = (weights if self.full else sum(self.adapter_tensors())) * layers // self.layers - without
        return {"16-bit copies": (2 * count, f"2 bytes x {count:,} that autocast made of what is trained")}

    def casts(self) -> Parts:
        """Autocast holds its copies of all that is trained until the forward pass ends, whoever keeps them longer."""
        return self._casts(self.layers)

    def kept_on_top(self) -> Parts:
        """What autograd keeps between the last block and the loss: for the last norm, and of the head's input."""
        n, d = self.tokens, self.shape.hidden_size
        parts: Parts = {"last norm": (n * self._norm(), f"{n:,} tokens x {self._norm():,} bytes")}
        if self.logits == "chunked":  # of each row all tokens but the last have a next one
            size = self._residual() * d * (n - self.batch)
        else:
            size = self.compute_bytes * d * n if self.full else 0
        if self.full and self.precision == "mixed" and self.logits == "full":
            size += 2 * self.shape.vocab_size * d
        return parts | {"head": (size, f"the head's input, {n:,} tokens x {d:,}, and its 16-bit copy if it has one")}

    def head_gradient(self) -> Parts:
        size = self.trained_bytes * self.shape.vocab_size * self.shape.hidden_size if self.full else 0
        return {"gradients": (size, "of the head, the first there is")}

    def block_gradients(self) -> Parts:
        """The gradients while the first block's feed-forward part goes backward: its own, and an embedding's, are not
        there yet."""
        if not self.full:
            return self.gradients(without=sum(self.adapter_tensors()) // self.layers)
        shape = self.shape
        embedding = 0 if shape.tie_word_embeddings else shape.vocab_size * shape.hidden_size
        return self.gradients(without=embedding + sum(o * i for o, i in shape.linear.values()))

    def block_forward(self) -> Parts:
        """What is there for down_proj, the end of a block, and not kept: its input's and its weight's other forms.

        A 4-bit weight is there in 16 bits, and its constants twice in float32 if they were quantized. An adapter in
        float32 beside a dense layer first gets its input, which is in 16 bits, in float32.
        """
        n, d, f = self.tokens, self.shape.hidden_size, self.shape.intermediate_size
        # down_proj's output; the sum so far, unless the norm keeps it as it is; the norm's output, unless that is kept.
        size = self.compute_bytes * n * d * (1 + (self._residual() == 2) + self.copies_inputs)
        weight = (self.compute_bytes + (2 * 4 / BLOCK if self.double_quant else 0)) * d * f
        inputs = (4 + self.compute_bytes) * n * f
        size += max(
            weight if self.method == "qlora" else 0,
            inputs if self.copies_inputs and not self.full else 0,  # after it, for the adapter
        )
        return {"block's forward": (size, f"down_proj for {n:,} tokens")}

    def block_backward(self) -> Parts:
        """What is made for one block's backward pass and goes with it; the feed-forward part takes most."""
        shape, n, size = self.shape, self.tokens, self.compute_bytes
        d, f = shape.hidden_size, shape.intermediate_size
        # While the product of gate and up is taken apart, the gradients of both are there beside its own, and what
        # down_proj kept is gone. While down_proj's weight is there dequantized, one of them is not there yet.
        weight = size * d * f if self.method == "qlora" else 0
        flow = max(2 * n * f * size, n * f * size + weight) + n * size * d
        if not self.checkpointing:
            return {"block's backward": (flow, f"{n:,} tokens x {flow // n:,} bytes")}
        # The block's forward pass comes again, while the gradient of its output waits, as it is and scaled for B.
        forward, _ = self.block_forward()["block's forward"]
        flow = max(flow, forward + 2 * n * size * d)
        parts: Parts = {
            "block's backward": (flow, f"{n:,} tokens x {flow // n:,} bytes"),
            "recomputed block": (n * self.block(), f"{n:,} tokens x {self.block():,} bytes"),
        }
        return parts | self._casts(1)

    def full_logits(self) -> Parts:
        """transformers' loss: softmax in float32, its gradient, and the gradient of what it was taken of."""
        n, v = self.tokens, self.shape.vocab_size
        return {"logits": (12 * n * v, f"{n:,} tokens x {v:,} words x 3 float32")}

    def chunked_logits(self) -> Parts:
        """TRL's loss: one tile of logits at a time, and the gradient of the last hidden states in float32.

        That gradient, or a trained head's, is there in 16 bits too in the end, and a float32 head's weight meanwhile. A
        CPU has no kernel for the tile: seven float32 copies of it and a mask are there at most, before the end.
        """
        n = self.tokens - self.batch  # a row's last token has no next one
        d, v = self.shape.hidden_size, self.shape.vocab_size
        size, tall, wide = self.compute_bytes, min(n, TILE_TOKENS), min(v, TILE_WIDTH)
        work = (7 * 4 + 1) * tall * wide if self.device == "cpu" else 0
        end = (size * n * d if self._residual() == 2 else 0) + (2 * v * d if self.full and size == 2 else 0)
        head = 4 * v * d if self.full else 0
        text = f"a tile of {tall:,} x {TILE_WIDTH:,}, {n:,} tokens x {d:,} in float32"
        text += ", the head's gradient likewise" if head else ""
        text += f", {tall:,} x {wide:,} words x 29 bytes" if work > end else ", and in 16 bits" if end else ""
        return {"logits": (size * tall * TILE_WIDTH + 4 * n * d + head + max(work, end), text)}


def _lost(size: int) -> int:
    """Bytes that torch's GPU allocator cannot give to another tensor beside one of ``size`` bytes.

    It asks the driver for whole units of 2 MiB for 10 MiB or more, and gives a tensor the rest unless that is more than
    1 MiB. Smaller tensors share what it asked for, and what they lose depends on their neighbours: it is not counted.
    """
    rest = -size % (2 * MIB)
    return rest if size >= 10 * MIB and rest <= MIB else 0
