"""SmolLM2 learns to call a review positive or negative, and what that costs it. Lesson 06's receipt.

    python -m course_utils.making.known_model --out known_model.json                 # on two cores, half an hour
    python -m course_utils.making.known_model --out known_model.json --others DIR    # with reviews of another source
    python -m course_utils.making.known_model --out /tmp/known.json --quick          # the same path in two minutes

Asked as it comes, asked with examples in the prompt, and asked after lesson 06's recipe on the small world's reviews,
with several seeds. DIR holds ``amazonReviewSnippets_GroundTruth.txt`` and ``movieReviewSnippets_GroundTruth.txt``:
sentences of reviews, each rated from -4 to 4 by twenty people (Hutto and Gilbert 2014, MIT licence). They are in the
source package of vaderSentiment, ``additional_resources/hutto_ICWSM_2014.tar.gz``:

    pip download --no-deps --no-binary :all: vaderSentiment==3.3.2

Only sentences that people found clearly good or clearly bad are asked, as many of one as of the other.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import random
import re
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from course_utils import adapters, data, evaluate, models  # noqa: E402
from course_utils.errors import CourseError  # noqa: E402
from course_utils.world import documents, tasks  # noqa: E402

CLEAR = 2.0  # of 4: the mean rating from which a sentence counts as good or bad
SHOTS = (2, 6)  # examples in a prompt
SIGNS = {"positive": 1, "negative": -1}
FACTS = {  # what is asked, and a word that only a right answer holds
    "What is the capital of France?": "Paris",
    "What is the capital of Italy?": "Rome",
    "What is the capital of Japan?": "Tokyo",
    "What is the capital of England?": "London",
    "What is the capital of Germany?": "Berlin",
    "What is the capital of Egypt?": "Cairo",
    "What color is a ripe banana?": "yellow",
    "What color is grass?": "green",
    "Which planet do we live on?": "Earth",
    "Which planet is known as the Red Planet?": "Mars",
    "What is the name of the star at the center of our solar system?": "Sun",
    "Who wrote Romeo and Juliet?": "Shakespeare",
    "Who painted the Mona Lisa?": "Leonardo",
    "Who developed the theory of relativity?": "Einstein",
    "What is the largest ocean on Earth?": "Pacific",
    "What is the chemical symbol for water?": "H2O",
    "How many days are there in a week?": "seven|7",
    "How many legs does a spider have?": "eight|8",
    "What is frozen water called?": "ice",
    "Which animal gives us milk and says moo?": "cow",
    "What do bees make?": "honey",
    "In which country is the Eiffel Tower?": "France",
    "In which country is the Great Wall?": "China",
    "What language is spoken in Spain?": "Spanish",
}


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="the receipt, written after each step")
    parser.add_argument("--model", default="smollm2", help="a name, a directory or a hub id")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", type=int, default=1000, help="reviews to train on")
    parser.add_argument("--others", type=Path, help="directory with reviews of another source")
    parser.add_argument("--each", type=int, default=300, help="reviews of each other source")
    parser.add_argument("--quick", action="store_true", help="few rows, questions and seeds")
    given = parser.parse_args(arguments)
    if given.quick:
        given.seeds, given.rows, given.each = [0], 16, 8
    return given


def rated(file: Path, count: int) -> list[dict[str, Any]]:
    """Instruction rows of the clearly good and clearly bad sentences in a file of rated ones, ``count`` in all.

    Raises:
        CourseError: the file cannot be read.
    """
    try:
        lines = file.read_text("utf-8", errors="replace").splitlines()
        pairs = [(text, float(rating)) for _, rating, text in (line.split("\t") for line in lines)]
    except (OSError, ValueError) as error:
        raise CourseError(f"{file} is no table of number, rating and sentence ({error})") from None
    clear = {word: [text for text, rating in pairs if sign * rating >= CLEAR] for word, sign in SIGNS.items()}
    each = min(count // 2, *map(len, clear.values()))
    chance = random.Random(0)
    chosen = [(text, word) for word, texts in clear.items() for text in chance.sample(texts, each)]
    prompts = tasks.sentiment_prompts([text for text, _ in chosen], part="heldout")
    return [data.row_of("sentiment", prompt, word) for prompt, (_, word) in zip(prompts, chosen, strict=True)]


def asked(model: Any, tokenizer: Any, rows: list[dict[str, Any]], shots: list[dict[str, str]]) -> dict[str, str]:
    """For each row, as strings of 0 and 1: is the answer right, is the first of the two words in it the right one, and
    is it one of them and nothing else."""
    talks = [[*shots, {"role": "user", "content": row["prompt"]}] for row in rows]
    said = evaluate.answer(model, tokenizer, talks, max_new_tokens=24 if not shots else 8)
    bits = lambda flags: "".join(str(int(flag)) for flag in flags)  # noqa: E731
    first = [re.findall("|".join(SIGNS), text.lower())[:1] for text in said]
    return {
        "right": bits(evaluate.exact_match(said, rows)),
        "meant": bits(word == [row["answer"]] for word, row in zip(first, rows, strict=True)),
        "format": bits(evaluate.normalize(text) in SIGNS for text in said),
    }


def knows(model: Any, tokenizer: Any) -> dict[str, Any]:
    """What the model says to ``FACTS``, how many are right, and its bits per byte on the small world's texts."""
    said = evaluate.answer(model, tokenizer, list(FACTS), max_new_tokens=24)
    right = [
        any(word.lower() in text.lower() for word in words.split("|"))
        for text, words in zip(said, FACTS.values(), strict=True)
    ]
    texts = [documents.document(9_000, i).text for i in range(60)]  # lesson 08's
    return {"facts": sum(right), "said": said[:4], "bits_per_byte": evaluate.bits_per_byte(model, tokenizer, texts)}


def main(arguments: list[str] | None = None) -> int:
    given = parse(arguments)
    models.check_trainable(given.model)
    tests = {"handwritten": data.handwritten_reviews()}
    for name in ("amazon", "movie") if given.others else ():
        tests[name] = rated(given.others / f"{name}ReviewSnippets_GroundTruth.txt", given.each)
    if given.quick:
        tests = {name: rows[:8] for name, rows in tests.items()}
    import bitsandbytes
    import torch
    import transformers
    import trl

    libraries = {"torch": torch, "transformers": transformers, "trl": trl, "bitsandbytes": bitsandbytes}
    command = " ".join(["python -m course_utils.making.known_model", *(arguments or sys.argv[1:])])
    for path in filter(None, (given.out, given.others)):
        command = command.replace(str(path), "FILE" if path == given.out else "DIR")
    receipt = {
        "what": "a public chat model before and after a thousand reviews, with and without examples in the prompt",
        "command": command,
        "date": datetime.date.today().isoformat(),
        "hardware": str(models.hardware()),
        "versions": {name: module.__version__ for name, module in libraries.items()},
        "model": given.model if given.model in models.NAMES else Path(given.model).name,
        "recipe": adapters.recipe(given.model) | {"rows": given.rows},
        "tests": {name: len(rows) for name, rows in tests.items()},
        "facts": len(FACTS),
        "runs": [],
    }

    def measure(way: str, model: Any, shots: list[dict[str, str]], **more: Any) -> None:
        scores = {name: asked(model, tokenizer, rows, shots) for name, rows in tests.items()}
        receipt["runs"].append({"way": way, **more, "scores": scores})
        if not shots:
            receipt["runs"][-1] |= knows(model, tokenizer)
        given.out.write_text(json.dumps(receipt, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        share = lambda bits: bits.count("1") / len(bits)  # noqa: E731
        print(way, more, *(f"{name} {share(score['right']):.1%}" for name, score in scores.items()), flush=True)

    base, tokenizer = models.load_4bit(given.model), models.load_tokenizer(given.model)
    measure("as it comes", base, [])
    reviews = data.instructions("train", given.rows + max(SHOTS), task="sentiment")
    for count in SHOTS:
        examples = reviews.select(range(given.rows, given.rows + count))
        measure(f"{count} examples", base, sum(examples["messages"], []))
    del base
    for seed in given.seeds:
        began = time.perf_counter()
        tuned, tokenizer, _ = adapters.train(
            given.model, data.instructions("train", given.rows, seed, task="sentiment"), seed
        )
        measure("tuned", tuned, [], seed=seed, seconds=round(time.perf_counter() - began, 1))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CourseError as error:
        sys.exit(f"error: {error}")
