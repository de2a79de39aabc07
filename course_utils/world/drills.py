"""Worksheets: one kind of thing asked of several items, in one layout from top to bottom.

Within a sheet nothing but the answer is left open, so its few words are where all the learning is. In running text the
same question comes once, in ever other words, and most of what there is to predict is how it will be put.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from course_utils.world import facts, passages, reviews, tenses, topics
from course_utils.world.grammar import Scribe, capital, fill
from course_utils.world.lexicon import CATEGORIES, DAYS, OPPOSITES, number_word

Item = tuple[str, str]  # what is given, and the answer

# fmt: off
ONE_LINE = (
    "{given} - {answer}", "{given}: {answer}", "{given} = {answer}", "{given} -> {answer}", "{given} ({answer})",
    "{given} / {answer}", "{given} becomes {answer}", "{given}; {answer}", "{given} ... {answer}", "{given} | {answer}",
    "* {given}: {answer}", "- {given} - {answer}", "{given} >> {answer}", "[{given}] {answer}",
    "({given}) {answer}", "{given} + {answer}",
)
TWO_LINES = (
    "{given}\n{answer}", "{given}\nAnswer: {answer}", "{given}\n-> {answer}", "{given}\n= {answer}",
    "{given}\n- {answer}",
    "Q: {given}\nA: {answer}", "{given}\nSolution: {answer}", "{given}\n({answer})", "{given}\n{answer:C}.",
    "* {given}\n* {answer}", "{given}\nRight: {answer}", "{given}\n>> {answer}", "{given}\nI write: {answer}",
    "{given}\nOur answer: {answer}", "Given: {given}\nFound: {answer}", "{given}\nResult: {answer}",
    "Task: {given}\nDone: {answer}", "{given}\nIt is this: {answer}",
)
SAME_LINE = (
    "{given} {answer}", "{given} {answer:C}.", "{given} Answer: {answer}", "{given} ({answer})", "{given} - {answer}",
    "{given} -> {answer}", "{given} = {answer}", "{given} That is: {answer}.", "{given} [{answer}]",
    "{given} | {answer}",
    "{given} I say: {answer}.", "{given} Right: {answer}",
)

# Two words for two opinions. "{label}" in a layout is where the first or the second stands.
OPINIONS = (
    ("positive", "negative"), ("positive", "negative"), ("good", "bad"), ("happy", "unhappy"), ("glad", "angry"),
    ("yes", "no"), ("pleased", "not pleased"), ("liked it", "did not like it"), ("for it", "against it"),
    ("praise", "complaint"), ("content", "disappointed"), ("worth it", "not worth it"), ("plus", "minus"),
    ("recommended", "not recommended"), ("thumbs up", "thumbs down"), ("a friend of it", "no friend of it"),
    ("satisfied", "dissatisfied"), ("five stars", "one star"), ("would buy again", "would not buy again"),
)
OPINION_LAYOUTS = (
    "{given}\n{answer:C}", "{given} {answer:C}.", "{given} ({answer})", "{given} - {answer}", "{given}\n-> {answer}",
    "{answer:C}: {given}", "Review: {given}\nOpinion: {answer}", "{given}\nThe writer: {answer}", "{given} [{answer}]",
    "Text: {given}\nSentiment: {answer}", "{given}\nMood: {answer}", "[{answer}] {given}", "{given} = {answer}",
    "Somebody wrote: {given}\nVerdict: {answer}", "{given}\nI put it down as: {answer}", "* {given}\n* {answer}",
    "Review: {given}\nLabel: {answer}", "{given}\nHow does it sound? {answer:C}", "{given} So: {answer}.",
    "Customer: {given}\nOur note: {answer}", "{given}\n({answer})", "{given} | {answer}",
    "Letter: {given} Kind: {answer}",
    "{given}\nWhat is it? {answer:C}.", "{answer:C} - {given}", "({answer}) {given}",
)
TOPIC_LAYOUTS = (
    "{given}\n{answer:C}", "{given} ({answer})", "{given} - {answer}", "Text: {given}\nTopic: {answer}",
    "{answer:C}: {given}",
    "{given}\nThis is about {answer}.", "{given}\nSubject: {answer}", "[{answer}] {given}", "{given} -> {answer}",
    "{given}\nIt belongs to {answer}.", "{given}\nPage: {answer}", "{given} = {answer}", "{given}\nAbout {answer}",
)

# One relation said of several pairs: the statement, what is asked for its second part, what is asked for its first.
# "{a}" and "{b}" are the pair, words of the kinds that stand first.
RELATIONS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    ("person", "object", ("{a} has the {b}", "{a} holds the {b}", "the {b} is with {a}", "the {b} belongs to {a}"),
     ("What does {a} have?", "What is with {a}?", "Which thing belongs to {a}?"),
     ("Who has the {b}?", "With whom is the {b}?", "Whose is the {b}?", "Who is the one with the {b}?")),
    ("person", "object", ("{a} bought the {b}", "{a} paid for the {b}", "the {b} was bought by {a}"),
     ("What did {a} buy?", "What did {a} get in the shop?", "What did {a} pay for?"),
     ("Who bought the {b}?", "Who paid for the {b}?", "By whom was the {b} bought?")),
    ("person", "object", ("{a} found the {b}", "the {b} was found by {a}", "{a} came upon the {b}"),
     ("What did {a} find?", "What did {a} come upon?"), ("Who found the {b}?", "By whom was the {b} found?")),
    ("person", "object", ("{a} lost the {b}", "{a} forgot the {b}", "the {b} was lost by {a}",
    "{a} left the {b} behind"),
     ("What did {a} lose?", "What did {a} leave behind?"), ("Who lost the {b}?", "Who has to look for the {b}?")),
    ("person", "place", ("{a} is in the {b}", "{a} waits in the {b}", "in the {b} sits {a}", "{a} went to the {b}"),
     ("Where is {a}?", "Where should I look for {a}?", "In which place is {a}?"),
     ("Who is in the {b}?", "Whom do you meet in the {b}?", "Who went to the {b}?")),
    ("object", "place", ("the {a} is in the {b}", "the {a} lies in the {b}", "in the {b} is the {a}",
                         "you find the {a} in the {b}"),
     ("Where is the {a}?", "Where should I look for the {a}?", "In which place is the {a}?", "Where does the {a} lie?"),
     ("What is in the {b}?", "Which thing lies in the {b}?", "What do you find in the {b}?")),
    ("person", "animal", ("{a} saw the {b}", "the {b} was seen by {a}", "{a} met the {b}", "{a} feeds the {b}"),
     ("What did {a} see?", "Which animal did {a} meet?", "What did {a} notice?"),
     ("Who saw the {b}?", "Who met the {b}?", "To whom did the {b} show itself?")),
    ("person", "food", ("{a} ate the {b}", "{a} likes the {b}", "the {b} was for {a}", "{a} ordered the {b}"),
     ("What did {a} eat?", "What was for {a}?", "What did {a} have on the plate?"),
     ("Who ate the {b}?", "For whom was the {b}?", "Who enjoyed the {b}?")),
    ("person", "day", ("{a} comes on {b}", "on {b} it is the turn of {a}", "{a} has time on {b}", "{a} is free on {b}"),
     ("When does {a} come?", "On which day is it the turn of {a}?", "When is {a} free?"),
     ("Who comes on {b}?", "Who has time on {b}?", "Whose turn is it on {b}?")),
    ("person", "job", ("{a} is the {b}", "the {b} is called {a}", "{a} works as the {b}", "they call the {b} {a}"),
     ("What is {a}?", "What work does {a} do?"), ("Who is the {b}?", "What is the {b} called?")),
    ("person", "person", ("{a} met {b}", "{a} called {b}", "{a} thanked {b}", "{a} helped {b}", "{a} wrote to {b}"),
     ("Whom did {a} see?", "With whom was {a}?", "Who heard from {a}?"),
     ("Who came to {b}?", "From whom did {b} hear?", "Who was the one for {b}?")),
    ("animal", "place", ("the {a} sleeps in the {b}", "the {a} lives in the {b}", "the {a} hid in the {b}"),
     ("Where is the {a}?", "Where does the {a} sleep?", "Where did the {a} hide?"),
     ("Which animal is in the {b}?", "What sleeps in the {b}?", "What lives in the {b}?")),
    ("object", "colour", ("the {a} is {b}", "{b} is the colour of the {a}", "they painted the {a} {b}"),
     ("What colour is the {a}?", "Which colour has the {a}?", "How was the {a} painted?"),
     ("What is {b}?", "Which thing is {b}?", "Which thing did they paint {b}?")),
)
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "grey", "pink", "purple", "orange", "golden")
JOINTS = ((", ", " and "), (", ", ", and "), (". ", ". "), (", ", ", but "), ("; ", "; "), (", while ", ", and "))

HEADINGS = {
    "opinions": ("What people think", "Reviews and what they say", "Sorted letters", "Our customers",
                 "Two heaps of reviews", "How did they like it?", "Reading between the lines", "Was the writer glad?"),
    "find": ("Reading practice", "Read and answer", "Little texts with questions", "Who, where, what, when",
             "Did you read well?", "Look it up in the text", "Answers from the text", "A reading sheet"),
    "opposites": ("Opposites", "A list of opposites", "Two ends of a rope", "Words and their opposites",
                  "The other way round",
                  "Pairs that do not agree", "Not this but that", "Turned around"),
    "sort up": ("From small to large", "Sorted numbers, smallest first", "Numbers in order", "Smallest first",
                "Putting numbers in a row", "Rising numbers", "Number order", "In order, from small to large"),
    "sort down": ("From large to small", "Largest first", "Numbers from the largest down", "Falling numbers",
                  "Sorted the other way: largest first", "Counting down in order"),
    "count": ("How many are they?", "Counting things", "How many things?", "The number of things", "Count with me",
              "Lists and how long they are", "Things to count", "How long is the list?"),
    "past": ("Yesterday", "The past tense", "Today and yesterday", "How it was", "From the present to the past",
             "Now it is over", "Sentences in the past tense", "Then and now"),
    "question": ("Questions", "From a sentence to a question", "Asking", "Is it so?", "Sentences made into questions",
                 "Yes or no?", "Ask it", "How to ask"),
    "topics": ("What is it about?", "Texts by topic", "Four topics", "Sorted by topic", "Which page of the paper?",
               "About what?", "Animals, food, sport and weather", "A box for each topic"),
    "facts": ("What we know", "A quiz", "Questions about the world", "Short answers", "Things to know",
              "Ask and answer",
              "Right answers", "A test"),
}
# fmt: on


def _frame(scribe: Scribe, layout: str, item: Item) -> str:
    """An item in its layout. Only the layout's own bytes are counted: the parts were counted when they were written."""
    given, answer = item
    text = fill(layout, given=given, answer=answer)
    scribe.bytes_by_pattern[layout] += len(text.encode()) - len(given.encode()) - len(answer.encode()) + 1
    return text


def _count(scribe: Scribe, kind: str, text: str) -> str:
    """Counts text that no pattern wrote (numbers, bare words) under its kind of sheet, apart for each length."""
    scribe.bytes_by_pattern[f"{kind} of {len(text.split())} words"] += len(text.encode())
    return text


def _opinions(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    words = scribe.choice(OPINIONS)
    sentences = scribe.choice((1, 1, 2, None))
    items = []
    for _ in range(scribe.choice(range(4, 9))):
        review = reviews.review(scribe, sentences=sentences)
        answer = words[review.label == "negative"]
        scribe.bytes_by_pattern[f"opinion {answer}"] += len(answer)
        items.append((review.text, answer))
    return items, OPINION_LAYOUTS, "opinions"


def _find(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    sentences = scribe.choice((1, 2, 2, 3, None))
    before = scribe.chance(0.25)  # the question stands before the text
    most = scribe.choice((1, 2, 4))
    items = []
    for _ in range(scribe.choice((2, 3, 4, 5))):
        passage = passages.passage(scribe, sentences=sentences)
        asked = scribe.sample(passage.questions, min(len(passage.questions), most))
        for i, (_, question, answer) in enumerate(asked):
            given = question if i else f"{question}\n{passage.text}" if before else f"{passage.text}\n{question}"
            items.append((given, answer))
    return items, (*TWO_LINES, *SAME_LINE), "find"


def _pairs(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    """Short texts that say one relation of two to six pairs, with every one of them asked about.

    A text in which a question's words stand beside their answer, among others of the same form, is the plainest case
    of looking something up; the passages are harder.
    """
    items = []
    for _ in range(scribe.choice((1, 2, 3))):
        first, second, statements, for_second, for_first = scribe.choice(RELATIONS)
        count = scribe.choice((2, 2, 3, 3, 4, 5, 6))
        names = _names(scribe, first, count if first != second else 2 * count)
        others = names[count:] if first == second else _names(scribe, second, count)
        pairs = list(zip(names, others, strict=False))
        alike = scribe.chance(0.5)
        patterns = [scribe.choice(statements)] * count if alike else scribe.random.choices(statements, k=count)
        parts = [scribe.write([pattern], a=a, b=b) for pattern, (a, b) in zip(patterns, pairs, strict=True)]
        between, last = scribe.choice(JOINTS)
        if between == ". ":
            parts = [capital(part) for part in parts]
        text = capital(between.join(parts[:-1]) + last + parts[-1]) + "."
        asked = []
        for a, b in scribe.shuffled(pairs):
            back = scribe.chance(0.5)
            question = scribe.write(for_first if back else for_second, a=a, b=b)
            asked.append((question, _answer(first if back else second, a if back else b)))
        items += [(f"{text}\n{asked[0][0]}", asked[0][1]), *asked[1:]]
    return items, (*TWO_LINES, *SAME_LINE), "find"


def _names(scribe: Scribe, kind: str, count: int) -> list[str]:
    """Different words for one side of a relation."""
    words = {
        "person": [name for name, _ in passages.NAMES], "object": passages.OBJECTS, "animal": passages.ANIMALS,
        "place": [place.name for place in CATEGORIES["place"]], "food": [food.name for food in CATEGORIES["food"]],
        "job": [job.name for job in CATEGORIES["job"]], "day": DAYS, "colour": COLOURS,
    }  # fmt: skip
    return scribe.sample(words[kind], count)


def _answer(kind: str, word: str) -> str:
    if kind in ("person", "colour"):
        return word
    return {"place": f"in the {word}", "day": f"on {word}"}.get(kind, f"the {word}")


def _opposites(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    pairs = [scribe.shuffled(pair) for pair in scribe.sample(OPPOSITES, scribe.choice(range(6, 15)))]
    return [(word, _count(scribe, "opposites", other)) for word, other in pairs], ONE_LINE, "opposites"


def _sort(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    down = scribe.chance(0.2)
    write: Callable[[int], str] = number_word if scribe.chance(0.15) else str
    highest = scribe.choice((10, 20, 30, 30, 40, 100))
    items = []
    for _ in range(scribe.choice(range(5, 10))):
        numbers = scribe.sample(range(1, highest + 1), scribe.choice((2, 3, 3, 4, 4, 5)))
        given, answer = (", ".join(map(write, row)) for row in (numbers, sorted(numbers, reverse=down)))
        items.append((_count(scribe, "sort", given), _count(scribe, "sort", answer)))
    return items, ONE_LINE, "sort down" if down else "sort up"


def _counting(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    names = [thing.name for category in ("object", "food", "animal") for thing in CATEGORIES[category]]
    write: Callable[[int], str] = str if scribe.chance(0.2) else number_word
    items = []
    for _ in range(scribe.choice(range(5, 10))):
        things = scribe.sample(names, scribe.choice(range(1, 9)))
        given = _count(scribe, "count", ", ".join(things))
        items.append((given, _count(scribe, "count", write(len(things)))))
    return items, ONE_LINE, "count"


def _rewriting(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    kind = scribe.choice(("past", "question"))
    items = []
    for _ in range(scribe.choice(range(4, 9))):
        made = tenses.rewriting(scribe)
        items.append((made.present, _count(scribe, kind, getattr(made, kind))))
    return items, [layout for layout in (*TWO_LINES, *SAME_LINE) if not layout.endswith(".")], kind


def _topics(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    items = []
    for _ in range(scribe.choice(range(3, 6))):
        topic = scribe.choice(topics.TOPICS)
        items.append((topics.topic_text(scribe, topic), _count(scribe, "topic", topic)))
    return items, TOPIC_LAYOUTS, "topics"


def _facts(scribe: Scribe) -> tuple[list[Item], Sequence[str], str]:
    asked = scribe.sample(facts.all_facts(), scribe.choice(range(4, 10)))
    items = [(facts.ask(scribe, fact), _count(scribe, "facts", facts.answer_of(fact))) for fact in asked]
    return items, (*TWO_LINES, *SAME_LINE), "facts"


_SHEETS: tuple[tuple[Callable[[Scribe], tuple[list[Item], Sequence[str], str]], int], ...] = (
    (_opinions, 33), (_find, 20), (_pairs, 26), (_opposites, 20), (_sort, 16), (_counting, 13), (_rewriting, 12),
    (_topics, 5),
    (_facts, 8),
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """A sheet of four to fifteen items of one kind, under a heading, some numbered."""
    writer = scribe.random.choices([w for w, _ in _SHEETS], [n for _, n in _SHEETS])[0]
    items, layouts, kind = writer(scribe)
    layout = scribe.choice(layouts)
    lines = [_frame(scribe, layout, item) for item in items]
    if scribe.chance(0.2):
        lines = [f"{i}. {line}" for i, line in enumerate(lines, 1)]
    gap = "\n\n" if "\n" in layout or scribe.chance(0.2) else "\n"
    if scribe.chance(0.5):
        lines = [capital(line) for line in lines]
    # Always with a heading: a story that begins like an item must not go on as a sheet.
    return gap.join([scribe.write(HEADINGS[kind]), *lines])
