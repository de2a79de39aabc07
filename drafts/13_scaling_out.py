import sys
import nbformat

cells = []


def md(text):
    cells.append(nbformat.v4.new_markdown_cell(text.strip("\n")))


def code(text, *tags):
    metadata = {"tags": list(tags)} if tags else {}
    cells.append(nbformat.v4.new_code_cell(text.strip("\n"), metadata=metadata))


md(r"""
# 13 · Scaling out

![Two cards under four ways to share a training: DDP keeps everything on both; ZeRO-1 halves the optimizer's states, ZeRO-2 the gradients too, ZeRO-3 or FSDP the weights as well](../images/sharding.svg)

Two cards can do twice the work of one, or hold a model that one cannot. Here you do both by hand, with two processes on the cores of this machine: that is all the mathematics asks for. Each time you prove that the gradients are those of one process. Then the libraries that do it for you, a process that is killed in the middle, and a popular setting that saves an adapter with nothing in it.

Afterwards you can

- write data parallelism in twenty lines, and say when its average is wrong,
- say what each card holds under DDP, ZeRO-1, -2, -3 and FSDP, and what a step sends, to the byte,
- shard a dense and a 4-bit model with `fully_shard`, and say why its 4-bit weights are stored as floats,
- save an adapter from any of them, and prove that the file is the model you trained,
- start, kill and resume a run with `torchrun`, on one machine or several, and see where it hangs.

You need to know what a step holds (lesson 03) and what a certificate is (lesson 07). No GPU and no network are needed; on two cores it takes about a minute and a half. What two GPUs did stands in a receipt, a file of measurements that comes with the course.
""")
code(r"""
import sys; sys.path.append("..")
try:  # build is the directory in which this lesson writes
    from course_utils.start import build  # noqa: F401
except ModuleNotFoundError:
    raise SystemExit("Copy the whole course to this machine, folder course_utils and all, and open it there.") from None
""", "setup")
code(r"""
model = "pocket-llama"  # or a directory with a Llama; of a large one the first layers take part
seed = 0
processes = 2  # 2 to 4
rows = 4  # 1 to 32 rows of text in a step, for each process
length = 96  # 32 to 512 tokens in a row
rank = 8  # 1 to 64, of the adapters; a process's own number is called rank too
""", "parameters")
code(r"""
import time

from course_utils import models, ranks, results

start = time.perf_counter()
results.require(seed=(seed, 0, 2**31 - 1), processes=(processes, 2, 4), rows=(rows, 1, 32),
                length=(length, 32, 512), rank=(rank, 1, 64))  # fmt: skip
models.check(model)
""", "guard")
code(r"""
ranks.use_one_thread()  # a core for each process; it has to be said before torch is there

from course_utils import certificate, data, memory, plots, receipts, training, widgets, world

work = build / "lesson_13"
work.mkdir(parents=True, exist_ok=True)
""")
md(r"""
## Two workers and an average

A step's gradient is the mean of its tokens' gradients. Take four tokens and one weight, and give two workers two tokens each. Each takes the mean of its own; then they average the two means. **Predict**: is that what one worker with all four would find? And if the first gets one token and the second three?
""")
code(r"""
token_gradients = [8, 2, 1, 1]
mean = lambda numbers: sum(numbers) / len(numbers)
for first in (2, 1):
    means = mean(token_gradients[:first]), mean(token_gradients[first:])
    print(f"{first} and {4 - first} tokens: one worker {mean(token_gradients):g}, two workers {mean(means):.3g}")
""")
md(r"""
With equal shares it is the same. With unequal ones a token that is alone counts as much as three others together. The first line is what this lesson stands on; the second is the mistake most often made on the way, and it comes back below.

## Processes that talk

Each worker is a process of its own with a number, its **rank**; how many there are is the **world size**. They meet once, and from then on exchange tensors in *collective* operations, which all of them have to call in the same order. Between GPUs the library underneath is NCCL, between processors gloo; the calls are the same. `ranks.run` starts forks of this notebook, as accelerate's `debug_launcher` does, and brings back what each returned. **Predict**: each gives its rank plus one; what has each after an `all_reduce`?
""")
code(r"""
import torch
import torch.distributed as dist


def hello():
    mine = torch.tensor([dist.get_rank() + 1.0])
    dist.all_reduce(mine)  # the sum of all, for all
    return f"rank {dist.get_rank()} of {dist.get_world_size()} has {mine.item():g}"


ranks.run(hello, processes)
""")
md(r"""
Every one has the sum. Three more operations are all that is needed: a **broadcast** gives one rank's tensor to all; an **all-gather** gives everybody's part to everybody; a **reduce-scatter** adds up, and leaves each rank one part of the sum. All-reduce is the last followed by the one before it.

In a **ring** each card talks to its neighbours only. The tensor is cut into as many pieces as there are cards. In each round every card sends one piece on; after $n-1$ rounds each has one finished sum, after $n-1$ more everybody has all. So a hundred cards send hardly more each than three do; exercise 1 counts it.

## Data parallel in twenty lines

Every process has the whole model and its own rows; only gradients are exchanged. The rows are prose here, all of one length; the model computes in float32, so that what differs is a matter of the sums and not of rounding.
""")
code(r"""
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, logging

logging.set_verbosity_error()
logging.disable_progress_bar()
shape = memory.shape_of(models.locate(model))
of_a_layer = sum(outputs * inputs for outputs, inputs in shape.linear.values())
layers = min(shape.num_hidden_layers, max(1, int((2e8 - shape.embeddings) // of_a_layer)))
base = AutoModelForCausalLM.from_pretrained(models.locate(model), dtype=torch.float32, num_hidden_layers=layers)
base.save_pretrained(work / "base")  # what is read from disk below
tokenizer = models.load_tokenizer(model)
_ = tokenizer.save_pretrained(work / "base")
""")
code(r"""
ids, document = [], 0
while len(ids) < processes * rows * length:
    ids += tokenizer(world.document(0, document).text)["input_ids"]
    document += 1
tokens = torch.tensor(ids[: processes * rows * length]).view(processes * rows, length)
""")
code(r"""
def tuned(net):
    torch.manual_seed(seed)  # the adapter begins alike in each process
    lora = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM")
    net = get_peft_model(net, lora).train()
    for name, parameter in net.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)  # at B = 0, A would have no gradient
    return net
""")
code(r"""
def trained(net):
    return {name.replace(".default", ""): p for name, p in net.named_parameters() if p.requires_grad}
""")
code(r"""
def loss_of(net):
    mine = tokens.chunk(dist.get_world_size())[dist.get_rank()]
    return net(input_ids=mine, labels=mine, use_cache=False).loss


def averaged(net):  # the gradients, over all processes
    for parameter in trained(net).values():
        dist.all_reduce(parameter.grad)
        parameter.grad /= dist.get_world_size()
    return {name: parameter.grad for name, parameter in trained(net).items()}
""")
code(r"""
def by_hand(net):
    net = tuned(net)
    loss_of(net).backward()
    return averaged(net)
""")
md(r"""
That is all of it. **Predict** how far the gradients of several processes are from those of one process with all the rows: not at all, a millionth, a thousandth?
""")
code(r"""
def apart(some, others):
    assert some.keys() == others.keys()
    return max(((some[name] - other).norm() / other.norm()).item() for name, other in others.items())
""")
code(r"""
(alone,) = ranks.run(by_hand, 1, base)
differences = {"by hand": max(apart(each, alone) for each in ranks.run(by_hand, processes, base))}
print(f"largest relative difference of a tensor: {differences['by hand']:.1e}")
assert differences["by hand"] < 1e-6
""")
md(r"""
Some ten millionths: float32 itself, which adds the same numbers in another order. PyTorch's `DistributedDataParallel` does the same and three things more. It broadcasts rank 0's model at the beginning; it sends gradients in buckets while the backward pass still works on earlier layers; and it sends only what is trained, which of an adapter is little.
""")
code(r"""
from torch.nn.parallel import DistributedDataParallel


def by_ddp():
    net = DistributedDataParallel(tuned(base))
    loss_of(net).backward()
    return {name: parameter.grad for name, parameter in trained(net.module).items()}


differences["DDP"] = max(apart(each, alone) for each in ranks.run(by_ddp, processes))
print(f"DDP: {differences['DDP']:.1e}")
assert differences["DDP"] < 1e-6
""")
md(r"""
## The mean of means

Chats are graded on their answers, and answers are of all lengths. Here are as many conversations, sorted, so that one process has the short answers and another the long. **Predict**: will the averaged loss be too high or too low? It depends on which answers a model finds harder a token.
""")
code(r"""
talks = data.instructions("train", processes * rows, seed)["messages"]
encoded = [training.encode(tokenizer, talk, length) for talk in talks]
encoded.sort(key=lambda row: sum(label != -100 for label in row[1]))
pad = lambda lists, value: torch.tensor([each + [value] * (length - len(each)) for each in lists])
answers = {"input_ids": pad([row[0] for row in encoded], 0), "labels": pad([row[1] for row in encoded], -100)}
""")
code(r"""
def on_answers(cured):
    net, count = tuned(base), dist.get_world_size()
    mine = {name: tensor.chunk(count)[dist.get_rank()] for name, tensor in answers.items()}
    graded = (mine["labels"][:, 1:] != -100).sum()
    every = graded.clone()
    dist.all_reduce(every)
    share = graded * count / every if cured else 1  # the cure: a mean weighs as much as it has tokens
    loss = share * net(**mine, use_cache=False).loss
    loss.backward()
    whole = loss.detach() / count
    dist.all_reduce(whole)
    return {"graded": graded.item(), "loss": whole.item(), "gradients": averaged(net)}
""")
code(r"""
(joined,) = ranks.run(on_answers, 1, False)
(plain, *others), (cured, *_) = (ranks.run(on_answers, processes, way) for way in (False, True))
graded = [each["graded"] for each in (plain, *others)]
wrong, right = (apart(each["gradients"], joined["gradients"]) for each in (plain, cured))
results.say(
    f"Graded tokens: {' and '.join(map(str, graded))}. Loss of one process: **{joined['loss']:.3f}**; mean of means: "
    f"**{plain['loss']:.3f}**, and a tensor of its gradient is off by up to {wrong:.0%}. Weighed by their tokens: "
    f"{cured['loss']:.3f}, and {right:.1e}."
)
assert right < 1e-6 and wrong > 1e-3
""")
md(r"""
The cure is one number for each process, and exercise 3 asks for it. transformers' trainers count the tokens of all processes before they divide (`average_tokens_across_devices`, on unless you switch it off); `SFTTrainer` does too, over the steps of an accumulation as well. A loop of your own, or an older library, does not.

## What each card holds

Data parallelism makes a step faster, and each card still holds everything. **ZeRO** (Rajbhandari et al. 2020, [arXiv 1910.02054](https://arxiv.org/abs/1910.02054)) asks what for. If each rank updates only its $n$-th of the numbers, it needs the optimizer's states of these only: stage 1. And their gradients only: stage 2. The weights it needs whole, but one layer at a time: stage 3, which PyTorch calls **FSDP**, fully sharded data parallel. Lesson 03 has the bytes of each part; now divide.
""")
code(r"""
STAGES = {"DDP": (), "ZeRO-1": ("optimizer states",), "ZeRO-2": ("optimizer states", "gradients")}
WHOLE = ("quantization constants",)  # belong to no parameter: each card keeps all of them, as you will see


def on_a_card(parts, way, cards):
    shared = STAGES.get(way, [name for name in parts if name not in WHOLE])
    return {name: size / cards if name in shared else size for name, size in parts.items()}
""")
code(r"""
KINDS = {"in full": ("full", "adamw_master", "bf16"), "LoRA": ("lora", "adamw_torch", "mixed"),
         "QLoRA": ("qlora", "adamw_torch", "mixed")}  # fmt: skip
PARTS = {"weights": "base", "quantization constants": "quantized", "adapters": "adapter", "gradients": "accent",
         "optimizer states": "ink"}  # fmt: skip


def parts_of(of, kind):
    method, optimizer, precision = KINDS[kind]
    found = memory.estimate(of, method, seq_len=1, optimizer=optimizer, precision=precision).moments["optimizer"]
    weights = ("linear weights", "4-bit codes", "embedding and head", "norms")
    held = {"weights": sum(found.get(name, 0) for name in weights)}
    return held | {name: found[name] for name in list(PARTS)[1:] if name in found}
""")
md(r"""
**Predict**: from how many cards of 24 GB on can they hold Llama 2 70B by QLoRA, under DDP and under FSDP? Then **slide**. (What a step needs for its tokens, and one gathered layer, come on top.)
""")
code(r"""
WAYS = (*STAGES, "ZeRO-3, FSDP")


def draw_cards(of, kind, cards):
    figure, axes = plots.figure(8.2, 3.2, left=1.35)
    figure.subplots_adjust(right=0.74)
    parts, left = parts_of(of, kind), [0.0] * len(WAYS)
    for name, role in PARTS.items():
        sizes = [on_a_card(parts, way, cards).get(name, 0) / 1e9 for way in WAYS]
        axes.barh(WAYS, sizes, left=left, color=plots.COLOURS[role], height=0.6)
        axes.plot([], [], color=plots.COLOURS[role], label=name)  # for the key
        left = [a + b for a, b in zip(left, sizes, strict=True)]
    axes.axvline(24, color=plots.COLOURS["muted"], linestyle="--", linewidth=1)
    axes.invert_yaxis()
    axes.set(xlabel="GB on each card (dashed: 24)")
    axes.set_title(f"{of}, {kind}, {cards} cards: {left[0]:.3g} GB each by DDP, {left[-1]:.3g} by FSDP")
    plots.key(axes, outside=True)
    return figure
""")
code(r"""
widgets.explore(
    draw_cards, of=["pocket-llama", "tinyllama", "llama-2-7b", "llama-2-70b"], kind=list(KINDS), cards=[1, 2, 4, 8, 16],
    labels={"of": "model", "kind": "tuned"}, start={"of": "llama-2-70b", "kind": "QLoRA", "cards": 2},
)  # fmt: skip
""")
code(r"""
large = parts_of("llama-2-70b", "QLoRA")
fits = {way: [n for n in (1, 2, 4, 8) if sum(on_a_card(large, way, n).values()) < 24e9] for way in WAYS}
one, two = (sum(on_a_card(large, "ZeRO-3, FSDP", n).values()) / 1e9 for n in (1, 2))
results.say(
    f"Under DDP never: {one:.1f} GB stand on each card, however many there are. Under FSDP from "
    f"{fits['ZeRO-3, FSDP'][0]} on, with {two:.1f} GB. And look at QLoRA under ZeRO-1 and -2: of an adapter's "
    "gradients and states there is so little that sharing them saves next to nothing. **They were made for full "
    "fine-tuning.**"
)
assert not fits["DDP"] and fits["ZeRO-3, FSDP"][0] == 2
""")
md(r"""
## Sharding one layer by hand

How can a product use a weight that no process has whole? It gathers it, multiplies, and forgets it. **Build** it: at rest, each rank keeps a piece of the flattened weight. The forward pass gathers all pieces. The backward pass makes a whole gradient, of this rank's rows; a reduce-scatter adds up over the ranks and leaves each the piece it keeps.
""")
code(r"""
import torch.nn.functional as F


def one_layer():
    me, count = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(seed)
    whole, inputs = torch.randn(12, 5), torch.randn(12, 5)
    kept = whole.flatten().chunk(count)[me].clone()  # at rest
    gathered = torch.empty(12, 5)
    dist.all_gather(list(gathered.flatten().chunk(count)), kept)  # for the forward pass
    gathered.requires_grad_()
    F.linear(inputs.chunk(count)[me], gathered).square().mean().backward()
    gradient = torch.empty_like(kept)
    dist.reduce_scatter(gradient, list(gathered.grad.flatten().chunk(count)))
    return gradient / count  # of what this rank keeps
""")
code(r"""
pieces, whole_gradient = ranks.run(one_layer, processes), ranks.run(one_layer, 1)[0]
print("numbers on each rank:", [len(piece) for piece in pieces])
torch.testing.assert_close(torch.cat(pieces), whole_gradient)
""")
md(r"""
Put end to end, the pieces are the gradient of one process. A second gather is hidden in the libraries' version: the weight is forgotten after the forward pass, and gathered again for the backward pass. That is what FSDP pays.

## A whole model: `fully_shard`

FSDP's second version is a function. Given a module it cuts each parameter of it along its first dimension, and from then on gathers them together when the module is called. One call for each layer, and one for what is left. **Predict** how many of the MB each rank keeps, and how far the gradients are off.
""")
code(r"""
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor


def shard(net, **options):
    for layer in net.get_base_model().model.layers:
        fully_shard(layer, **options)  # a unit: gathered and forgotten together
    return fully_shard(net, **options)
""")
code(r"""
def own_bytes(tensors):
    own = lambda tensor: tensor.to_local() if isinstance(tensor, DTensor) else tensor
    return sum(own(tensor).nbytes for tensor in tensors)
""")
code(r"""
def by_fsdp(net):
    net = tuned(net)
    before = own_bytes(net.parameters())
    shard(net)
    loss_of(net).backward()
    gradients = {name: parameter.grad.full_tensor() for name, parameter in trained(net).items()}
    return before, own_bytes(net.parameters()), gradients
""")
code(r"""
whole, part, gradients = ranks.run(by_fsdp, processes, base)[0]
differences["FSDP 2"] = apart(gradients, alone)
print(f"{whole / 1e6:.1f} MB become {part / 1e6:.1f} on a rank; gradients apart: {differences['FSDP 2']:.1e}")
assert differences["FSDP 2"] < 1e-6 and part < 1.02 * whole / processes
""")
md(r"""
A parameter is now a `DTensor`: a piece, and the knowledge of where the others are. `full_tensor()` asks them all; it is a collective operation, so every rank has to call it, or the others wait. (A trap: DDP broadcasts the model at the start, `fully_shard` trusts you. Had each rank begun with another seed, the adapter would be pieced together from several, and nobody would say so.)

## In four bits

A 4-bit weight is codes, two in a byte. `bnb_4bit_quant_storage` says which dtype that memory pretends to be: `uint8` unless you say otherwise. The bytes are the same. Why do all recipes for FSDP ask for a float there? **Predict**: what does sharding do with each?
""")
code(r"""
from transformers import BitsAndBytesConfig


def in_4_bits(storage):
    quantization = BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.float32, bnb_4bit_quant_storage=storage,
    )  # fmt: skip
    net = AutoModelForCausalLM.from_pretrained(
        work / "base", dtype=torch.float32, quantization_config=quantization
    )  # fmt: skip
    return models.keep_4bit_layout(net)  # as bitsandbytes stores them, on every processor


quantized = {storage: in_4_bits(storage) for storage in (torch.uint8, torch.float32)}
""")
code(r"""
from torch.distributed.fsdp import FullyShardedDataParallel


def by_version_1(storage):
    layer = quantized[storage].model.layers[0].mlp.down_proj
    try:
        FullyShardedDataParallel(layer, device_id=torch.device("cpu"))
        return "takes it"
    except ValueError as error:
        return f"{error}"
""")
code(r"""
def by_accelerate(storage):
    from accelerate import Accelerator, DistributedType, PartialState
    from accelerate.utils import FullyShardedDataParallelPlugin

    settings = {"fsdp_version": 2, "auto_wrap_policy": "transformer_based_wrap", "cpu_ram_efficient_loading": False}
    PartialState(cpu=True)._shared_state["distributed_type"] = DistributedType.MULTI_GPU  # see Going deeper
    accelerator = Accelerator(cpu=True, fsdp_plugin=FullyShardedDataParallelPlugin(**settings))
    net = tuned(quantized[storage])
    net, _ = accelerator.prepare(net, torch.optim.AdamW(trained(net).values()))
    return own_bytes(net.parameters())
""")
code(r"""
table = {"FSDP 1": [], "accelerate, FSDP 2": [], "fully_shard": [], "gradients apart": []}
(exact,) = ranks.run(by_hand, 1, quantized[torch.uint8])
kept = {}
for storage in quantized:
    whole, kept[storage], gradients = ranks.run(by_fsdp, processes, quantized[storage])[0]
    sizes = ranks.run(by_accelerate, processes, storage)[0], kept[storage]
    row = ranks.run(by_version_1, 1, storage)[0], *(f"{size / 1e6:.1f} of {whole / 1e6:.1f} MB" for size in sizes)
    differences[f"FSDP 2, NF4 in {storage}".replace("torch.", "")] = difference = apart(gradients, exact)
    for column, text in zip(table.values(), (*row, f"{difference:.1e}"), strict=True):
        column.append(text)
    assert difference < 1e-6
results.table(table, [str(storage).removeprefix("torch.") for storage in quantized])
""")
md(r"""
Three answers. **Version 1** lays all parameters of a unit into one flat float tensor, as gradients ask for, and refuses integers: this is where the rule comes from. `fully_shard` itself, in the torch that runs here, shards `uint8` as well, and exactly. But **accelerate**, which your trainer uses, leaves integer codes out: each card keeps all of them, with one warning among many lines. So recipes say `torch.bfloat16`, the dtype of the rest of the model.

And that has a trap of its own. In any float format some bit patterns stand for no number, NaN; codes use all patterns. FSDP 2 copies what it gathers, and torch's copy on a GPU takes 16-bit floats through float32, where every NaN becomes the same one ([bitsandbytes issue 1945](https://github.com/bitsandbytes-foundation/bitsandbytes/issues/1945)). A CPU copies bytes, so do by hand what that copy does. **Predict** how many codes come out changed.
""")
code(r"""
from bitsandbytes.functional import dequantize_4bit

layer = in_4_bits(torch.bfloat16).model.layers[0].mlp.down_proj
codes, state = layer.weight.data, layer.weight.quant_state
copied = codes.float().to(torch.bfloat16)
changed = (copied.view(torch.int16) != codes.view(torch.int16)).float().mean().item()
exact_weight = base.model.layers[0].mlp.down_proj.weight
as_stored, as_copied = dequantize_4bit(codes, state), dequantize_4bit(copied, state)
copy_error = (as_copied - as_stored).norm() / as_stored.norm()
nf4_error = (as_stored - exact_weight).norm() / exact_weight.norm()
""")
code(r"""
results.say(
    f"{changed:.2%} of the numbers changed, up to three of the four codes in each: the weight is off by "
    f"**{copy_error:.1%}** of its length. (Rounding it to NF4 cost {nf4_error:.1%}.) Nothing stops, no loss jumps: "
    "the adapter is simply trained beside weights that nobody has, and merged into others."
)
assert changed > 0
""")
md(r"""
The way around it: a unit whose parameters have *two* dtypes is gathered as plain bytes. So keep the adapter in float32, as this course always does, and give FSDP 2 no mixed precision (`bf16=False`; the model and its computation are in bf16 by themselves). Or keep to one card's worth and DDP. What it does to a training stands below, with the GPUs.

The constants are no parameters: every card keeps all of them.

## The map, measured

Two steps each way, the second counted: what stands on rank 0 afterwards, and what the machine's loopback received, where all messages pass. ZeRO-1 is PyTorch's `ZeroRedundancyOptimizer`. ZeRO-2 by hand first: it is the layer above with all that is trained in one vector.
""")
code(r"""
from torch.nn.utils import parameters_to_vector, vector_to_parameters


def zero_2(net, adam_of, steps):
    me, count, learned = dist.get_rank(), dist.get_world_size(), list(trained(net).values())
    vector = lambda tensors: F.pad(parameters_to_vector(tensors), (0, -numbers % count))
    numbers = sum(parameter.numel() for parameter in learned)
    own = torch.nn.Parameter(vector(learned).detach().chunk(count)[me].clone())
    adam = adam_of([own])
    for _ in range(steps):
        yield
        loss_of(net).backward()
        whole, own.grad = vector([p.grad for p in learned]), torch.empty_like(own)
        dist.reduce_scatter(own.grad, list(whole.chunk(count)))
        own.grad /= count
        for parameter in learned:
            parameter.grad = None  # whole for a moment only
        adam.step()
        dist.all_gather(list(whole.chunk(count)), own.detach())
        vector_to_parameters(whole[:numbers], learned)
    yield [own.grad], adam
""")
code(r"""
from torch.distributed.optim import ZeroRedundancyOptimizer


def usual(net, adam_of, steps):
    learned = [parameter for parameter in net.parameters() if parameter.requires_grad]
    adam = adam_of(learned)
    for _ in range(steps):
        yield
        adam.zero_grad()
        loss_of(net).backward()
        adam.step()
    yield [parameter.grad for parameter in learned], adam
""")
code(r"""
def measured(way):
    net = tuned(quantized[torch.float32] if "4 bits" in way else base)
    net = shard(net) if "FSDP" in way else DistributedDataParallel(net) if way in ("DDP", "ZeRO-1") else net
    adam_of = lambda numbers: torch.optim.AdamW(numbers, lr=1e-3)
    if way == "ZeRO-1":
        adam_of = lambda numbers: ZeroRedundancyOptimizer(numbers, torch.optim.AdamW, lr=1e-3)
    stepping = (zero_2 if way == "ZeRO-2" else usual)(net, adam_of, 2)
    next(stepping), next(stepping)  # up to the second step
    dist.barrier()
    before = ranks.received()
    gradients, adam = next(stepping)
    dist.barrier()
    sent = None if before is None else ranks.received() - before
    return net, gradients, getattr(adam, "optim", adam), sent
""")
code(r"""
def held(way):
    net, gradients, adam, sent = measured(way)
    states = [tensor for state in adam.state.values() for name, tensor in state.items() if name != "step"]
    learned = [p for p in net.parameters() if p.requires_grad]
    frozen = [p for p in net.parameters() if not p.requires_grad]
    counted = {"weights": frozen, "adapters": learned, "gradients": gradients, "optimizer states": states}
    return {name: own_bytes(tensors) for name, tensors in counted.items()}, sent
""")
code(r"""
WAYS_HERE = ("DDP", "ZeRO-1", "ZeRO-2", "FSDP 2", "FSDP 2, 4 bits")
found = {way: ranks.run(held, processes, way) for way in WAYS_HERE}
""")
md(r"""
**Predict** from lesson 03's formulas and the map: what does a card hold, and what does it receive in a step? (FSDP gathers each layer twice, and the embedding with the last norm once: what is needed last is needed first again. gloo makes of a reduce-scatter an all-reduce of which each keeps its part, so it counts twice; NCCL does not.)
""")
code(r"""
def predicted(way):
    method = "qlora" if "4 bits" in way else "lora"
    budget = memory.estimate(work / "base", method, rank, seq_len=1, precision="fp32", device="cpu")
    parts = budget.moments["optimizer"]
    once = parts["embedding and head"]  # gathered once
    twice = parts.get("linear weights", 0) + parts.get("4-bit codes", 0) + parts["norms"]
    parts = {"weights": once + twice} | {n: parts[n] for n in ("adapters", "gradients", "optimizer states")}
    wire = {"DDP": 2, "ZeRO-1": 2 + 1, "ZeRO-2": 2 + 1}.get(way, 0) * parts["adapters"]
    wire = wire or once + 2 * (twice + parts["adapters"]) + 2 * parts["adapters"]
    return on_a_card(parts, way, processes), wire * (processes - 1) / processes  # its own part it has already
""")
code(r"""
columns = {"weights": [], "adapters": [], "gradients": [], "optimizer states": [], "received in a step": []}
megabytes = lambda size: "not counted here" if size is None else f"{size / 1e6:.2f}"
for way, each in found.items():
    expected, wire = predicted(way)
    sent = None if each[0][1] is None else min(sent for _, sent in each) / processes
    for name, size in expected.items():
        columns[name].append(f"{megabytes(size)} → {megabytes(each[0][0][name])}")
        assert abs(each[0][0][name] / size - 1) < 0.04, (way, name)
    columns["received in a step"].append(f"{megabytes(wire)} → {megabytes(sent)}")
    assert sent is None or sent > 0.98 * wire
print(f"MB on rank 0 of {processes}, predicted → counted")
results.table(columns, list(found))
""")
code(r"""
(_, by_ddp_wire), (_, by_fsdp_wire) = predicted("DDP"), predicted("FSDP 2")
results.say(
    "Predicted and counted agree (a row that does not divide evenly is padded; loopback counts the headers too). "
    f"**FSDP sends {by_fsdp_wire / by_ddp_wire:.0f} times what DDP sends**: DDP of an adapter sends adapters, FSDP "
    "sends the frozen model, twice. In 4 bits it is a fraction of that, which is half of FSDP-QLoRA's idea. "
    "PyTorch's ZeRO-1 all-reduces, and then broadcasts what was updated; ZeRO-2 would do with two thirds of that under "
    "NCCL, which is what DDP sends."
)
assert by_fsdp_wire > 10 * by_ddp_wire
""")
md(r"""
## Saved, gathered, certified

A training that saves nothing has not happened. Each way trains two steps and saves as its library would: under FSDP the pieces are gathered on rank 0, and peft picks from them what belongs to the adapter. A fourth run is FSDP 2 with accelerate's own checkpointing switched on (`activation_checkpointing` in `fsdp_config`), which puts a wrapper around each layer. For each, the tensors as they were at the end come back too.
""")
code(r"""
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict


def train_and_save(way):
    net = tuned(quantized[torch.float32] if "4 bits" in way else base)
    if "wrapped" in way:
        inner = net.get_base_model().model
        inner.layers = torch.nn.ModuleList(checkpoint_wrapper(layer) for layer in inner.layers)
    net = DistributedDataParallel(net) if way == "DDP" else shard(net)
    for _ in usual(net, lambda numbers: torch.optim.AdamW(numbers, lr=5e-3), 2):
        pass
    inner = net.module if way == "DDP" else net
    every = StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)
    state = get_model_state_dict(inner, options=every)
    if dist.get_rank() == 0:
        inner.save_pretrained(work / way, state_dict=state)
    whole = {name.replace("_checkpoint_wrapped_module.", ""): p for name, p in trained(inner).items()}
    return {name: p.full_tensor() if isinstance(p, DTensor) else p for name, p in whole.items()}
""")
code(r"""
SAVED = ("DDP", "FSDP 2", "FSDP 2, 4 bits", "FSDP 2, wrapped")
kept_tensors = {way: ranks.run(train_and_save, processes, way)[0] for way in SAVED}
""")
md(r"""
Now, in one process, what a colleague would do with the file: load it beside the base, merge it. And what you do before you hand it over: count its tensors, compare them with the trained ones, and certify the merge *against the model as it was trained*, not against the file. **Predict** which of the four fail.
""")
code(r"""
import copy

from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file

prompts = data.instructions("heldout", 8, seed)["messages"]


def check_saved(way):
    saved, known = load_file(work / way / "adapter_model.safetensors"), kept_tensors[way]
    same = sum(name in saved and torch.equal(saved[name], tensor) for name, tensor in known.items())
    net = quantized[torch.float32] if "4 bits" in way else base
    dense = copy.deepcopy(net).dequantize() if "4 bits" in way else copy.deepcopy(net)
    merged = PeftModel.from_pretrained(dense, work / way).merge_and_unload()
    reference = tuned(net)
    set_peft_model_state_dict(reference, known)
    told = certificate.merge_certificate(reference, merged, tokenizer, prompts, batch_size=32)
    return f"{same} of {len(known)}", (work / way / "adapter_model.safetensors").stat().st_size, told
""")
code(r"""
found_by = ranks.run(lambda: {way: check_saved(way) for way in SAVED[dist.get_rank() :: 2]}, 2)
certified = {way: found_by[i % 2][way] for i, way in enumerate(SAVED)}
results.table({
    "tensors in the file, equal": [same for same, _, _ in certified.values()],
    "bytes": [f"{size:,}" for _, size, _ in certified.values()],
    "the merge": [told.kind for _, _, told in certified.values()],
    "mean KL, nats": [f"{told.mean_kl:.1g}" for _, _, told in certified.values()],
}, list(certified))
print(certified["FSDP 2, wrapped"][2].verdict)
assert all(certified[way][2].kind in ("equal", "rounding") for way in SAVED[:3])
assert certified["FSDP 2, wrapped"][2].kind == "changed"
""")
code(r"""
results.say(
    f"The last one is a file of **{certified['FSDP 2, wrapped'][1]} bytes with no tensor in it**. It was written "
    "without a word, it loads with a warning at most, and what was merged is the base. Two names explain it: peft asks "
    "the modules for their names and finds `layers.0._checkpoint_wrapped_module.self_attn`, PyTorch's gathered state "
    "says `layers.0.self_attn`, and nothing matches. FSDP version 1 wraps each layer as well (`_fsdp_wrapped_module`): "
    "the same empty file, on a GPU, below."
)
""")
md(r"""
The cures: FSDP 2, and checkpointing by the trainer's own `activation_checkpointing=True`, not FSDP's; or pick the tensors yourself, `{name: t for name, t in state.items() if "lora_" in name}`. And whatever the recipe says: **count what was saved before you switch the machine off.**

## As at work: `torchrun`

No notebook at work: a script, started once for each process by a launcher, which sets `RANK`, `WORLD_SIZE` and where to meet. This one is an ordinary `SFTTrainer`. With fewer processes it accumulates more, so that a step has the same rows. The last argument is the experiment: at step 5 rank 1 kills itself, as a machine does that is taken away.
""")
code(r'''
script = work / "train.py"
_ = script.write_text("""import os, signal, sys
import torch
from datasets import load_from_disk
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
from trl import SFTConfig, SFTTrainer

base, data, out, killed = sys.argv[1:]
processes = int(os.environ.get("WORLD_SIZE", 1))
set_seed(0)
args = SFTConfig(output_dir=out, max_steps=6, save_steps=2, per_device_train_batch_size=1, learning_rate=1e-3,
    gradient_accumulation_steps=12 // processes, lr_scheduler_type="constant", logging_steps=1, report_to="none",
    bf16=False, use_cpu=not torch.cuda.is_available(), activation_checkpointing=False, disable_tqdm=True)
trainer = SFTTrainer(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), args=args,
    train_dataset=load_from_disk(data), processing_class=AutoTokenizer.from_pretrained(base),
    peft_config=LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"))

class Killed(TrainerCallback):
    def on_step_begin(self, args, state, control, **kwargs):
        if state.global_step == int(killed) and args.process_index == 1:
            os.kill(os.getpid(), signal.SIGKILL)

trainer.add_callback(Killed())
trainer.train(resume_from_checkpoint=os.path.isdir(out + "/checkpoint-4"))
trainer.save_model(out)
""")
''')
code(r"""
import json
import re
import shutil
import sys

from datasets import Dataset, disable_progress_bars

disable_progress_bars()
rows_to_train = [training.encode(tokenizer, talk, length) for talk in data.instructions("train", 96, seed)["messages"]]
in_columns = dict(zip(("input_ids", "labels"), map(list, zip(*rows_to_train, strict=True)), strict=True))
Dataset.from_dict(in_columns).save_to_disk(work / "rows")
for name in ("killed", "never"):
    shutil.rmtree(work / name, ignore_errors=True)
""")
code(r"""
def command(name, *launcher, killed=99):
    return [*launcher, str(script), str(work / "base"), str(work / "rows"), str(work / name), str(killed)]


torchrun = ["torchrun", "--standalone", "--nproc-per-node", str(processes)]
(died,) = ranks.launch(command("killed", *torchrun, killed=4))
print("$", *torchrun, "train.py ...", f" # ended with {died.code} after {died.seconds:.0f} s")
codes_of_exit = re.findall(r"exitcode  : (-?\d+)", died.output)
print("exit codes:", *codes_of_exit, "and", *re.findall(r"Connection [a-z]+ by [a-z]+", died.output)[:1])
left = sorted(path.name for path in (work / "killed").glob("checkpoint-*"))
print("left behind:", *left)
assert died.code == 1 and left[-1] == "checkpoint-4"
""")
md(r"""
Rank 1 ended with -9. Rank 0 found a closed connection in the next collective operation; torchrun saw a child die, ended the others and gave up. (`--max-restarts 3` would have started all anew, and the script would have gone on from its checkpoint.) Between GPUs NCCL may notice nothing: without a launcher that watches, the others wait until its timeout, ten minutes by default.

**Predict**: now *one* process goes on from that checkpoint. Will its losses be those of a run that was never killed? Beside it, such a run.
""")
code(r"""
ended = ranks.launch(command("killed", sys.executable), command("never", sys.executable))
assert [each.code for each in ended] == [0, 0], ended[0].output[-500:]
""")
code(r"""
def losses(name):
    log = json.loads((work / name / "checkpoint-6" / "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in log if "loss" in entry]


resumed, never = losses("killed"), losses("never")
results.table({
    "steps 1 to 4": [", ".join(f"{loss:.5f}" for loss in each[:4]) for each in (resumed, never)],
    "steps 5 and 6": [", ".join(f"{loss:.5f}" for loss in each[4:]) for each in (resumed, never)],
}, [f"{processes} processes, then 1", "1 process, never killed"])
resume_error = max(abs(a - b) for a, b in zip(resumed, never, strict=True))
assert resume_error < 1e-5
""")
code(r"""
saved = [load_file(work / name / "adapter_model.safetensors") for name in ("killed", "never")]
results.say(
    f"The losses differ by at most {resume_error:.1g}, the {len(saved[0])} tensors of the two adapters by "
    f"{apart(*saved):.1e}. A checkpoint of DDP belongs to no number of processes: model, optimizer and place in the "
    "data are one copy. Keep the rows of a step the same, and nothing else changes."
)
assert apart(*saved) < 1e-3
""")
md(r"""
`accelerate launch` is a launcher too, with FSDP and DeepSpeed in a file of settings. A trap lies on machines without a GPU. **Predict** what these two start.
""")
code(r"""
who = work / "who.py"
_ = who.write_text("import os; print('rank', os.environ.get('RANK', 0), 'of', os.environ.get('WORLD_SIZE', 1))")
ways = ["--cpu"], ["--multi_gpu"]
starts = [["accelerate", "launch", *way, "--num_processes", "2", str(who)] for way in ways]
for words, each in zip(starts, ranks.launch(*starts), strict=True):
    print("$", *words[:-1], "who.py:", "; ".join(sorted(each.lines("rank "))))
""")
md(r"""
The first, which looks right, trains in one process and says nothing; the second, which looks wrong, does what was asked. In doubt print the world size.

## On several machines

The same script. On each machine, with its number for `N` (8 cards each):

```bash
torchrun --nnodes 2 --node-rank N --nproc-per-node 8 --master-addr 10.77.0.1 --master-port 29500 train.py
accelerate launch --num_machines 2 --machine_rank N --num_processes 16 \
    --main_process_ip 10.77.0.1 --main_process_port 29500 train.py
```

Machines meet at the first one's port 29500: that is the *rendezvous*. There each says at which address it can be reached, and then they connect **directly, on ports of their own choice**: a firewall that lets only 29500 through lets them meet and then hang. Which address a machine gives out is the usual trouble: it looks up its own name, and many machines are `127.0.0.1` to themselves.

Here are two machines on this one: network namespaces with a cable between them. First as it comes; then with the interface named.
""")
code(r"""
_ = (work / "meet.py").write_text("\n".join([
    "import torch, torch.distributed as dist",
    "dist.init_process_group('gloo')",
    "mine = torch.ones(1); dist.all_reduce(mine)",
    "print(f'rank {dist.get_rank()} counts {mine.item():g} machines')",
]))
run_on = ["torchrun", "--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "10.77.0.1", "--master-port", "29500"]


def meet(machines, *named):
    words = [[*machine, *([] if not named else ["env", f"GLOO_SOCKET_IFNAME={named[i]}"]), *run_on,
              "--node-rank", str(i), str(work / "meet.py")] for i, machine in enumerate(machines)]  # fmt: skip
    return ranks.launch(*words, seconds=40, grace=2)
""")
code(r"""
with ranks.two_machines() as machines:
    met = [] if machines is None else [meet(machines), meet(machines, "wire0", "wire1")]
if machines is None:
    print("Not tried here: it takes Linux, the program `ip`, and root.")
for title, pair in zip(("as it comes", "GLOO_SOCKET_IFNAME=wire0 and wire1"), met, strict=False):
    for i, each in enumerate(pair):
        (told,) = each.lines("RuntimeError", "counts")[:1] or ["nothing"]
        how = "still waiting" if each.code is None else f"ended with {each.code}"
        print(f"{title}: machine {i}, {how} after {each.seconds:.0f} s: {told.split('] ')[-1].split('$')[0]}")
assert not met or [each.code for each in met[1]] == [0, 0]
""")
md(r"""
Where they were tried: as it comes, one machine was told `127.0.0.1` and knocked at its own door; the other waits, with nothing on the screen. With the interface named they count two. For NCCL it is `NCCL_SOCKET_IFNAME`.

And when it hangs in the middle? Then ranks have called different operations, as when one of them alone evaluates, saves or skips a batch. `monitored_barrier` says who is missing; `TORCH_DISTRIBUTED_DEBUG=DETAIL` compares all calls; `py-spy dump --pid` shows where a process stands; `NCCL_DEBUG=INFO` which card talks over what.
""")
code(r"""
def one_is_late():
    import datetime

    try:
        if dist.get_rank() == 0:
            dist.monitored_barrier(timeout=datetime.timedelta(seconds=1))
        else:
            time.sleep(1.5)  # it is elsewhere
    except RuntimeError as error:
        return next(line for line in str(error).splitlines() if "Rank" in line or "rank" in line)


print(ranks.run(one_is_late, 2)[0].split("] ")[-1])
""")
md(r"""
Clusters start the same command. These lines were *not* run here:

- **Slurm**, one task a machine: `srun --ntasks-per-node 1 torchrun --nnodes $SLURM_NNODES --nproc-per-node 8 --rdzv-id $SLURM_JOB_ID --rdzv-backend c10d --rdzv-endpoint $(scontrol show hostnames | head -n 1):29500 train.py`. With `c10d` nobody needs a number, and a machine may come back.
- **Kubernetes**: Kubeflow's trainer starts a pod a machine and sets the addresses; the container's command is `torchrun train.py`. Give pods shared memory (`/dev/shm`): NCCL and data loaders use it.
- **Ray**: `TorchTrainer(train, scaling_config=ScalingConfig(num_workers=16, use_gpu=True)).fit()`, where `train` is the script as a function.
""")
md(r"""
## On two GPUs

Shapes of TinyLlama, Llama 2 7B and 70B with random weights, `SFTTrainer` under `torchrun`, 16 rows of 512 tokens a step over all cards. **Predict**: how many times the work of one card do two? And which of DDP and FSDP is faster?
""")
code(r"""
receipt = receipts.load("scaling_out")
good = {run["name"]: run for run in receipt["runs"] if "error" not in run}


def case(of, tuned_by, way, cards=2, rows_of_it=16):
    wanted = {"shape": of, "stored": tuned_by, "way": way, "cards": cards, "rows": rows_of_it}
    return next((run for run in good.values() if wanted.items() <= run.items()), None)
""")
code(r"""
print(f"two of: {receipt['hardware']}")
lines = {}
for run in good.values():
    if run["shape"] not in ("7b", "tinyllama") or run["cards"] > 2:
        continue
    low, high = run["spread"]
    lines[run["name"].replace(", 16 rows", "").replace(", 2 cards", "")] = (
        f"{run['tokens_a_second']:,.0f} ({low:,.0f} to {high:,.0f})", f"{run['peak_bytes'] / 2**30:.1f}",
        f"{run['saved_tensors']} of {run['trained_tensors']}", run["certificate"]["kind"], f"{run['loss_after']:.3f}",
    )  # fmt: skip
names = ("tokens a second", "GiB a card", "tensors saved", "merge", "loss afterwards")
results.table(dict(zip(names, zip(*lines.values(), strict=True), strict=True)), list(lines))
""")
code(r"""
NF4 = "nf4 + double"
speed = lambda *which: case(*which)["tokens_a_second"]
for name, of in (("7B", "7b"), ("TinyLlama", "tinyllama")):
    ddp, fsdp = speed(of, NF4, "DDP"), speed(of, NF4, "FSDP 2")
    results.say(
        f"**{name}**: two cards under DDP do {ddp / speed(of, NF4, 'one card', 1):.2f} times the work of one that has "
        f"all 16 rows, and {ddp / speed(of, NF4, 'one card', 1, 8):.2f} times that of one that has 8, as each of them "
        f"has. FSDP 2 does {fsdp / ddp:.2f} times what DDP does."
    )
""")
md(r"""
Half the rows on a card are not half the time: a small model's kernels are so short that the card waits for its processor to start them, and a second card only makes its rows fewer. Give each card more rows, or (lesson 11) fewer kernels. What fits on one card trains fastest by DDP; FSDP is for what does not fit.

Now the last column: the loss, computed by one process in the same way for each adapter, on rows that it was trained on. All took the same steps on the same rows. **Predict** what FSDP 2's copy of 4-bit codes has done.
""")
code(r"""
after = {(run["shape"], run["way"]): run["loss_after"] for run in good.values()
         if run.get("stored") == NF4 and run["rows"] == 16 and "loss_after" in run and run["cards"] < 3}  # fmt: skip
for of in ("7b", "tinyllama"):
    print(of, "; ".join(f"{way}: {loss:.3f}" for (shape_of_it, way), loss in after.items() if shape_of_it == of))
agree = max(abs(after[of, "DDP"] - after[of, "one card"]) for of in ("7b", "tinyllama"))
behind = {of: after[of, "FSDP 2"] - after[of, "one card"] for of in ("7b", "tinyllama")}
results.say(
    f"DDP and one card agree to {agree:.4f}. **FSDP 2 with everything in bf16 is behind by {behind['7b']:.2f} (7B) and "
    f"{behind['tinyllama']:.2f} (TinyLlama)**. That is what training beside other weights looks like, and in the log "
    "nothing shows it. FSDP 1, which copies bytes, is not behind; it saves no tensor."
)
assert agree < 0.01 < 0.05 < min(behind.values())
""")
code(r"""
storages = next((run["storages"] for run in good.values() if "storages" in run), {})
if storages:
    share = lambda each: f"{each['changed_bytes']:.2%}"
    columns = {"code bytes changed": share, "of the weight": lambda each: f"{each['weight_error']:.1%}",
               "gradients apart": lambda each: f"{each['gradients_apart']:.1e}"}  # fmt: skip
    rows_of_it = {name: [shown(each) for each in storages.values()] for name, shown in columns.items()}
    results.table(rows_of_it, list(storages))
""")
code(r"""
whole_card = case("70b", NF4, "FSDP 2", rows_of_it=2)
results.say(
    f"And what does not fit: **70 billion weights on two cards held to {whole_card['held_to'] / 2**30:.0f} GiB each**. The "
    f"allocator's peak was {whole_card['peak_bytes'] / 2**30:.2f} GiB, the whole process took "
    f"{whole_card['process_bytes'] / 2**30:.2f}; {whole_card['tokens_a_second']:,.0f} tokens a second, with one row of "
    f"512 a card and checkpointing; {whole_card['saved_tensors']} of {whole_card['trained_tensors']} tensors were saved. "
    "The published demonstration ([fsdp_qlora](https://github.com/AnswerDotAI/fsdp_qlora)) needed 14.92 GiB a card."
)
assert whole_card["process_bytes"] < whole_card["held_to"]
""")
md(r"""
## Exercises

Replace the `...` and run the cell. The solution is folded away below each exercise.

**1. Round the ring.** A tensor of `numbers` numbers, `size` bytes each, is all-reduced in a ring of `cards` cards: it is cut into as many pieces, the last padded to the length of the others; then $n-1$ rounds add up, and $n-1$ rounds hand round. How many bytes does one card send?
""")
code(r"""
from course_utils import checks


def ring_bytes(numbers, size, cards):
    return ...


checks.ring_bytes(ring_bytes)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
import math


def ring_bytes(numbers, size, cards):
    return 2 * (cards - 1) * math.ceil(numbers / cards) * size
```

</details>

**2. The largest model.** Each of `cards` cards has `card` bytes, of which `beside` go to what is not shared: activations, a gathered layer. A weight takes `shared` bits, divided among the cards, and `whole` bits that every card keeps, such as constants. How many weights can the model have? No rounding; 0 if nothing is left.
""")
code(r"""
def largest_model(cards, card, beside, shared, whole):
    return ...


checks.largest_model(largest_model)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
def largest_model(cards, card, beside, shared, whole):
    return max(0, card - beside) * 8 / (shared / cards + whole)
```

</details>

**3. Means of unequal size.** Each process has the *mean* loss of its graded tokens, `tokens` of them, a list with a number for each. DDP will average the gradients over all processes. By what has each to multiply its loss, so that the average is that of one process with all rows? Return the list.
""")
code(r"""
def shares(tokens):
    return ...


checks.shares(shares)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
def shares(tokens):
    return [len(tokens) * own / sum(tokens) for own in tokens]
```

</details>

**4. Which dimension?** `fully_shard` cuts a tensor along its first dimension, into pieces of equal length, rounded up; the last ranks get what is left, which may be less, or nothing. `shape` is a list, such as `[8, 384]` for a LoRA's A. Return the shape of the piece that `rank` keeps of it on `cards` cards.
""")
code(r"""
def piece(shape, cards, rank):
    return ...


checks.piece(piece)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
import math


def piece(shape, cards, rank):
    each = math.ceil(shape[0] / cards)
    return [max(0, min(each, shape[0] - rank * each)), *shape[1:]]
```

A LoRA's A of rank 8 on 16 cards stands on eight of them, one row each, and the other eight hold none of it.

</details>

## What you measured
""")
code(r"""
seconds = time.perf_counter() - start
results.say(
    f"Gradients of {processes} processes and of one: apart by {max(differences.values()):.1e} at most, by hand, by DDP, "
    f"sharded, and sharded in 4 bits. The mean of means was off by {wrong:.0%}. A rank held "
    f"**{kept[torch.float32] / 1e6:.1f} MB** of a 4-bit model of {whole / 1e6:.1f}. Of "
    f"{len(SAVED)} ways to save an adapter {sum(told.kind != 'changed' for _, _, told in certified.values())} gave back "
    f"the model. All of it took {seconds:.0f} s."
)
""")
code(r"""
results.record(
    gradients_apart=differences,
    mean_of_means={"one process": joined["loss"], "mean of means": plain["loss"], "cured": cured["loss"]},
    bytes_on_rank_0={way: sum(each[0][0].values()) for way, each in found.items()},
    saved={way: same for way, (same, _, _) in certified.items()},
    certificates={way: told.kind for way, (_, _, told) in certified.items()},
    resumed_apart=resume_error,
    two_machines=[[each.code for each in pair] for pair in met],
)
""")

md(r"""
## Going deeper

### What a trainer says, and what it does

Two silent things, met while this lesson was made. On a machine without a GPU accelerate 1.15 answers `fsdp=True` with DDP, and everything runs: the lesson had to tell it another kind of machine, and you should look at the bytes a rank holds before you believe that anything is sharded. And under FSDP 2 in bf16 the outputs of each unit are cast, so that the *loss that is logged* has three digits. Here it is beside the norms of the gradients, from the two cards (7B by QLoRA).
""")
code(r"""
for run in (case("7b", NF4, "one card", 1), case("7b", NF4, "DDP"), case("7b", NF4, "FSDP 2")):
    print(f"{run['way']:9} losses {', '.join(f'{loss:.4f}' for loss in run['losses'][:5])}", end="; ")
    print(f"norms {', '.join(f'{norm:.4f}' for norm in run['norms'][:3])}")
""")
md(r"""
### On your own cards

A notebook shows one GPU to its trainer, because `SFTTrainer` refuses to start where it sees several: it wants a launcher. If there are two here, the script from above runs on them now, as it is; the backend becomes NCCL by itself. accelerate's `notebook_launcher` can start forks with a GPU each from a notebook, but only before anything has touched a GPU, and it refuses once bitsandbytes is imported. A script has no such conditions.
""")
code(r"""
if ranks.gpus() < 2:
    print("fewer than two GPUs here")
else:
    shutil.rmtree(work / "cards", ignore_errors=True)
    on_two = command("cards", "torchrun", "--standalone", "--nproc-per-node", "2")
    (on_cards,) = ranks.launch(on_two, CUDA_VISIBLE_DEVICES="0,1")
    assert on_cards.code == 0, on_cards.output[-500:]
    print("losses on two GPUs:", *(f"{loss:.4f}" for loss in losses("cards")), "and here:", *never)
""")
md(r"""
### DeepSpeed

DeepSpeed is where ZeRO comes from; transformers takes its settings as a file, `SFTConfig(deepspeed="zero.json")`, and `"auto"` takes a value from the trainer. It has what FSDP 2 has under other names, and moves more to the host. In PEFT's table (an A100 of 80 GB; on the card, then on the host) LoRA with ZeRO-3 and offload takes T0_3B from 14.4 to 9.8 GB, with 17.8 on the host; bloomz-7b1 from 32 to 18.1, with 35; mt0-xxl from 56 to 22, with 52. A 4-bit base goes with stages 1 and 2, and with 3 only if its codes are stored as floats.
""")
code(r"""
zero_3 = {
    "zero_optimization": {
        "stage": 3, "overlap_comm": True, "stage3_gather_16bit_weights_on_model_save": True,  # or no adapter is saved
        "offload_param": {"device": "cpu"}, "offload_optimizer": {"device": "cpu"},
    },
    "bf16": {"enabled": "auto"}, "gradient_clipping": "auto",
    "train_micro_batch_size_per_gpu": "auto", "gradient_accumulation_steps": "auto",
}  # fmt: skip
_ = (work / "zero.json").write_text(json.dumps(zero_3, indent=1))
""")
md(r"""
It is not among what this course installs, and the lesson does not run it.
""")

about = {
    "title": "scaling out", "about": "DDP and FSDP-QLoRA", "group": "Beyond",
    "question": "How do several GPUs share the work?",
    "outcome": "share a training among processes by DDP, ZeRO and FSDP, dense or in 4 bits, with the gradients of one; say what each card holds and sends; prove what was saved; survive a killed rank",
    "quick": {"rows": 1, "length": 48},
}
kernel = nbformat.read("notebooks/09_catastrophic_forgetting.ipynb", 4).metadata
notebook = nbformat.v4.new_notebook(cells=cells, metadata={"course": about, "kernelspec": kernel["kernelspec"], "language_info": kernel["language_info"]})
for i, cell in enumerate(notebook.cells):
    cell["id"] = f"cell-{i:03}"
nbformat.write(notebook, "notebooks/13_scaling_out.ipynb")
end = next(i for i, c in enumerate(cells) if c.source.startswith("## Going deeper"))
words = sum(len(c.source.split()) for c in cells[:end] if c.cell_type == "markdown")
lengths = sorted(len(c.source.splitlines()) for c in cells if c.cell_type == "code")
print(len(cells), "cells;", end, "main;", words, "words; longest", lengths[-1], "median", lengths[len(lengths)//2])
