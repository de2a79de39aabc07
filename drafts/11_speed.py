"""Builds notebooks/11_speed.ipynb from this file's cells."""
import nbformat, hashlib, json, sys
cells = []
wanted = True
RUNS = json.load(open("course_utils/assets/receipts/speed_ladder.json"))["runs"]
def have(entry): return any(r["entry"] == entry and not r.keys() & {"error", "skipped", "out_of_memory"} for r in RUNS)
def only_if(flag):
    global wanted
    wanted = flag
def md(text):
    if wanted: cells.append(("markdown", text.strip("\n"), None))
def code(text, tag=None):
    if wanted: cells.append(("code", text.strip("\n"), tag))

md(r"""
# 11 · Where the time goes

![Five bars of a step's time; each begins with the products that must be, and rung by rung the waste behind them goes](../images/speed.svg)

The recipe that everybody copies leaves a fast card idle most of the time. The same adapter can be had many times sooner, with the same losses, and it takes nothing exotic. Here you count what a token must cost, take a training step apart, remove the waste one change at a time, and check after each change that the gradient has not moved.

Afterwards you can

- say which share of your machine's arithmetic a training uses,
- take a step apart, and say which part is worth an evening,
- tell a gain from a cheat, and from luck: same loss, same gradient, timed by turns,
- choose attention, packing, batch, checkpointing, precision and compiling for the card that you have.

No GPU and no network are needed. On two CPU cores it takes about a minute and a half; what needs a GPU stands in a receipt, a file of measurements that comes with the course.
""")
code("""
import sys; sys.path.append("..")
try:  # build is the directory in which this lesson writes
    from course_utils.start import build  # noqa: F401
except ModuleNotFoundError:
    raise SystemExit("Copy the whole course to this machine, folder course_utils and all, and open it there.") from None
""", "setup")
code("""
model = "pocket-llama"  # or "smollm2", "tinyllama", "llama-2-7b", a directory, a hub id: any Llama
seed = 0
rank = 16  # 1 to 256, of the adapter
conversations = 8  # 4 to 400, trained in each measurement
turns = 5  # 1 to 20, in which everything is timed
seconds = 0.8  # 0.05 to 20, for which threads are watched
""", "parameters")
code("""
import math
import time

from course_utils import data, memory, memory_watch, models, plots, results, speed, training, widgets

start_time = time.perf_counter()
results.require(seed=(seed, 0, 2**31 - 1), rank=(rank, 1, 256), conversations=(conversations, 4, 400),
                turns=(turns, 1, 20), seconds=(seconds, 0.05, 20.0))  # fmt: skip
models.check_trainable(model)
on_gpu = models.hardware().device == "cuda"
""", "guard")
md(r"""
## What a token must cost

Take one linear layer with two inputs and three outputs: six weights. One token goes through.

- *Forward*, each weight is multiplied once, and the product is added once: 12 operations.
- *Backward*, the error goes through the same six weights to the inputs: 12 more.
- Each weight gets a gradient of its own: 12 more.

Six operations a weight and token, if the weights are trained. A frozen base needs no gradients of its weights: **four**. Checkpointing goes forward twice: two more. Torch can count for you:
""")
code("""
import torch
from torch.utils.flop_counter import FlopCounterMode


def counted(run):
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


layer = torch.nn.Linear(2, 3, bias=False)
token = torch.ones(1, 2, requires_grad=True)
step = lambda: layer(token).sum().backward()
trained = counted(step)
layer.requires_grad_(False)
frozen = counted(step)
print(f"trained: {trained} operations, frozen: {frozen}")
assert (trained, frozen) == (6 * 6, 4 * 6)
""")
md(r"""
So a model that multiplies a token with $N$ weights needs $4N$ operations for each token that it trains, and no trick takes that away. Divide what a card can do by $4N$, and you have a bound in tokens a second. The share of it that a run reaches is its *model FLOPs utilization*.

The recipe that a well-known book gives for TinyLlama, and that lesson 06 runs: NF4, rank 64 on all linear layers, dropout 0.1, two rows of 512 tokens at a time, four times before each step, fp16, checkpointing, a paged Adam. Nearly every value in it is meant to save memory. **Predict**: which share of a fast card's arithmetic does it use?
""")
code("""
ladder = speed.Ladder()
book = ladder.cases("ladder", "tinyllama", "long")["the book's"]
needed = 4 * memory.shape_of("tinyllama").products
results.say(
    f"TinyLlama multiplies a token with {needed / 4e9:.2f} billion weights, so it needs {needed / 1e9:.1f} billion "
    f"operations for it. The card ({{card}}) multiplied large bf16 matrices with {book['ceiling'] / 1e12:.0f} trillion "
    f"operations a second, so its bound is {book['ceiling'] / needed:,.0f} tokens a second. The recipe trained "
    f"{book['tokens_a_second']:,.0f}: **{book['share_of_ceiling']:.1%}**, and took {book['peak_bytes'] / 1e9:.1f} GB "
    "of the card's memory.",
    card=ladder.receipt["hardware"],
)
assert abs(book["tokens_a_second"] * needed / book["ceiling"] - book["share_of_ceiling"]) < 1e-6
""")
md(r"""
## One step, taken apart

Where is the rest? First on your own machine. The model, in 4 bits and with an adapter, as in lesson 06:
""")
code("""
import transformers
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

transformers.logging.set_verbosity_error()
half = torch.float16 if models.choose_dtype().value == torch.float16 else torch.bfloat16


def load(dtype, four_bits=True, **config):
    bits = BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                              bnb_4bit_compute_dtype=dtype)  # fmt: skip
    net = AutoModelForCausalLM.from_pretrained(
        models.locate(model), dtype=dtype, quantization_config=bits if four_bits else None,
        device_map={"": 0} if on_gpu else None, **config,
    )  # fmt: skip
    return models.keep_4bit_layout(net)
""")
code("""
def with_adapter(net):
    torch.manual_seed(seed)
    net = get_peft_model(net, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))
    for name, weight in net.named_parameters():
        if "lora_B" in name:  # at its start of 0, A would have no gradient to compare
            torch.nn.init.normal_(weight, std=0.02)
    return net.train()


nets = {"32 bits": with_adapter(load(torch.float32)), "16 bits": with_adapter(load(half))}
linear = [layer for layer in nets["16 bits"].modules() if hasattr(layer, "lora_A")]
widths = {side for layer in linear for side in (layer.in_features, layer.out_features)}
if rank in widths:
    raise results.ParameterError(f"rank = {rank} is the side of another matrix of this model too: take another")
print(f"{nets['16 bits'].get_nb_trainable_parameters()[0]:,} weights learn; sides of the matrices: {sorted(widths)}")
""")
md(r"""
Some conversations, as the course's instructions have them. How they are laid into batches is one of the things to be tried: *padded*, each batch as long as its longest row, or *packed*, several to a row of 256 (lesson 05).
""")
code("""
tokenizer = models.load_tokenizer(model)
encoded = lambda talks: [training.encode(tokenizer, talk) for talk in talks]
talks = data.instructions("train", conversations, seed)["messages"]
short = encoded(talks)
print("tokens of each:", [len(ids) for ids, _ in short])


def padded(rows, at_once):
    for i in range(0, len(rows), at_once):
        part = rows[i : i + at_once]
        longest = max(len(ids) for ids, _ in part)
        fill = lambda values, empty: torch.tensor([[*v, *[empty] * (longest - len(v))] for v in values])  # noqa: B023
        yield {"input_ids": fill([ids for ids, _ in part], 0), "labels": fill([labels for _, labels in part], -100),
               "attention_mask": fill([[1] * len(ids) for ids, _ in part], 0)}  # fmt: skip


def packed(rows, at_once):
    return training.pack(rows, size=256, batch_rows=at_once)
""")
code("""
def loss_of(net, batch):
    \"\"\"The sum over the graded tokens of a batch, in nats.\"\"\"
    batch = {name: values.to(net.device) for name, values in batch.items()}
    labels = batch.pop("labels")[:, 1:]
    logits = net(**batch, use_cache=False).logits[:, :-1]
    with torch.profiler.record_function("loss"):
        return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten(), reduction="sum")
""")
md(r"""
Now a whole step under torch's profiler. It lists every operation with its time and the shapes of its matrices. By these `speed.parts_of` tells the parts: a product with a side of the adapter's rank is the adapter's, one inside the backward pass belongs to the backward pass, and so on.

**Predict.** Order them by time: the products with the base's weights, turning the 4-bit weights back, the adapter, attention, the output head. By operations the adapter is a small part.
""")
code("""
from torch.profiler import profile, record_function

learned = [p for p in nets["16 bits"].parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(learned, lr=0.0)  # a step like any other, but the model stays as it is


def train_step(net):
    with record_function("data"):
        (batch, *_) = packed(encoded(talks), 4)
    loss_of(net, batch).backward()
    optimizer.step()
    optimizer.zero_grad()
    speed.settle()
""")
code("""
train_step(nets["16 bits"])
with profile(record_shapes=True) as profiled:
    began = time.perf_counter()
    train_step(nets["16 bits"])
    step_seconds = time.perf_counter() - began
parts = speed.parts_of(profiled, step_seconds, rank, nets["16 bits"].config.vocab_size)
""")
code("""
figure, axes = plots.figure(7.8, 3.9, left=2.3)
COLOUR_OF = {"base, forward": "base", "base, backward": "base", "dequantize": "quantized", "adapter": "adapter"}
done = 0
for y, (name, spent) in enumerate(parts.items()):
    axes.barh(y, spent, left=done, color=plots.COLOURS[COLOUR_OF.get(name, "before")])
    done += spent
    axes.text(done, y, f" {spent:.0f}", va="center", fontsize=9.5)
axes.set_yticks(range(len(parts)), parts)
axes.grid(False)
axes.set(ylim=(len(parts) - 0.4, -0.6), xlim=(0, 1.06 * done), xlabel="milliseconds")
axes.set_title(f"One QLoRA step: {done:.0f} ms, part after part")
plots.alt(figure, "Waterfall: " + ", ".join(f"{name} {spent:.0f} ms" for name, spent in parts.items()))
""")
code("""
weights = sum(layer.in_features * layer.out_features for layer in linear)
extra = sum(rank * (layer.in_features + layer.out_features) for layer in linear)
base_time = parts["base, forward"] + parts["base, backward"]
first, second, *_ = sorted(parts, key=parts.get, reverse=True)
results.say(
    f"The adapter has {6 * extra / (4 * weights):.0%} of the base's operations and "
    f"**{parts['adapter'] / base_time:.0%} of its time**: thin matrices are multiplied badly. Dequantizing takes "
    f"{parts['dequantize'] / done:.0%} of the step. Most goes to *{first}* and *{second}*; the products with the base, "
    f"which nobody can avoid, are {base_time / done:.0%}."
)
assert 0.5 < sum(parts.values()) / (1e3 * step_seconds) < 1.5 and base_time > 0 < parts["adapter"]
""")
md(r"""
### The price of four bits

Turning a weight back costs the same whether it then meets one token or ten thousand: half a byte is read, two are written, and two read again by the product, 4.5 in all. The product itself takes two operations for each token. So with many tokens at once the price vanishes. **Slide** the tokens, and **predict** first: how many does an H100 need until products take as long as dequantizing? And a slower card, more or fewer?
""")
code("""
CARDS = {"T4": (0.32e12, 65e12), "RTX 4090": (1.01e12, 165e12), "H100": (3.35e12, 989e12),
         "H200": (4.8e12, 989e12)}  # bytes and operations a second, by the makers' data sheets  # fmt: skip


def draw_dequantize(tokens):
    figure, axes = plots.figure(6.8, 2.7)
    for x, (memory_speed, arithmetic) in enumerate(CARDS.values()):
        once, products = 4.5 / memory_speed, 2 * tokens / arithmetic
        plots.bars(axes, [x], [100 * once / (once + products)], color=plots.COLOURS["quantized"], width=0.5)
        axes.text(x, 100 * once / (once + products) + 2, f"{once / (once + products):.0%}", ha="center")
    axes.set_xticks(range(len(CARDS)), CARDS)
    axes.set(ylabel="of the time (%)", ylim=(0, 115), xlim=(-0.6, 3.6))
    axes.set_title(f"Spent on dequantizing, {tokens:,.0f} tokens at once (by data sheets)")
    return figure


widgets.explore(draw_dequantize, tokens=[1, 16, 128, 512, 1024, 4096, 16384], start={"tokens": 512})
""")
code("""
even = {card: 4.5 * arithmetic / (2 * memory_speed) for card, (memory_speed, arithmetic) in CARDS.items()}
results.say(
    "Products take as long as dequantizing at " + ", ".join(f"{n:,.0f} tokens on the {c}" for c, n in even.items())
    + ". The faster a card computes beside its memory, the more tokens it wants at once."
)
""")
md(r"""
## One change at a time

A faster run that learns something else is no gain. So every change below must keep two numbers: the loss over all the conversations, and its gradient in every weight of the adapter. And it is timed *by turns*: all ways once, then all again in the opposite order. What disturbs the machine for a while then disturbs them all. Only what holds in every turn is called a gain (five turns agree by luck one time in sixteen).

We begin as the book does, and as people did in 2023: plain attention, two rows at a time, checkpointing.
""")
code("""
BOOK = {"attention": "eager", "at_once": 2, "checkpointing": True, "lay": padded, "precision": "32 bits"}
CHANGES = {
    "fused attention": {"attention": "sdpa"},
    "8 rows at once": {"at_once": 8},
    "nothing computed twice": {"checkpointing": False},
    "packed": {"lay": packed},
    "16-bit products": {"precision": "16 bits"},
}


def set_up(recipe):
    net = recipe.get("net") or nets[recipe["precision"]]
    base = net.get_base_model()
    base.set_attn_implementation(recipe["attention"])
    if recipe["checkpointing"]:
        base.activation_checkpointing_enable({"use_reentrant": False})
    else:
        base.activation_checkpointing_disable()
    return net
""")
code("""
def train_on(rows, recipe):
    \"\"\"The mean loss over the rows; its gradient is left in the adapter.\"\"\"
    net, graded, total = set_up(recipe), sum(label != -100 for _, labels in rows for label in labels[1:]), 0.0
    net.zero_grad()
    for batch in recipe["lay"](rows, recipe["at_once"]):
        loss = loss_of(net, batch) / graded
        loss.backward()
        total += loss.item()
    return total, torch.cat([p.grad.flatten().float() for p in net.parameters() if p.requires_grad])
""")
code("""
rungs = {"the book's": dict(BOOK)}
for name, change in CHANGES.items():
    rungs[name] = list(rungs.values())[-1] | change
top = rungs["16-bit products"]
without = {f"top without: {name}": top | {key: BOOK[key] for key in change} for name, change in CHANGES.items()}
dense = with_adapter(load(half, four_bits=False))
others = {"LoRA, not in 4 bits": top | {"net": dense}}
""")
md(r"""
**Predict** which of the five gains most here, and which of them a GPU would rank otherwise.
""")
code("""
found = {}


def timed(rows, recipes):
    def run(name):
        found[name] = train_on(rows, recipes[name])

    return speed.by_turns({name: lambda name=name: run(name) for name in recipes}, turns)


times = timed(short, rungs | without | others)


def kept(recipe):
    \"\"\"The most that a forward pass keeps for its backward pass, in MB.\"\"\"
    net, most = set_up(recipe), 0
    for batch in recipe["lay"](short, recipe["at_once"]):
        with memory_watch.Saved(net) as saved:
            loss_of(net, batch)
        most = max(most, saved.total / 1e6)
    return most
""")

code("""
reference = found["the book's"][1]
off = lambda name: ((found[name][1] - reference).norm() / reference.norm()).item()
rate = lambda seconds, count: "{:,.0f} ({:,.0f} to {:,.0f})".format(*speed.rates(count, seconds))
tokens = sum(len(ids) for ids, _ in short)
names = list(rungs)
gains = {b: speed.ratio(times[a], times[b]) for a, b in zip(names, names[1:], strict=False)}
moved_by = {name: off(name) for name in rungs | without}
columns = {
    "tokens a second": [rate(times[name], tokens) for name in rungs],
    "times the rung before": ["", *(f"{middle:.2f}" for middle, *_ in gains.values())],
    "kept (MB)": [f"{kept(recipe):.0f}" for recipe in rungs.values()],
    "loss": [f"{found[name][0]:.5f}" for name in rungs],
    "gradient off by": [f"{moved_by[name]:.0e}" for name in rungs],
}
results.table(columns, names)
""")
code("""
exact = [name for name in rungs if rungs[name]["precision"] == "32 bits"]
loss_off = {name: abs(found[name][0] / found["the book's"][0] - 1) for name in rungs | without}
gradient_off = max(moved_by[name] for name in exact)
assert max(loss_off[name] for name in exact) < 1e-5 and gradient_off < 1e-4
assert max(loss_off.values()) < 0.02 and max(moved_by.values()) < 0.2  # 16 bits round
whole = speed.ratio(times["the book's"], times[names[-1]])
most_here = max(gains, key=gains.get)
results.say(
    "; ".join(f"*{name}*: {speed.verdict(gain)}" for name, gain in gains.items())
    + f". Most by *{most_here}*. All together: {speed.verdict(whole)}. **In 32 bits the gradient is the same to "
    f"{gradient_off:.0e}, whichever way it was computed**; 16 bits move it by {moved_by[names[-1]]:.1%}."
)
""")
md(r"""
### Taken off again

A ladder flatters whoever comes late or early: what a change gives depends on what is there already. So take each change off the *top*, alone. **Predict**: is what it then costs what it gave as a rung?
""")
code("""
alone = {name: speed.ratio(times[f"top without: {name}"], times[names[-1]]) for name in CHANGES}
columns = {title: ["{:.2f} ({:.2f} to {:.2f})".format(*each) for each in column.values()]
           for title, column in (("as a rung", gains), ("taken off the top", alone))}  # fmt: skip
columns[f"kept without it (MB); the top {kept(top):.0f}"] = [f"{kept(each):.0f}" for each in without.values()]
results.table(columns, list(CHANGES))
moved = max(CHANGES, key=lambda name: abs(alone[name][0] / gains[name][0] - 1))
results.say(
    f"Multiplied, the rungs give {whole[0]:.1f}, as they must; what they cost when taken off gives "
    f"{math.prod(middle for middle, *_ in alone.values()):.1f}. Furthest apart is *{moved}*: {gains[moved][0]:.2f} as "
    f"a rung, {alone[moved][0]:.2f} at the top. No change has a gain of its own."
)
""")
md(r"""
### Short rows, long rows

Packing removes padding. **Predict** what it does to rows that are full.
""")
code("""
from course_utils import world

stream = [i for n in range(9) for i in tokenizer(world.document(seed, n).text)["input_ids"]]
full = [(stream[i : i + 256],) * 2 for i in range(0, 512, 256)]
lays = {"padded": top | {"lay": padded}, "packed": top}
padding = lambda rows: 1 - sum(len(ids) for ids, _ in rows) / sum(b["input_ids"].numel() for b in padded(rows, 8))
""")
code("""
lines = {}
for kind, rows in (("short", short), ("full", full)):
    spent = timed(rows, lays)
    assert abs(found["packed"][0] / found["padded"][0] - 1) < 0.01
    gain = speed.ratio(spent["padded"], spent["packed"])
    count = sum(len(ids) for ids, _ in rows)
    lines[kind] = [f"{padding(rows):.0%}", *(rate(spent[lay], count) for lay in lays), speed.verdict(gain)]
columns = ("padding, 8 at once", "padded, tokens a second", "packed, tokens a second", "packed is")
results.table({title: [line[i] for line in lines.values()] for i, title in enumerate(columns)}, list(lines))
""")
md(r"""
On full rows nothing is left to pack, and the mask that keeps conversations apart is still paid for: torch's fused attention computes every pair of a row, and then hides what the mask forbids. On a GPU that price is larger, and there is a cure; see below.

### What the shelf's table asks

A tutorial of the shelf trains with plain and with flash attention, each with `pretraining_tp` 1 and 2, and compares loss, training time and inference time. On this machine, by turns (`sdpa` is torch's attention, which is a flash kernel on a GPU):
""")
code("""
cases = {f"{kind}, tp {tp}": {"net": with_adapter(load(torch.float32, pretraining_tp=tp)), "attention": kind}
         for kind in ("eager", "sdpa") for tp in (1, 2)}  # fmt: skip
prompt = torch.tensor([short[0][0][:16]] * 4).to(dense.device)


def write(net):
    net.eval().generate(input_ids=prompt, attention_mask=torch.ones_like(prompt), do_sample=False, min_new_tokens=12,
                        max_new_tokens=12, pad_token_id=0)  # fmt: skip
""")
code("""
few = short[: max(4, len(short) // 2)]
training_times = timed(few, {name: top | case for name, case in cases.items()})
writing = speed.by_turns({name: lambda case=case: write(set_up(top | case)) for name, case in cases.items()}, turns)
middle = lambda seconds: f"{sorted(seconds)[len(seconds) // 2]:.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"
columns = {"training loss": [f"{found[name][0]:.5f}" for name in cases],
           "training time": [middle(training_times[name]) for name in cases],
           "inference time": [middle(writing[name]) for name in cases]}  # fmt: skip
results.table(columns, list(cases))
""")
code("""
import inspect

from transformers.models.llama import configuration_llama, modeling_llama

used = {module.__name__.rsplit(".", 1)[1]: inspect.getsource(module).count("pretraining_tp")
        for module in (configuration_llama, modeling_llama)}  # fmt: skip
losses = [found[name][0] for name in cases]
fused = speed.ratio(training_times["eager, tp 1"], training_times["sdpa, tp 1"])
results.say(
    f"The word `pretraining_tp`: {used['configuration_llama']} × in `configuration_llama.py`, "
    f"**{used['modeling_llama']} × in `modeling_llama.py`**. You can set it, and nothing reads it. The four losses lie "
    f"within {max(losses) - min(losses):.1g} of each other, and what differs between tp 1 and 2 above is luck. "
    f"Fused attention beside plain is {speed.verdict(fused)}."
)
assert used["modeling_llama"] == 0 < used["configuration_llama"] and max(losses) - min(losses) < 1e-4 * losses[0]
""")
md(r"""
In 2023 it did something: a weight was cut into that many pieces, multiplied piece by piece, and the results were joined. That repeats the order of sums of a model that was pretrained in pieces on several cards; it was never meant to be fast.
""")
code("""
weight, some = torch.randn(6, 4), torch.randn(3, 4)
in_two = torch.cat([torch.nn.functional.linear(some, piece) for piece in weight.chunk(2)], -1)
torch.testing.assert_close(in_two, some @ weight.T)
""")
md(r"""
### LoRA and QLoRA

*4-bit training is faster*, one reads. **Predict**, then look: the same adapter on a base of 16 bits, timed in the turns above.
""")
code("""
lora = speed.ratio(times["LoRA, not in 4 bits"], times[names[-1]])
four, sixteen = (sum(memory_watch.at_rest(net).values()) / 1e6 for net in (nets["16 bits"], dense))
results.say(f"Beside LoRA on 16 bits, QLoRA is {speed.verdict(lora)}. What four bits save is memory: {sixteen:.0f} MB "
            f"become {four:.0f}.")  # fmt: skip
""")
md(r"""
### Threads that wait

One last trap of CPUs. When torch's threads have shared out a product, whoever is done first waits, and by default it *spins*: it asks again and again, at full speed. Beside a browser, a second notebook or a colleague's job it spins on the very core that the others need.

**Predict** what one busy process beside it does to a training on all cores. Each line is a process of its own: these variables count only if they are set before torch is imported.
""")
code("""
company = {name: speed.in_company(settings, seconds) for name, settings in speed.THREADS.items()}
results.table({
    "set": [" ".join("=".join(pair) for pair in settings.items()) for settings in speed.THREADS.values()],
    "alone, steps a second": [f"{alone_rate:.1f}" for alone_rate, _ in company.values()],
    "beside a busy process": [f"{beside:.1f}" for _, beside in company.values()],
}, list(company))
""")
code("""
best_alone, best_beside = (max(company, key=lambda name, i=i: company[name][i]) for i in (0, 1))
default = company["torch's default"]
results.say(
    f"Fastest alone: *{best_alone}*; in company: *{best_beside}*, {company[best_beside][1] / default[1]:.1f} times "
    f"torch's default, which falls from {default[0]:.1f} to {default[1]:.1f} steps a second. The course sets the "
    "second line, unless you have set one of these yourself: a compromise between the two columns."
)
""")
md(r"""
## On a GPU

A GPU ranks the same changes otherwise. It computes hundreds of times as fast, but each operation has to be launched by Python, and each result goes through its memory. The receipt climbs from the book's recipe to the fastest one found, a change a rung, **through SFTTrainer**, on random weights of two models' shapes. Rows are *long* (512 tokens each) or *short* (half of them below 134, as in Alpaca). The share is of $4N$ at the product rate that the same process measured.

**Slide**, and **predict** first: which single change is the largest for short rows?
""")
code("""
SHAPES = {"TinyLlama": "tinyllama", "Llama 2 7B": "llama-2-7b"}
ROWS = {"long rows": "long", "short rows": "short"}
LADDERS = {(shape, rows): ladder.cases("ladder", SHAPES[shape], ROWS[rows]) for shape in SHAPES for rows in ROWS}

""")
code("""
def draw_ladder(shape, rows):
    cases = LADDERS[shape, rows]
    figure, axes = plots.figure(8.2, 3.9, left=2.2)
    for y, case in enumerate(cases.values()):
        axes.barh(y, case["tokens_a_second"], color=plots.COLOURS["after" if y else "base"], height=0.7)
        words = f" {case['tokens_a_second']:,.0f}, {case['share_of_ceiling']:.1%}, {case['peak_bytes'] / 1e9:.0f} GB"
        axes.text(case["tokens_a_second"], y, words, va="center", fontsize=9.5)
    first, *_, last = cases.values()
    axes.set_yticks(range(len(cases)), cases)
    axes.grid(False)
    axes.set(ylim=(len(cases) - 0.4, -0.6), xlim=(0, 1.45 * last["tokens_a_second"]), xlabel="trained tokens a second")
    axes.set_title(f"{shape}, {rows}: {speed.gain(last, first):.0f} times the book's recipe")
    return figure


widgets.explore(draw_ladder, shape=list(SHAPES), rows=list(ROWS))
""")
code("""
tops = {key: list(cases.values())[-1] for key, cases in LADDERS.items()}
books = {key: cases["the book's"] for key, cases in LADDERS.items()}
largest = {key: max(steps := speed.steps(cases), key=steps.get) for key, cases in LADDERS.items()}
climbs = {key: speed.gain(tops[key], books[key]) for key in LADDERS}
ceilings = [case["ceiling"] / 1e12 for cases in LADDERS.values() for case in cases.values()]
results.say("From the book's recipe to the top:\\n\\n" + "\\n".join(
    f"- {', '.join(key)}: {books[key]['tokens_a_second']:,.0f} to {speed.shown(tops[key])} tokens a second, "
    f"**{climb:.0f} times**, {tops[key]['share_of_ceiling']:.0%} of the ceiling, most of it by *{largest[key]}*"
    for key, climb in climbs.items()
) + f"\\n\\n(The ceiling came out between {min(ceilings):.0f} and {max(ceilings):.0f} trillion operations a second, "
    "from process to process. So a share is good to a few hundredths.)")
""")
md(r"""
Some of the names, and what they do:

- **n rows at once**: fewer, larger operations, so that the card computes while Python launches, and the price of four bits is spread over more tokens.
- **nothing computed twice**: no checkpointing. It costs memory, and memory is what the card has.
- **end to end, side by side**: TRL lays packed rows into one long row. That suits kernels that are told where each conversation ends; torch's own attention computes all pairs of the long row. Side by side (lesson 06) it has far fewer.
- **flex attention**: torch's attention with a mask that is compiled in, so that hidden blocks of pairs are not computed at all.
- **layers compiled**: `for layer in model.get_base_model().model.layers: layer.compile(dynamic=False)`. Norms, rotation, SwiGLU, adapter scaling and sums become a few kernels. The layers share what is compiled; the whole model at once takes far longer.

### The losses, again

A fast step that learns otherwise would be no use. In the ladder, rungs that read the same rows have to say the same loss at each step:
""")
code("""
reading = {}
for key, cases_here in LADDERS.items():
    for name, case in cases_here.items():
        rows_read = (*key, case["recipe"]["batch"], case["recipe"]["packing"], len(case["losses"]))
        reading.setdefault(rows_read, {})[name] = case["losses"]
reading = [list(losses_of.values()) for losses_of in reading.values() if len(losses_of) > 1]
apart = max(speed.largest_gap(each[0], other) for each in reading for other in each)
results.say(f"Within each of {len(reading)} groups of rungs that read the same rows no loss is further from another "
            f"than **{apart:.4f}**, of some {reading[0][0][0]:.0f}.")  # fmt: skip
assert apart < 0.01
""")
only_if(have("loss"))
md(r"""
Random weights learn nothing, so that proves little of a whole training. pocket-llama's own weights were therefore trained forty steps with each kind of rung, on a card. As a yardstick the first way ran twice, with its sums in another order. **Slide** to any way.
""")
code("""
curves = ladder.cases("loss")


def draw_losses(way):
    reference = f"{way.split(',')[0]}, fp32"
    figure, axes = plots.figure(7.6, 3.1)
    for name, colour, width in ((reference, "base", 4), (way, "adapter", 1.5)):
        axes.plot(curves[name]["losses"], color=plots.COLOURS[colour], linewidth=width, label=name)
    gap = speed.largest_gap(curves[way]["losses"], curves[reference]["losses"])
    axes.set(xlabel="step", ylabel="loss (nats a token)", title=f"At no step further apart than {gap:.4f}")
    plots.key(axes)
    return figure


widgets.explore(draw_losses, way=list(curves), start={"way": "padded, the book's, fp16"})
""")
code("""
gaps = {name: speed.largest_gap(case["losses"], curves[f"{name.split(',')[0]}, fp32"]["losses"])
        for name, case in curves.items()}  # fmt: skip
order, dropped = gaps["padded, fp32, another order of sums"], gaps["padded, the book's, dropout"]
same = {name: gap for name, gap in gaps.items() if "dropout" not in name and not name.endswith("fp32")}
furthest = max(same, key=same.get)
results.say(f"The order of sums alone moves the loss by up to {order:.4f}. Of the rungs that claim to keep the "
            f"arithmetic, none moves it by more than {same[furthest]:.4f} (*{furthest}*); the book's dropout, which is "
            f"another training, by {dropped:.4f}.")  # fmt: skip
assert same[furthest] < 0.05
""")
only_if(not have("loss"))
md(r"""
Random weights learn nothing, so that alone proves little of a whole training. On a model's own weights your machine has shown it above, gradient by gradient.
""")
only_if(True)
md(r"""
### What is between the top and 100 %

The top is profiled too, kernel by kernel. **Predict** what takes most of the rest: dequantizing, attention, or what stands between the products?
""")
code("""
def shares_of(case):
    \"\"\"Of a profiled step: the products at the ceiling's rate, what they took longer, and each other kind.\"\"\"
    spent, whole = dict(case["profile"]["ms"]), case["profile"]["step_ms"]
    ideal = case["share_of_ceiling"] * whole
    products = spent.pop("matrix products")
    idle = max(0.0, whole - products - sum(spent.values()))
    ways = {"4N at the ceiling": ideal, "products below the ceiling, adapters": products - ideal}
    return {name: ms / whole for name, ms in (ways | spent | {"no kernel at all": idle}).items()}
""")
code("""
at_the_top = {shape: shares_of(tops[shape, "long rows"]) for shape in SHAPES}
kinds = list(dict.fromkeys(kind for shares in at_the_top.values() for kind in shares))
results.table({shape: [f"{shares.get(kind, 0):.1%}" for kind in kinds] for shape, shares in at_the_top.items()}, kinds)
""")
code("""
for shape, shares in at_the_top.items():
    assert abs(sum(shares.values()) - 1) < 0.1
    rest = {kind: share for kind, share in shares.items() if kind != "4N at the ceiling"}
    first, second = sorted(rest, key=rest.get, reverse=True)[:2]
    results.say(f"{shape}: {shares['4N at the ceiling']:.0%} is what must be. The largest of the rest are *{first}*, "
                f"{rest[first]:.0%}, and *{second}*, {rest[second]:.0%}; dequantizing is "
                f"{rest.get('dequantize', 0):.1%}.")  # fmt: skip
""")
only_if(have("the top but one"))
md(r"""
### Taken off the top

As on your machine, each change was also taken back at the top, alone. The table says what to give up first when memory is short.
""")
code("""
off_top = {f"{shape}, {rows}": {name: speed.gain(tops[shape, rows], case)
                                for name, case in ladder.cases("the top but one", SHAPES[shape], ROWS[rows]).items()}
           for shape in SHAPES for rows in ROWS}  # fmt: skip
off_top = {name: column for name, column in off_top.items() if column}
results.table(*speed.side_by_side(off_top))
""")
code("""
dearest = {title: max(column, key=column.get) for title, column in off_top.items()}
results.say("(How many times as fast the top itself is.) Dearest: " + "; ".join(
    f"{title}: *{name}*, {off_top[title][name]:.1f}" for title, name in dearest.items()) + ".")  # fmt: skip
""")
only_if(have("unequal rows"))
md(r"""
### Rows of unequal length

Real rows are neither all long nor all short, and a compiler makes a new graph for each new length. **Predict** which is best: to compile for any length, to round lengths up to a multiple of 128, or to pack?
""")
code("""
unequal = ladder.cases("unequal rows", "tinyllama")
results.table({
    "tokens a second": [speed.shown(case) for case in unequal.values()],
    "graphs compiled": [str(case["compiled_graphs"]) for case in unequal.values()],
    "first 8 steps": [f"{case['warmup_seconds']:.0f} s" for case in unequal.values()],
}, list(unequal))
""")
code("""
winner = max(unequal, key=lambda name: unequal[name]["tokens_a_second"])
plain, each_length = unequal["padded"], unequal["padded, compiled"]
results.say(f"**{winner.capitalize()}** is the fastest, {speed.gain(unequal[winner], plain):.1f} times the plain padded "
            f"rows. Compiling for each length that comes ({each_length['compiled_graphs']} graphs) gives "
            f"{speed.gain(each_length, plain):.2f} and takes {each_length['warmup_seconds']:.0f} seconds for the first "
            "eight steps.")  # fmt: skip
""")
only_if(True)
md(r"""
### Beside the peer

Unsloth is the tool that people name for fast QLoRA on one card. It brings hand-written kernels for the backward passes of LoRA, for rotation, norms and SwiGLU.
""")
only_if(have("peer"))
md(r"""
It ran on the same card, by turns with the top of our ladder: the same rows, rank and shape, bf16, nothing computed twice.
""")
code("""
def beside(shape, rows):
    ours, theirs = (ladder.cases(entry, SHAPES[shape], ROWS[rows]) for entry in ("beside the peer", "peer"))
    return ours | {f"Unsloth, {name}": case for name, case in theirs.items()} if theirs else {}


PEERS = {key: found_here for key in LADDERS if (found_here := beside(*key))}
for (shape, rows), cases_here in PEERS.items():
    results.table({
        f"{shape}, {rows}: tokens a second": [speed.shown(case) for case in cases_here.values()],
        "of the ceiling": [f"{case['share_of_ceiling']:.0%}" for case in cases_here.values()],
        "GB": [f"{case['peak_bytes'] / 1e9:.1f}" for case in cases_here.values()],
    }, list(cases_here))
""")
code("""
def duel(cases_here):
    \"\"\"Our best against the peer's best.\"\"\"
    best = lambda ours: max((case for name, case in cases_here.items() if name.startswith("Unsloth") != ours),
                            key=lambda case: case["tokens_a_second"])  # fmt: skip
    return speed.gain(best(True), best(False))


duels = {f"{shape}, {rows}": duel(cases_here) for (shape, rows), cases_here in PEERS.items()}
results.say(f"Our best by Unsloth's best: {'; '.join(f'{name} **{gain:.2f}**' for name, gain in duels.items())}. "
            f"{sum(gain > 1 for gain in duels.values())} of {len(duels)} go to one line of torch.")  # fmt: skip
""")
only_if(not have("peer"))
code("""
# Unsloth 2026.10.9 on an H200 too, with shapes, rows and rank like these, the best of its ways; not in the receipt.
earlier = dict(zip(LADDERS, (85_338, 28_508, 17_221, 7_712), strict=True))
beside = {", ".join(key): tops[key]["tokens_a_second"] / rate_of for key, rate_of in earlier.items()}
results.table({"Unsloth, tokens a second": [f"{rate_of:,}" for rate_of in earlier.values()],
               "the top here": [speed.shown(tops[key]) for key in earlier],
               "times": [f"{times_of:.2f}" for times_of in beside.values()]}, list(beside))  # fmt: skip
""")
md(r"""
Mind what this is: two runs, on two cards of one make, not by turns. A few hundredths between such runs mean nothing: on long rows the two are alike. On short rows the peer had no attention that skips what a mask hides, and pays for padding or for hidden pairs.
""")
only_if(have("inference"))
md(r"""
### Writing, not training

Without gradients the balance is another one: a single row moves all weights through the card's memory for each token. **Predict**: is NF4 faster than 16 bits for one row? For 32?
""")
code("""
BATCHES = {"batch 1": "1 row", "batch 32": "32 rows"}
writers = {shape: ladder.cases("inference", SHAPES[shape]) for shape in SHAPES}
writers = {shape: cases_here for shape, cases_here in writers.items() if "16 bits" in cases_here}
ways = list(dict.fromkeys(way for cases_here in writers.values() for way in cases_here))
columns = {f"{shape}, {rows_of}": [
    f"{cases_here[way][batch]['tokens_a_second']:,.0f}" if way in cases_here else "" for way in ways]
    for shape, cases_here in writers.items() for batch, rows_of in BATCHES.items()}  # fmt: skip
results.table(columns, ways)
""")
code("""
def against(way, other, shape, batch):
    return speed.gain(writers[shape][way][batch], writers[shape][other][batch])


pair_of = lambda way, shape: " and ".join(f"{against(way, '16 bits', shape, batch):.2f}" for batch in BATCHES)
asked = ("NF4", "int8", "16 bits, adapter beside it")
results.say("Tokens a second beside those of 16 bits, for 1 row and for 32: " + "; ".join(
    f"{shape} " + ", ".join(f"*{way}* {pair_of(way, shape)}" for way in asked if way in cases_here)
    for shape, cases_here in writers.items()) + ".")  # fmt: skip
""")
only_if(True)
md(r"""
### What gave little

Not every rung was worth its line. **Predict** which gave less than a tenth.
""")
code("""
by_step = {", ".join(key): speed.steps(cases) for key, cases in LADDERS.items()}
little = {name: [by[name] for by in by_step.values() if name in by] for by in by_step.values() for name in by}
little = {name: each for name, each in little.items() if max(each) < 1.1}
results.say("Less than a tenth wherever it was measured: " + "; ".join(
    f"*{name}* " + ", ".join(f"{each:.2f}" for each in values) for name, values in little.items()) + ".")  # fmt: skip
""")
only_if(have("beside the peer") and not have("the top and one more"))
code("""
lean = {}
for key in LADDERS:
    cases_here = ladder.cases("beside the peer", SHAPES[key[0]], ROWS[key[1]])
    if cases_here.keys() >= {"our top", "our top, bf16 throughout"}:
        lean[", ".join(key)] = speed.gain(cases_here["our top, bf16 throughout"], cases_here["our top"])
results.say("Adapters and residuals in bf16 throughout, without autocast: "
            + "; ".join(f"{name} {times_of:.2f} times the top" for name, times_of in lean.items()) + ".")  # fmt: skip
""")
only_if(have("the top and one more"))
md(r"""
And what else people recommend, each added to the top alone.
""")
code("""
ONE_MORE = "the top and one more"
tried = {key: ladder.cases(ONE_MORE, SHAPES[key[0]], ROWS[key[1]]) for key in LADDERS}
tried = {f"{shape}, {rows}": {name: speed.gain(case, tops[shape, rows]) for name, case in cases_here.items()}
         for (shape, rows), cases_here in tried.items()}  # fmt: skip
columns, labels_tried = speed.side_by_side(tried)
results.table(columns, labels_tried)
""")
code("""
best_of_all = {name: max(column[name] for column in tried.values() if name in column) for name in labels_tried}
useless = [f"*{name}*" for name, gain in best_of_all.items() if gain < 1 + speed.NOTHING]
results.say(f"Of {len(labels_tried)} things tried, {len(useless)} gave less than {speed.NOTHING:.0%} wherever they "
            f"ran: {', '.join(useless)}.")  # fmt: skip
for name, reason in ladder.failed(ONE_MORE).items():
    results.say("*{name}* could not be measured: {reason}", name=name, reason=reason)
""")
only_if(True)
NAMES = {"the top but one": "the top with one change taken back", "unequal rows": "rows of unequal length",
         "peer": "Unsloth by turns on the same card", "inference": "writing instead of training",
         "the top and one more": "what else people recommend (CUDA graphs, Liger's kernels, varlen attention, fewer recomputed layers)",
         "loss": "whole loss curves"}
missing = [words for entry, words in NAMES.items() if not have(entry)]
if missing:
    md("Not in the receipt yet: " + ", ".join(missing) + ". `course_utils.making.speed_ladder` measures all of it.")
md(r"""
## An adapter's backward pass, by hand

What do hand-written kernels do, and could you? For a frozen $W$, with the error $G = \partial L / \partial Y$ of an output

$$Y = X W^\top + s\,(X A^\top) B^\top ,$$

move a little in each matrix in turn. A move of $B$ changes $Y$ by $s\,(XA^\top)\,\delta B^\top$, a move of $A$ by $s\,X\,\delta A^\top B^\top$, a move of $X$ by $\delta X\,W^\top + s\,\delta X A^\top B^\top$. The loss changes by the sum of the products of these, element by element, with $G$; sorted by the moved matrix:

$$\partial B = s\,G^\top (XA^\top), \qquad \partial A = (s\,GB)^\top X, \qquad \partial X = G\,W + (s\,GB)\,A .$$

Two things are worth seeing. $s\,GB$ is as narrow as the rank and serves twice. And nothing has to be kept but $X$ and the narrow $XA^\top$; a 4-bit $W$ is turned back once more.
""")
code("""
class ByHand(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, a, b, scale):
        narrow = x @ a.T
        ctx.save_for_backward(x, w, a, b, narrow)
        ctx.scale = scale
        return torch.addmm(x @ w.T, narrow, b.T, alpha=scale)

    @staticmethod
    def backward(ctx, g):
        x, w, a, b, narrow = ctx.saved_tensors
        error = ctx.scale * (g @ b)
        return torch.addmm(g @ w, error, a), None, error.T @ x, ctx.scale * (g.T @ narrow), None
""")
code("""
small = lambda *shape: torch.randn(*shape, dtype=torch.float64, requires_grad=True)
w_small = torch.randn(7, 5, dtype=torch.float64)
by_hand_small = lambda x, a, b: ByHand.apply(x, w_small, a, b, 0.5)
assert torch.autograd.gradcheck(by_hand_small, (small(4, 5), small(2, 5), small(7, 2)))
""")
md(r"""
`gradcheck` moves each number a little in 64 bits and compares. Is it worth it? **Predict** the gain beside peft's own layer.
""")
code("""
wide = torch.nn.Linear(384, 1024, bias=False)
peft_layer = get_peft_model(torch.nn.Sequential(wide), LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=["0"]))
a, b = (weight for weight in peft_layer.parameters() if weight.requires_grad)
torch.nn.init.normal_(b)
x = torch.randn(1024, 384, requires_grad=True)
by_peft = lambda: peft_layer(x).square().sum().backward()
by_hand = lambda: ByHand.apply(x, wide.weight, a, b, 2.0).square().sum().backward()
""")
code("""
def gradients(run):
    x.grad = a.grad = b.grad = None
    run()
    return x.grad, a.grad, b.grad


for one, other in zip(gradients(by_peft), gradients(by_hand), strict=True):
    torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3 * one.abs().max().item())
by_turn = speed.by_turns({"peft": by_peft, "by hand": by_hand}, 5 * turns)
results.say(f"The same gradients; by hand is {speed.verdict(speed.ratio(by_turn['peft'], by_turn['by hand']))} here.")
""")
md(r"""
On an H100 it was tried once, at 7B's shape: 1.09 times in plain mode, 1.42 with norms, rotation and SwiGLU compiled around it. Inside compiled layers it gave nothing: the compiler had already fused what can be fused, and a function of one's own only adds copies. So the course keeps the derivation and no kernel.
""")
md(r"""
## Exercises

Replace the `...` and run the cell. It tells you what is right, or shows the smallest case that is wrong. The solution is folded away below each exercise.

**1. What a token costs.** `layers` lists the inputs and outputs of each frozen linear layer; each has a LoRA adapter of that `rank`. How many operations does a trained token take, multiplications and additions?
""")
code("""
from course_utils import checks


def operations_a_token(layers, rank):
    return ...


checks.operations_a_token(operations_a_token)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
def operations_a_token(layers, rank):
    return sum(4 * i * o + 6 * rank * (i + o) for i, o in layers)
```

</details>

**2. The gradients.** Write the backward pass above yourself, from lists of lists (`torch.tensor` takes them) and without autograd. Return the gradients of `x`, `A` and `B`.
""")
code("""
def lora_backward(x, W, A, B, scale, G):
    return ...


checks.lora_backward(lora_backward)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
import torch


def lora_backward(x, W, A, B, scale, G):
    x, W, A, B, G = (torch.tensor(each) for each in (x, W, A, B, G))
    error = scale * G @ B
    return G @ W + error @ A, error.T @ x, scale * G.T @ (x @ A.T)
```

</details>

**3. Padding.** Rows of these `lengths` go, in this order, into batches of `at_once` (the last may have fewer). Each batch is as long as its longest row, rounded up to a `multiple`. Which share of all places is padding?
""")
code("""
def padding_share(lengths, at_once, multiple=1):
    return ...


checks.padding_share(padding_share)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
import math


def padding_share(lengths, at_once, multiple=1):
    places = 0
    for i in range(0, len(lengths), at_once):
        batch = lengths[i : i + at_once]
        places += len(batch) * multiple * math.ceil(max(batch) / multiple)
    return 1 - sum(lengths) / places
```

</details>

**4. Worth an evening?** A step consists of `parts`, in milliseconds. You make number `which` `factor` times as fast (`math.inf`: it vanishes). How many times as fast is the step?
""")
code("""
def whole_gain(parts, which, factor):
    return ...


checks.whole_gain(whole_gain)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
def whole_gain(parts, which, factor):
    return sum(parts) / (sum(parts) - parts[which] + parts[which] / factor)
```

</details>

**5. When compiling pays.** It takes `warm_up` seconds, and a step then takes `after` seconds instead of `before`. After how many whole steps is the compiled run ahead for the first time? `None` if never.
""")
code("""
def steps_to_repay(warm_up, before, after):
    return ...


checks.steps_to_repay(steps_to_repay)
""", "exercise")
md(r"""
<details><summary>Solution</summary>

```python
import math


def steps_to_repay(warm_up, before, after):
    return math.floor(warm_up / (before - after)) + 1 if after < before else None
```

</details>

## What you measured
""")

code("""
spent_here = time.perf_counter() - start_time
most = max(case["share_of_ceiling"] for case in tops.values())
results.say(
    f"On {{machine}} five changes made a QLoRA step {speed.verdict(whole)}, and moved its gradient by "
    f"{moved_by[names[-1]]:.1%}. On the receipt's card the climb gave {min(climbs.values()):.0f} to "
    f"{max(climbs.values()):.0f} times, and ended at up to {most:.0%} of what the card can multiply. All of it took "
    f"{spent_here:.0f} s.",
    machine=models.hardware(),
)
""")
code("""
results.record(
    gain=whole[0],
    gains={name: middle for name, (middle, *_) in gains.items()},
    loss_off=loss_off,
    gradient_off=moved_by,
    parts_ms=parts,
    tp_losses=losses,
    company={name: list(pair) for name, pair in company.items()},
    on_a_card={", ".join(key): climb for key, climb in climbs.items()},
)
""")
md(r"""
**What to do, on which card.** What the receipt's card did is measured; a T4 and a 24 GB card are estimates, from data sheets, from the memory formulas of lesson 03 and from the shares above. Nobody has run them here.
""")
code("""
long_climb, short_climb = (LADDERS["Llama 2 7B", rows] for rows in ROWS)
summit = tops["Llama 2 7B", "long rows"]
by_rung = speed.steps(long_climb)
kept_all = speed.gain(long_climb["nothing computed twice"], long_climb["the book's"])
in_short = speed.steps(short_climb)
laid = speed.gain(short_climb["packed, side by side"], short_climb["nothing computed twice"])
results.say(f\"\"\"**An H100 or H200**, measured with Llama 2 7B's shape on an {ladder.card}:

1. bf16, no dropout, and as many rows at once as fit without checkpointing: **{kept_all:.1f} times** on long rows.
2. Short rows packed, side by side: {laid:.1f} times; with `attn_implementation="flex_attention"`, and before the
   layers are compiled, {in_short["flex attention"]:.2f} of that.
3. Each layer compiled: {by_rung["layers compiled"]:.2f} times, for some seconds at the start.
4. `optim="adamw_torch_fused"`: {by_rung["fused Adam"]:.2f} times. An adapter has little to optimize.
5. Then stop: {summit["share_of_ceiling"]:.0%} of the ceiling is reached.\"\"\")
""")
code("""
from course_utils import fit

margin = fit.margins(fit.measured())
rows_on = lambda of, card, again: fit.largest_batch(of, "qlora", card, 512, 64, margin, again)
seven, seven_again = rows_on("llama-2-7b", 24, False), rows_on("llama-2-7b", 24, True)
eager_gb, compiled_gb = (long_climb[rung]["peak_bytes"] / 1e9 for rung in ("fused Adam", "layers compiled"))
by_share = CARDS["RTX 4090"][1] * summit["share_of_ceiling"] / (4 * memory.shape_of("llama-2-7b").products)
results.say(f\"\"\"**24 GB**, say an RTX 4090, *estimated*:

1. bf16 and no dropout here too. TinyLlama: {rows_on("tinyllama", 24, False)} rows of 512 without checkpointing.
2. Llama 2 7B: {seven} without, {512 * seven:,} tokens, where products outweigh dequantizing from
   {even["RTX 4090"]:,.0f}; with checkpointing {seven_again}. Take the first if it is enough.
3. Packing and flex attention as above: fewer pairs are fewer on any card.
4. Compiled layers also keep less, so more fits: {compiled_gb:.0f} GB instead of {eager_gb:.0f} on the {ladder.card}.
5. With the {ladder.card}'s share of the ceiling, 7B would train {by_share:,.0f} tokens a second.\"\"\")
""")
code("""
bound = CARDS["T4"][1] / needed  # TinyLlama's tokens a second, if a T4 did nothing but products
final = tops["TinyLlama", "long rows"]["share_of_ceiling"] * bound
results.say(f\"\"\"**A T4**, 16 GB, *estimated*:

1. It has no bf16: fp16, and the adapter back in 32 bits once the trainer is built, or it dies (lesson 06).
2. Rows of 512 at once: TinyLlama {rows_on("tinyllama", 16, False)} without checkpointing, 7B
   {rows_on("llama-2-7b", 16, True)} with it.
3. Pack short rows, side by side. Flash kernels want a newer card; torch takes another fused one.
4. Compile last, and only a long run: nobody has tried it here.
5. Expect less. The book's {book["tokens_a_second"]:,.0f} tokens a second on the {ladder.card} would be
   {book["tokens_a_second"] / bound:.0%} of a T4's bound: a slow card has less to waste. With the {ladder.card}'s
   share it would train {final:,.0f}: the climb is some {final / book["tokens_a_second"]:.1f} times there, if that.\"\"\")
""")
md("""
## Going deeper

### The kernels of the top

The profile behind the table of parts, by kernel: milliseconds a step.
""")
code("""
for shape in SHAPES:
    kernels = tops[shape, "long rows"]["profile"]["kernels"][:12]
    results.table({"kind": [kind for _, kind, _ in kernels], "ms": [f"{ms:.1f}" for *_, ms in kernels]},
                  [name[:60] for name, *_ in kernels])
""")
md("""
### What compiling costs

It is paid in seconds at the start, and kept on disk for the next run. In steps, by your own exercise:
""")
code("""
def repaid(shape, rows):
    cases = LADDERS[shape, rows]
    after = cases["layers compiled"]
    before = list(cases.values())[list(cases).index("layers compiled") - 1]
    a_step = lambda case: sum(case["seconds"]) / (len(case["seconds"]) * case["block"])
    warm_up = after["warmup_seconds"] - before["warmup_seconds"]
    return checks.steps_to_repay.answer(warm_up, a_step(before), a_step(after))


print({key: repaid(*key) for key in LADDERS})
""")
md("""
On a CPU the same line gives about 1.3 times after half a minute, and needs a C++ compiler on the machine. For a lesson that is a loss.
""")
code("""
print(ladder.receipt["what"])
print(ladder.receipt["command"])
""")

nb = nbformat.v4.new_notebook()
for i, (kind, source, tag) in enumerate(cells):
    cell = nbformat.v4.new_markdown_cell(source) if kind == "markdown" else nbformat.v4.new_code_cell(source)
    cell["id"] = hashlib.sha1(f"{i}{source}".encode()).hexdigest()[:8]
    if tag:
        cell.metadata["tags"] = [tag]
    nb.cells.append(cell)
nb.metadata = json.loads(open(__file__.replace(".py", ".ipynb")).read())["metadata"]
nbformat.write(nb, sys.argv[1])
end = next(i for i, c in enumerate(nb.cells) if c.source.startswith("## Going deeper"))
words = sum(len(c.source.split()) for c in nb.cells[:end] if c.cell_type == "markdown")
code_lengths = sorted(len(c.source.splitlines()) for c in nb.cells if c.cell_type == "code")
print("cells", end, "words", words, "median", code_lengths[len(code_lengths)//2], "max", code_lengths[-1])
