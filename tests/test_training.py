"""The plain training loop: packing, what is graded, the schedule."""

import torch

from course_utils import data, models, training


def test_packed_conversations_do_not_see_each_other():
    tokenizer = models.load_tokenizer("pocket-llama")
    net = models.load_base("pocket-llama", dtype=torch.float32).eval()
    rows = [training.encode(tokenizer, messages) for messages in data.instructions("train", 12, 3)["messages"]]
    (batch,) = training.pack(rows)
    with torch.no_grad():
        packed = training.logits_of(net, batch)
        row, begin = 0, 0
        for ids, _ in rows:
            if begin + len(ids) > 256:
                row, begin = row + 1, 0
            alone = net(input_ids=torch.tensor([ids])).logits[0]
            torch.testing.assert_close(packed[row, begin : begin + len(ids)], alone, rtol=1e-4, atol=1e-4)
            begin += len(ids)
    assert row > 0 and len(rows) > row + 1  # rows of several conversations


def test_packing_keeps_every_graded_token():
    tokenizer = models.load_tokenizer("pocket-llama")
    rows = [training.encode(tokenizer, messages) for messages in data.instructions("train", 100, 0)["messages"]]
    batches = training.pack(rows)
    assert all(batch["input_ids"].shape[1] == 256 and len(batch["input_ids"]) <= 8 for batch in batches)
    kept = [label for batch in batches for label in batch["labels"].flatten().tolist() if label != -100]
    assert kept == [label for _, labels in rows for label in labels if label != -100]


def test_the_schedule_climbs_and_falls():
    rates = [training.schedule(step, 125) for step in range(125)]
    assert rates[3] == 1 == max(rates) and rates[:3] == [0.25, 0.5, 0.75]
    assert rates[3:] == sorted(rates[3:], reverse=True) and rates[-1] < 0.001


def test_the_first_steps_are_those_of_the_whole_run(tiny_model):
    tokenizer = models.load_tokenizer(str(tiny_model))
    batches = training.batches_of(tokenizer, data.instructions("train", 60, 0)["messages"])
    losses = []
    for steps in (2, 4):
        net = models.load_base(str(tiny_model), dtype=torch.float32)
        losses.append(training.train(net, batches, 1e-3, steps, whole=4, dtype=torch.float32))
    assert losses[0] == losses[1][:2]
    assert losses[1][-1] < losses[1][0]
