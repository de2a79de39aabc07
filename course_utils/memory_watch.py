"""The bytes of a running model: of the weights, of what autograd keeps, and of all tensors at the fullest moment.

They are counted, not computed: what ``memory.estimate`` predicts is held against them.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["Saved", "Watch", "at_rest", "constants_of", "tensors_of"]


class Saved:
    """Counts the bytes that autograd keeps for the backward pass, each storage once, while the block runs.

        with memory_watch.Saved(model) as saved:
            loss = model(input_ids=tokens, labels=tokens).loss
        saved.total

    Attributes:
        tensors: shape, dtype and bytes of each storage that was kept, in the order of the forward pass.
    """

    def __init__(self, model: torch.nn.Module):
        """Weights are there anyway: what belongs to ``model`` is not counted."""
        self._known = {_key(tensor) for tensor in tensors_of(model)}
        self.tensors: list[tuple[tuple[int, ...], torch.dtype, int]] = []
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    @property
    def total(self) -> int:
        return sum(size for _, _, size in self.tensors)

    def _pack(self, tensor: torch.Tensor) -> torch.Tensor:
        if _key(tensor) not in self._known:
            self._known.add(_key(tensor))
            self.tensors.append((tuple(tensor.shape), tensor.dtype, tensor.untyped_storage().nbytes()))
        # An operation's own output, kept as it is, would keep the graph that leads to it alive for ever.
        return tensor.detach()

    def __enter__(self) -> Saved:
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._hooks.__exit__(*error)


class Watch(TorchDispatchMode):
    """Follows the bytes of all tensors that operations make while the block runs: what a GPU's allocator would count.

    On a CPU nothing counts them otherwise. Memory that an operation takes and gives back inside is not seen.

    Attributes:
        live: bytes of the tensors that are alive now.
        peak: the largest value that ``live`` had since the block began, or since ``reset``.
    """

    def __init__(self, tensors: Iterable[torch.Tensor] = ()):
        """Begins with ``tensors``, which are there already."""
        super().__init__()
        self.live = self.peak = 0
        self._known: set[int] = set()
        for tensor in tensors:
            self._see(tensor)

    def reset(self) -> None:
        """Begins to look for the peak anew."""
        self.peak = self.live

    def _see(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key in self._known or tensor.device.type == "meta":
            return
        self._known.add(key)
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.live -= size

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for value in torch.utils._pytree.tree_leaves(result):
            if isinstance(value, torch.Tensor):
                self._see(value)
        return result


def _key(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def tensors_of(model: torch.nn.Module) -> list[torch.Tensor]:
    """Parameters, buffers, and what bitsandbytes keeps beside its 4-bit weights."""
    found: list[torch.Tensor] = [*model.parameters(), *model.buffers()]
    for parameter in model.parameters():
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            found += constants_of(state)
    return found


def constants_of(state: Any) -> list[torch.Tensor]:
    """The tensors of a bitsandbytes ``QuantState``."""
    own = [state.absmax, state.code]
    if state.nested:
        own += [state.offset, state.state2.absmax, state.state2.code]
    return own


def at_rest(model: torch.nn.Module) -> dict[str, int]:
    """Bytes of a loaded model by the names of ``MemoryBudget``'s parts, each storage once."""
    sizes = dict.fromkeys(
        ("embedding and head", "norms", "linear weights", "4-bit codes", "quantization constants", "adapters"), 0
    )
    seen: set[int] = set()

    def count(part: str, tensor: torch.Tensor) -> None:
        if _key(tensor) not in seen:
            seen.add(_key(tensor))
            sizes[part] += tensor.untyped_storage().nbytes()

    for name, parameter in model.named_parameters():
        state = getattr(parameter, "quant_state", None)
        if "lora_" in name:
            count("adapters", parameter)
        elif state is not None:
            count("4-bit codes", parameter)
            for constant in constants_of(state):
                count("quantization constants", constant)
        elif "embed_tokens" in name or "lm_head" in name:
            count("embedding and head", parameter)
        elif "norm" in name:
            count("norms", parameter)
        else:
            count("linear weights", parameter)
    for buffer in model.buffers():
        count("norms", buffer)
    return {name: size for name, size in sizes.items() if size}
