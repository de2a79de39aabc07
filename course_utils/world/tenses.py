"""One sentence in several forms: present, past, question and negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from course_utils.world.grammar import Scribe, fill
from course_utils.world.lexicon import Name
from course_utils.world.tables import Table, part_of, phrases, rows


@dataclass(frozen=True)
class Verb:
    """A verb, what can follow it, and who can do it."""

    base: str
    third: str
    past: str
    complements: tuple[str, ...]
    subjects: Literal["people", "all"]  # "all": people and animals
    takes_time: bool  # False: "every day" does not fit


@dataclass(frozen=True)
class Rewriting:
    """The same sentence in four forms."""

    present: str
    past: str
    question: str
    negative: str


VERBS = rows("tenses/verbs.csv", Verb)
WORDS = phrases("tenses/words.txt", "words")
TIMES = phrases("tenses/words.txt")["times"]
PEOPLE = rows("tenses/people.csv", Name)
ANIMALS = rows("tenses/animals.csv", Name)
SENTENCES = phrases("tenses/sentences.txt")


def _words(scribe: Scribe, part: str | None, subject: str) -> dict[str, str]:
    """One word of every table for the slots of the complements, none of them the subject itself."""
    words = {}
    for slot, table in WORDS.items():
        words[slot] = scribe.choice([word for word in part_of(table, part) if word.split()[-1] not in subject])
    for slot in ("food", "clothing"):
        words[slot + "2"] = scribe.choice([word for word in part_of(WORDS[slot], part) if word != words[slot]])
    return words


def _subject(scribe: Scribe, subjects: str, part: str | None) -> tuple[str, str]:
    """A subject and its pronoun."""
    table = ANIMALS if subjects == "all" and scribe.chance(0.5) else PEOPLE
    return scribe.choice(part_of(table, part))


def rewriting(scribe: Scribe, part: str | None = None) -> Rewriting:
    """One sentence in the third person singular, in four forms."""
    verb = scribe.choice(VERBS)
    rest = scribe.choice(verb.complements)
    if verb.takes_time and scribe.chance(0.3):
        rest += " {time}"
    subject, _ = _subject(scribe, verb.subjects, part)
    words = {**_words(scribe, part, subject), "subject": subject, "time": scribe.choice(part_of(TIMES, part))}
    # A pattern for each verb and complement: one for all sentences would make too much of the text.
    return Rewriting(
        present=scribe.write((f"{{subject:C}} {verb.third} {rest}.",), **words),
        past=scribe.write((f"{{subject:C}} {verb.past} {rest}.",), **words),
        question=scribe.write((f"Does {{subject}} {verb.base} {rest}?",), **words),
        negative=scribe.write((f"{{subject:C}} does not {verb.base} {rest}.",), **words),
    )


def _clause(scribe: Scribe, verb: Verb, subject: str) -> dict[str, str]:
    """A verb's forms and one complement, as slots."""
    rest = fill(scribe.choice(verb.complements), **_words(scribe, None, subject))  # counted with its sentence
    return {"base": verb.base, "third": verb.third, "past": verb.past, "rest": rest}


def _sentence(scribe: Scribe) -> dict[str, str]:
    """The slots of one sentence, with a second subject that could do the same."""
    verb = scribe.choice(VERBS)
    subject, he = _subject(scribe, verb.subjects, None)
    other = scribe.choice([name for name, _ in PEOPLE if name != subject])
    return {"subject": subject, "he": he, "other": other, **_clause(scribe, verb, subject)}


def _lines(scribe: Scribe, patterns: Table[str], count: int, slots: dict[str, str]) -> list[str]:
    return [scribe.write((pattern,), **slots) for pattern in scribe.sample(patterns, count)]


def _steps(scribe: Scribe, tables: tuple[Table[str], ...], clauses: list[dict[str, str]]) -> list[str]:
    """What somebody did one after another; the tables hold the first, the middle and the last sentence."""
    first, middle, last = tables
    patterns = [scribe.choice(first), *scribe.sample(middle, len(clauses) - 2), scribe.choice(last)]
    return [scribe.write((pattern,), **slots) for pattern, slots in zip(patterns, clauses, strict=True)]


def _story(scribe: Scribe) -> str:
    """A short story in the present, in the past, or in both."""
    is_animal = scribe.chance(0.3)
    subject, he = scribe.choice(ANIMALS if is_animal else PEOPLE)
    verbs = [verb for verb in VERBS if verb.takes_time and (verb.subjects == "all" or not is_animal)]
    clauses = [
        {"subject": subject, "he": he, **_clause(scribe, verb, subject)}
        for verb in scribe.sample(verbs, scribe.choice((2, 3, 3, 4)))
    ]
    form = scribe.choice(("now", "past", "both"))
    sentences = []
    if form != "past":
        sentences += _steps(scribe, (SENTENCES["always"], SENTENCES["then now"], SENTENCES["last now"]), clauses)
    if form == "both":
        sentences.append(scribe.write(SENTENCES["same yesterday"]))
    if form != "now":
        sentences += _steps(scribe, (SENTENCES["once"], SENTENCES["then past"], SENTENCES["last past"]), clauses)
    return " ".join(sentences)


def _contrasts(scribe: Scribe) -> str:
    """Today and yesterday, several times."""
    return " ".join(scribe.write(SENTENCES["contrast"], **_sentence(scribe)) for _ in range(scribe.choice((2, 3, 4))))


def _questions(scribe: Scribe) -> str:
    """Questions, answers and denials, one to a line."""
    tables = (SENTENCES["yes no"], SENTENCES["yes no"], SENTENCES["not"])
    lines = [scribe.write(scribe.choice(tables), **_sentence(scribe)) for _ in range(scribe.choice((2, 3, 4, 5)))]
    return scribe.choice(("\n", "\n", " ")).join(lines)


def _one_sentence(scribe: Scribe) -> str:
    """Many lines on a single sentence: its question, its negative, its past, what a teacher says of it."""
    slots = _sentence(scribe)
    lines = [
        line
        for table in scribe.sample(
            (
                SENTENCES["contrast"],
                SENTENCES["yes no"],
                SENTENCES["not"],
                SENTENCES["grammar"],
                SENTENCES["correction"],
            ),
            scribe.choice((2, 3, 4)),
        )
        for line in _lines(scribe, table, 1, slots)
    ]
    return scribe.choice((" ", "\n")).join(lines)


def _grammar(scribe: Scribe) -> str:
    """A paragraph of a grammar book, or of a lesson, on one or two verbs."""
    lines = [scribe.write(SENTENCES["grammar titles"])] if scribe.chance(0.3) else []
    text = []
    for _ in range(scribe.choice((1, 2))):
        slots = _sentence(scribe)
        text += _lines(scribe, SENTENCES["grammar"], scribe.choice((2, 3)), slots)
        if scribe.chance(0.4):
            text.append(scribe.write(SENTENCES["correction"], **slots))
    return "\n".join([*lines, " ".join(text)])


def _lesson(scribe: Scribe) -> str:
    """People who correct each other's verbs."""
    return "\n".join(
        scribe.write(SENTENCES["correction"], **_sentence(scribe)) for _ in range(scribe.choice((2, 3, 4)))
    )


def _verb_list(scribe: Scribe) -> str:
    """A list of verb forms, all lines of one layout."""
    layout = scribe.choice(SENTENCES["lists"])
    title = scribe.write(SENTENCES["list titles"])
    lines = [scribe.write((layout,), **_sentence(scribe)) for _ in range(scribe.choice((3, 4, 5, 6)))]
    return "\n".join([title, *lines])


_DOCUMENTS: tuple[Callable[[Scribe], str], ...] = (
    _story, _story, _story, _contrasts, _contrasts, _questions, _questions, _one_sentence, _one_sentence, _grammar,
    _lesson, _verb_list,
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """Prose, dialogue, grammar notes or lists that show the forms of verbs."""
    return scribe.choice(_DOCUMENTS)(scribe)
