"""A merged model as one GGUF file, the form that llama.cpp, Ollama and LM Studio run, and Ollama's Modelfile for it.

Written with the ``gguf`` library; the format is described at
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Which tensor is rounded to what follows
``llama_tensor_get_type_impl`` in llama.cpp's ``src/llama-quant.cpp``.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib.util
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course_utils import engine, model_files
from course_utils.errors import CourseError

QUANTIZATIONS = {"f16": "MOSTLY_F16", "q8_0": "MOSTLY_Q8_0", "q4_k_m": "MOSTLY_Q4_K_M"}

# The ways to cut a text into pieces before any merge that llama.cpp knows by name, as tokenizer.json writes them.
PIECES = {"gpt-2": ["ByteLevel"], "smollm": ["Digits", "ByteLevel"]}
LAST = 1e6  # below every other score
PLAIN = (None, "default")  # positions that are not stretched
_MARK = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")  # which llama.cpp's templates do not know


def to_gguf(
    directory: str | Path, path: str | Path, quantization: str = "f16", fields: Mapping[str, Any] | None = None
) -> Path:
    """Writes the model in ``directory`` as one GGUF file, whole or not at all.

    Args:
        directory: a Llama as ``save_pretrained`` leaves it, in 16 or 32 bits, its tokenizer beside it.
        path: the file to write; one that is there is replaced.
        quantization: ``"f16"``; ``"q8_0"``, about 8.5 bits a weight; or ``"q4_k_m"``, about 5, which takes llama.cpp's
            own code out of the wheel ``xllamacpp``. Norms stay in 32 bits.
        fields: entries of ``tokenizer_fields`` to be written otherwise, such as ``{"template": ...}``.

    Returns:
        The path.

    Raises:
        CourseError: the directory holds no such model, there is no room for the file, or the quantization is unknown.
    """
    import gguf
    import numpy
    from transformers import AutoConfig

    directory, path = Path(directory), Path(path)
    if quantization not in QUANTIZATIONS:
        raise CourseError(f"quantization = {quantization!r} is none of {', '.join(QUANTIZATIONS)}")
    shapes = _check(directory)
    config = AutoConfig.from_pretrained(directory)
    tokens = tokenizer_fields(directory, config.vocab_size) | dict(fields or {})
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    if config.tie_word_embeddings:
        shapes.pop("lm_head.weight", None)
    kinds = {name: tensor_type(name, shape, quantization, config) for name, shape in shapes.items()}
    sizes = {name: _bytes(shape, kinds[name]) for name, shape in shapes.items()}
    if quantization == "q4_k_m":
        _llama_cpp()  # missed before anything is written

    with _saving(path, sum(sizes.values())) as new:
        writer = gguf.GGUFWriter(new, "llama")
        _add_settings(writer, config, directory.resolve().name, quantization)
        _add_tokens(writer, tokens)
        for name, shape in shapes.items():
            there = names.get_name(name, try_suffixes=(".weight",))
            if there is None:
                raise CourseError(f"{directory} holds {name}, for which llama.cpp's Llama has no place")
            writer.add_tensor_info(there, shape, numpy.dtype("float32"), sizes[name], kinds[name])
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, weight in _weights(directory, list(shapes)):
            writer.write_tensor_data(_rounded(name, permuted(name, weight, config), kinds[name]))
        writer.close()
    return path


def tensor_type(name: str, shape: tuple[int, ...], quantization: str, config: Any) -> Any:
    """The ``gguf.GGMLQuantizationType`` that llama.cpp would store a tensor in.

    In ``q4_k_m`` the head has 6 bits, and so have v_proj and down_proj in the first and last eighth of the layers and
    in every third between; a row that is no multiple of 256 takes the next larger format with blocks of 32.
    """
    from gguf import GGMLQuantizationType as Kind

    if len(shape) == 1:
        return Kind.F32
    if quantization == "f16" or shape[-1] % 32:
        return Kind.F16
    if quantization == "q8_0":
        return Kind.Q8_0
    head = name == "lm_head.weight" or (name == "model.embed_tokens.weight" and config.tie_word_embeddings)
    layer = re.search(r"layers\.(\d+)\..*(?:v_proj|down_proj)", name)
    fine = head or (layer and _more_bits(int(layer[1]), config.num_hidden_layers))
    if shape[-1] % 256:
        return Kind.Q8_0 if fine else Kind.Q5_0
    return Kind.Q6_K if fine else Kind.Q4_K


def _more_bits(layer: int, layers: int) -> bool:
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def permuted(name: str, weight: Any, config: Any) -> Any:
    """A weight with the rows of q_proj and k_proj in GGUF's order; others as they are.

    RoPE turns pairs of numbers. transformers pairs the first half of a head with its second half, GGUF each even row
    with the next.
    """
    if not name.endswith(("q_proj.weight", "k_proj.weight")):
        return weight
    heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _check(directory: Path) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the tensors of a Llama that can be written.

    Raises:
        CourseError: it is something else.
    """
    if not directory.is_dir():
        raise CourseError(f"there is no directory {directory}")
    if (directory / "adapter_config.json").exists() and not (directory / "config.json").exists():
        raise CourseError(f"{directory} holds an adapter, not a model: merge it and save the merged model first")
    model_files.check_model(directory)
    config = model_files.read_json(directory / "config.json")
    if config.get("quantization_config"):
        raise CourseError(
            f"the model in {directory} is quantized: load it, call model.dequantize(), merge, and save that in 16 bits"
        )
    if config.get("architectures") != ["LlamaForCausalLM"]:
        raise CourseError(f"{directory} holds {config.get('architectures')}; only LlamaForCausalLM is written here")
    if (kind := (config.get("rope_parameters") or config.get("rope_scaling") or {}).get("rope_type")) not in PLAIN:
        raise CourseError(f"the model in {directory} stretches its positions by {kind!r}, which is not written here")
    shapes: dict[str, tuple[int, ...]] = {}
    for file in sorted(directory.glob("*.safetensors")):
        shapes |= model_files.read_shapes(file)
    if not shapes:
        raise CourseError(f"{directory} holds no *.safetensors: save the model with save_pretrained")
    return shapes


def _weights(directory: Path, names: list[str]) -> Iterator[tuple[str, Any]]:
    """The weights one at a time, in the order of ``names``, in float32."""
    from safetensors import safe_open

    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(safe_open(file, "pt")) for file in sorted(directory.glob("*.safetensors"))]
        where = {name: file for file in files for name in file.keys()}  # noqa: SIM118
        for name in names:
            yield name, where[name].get_tensor(name).float().numpy()


def _bytes(shape: tuple[int, ...], kind: Any) -> int:
    from gguf import GGML_QUANT_SIZES

    block, size = GGML_QUANT_SIZES[kind]
    return math.prod(shape) // block * size


def _rounded(name: str, weight: Any, kind: Any) -> Any:
    """A float32 matrix in a GGUF format, by llama.cpp's own code for the formats that ``gguf`` cannot write."""
    import gguf
    import numpy

    if kind.name == "F16" and numpy.abs(weight).max() > numpy.finfo("float16").max:
        raise CourseError(f"{name} holds a number above 65,504, the largest of f16")
    if kind.name in ("F32", "F16", "Q5_0", "Q8_0"):
        return gguf.quants.quantize(weight, kind)
    weight = numpy.ascontiguousarray(weight)
    rows, columns = weight.shape
    out = numpy.empty((rows, _bytes((columns,), kind)), dtype="uint8")
    pointer = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731
    _llama_cpp().ggml_quantize_chunk(
        ctypes.c_int(kind.value), pointer(weight), pointer(out), *map(ctypes.c_int64, (0, rows, columns)), None
    )
    return out


@functools.cache
def _llama_cpp() -> Any:
    """llama.cpp's shared library out of its wheel.

    Raises:
        CourseError: it is not installed, or does not offer its quantization.
    """
    found = importlib.util.find_spec(engine.PACKAGE)
    for folder in found.submodule_search_locations or () if found else ():
        for file in sorted(Path(folder).glob(f"{engine.PACKAGE}.*")):
            with contextlib.suppress(OSError, AttributeError):
                library = ctypes.CDLL(str(file))
                library.ggml_quantize_chunk.restype = ctypes.c_size_t
                return library
    raise CourseError(f"q4_k_m is written by llama.cpp's own code, which is not on this machine: {engine.INSTALL}")


def _add_settings(writer: Any, config: Any, name: str, quantization: str) -> None:
    import gguf

    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType[QUANTIZATIONS[quantization]])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)


def tokenizer_fields(directory: Path, size: int) -> dict[str, Any]:
    """What GGUF has to know of a tokenizer.

    Args:
        directory: where it lies.
        size: rows of the embedding table, which may be more than it has tokens.

    Returns:
        ``kind``, ``"llama"`` (SentencePiece's) or ``"gpt2"`` (byte-level); ``pre``, the name of its rule for pieces;
        ``tokens`` and their ``types``; ``scores`` or ``merges``; the ``special`` tokens' numbers; ``begin`` and
        ``prefix``, whether it puts the beginning-of-text token, or a space, in front of a text; the chat ``template``.

    Raises:
        CourseError: it is of a kind that is not written here.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory)
    file = model_files.read_json(directory / "tokenizer.json")
    model, pieces = file["model"], file.get("pre_tokenizer")
    steps = [step["type"] for step in (pieces or {}).get("pretokenizers", [pieces]) if step]
    added = {entry["id"]: entry for entry in file["added_tokens"]}
    tokens = [f"<unused {number}>" for number in range(size)]
    for token, number in {**model["vocab"], **{entry["content"]: number for number, entry in added.items()}}.items():
        tokens[number] = token
    found = {"tokens": tokens, "merges": None, "scores": None, "prefix": False}
    if model["type"] == "BPE" and model["byte_fallback"] and steps in ([], ["Metaspace"], ["Split"]):
        found |= {"kind": "llama", "pre": "default", "scores": _scores(tokens, model["merges"], apart="Split" in steps)}
        found["prefix"] = "Prepend" in json.dumps(file.get("normalizer")) or "Metaspace" in steps
    elif model["type"] == "BPE" and steps in PIECES.values():
        pre = next(name for name, known in PIECES.items() if known == steps)
        found |= {"kind": "gpt2", "pre": pre, "merges": [" ".join(merge) for merge in model["merges"]]}
    else:
        raise CourseError(
            f"the tokenizer in {directory} is {model['type']} with {steps or 'no'} pieces, which is not written here"
        )
    unknown = tokenizer.unk_token_id if found["kind"] == "llama" else None
    found["types"] = [_token_type(number, token, added, unknown) for number, token in enumerate(tokens)]
    found["template"] = _MARK.sub("", tokenizer.chat_template or "")
    special = {"bos": tokenizer.bos_token_id, "eos": tokenizer.eos_token_id, "unk": tokenizer.unk_token_id}
    found["special"] = special | {"pad": tokenizer.pad_token_id}
    found["begin"] = tokenizer("").input_ids[:1] == [tokenizer.bos_token_id]
    return found


def _scores(tokens: list[str], merges: list, apart: bool) -> list[float]:
    """llama.cpp's "llama" tokenizer has no merges: of all neighbours that make a token it joins the best scored.

    So the order of the merges becomes the order of the scores. It has no pieces either. Where a merge must not cross
    them, the only tokens that could are those that begin with an apostrophe: they come last of all.
    """
    rank = {"".join(merge): number for number, merge in reversed(list(enumerate(merges)))}
    scores = [-float(rank.get(token, len(rank))) for token in tokens]
    return [score - LAST * (apart and token[0] == "'") for score, token in zip(scores, tokens, strict=True)]


def _token_type(number: int, token: str, added: dict[int, dict], unknown: int | None) -> Any:
    from gguf import TokenType

    if number == unknown:
        return TokenType.UNKNOWN
    if number in added:
        return TokenType.CONTROL if added[number]["special"] else TokenType.USER_DEFINED
    if re.fullmatch(r"<0x[0-9A-F]{2}>", token):
        return TokenType.BYTE
    return TokenType.UNUSED if token.startswith("<unused ") else TokenType.NORMAL


def _add_tokens(writer: Any, found: dict[str, Any]) -> None:
    writer.add_tokenizer_model(found["kind"])
    writer.add_tokenizer_pre(found["pre"])
    writer.add_token_list(found["tokens"])
    writer.add_token_types(found["types"])
    if found["scores"]:
        writer.add_token_scores(found["scores"])
    if found["merges"]:
        writer.add_token_merges(found["merges"])
    for name, number in found["special"].items():
        if number is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    writer.add_add_bos_token(found["begin"])
    writer.add_add_space_prefix(found["prefix"])
    if found["template"]:
        writer.add_chat_template(found["template"])


def modelfile(directory: str | Path, path: str | Path) -> str:
    """Ollama's Modelfile for a GGUF file made of ``directory``: where it is, its template, its stop and its settings.

    The template is put together from how the tokenizer's own writes one turn of each role.

    Raises:
        CourseError: the tokenizer's template does not write its turns one after the other, as Llama 2's does not.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory)
    write = functools.partial(tokenizer.apply_chat_template, tokenize=False)
    turn = lambda role: {"role": role, "content": f"<{role}'s words>"}  # noqa: E731
    parts, system = {}, ""
    first = write([turn("system")])
    begin = tokenizer.bos_token if first.startswith(tokenizer.bos_token or "\0") else ""
    begin = begin if tokenizer("").input_ids[:1] == [tokenizer.bos_token_id] else ""  # then Ollama writes it itself
    parts["system"] = first.removeprefix(begin)
    for role in ("user", "assistant"):
        parts[role] = write([turn("system"), turn(role)]).removeprefix(first)
    after = write([turn("system"), turn("user")], add_generation_prompt=True).removeprefix(first + parts["user"])
    talk = [turn(role) for role in ("system", "user", "assistant", "user")]
    if write(talk) != begin + "".join(parts[message["role"]] for message in talk):
        raise CourseError(
            f"the chat template in {directory} is not one turn after the other: write the Modelfile by hand"
        )
    if (alone := write([turn("user")]).removeprefix(begin)) != parts["user"]:  # a system text where there is none
        opening, closing = parts["system"].split("<system's words>")
        system = alone.removesuffix(parts["user"]).removeprefix(opening).removesuffix(closing)
    written = {role: part.replace(f"<{role}'s words>", "{{ .Content }}") for role, part in parts.items()}
    branches = "".join(
        f'{{{{ {word} eq .Role "{role}" }}}}{written[role]}'
        for word, role in zip(("if", "else if", "else if"), written, strict=True)
    )
    lines = [
        f"FROM ./{Path(path).name}",
        f'TEMPLATE """{{{{ range .Messages }}}}{branches}{{{{ end }}}}{{{{ end }}}}{after}"""',
    ]
    lines += [f'SYSTEM """{system}"""'] if system else []
    lines += [f'PARAMETER stop "{tokenizer.eos_token}"', "PARAMETER temperature 0"]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _saving(path: Path, size: int) -> Iterator[Path]:
    """A path beside ``path``, whose file takes its place once the block has ended without an error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(path.parent).free
        if size > free:
            raise CourseError(f"{path} takes {size / 1e9:.2f} GB, and {free / 1e9:.2f} GB are free: make room")
        with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as temporary:
            yield Path(temporary) / path.name
            (Path(temporary) / path.name).replace(path)
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror or error})") from None
