"""True facts about the small world, the ways to state and to ask them, and the factual half of the pretraining text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache

from .grammar import Scribe, capital, fill, plural
from .lexicon import CATEGORIES, DAYS, MONTHS, NAMES, OPPOSITES, ORDINALS, SEASONS, number_word


@dataclass(frozen=True)
class Fact:
    """One attribute of one entity; ``answer`` is the word as the lexicon has it, for the statements' {answer}."""

    entity: str
    category: str
    attribute: str
    answer: str


@cache
def all_facts() -> tuple[Fact, ...]:
    """Every fact of the lexicon, in its order."""
    return tuple(
        fact for category in CATEGORIES for thing in CATEGORIES[category] for fact in facts_of(category, thing)
    )


def facts_of(category: str, thing: object) -> list[Fact]:
    """The facts about one entry of the lexicon."""
    names = [field.name for field in fields(thing) if field.name not in ("name", "at")]
    return [Fact(thing.name, category, name, getattr(thing, name)) for name in names if getattr(thing, name)]


# How the short answer is written where it is not the bare word of the lexicon.
ANSWER_FORMS: dict[tuple[str, str], str] = {
    ("animal", "kind"): "{answer:a}",
    ("animal", "young"): "{answer:a}",
    ("food", "kind"): "{answer:a}",
    ("job", "work"): "to {answer}",
    ("place", "activity"): "to {answer}",
    ("place", "worker"): "{answer:a}",
    ("object", "kind"): "{answer:a}",
    ("object", "use"): "to {answer}",
    ("stuff", "kind"): "{answer:a}",
    ("stuff", "state"): "{answer:a}",
}


def answer_of(fact: Fact) -> str:
    """The short answer to a question about ``fact``, without a full stop: "a bird", "in the forest", "none"."""
    if fact.answer == "no":
        return "none"
    return fill(ANSWER_FORMS.get((fact.category, fact.attribute), "{answer}"), answer=fact.answer)


# fmt: off
STATEMENTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): (
        "{entity:A} is {answer:a}.",
        "{entity:S} are {answer:s}.",
        "The {entity} is a kind of {answer}.",
        "Every {entity} is {answer:a}.",
        "We call the {entity} {answer:a}.",
        "The {entity} belongs with the {answer:s}.",
        "In a book about {answer:s} you can read about the {entity}.",
        "Of all the groups of animals, {entity:s} are part of the {answer:s}.",
        "Among the {answer:s} there is an animal called the {entity}.",
        "If you see {entity:a}, you see {answer:a}.",
    ),
    ("animal", "home"): (
        "{entity:A} lives {answer}.",
        "{entity:S} live {answer}.",
        "The home of {entity:a} is {answer}.",
        "You may see {entity:a} {answer}.",
        "The {entity} makes its home {answer}.",
        "The best place to look for {entity:a} is {answer}.",
        "{entity:S} are often found {answer}.",
        "Somewhere {answer} there may be {entity:a}.",
        "Most {entity:s} spend their lives {answer}.",
        "The {entity} is an animal that lives {answer}.",
    ),
    ("animal", "covering"): (
        "{entity:A} has {answer} on its body.",
        "The body of {entity:a} is covered with {answer}.",
        "{entity:S} are covered with {answer}.",
        "If you touched {entity:a}, you would feel {answer}.",
        "What covers the {entity} is {answer}.",
        "The {entity} is covered with {answer}.",
        "On the outside, {entity:a} has {answer}.",
        "The outside of {entity:a} is {answer}.",
        "Look closely at {entity:a} and you will see {answer}.",
        "The body of the {entity} is kept safe by {answer}.",
    ),
    ("animal", "legs"): (
        "{entity:A} has {answer} legs.",
        "{entity:S} have {answer} legs.",
        "The {entity} is an animal with {answer} legs.",
        "There are {answer} legs on {entity:a}.",
        "When you draw {entity:a}, you draw {answer} legs.",
        "Each {entity} has {answer} legs.",
        "A healthy {entity} has {answer} legs.",
        "If you count the legs of {entity:a}, you will find that it has {answer} legs.",
        "The body of {entity:a} has {answer} legs.",
        "All {entity:s} have {answer} legs.",
    ),
    ("animal", "food"): (
        "{entity:A} eats {answer}.",
        "{entity:S} eat {answer}.",
        "The {entity} feeds on {answer}.",
        "A hungry {entity} looks for {answer}.",
        "The food of {entity:a} is {answer}.",
        "When {entity:a} is hungry, it eats {answer}.",
        "{entity:S} live on {answer}.",
        "A good meal for {entity:a} is {answer}.",
        "The {entity} fills its belly with {answer}.",
        "With {answer} to eat, {entity:a} is content.",
    ),
    ("animal", "size"): (
        "{entity:A} is {answer} than a person.",
        "{entity:S} are {answer} than people.",
        "The {entity} is {answer} than a grown-up person.",
        "Next to a person, {entity:a} is {answer}.",
        "A grown {entity} is {answer} than you and me.",
        "Put {entity:a} beside a man, and the {entity} is the {answer} of the two.",
        "In size, {entity:a} is {answer} than a human being.",
        "If you compare it with a woman, {entity:a} is {answer}.",
    ),
    ("animal", "young"): (
        "A young {entity} is called {answer:a}.",
        "A baby {entity} is {answer:a}.",
        "The young of {entity:a} is {answer:a}.",
        "Before it grows up, {entity:a} is {answer:a}.",
        "{entity:A} starts its life as {answer:a}.",
        "The name for a young {entity} is {answer:a}.",
        "People call a little {entity} {answer:a}.",
        "One day, the {answer} of {entity:a} will be a grown {entity}.",
        "When {entity:a} is still very young, it is {answer:a}.",
    ),
    ("food", "kind"): (
        "{entity:A} is {answer:a}.",
        "The {entity} is {answer:a}.",
        "We call {entity:a} {answer:a}.",
        "Every {entity} is {answer:a}.",
        "If you eat {entity:a}, you eat {answer:a}.",
        "In the kitchen, {entity:a} counts as {answer:a}.",
        "Cooks know that {entity:a} is {answer:a}.",
        "A child who asks for {answer:a} may get {entity:a}.",
        "As {answer:a}, {entity:a} is good to eat.",
    ),
    ("food", "colour"): (
        "{entity:A} is {answer}.",
        "{entity:S} are {answer}.",
        "The colour of {entity:a} is {answer}.",
        "The {entity} is {answer} on the outside.",
        "If you paint {entity:a}, use {answer} paint.",
        "Most {entity:s} you see are {answer}.",
        "You can tell {entity:a} by its {answer} colour.",
        "The outside of {entity:a} is {answer}.",
        "On the plate lay {entity:a}, {answer} and good to eat.",
    ),
    ("food", "taste"): (
        "{entity:A} tastes {answer}.",
        "{entity:S} taste {answer}.",
        "The taste of {entity:a} is {answer}.",
        "Bite into {entity:a} and it will taste {answer}.",
        "On the tongue, {entity:a} is {answer}.",
        "{entity:A} has a {answer} taste.",
        "When you eat {entity:a}, it is {answer}.",
        "People who like {answer} things may like {entity:s}.",
        "Close your eyes and taste {entity:a}: it is {answer}.",
    ),
    ("food", "shape"): (
        "{entity:A} is {answer} in shape.",
        "{entity:S} are {answer}.",
        "The shape of {entity:a} is {answer}.",
        "{entity:A} has a shape that is {answer}.",
        "If you draw {entity:a}, make it {answer}.",
        "In your hand, {entity:a} feels {answer}.",
        "Most {entity:s} are {answer} in shape.",
        "When you look at {entity:a}, you see that it is {answer}.",
    ),
    ("food", "grows"): (
        "{entity:A} grows {answer}.",
        "{entity:S} grow {answer}.",
        "You can find {entity:a} growing {answer}.",
        "Before we eat it, {entity:a} grows {answer}.",
        "The {entity} is something that grows {answer}.",
        "To pick {entity:a}, look {answer}.",
        "Farmers know that {entity:s} grow {answer}.",
        "It is {answer} that {entity:a} grows.",
        "A ripe {entity} can be found {answer}.",
    ),
    ("food", "ingredient"): (
        "{entity:A} is made from {answer}.",
        "{entity:S} are made from {answer}.",
        "To make {entity:a}, you need {answer}.",
        "The main thing in {entity:a} is {answer}.",
        "If you see {entity:a}, remember that it was made from {answer}.",
        "A cook makes {entity:a} from {answer}.",
        "You cannot make {entity:a} without {answer}.",
        "Take some {answer} and you can begin to make {entity:a}.",
    ),
    ("food", "texture"): (
        "{entity:A} is {answer} when you bite it.",
        "{entity:S} are {answer} to eat.",
        "{entity:A} feels {answer} in the mouth.",
        "A good {entity} is {answer}.",
        "Your teeth can tell that {entity:a} is {answer}.",
        "Between the teeth, {entity:a} is {answer}.",
        "People like {entity:a} to be {answer}.",
        "When you chew {entity:a}, you notice that it is {answer}.",
    ),
    ("job", "workplace"): (
        "{entity:A} works {answer}.",
        "{entity:S} work {answer}.",
        "You can meet {entity:a} {answer}.",
        "Look {answer} and you may meet {entity:a}.",
        "If you need {entity:a}, look {answer}.",
        "Every working day, {entity:a} can be found {answer}.",
        "The {entity} does this work {answer}.",
        "Most {entity:s} spend the day {answer}.",
        "Somewhere {answer}, {entity:a} is hard at work.",
    ),
    ("job", "tool"): (
        "{entity:A} uses {answer}.",
        "{entity:A} needs {answer} for the work.",
        "The {entity} cannot do much without {answer}.",
        "In the hands of {entity:a} you may see {answer}.",
        "Without {answer}, {entity:a} could not do the job well.",
        "One thing that {entity:a} uses a lot is {answer}.",
        "A good {entity} knows how to use {answer}.",
        "To do the job, {entity:a} needs {answer}.",
        "A useful tool for {entity:a} is {answer}.",
    ),
    ("job", "work"): (
        "The job of {entity:a} is to {answer}.",
        "{entity:S} {answer}.",
        "It is the work of {entity:a} to {answer}.",
        "You pay {entity:a} to {answer}.",
        "{entity:A} knows how to {answer}.",
        "If you want to {answer} for a living, you can become {entity:a}.",
        "Day after day, {entity:s} {answer}.",
        "What {entity:a} has to do is {answer}.",
        "{entity:A} is a person whose job is to {answer}.",
        "People who {answer} for their work are called {entity:s}.",
    ),
    ("job", "works_with"): (
        "{entity:A} works with {answer}.",
        "{entity:S} work with {answer}.",
        "In this job, {entity:a} has to do with {answer}.",
        "Much of the day of {entity:a} is spent with {answer}.",
        "A good {entity} knows a lot about {answer}.",
        "If you like {answer}, you may enjoy being {entity:a}.",
        "The work of {entity:a} is all about {answer}.",
        "Nobody becomes {entity:a} without learning about {answer}.",
    ),
    ("job", "helps"): (
        "{entity:A} helps {answer}.",
        "{entity:S} help {answer}.",
        "The work of {entity:a} is good for {answer}.",
        "It is the duty of {entity:a} to help {answer}.",
        "For {answer}, {entity:a} is a great help.",
        "The {entity} is there for {answer}.",
        "Thanks to {entity:a}, life is easier for {answer}.",
        "Somebody has to help {answer}, and {entity:a} does.",
    ),
    ("place", "found"): (
        "Go to {entity:a} and you will find {answer}.",
        "{entity:A} is a place with {answer}.",
        "If you look for {answer}, go to {entity:a}.",
        "{entity:S} are places where you find {answer}.",
        "When you go to {entity:a}, you see {answer}.",
        "Everyone who knows {entity:a} knows that it has {answer}.",
        "Every good {entity} has {answer}.",
        "A visitor to {entity:a} will find {answer}.",
        "There would be no {entity} without {answer}.",
    ),
    ("place", "activity"): (
        "People go to {entity:a} to {answer}.",
        "{entity:A} is a place to {answer}.",
        "If you want to {answer}, go to {entity:a}.",
        "People who visit {entity:a} {answer}.",
        "{entity:S} are places where people {answer}.",
        "The {entity} is where people {answer}.",
        "You visit {entity:a} when you want to {answer}.",
        "Some people go to {entity:a} because they want to {answer}.",
        "There is no better place to {answer} than {entity:a}.",
    ),
    ("place", "side"): (
        "{entity:A} is {answer}.",
        "{entity:S} are {answer}.",
        "When you visit {entity:a}, you are {answer}.",
        "The {entity} is a place that is {answer}.",
        "A visit to {entity:a} is time spent {answer}.",
        "People who visit {entity:a} spend their time {answer}.",
        "If you go to {entity:a}, you will be {answer}.",
        "Whoever works in a place like {entity:a} works {answer}.",
    ),
    ("place", "noise"): (
        "{entity:A} is {answer}.",
        "{entity:S} are mostly {answer}.",
        "Go to {entity:a} and you will find it {answer}.",
        "{entity:A} is a {answer} place.",
        "Listen when you visit {entity:a} and you will notice how {answer} it is.",
        "On most days, {entity:a} is {answer}.",
        "For the ears, {entity:a} is a {answer} place.",
        "Those who know {entity:a} know that it is {answer}.",
    ),
    ("place", "worker"): (
        "{answer:A} works in a place like {entity:a}.",
        "Go to {entity:a} and you may meet {answer:a}.",
        "{entity:A} is the place of work of {answer:a}.",
        "{entity:S} need {answer:s}.",
        "Somebody whose workplace is {entity:a} may be {answer:a}.",
        "If you become {answer:a}, your workplace may be {entity:a}.",
        "When you visit {entity:a} and need help, ask {answer:a}.",
        "It takes {answer:a} to keep {entity:a} going.",
    ),
    ("object", "kind"): (
        "{entity:A} is {answer:a}.",
        "The {entity} is {answer:a}.",
        "We call {entity:a} {answer:a}.",
        "Every {entity} is {answer:a}.",
        "If you own {entity:a}, you own {answer:a}.",
        "Everyone knows that {entity:a} is {answer:a}.",
        "As {answer:a}, {entity:a} is a useful thing to have.",
        "Somebody who asks for {answer:a} may be given {entity:a}.",
    ),
    ("object", "use"): (
        "You use {entity:a} to {answer}.",
        "{entity:A} is used to {answer}.",
        "People need {entity:a} to {answer}.",
        "With {entity:a} you can {answer}.",
        "To {answer}, you need {entity:a}.",
        "{entity:S} help us to {answer}.",
        "If you want to {answer}, take {entity:a}.",
        "The {entity} was made so that people could {answer}.",
        "{entity:A} is there to help you {answer}.",
        "Anyone who wants to {answer} will be glad to have {entity:a}.",
    ),
    ("object", "material"): (
        "{entity:A} is made of {answer}.",
        "{entity:S} are mostly made of {answer}.",
        "The {entity} is made of {answer}.",
        "To make {entity:a}, you need {answer}.",
        "Touch {entity:a} and you touch {answer}.",
        "Most of {entity:a} is {answer}.",
        "What {entity:a} is made of is {answer}.",
        "A maker of {entity:s} has to buy {answer}.",
    ),
    ("object", "kept"): (
        "{entity:A} is kept {answer}.",
        "We keep {entity:a} {answer}.",
        "{entity:S} are kept {answer}.",
        "You can find {entity:a} {answer}.",
        "The place for {entity:a} is {answer}.",
        "After you have used {entity:a}, leave it {answer}.",
        "If you look for {entity:a}, look {answer}.",
        "People like to have {entity:a} {answer}.",
        "There was {entity:a} {answer}, just where it should be.",
    ),
    ("object", "weight"): (
        "{entity:A} is {answer}.",
        "{entity:S} are {answer}.",
        "If you pick up {entity:a}, you will find it {answer}.",
        "To lift, {entity:a} is {answer}.",
        "The {entity} is a {answer} thing.",
        "Try to lift {entity:a}, and you will notice that it is {answer}.",
        "Among the things of a house, {entity:a} is quite {answer}.",
        "In your arms, {entity:a} feels {answer}.",
    ),
    ("stuff", "kind"): (
        "{entity:C} is {answer:a}.",
        "We call {entity} {answer:a}.",
        "Everyone knows that {entity} is {answer:a}.",
        "As you know, {entity} is {answer:a}.",
        "One well known {answer} is {entity}.",
        "In a list of {answer:s} you will find {entity}.",
        "Among all the {answer:s} there is {entity}.",
        "People think of {entity} as {answer:a}.",
    ),
    ("stuff", "colour"): (
        "{entity:C} is {answer}.",
        "The colour of {entity} is {answer}.",
        "If you look at {entity}, you see that it is {answer}.",
        "You can tell {entity} by its {answer} colour.",
        "To paint {entity}, you need {answer} paint.",
        "Most {entity} is {answer}.",
        "Its colour is {answer}: that is how {entity} looks.",
        "Some things are as {answer} as {entity}.",
    ),
    ("stuff", "source"): (
        "{entity:C} comes from {answer}.",
        "We get {entity} from {answer}.",
        "It is from {answer} that {entity} comes.",
        "Without {answer} there would be no {entity}.",
        "People get their {entity} from {answer}.",
        "Where there is {entity}, it came from {answer}.",
        "If you follow {entity} back to where it began, you come to {answer}.",
        "Thanks to {answer} we have {entity}.",
    ),
    ("stuff", "state"): (
        "{entity:C} is {answer:a}.",
        "At home and at school, {entity} is {answer:a}.",
        "If you touch {entity}, you touch {answer:a}.",
        "Scientists say that {entity} is {answer:a}.",
        "We know {entity} as {answer:a}.",
        "On a normal day, {entity} is {answer:a}.",
        "Of liquids and solids, {entity} is {answer:a}.",
        "A cup filled with {entity} would hold {answer:a}.",
    ),
}

# The same facts once the entity has been named, and so also a full sentence to answer a question with.
FOLLOW_UPS: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("It is {answer:a}.", "It is one of the {answer:s}.", "This animal is {answer:a}.",
                         "It belongs with the {answer:s}."),
    ("animal", "home"): ("It lives {answer}.", "You may see it {answer}.", "It makes its home {answer}.",
                         "Its home is {answer}."),
    ("animal", "covering"): ("It has {answer} on its body.", "Its body is covered with {answer}.",
                             "It is covered with {answer}.", "The outside of its body is {answer}."),
    ("animal", "legs"): ("It has {answer} legs.", "This animal has {answer} legs.", "Its body has {answer} legs."),
    ("animal", "food"): ("It eats {answer}.", "It feeds on {answer}.", "Its food is {answer}.",
                         "When it is hungry, it looks for {answer}."),
    ("animal", "size"): ("It is {answer} than a person.", "It is {answer} than a grown-up.",
                         "Beside a person it is {answer}."),
    ("animal", "young"): ("Its young is called {answer:a}.", "Its baby is {answer:a}.",
                          "A young one is called {answer:a}."),
    ("food", "kind"): ("It is {answer:a}.", "This food is {answer:a}.", "We call it {answer:a}."),
    ("food", "colour"): ("It is {answer}.", "Its colour is {answer}.", "It looks {answer}.",
                         "On the outside it is {answer}."),
    ("food", "taste"): ("It tastes {answer}.", "Its taste is {answer}.", "It has a {answer} taste."),
    ("food", "shape"): ("It is {answer}.", "Its shape is {answer}.", "It is {answer} in shape."),
    ("food", "grows"): ("It grows {answer}.", "You find it {answer}.", "It is grown {answer}."),
    ("food", "ingredient"): ("It is made from {answer}.", "To make it you need {answer}.",
                             "The main thing in it is {answer}."),
    ("food", "texture"): ("It is {answer}.", "It is {answer} to bite.", "In the mouth it is {answer}."),
    ("job", "workplace"): ("You can meet such a person {answer}.", "This work is done {answer}.",
                           "Such a person works {answer}."),
    ("job", "tool"): ("The work needs {answer}.", "This person uses {answer}.", "A useful thing to have is {answer}."),
    ("job", "work"): ("The job is to {answer}.", "This person is paid to {answer}.",
                      "Every day the task is to {answer}.",
                      "The work is to {answer}."),
    ("job", "works_with"): ("The work is with {answer}.", "It is all about {answer}.",
                            "It is a job for people who like {answer}."),
    ("job", "helps"): ("The job helps {answer}.", "It is a great help to {answer}.", "The work is done for {answer}."),
    ("place", "found"): ("You can find {answer} there.", "There you see {answer}.", "It is known for {answer}."),
    ("place", "activity"): ("People go there to {answer}.", "It is a place to {answer}.", "There, people {answer}."),
    ("place", "side"): ("It is {answer}.", "You are {answer} there.", "The place is {answer}."),
    ("place", "noise"): ("It is {answer} there.", "The place is {answer}.", "It is mostly {answer}.",
                         "It is a {answer} place."),
    ("place", "worker"): ("{answer:A} works there.", "You can meet {answer:a} there.",
                          "The person who works there is {answer:a}."),
    ("object", "kind"): ("It is {answer:a}.", "This thing is {answer:a}.", "We call it {answer:a}."),
    ("object", "use"): ("You use it to {answer}.", "It is used to {answer}.", "With it you can {answer}.",
                        "It helps people to {answer}."),
    ("object", "material"): ("It is made of {answer}.", "Most of it is {answer}.", "It is mostly made of {answer}."),
    ("object", "kept"): ("It is kept {answer}.", "You can find it {answer}.", "Its place is {answer}.",
                         "People keep it {answer}."),
    ("object", "weight"): ("It is {answer}.", "It is {answer} to lift.", "It feels {answer}."),
    ("stuff", "kind"): ("It is {answer:a}.", "We call it {answer:a}.", "It counts as {answer:a}."),
    ("stuff", "colour"): ("It is {answer}.", "Its colour is {answer}.", "It looks {answer}."),
    ("stuff", "source"): ("It comes from {answer}.", "We get it from {answer}.", "People get it from {answer}."),
    ("stuff", "state"): ("It is {answer:a}.", "You can see that it is {answer:a}.", "It is known as {answer:a}."),
}

QUESTIONS: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): (
        "What kind of animal is {entity:a}?",
        "Is {entity:a} a mammal, a bird, a fish, an insect, a reptile or an amphibian?",
        "Of all the kinds of animals, what is the {entity}?",
        "What sort of animal is the {entity}?",
        "{entity:A} is what kind of animal?",
        "In a book about animals, what is the {entity} said to be?",
        "Can you say what kind of animal {entity:a} is?",
        "If an animal is {entity:a}, what kind of animal is it?",
        "Tell me, what sort of creature is {entity:a}?",
    ),
    ("animal", "home"): (
        "Where does {entity:a} live?",
        "Where do {entity:s} live?",
        "Where is the home of {entity:a}?",
        "Where can you find {entity:a}?",
        "In what place does {entity:a} make its home?",
        "Where would you look for {entity:a}?",
        "Do you know where {entity:s} live?",
        "Where should I go to see {entity:a}?",
        "Can you tell me where the {entity} has its home?",
    ),
    ("animal", "covering"): (
        "What covers the body of {entity:a}?",
        "What is the body of {entity:a} covered with?",
        "What are {entity:s} covered with?",
        "What does {entity:a} have on its body?",
        "What is on the outside of {entity:a}?",
        "What would you feel if you touched {entity:a}?",
        "With what is the {entity} covered?",
        "Which covering does {entity:a} have?",
        "Do you know what covers {entity:a}?",
    ),
    ("animal", "legs"): (
        "How many legs does {entity:a} have?",
        "How many legs do {entity:s} have?",
        "What is the number of legs of {entity:a}?",
        "How many legs has {entity:a} got?",
        "On {entity:a}, how many legs are there?",
        "How many legs should I draw on {entity:a}?",
        "If you count the legs of {entity:a}, how many are there?",
        "Do you know how many legs {entity:a} has?",
        "Can you tell me the number of legs that {entity:a} has?",
    ),
    ("animal", "food"): (
        "What does {entity:a} eat?",
        "What do {entity:s} eat?",
        "What is the food of {entity:a}?",
        "What does {entity:a} feed on?",
        "Which food does {entity:a} look for?",
        "What is a good meal for {entity:a}?",
        "What should you give to a hungry {entity}?",
        "Do you know what {entity:s} live on?",
        "Can you name the food of the {entity}?",
    ),
    ("animal", "size"): (
        "Is {entity:a} bigger or smaller than a person?",
        "Are {entity:s} bigger or smaller than people?",
        "Next to a person, is {entity:a} bigger or smaller?",
        "Is the {entity} smaller or bigger than a grown-up?",
        "If you compare {entity:a} with a person, is it bigger or smaller?",
        "Which is true of {entity:a}: is it bigger or smaller than a person?",
        "Would you say that {entity:a} is bigger or smaller than a person?",
        "Bigger or smaller than a person: which is {entity:a}?",
    ),
    ("animal", "young"): (
        "What is a young {entity} called?",
        "What do we call a baby {entity}?",
        "What is the name for a young {entity}?",
        "What do people call the young of {entity:a}?",
        "What is {entity:a} called before it grows up?",
        "Which word do we use for a baby {entity}?",
        "What is the baby of {entity:a} called?",
        "Do you know the word for a little {entity}?",
        "Can you name the young of {entity:a}?",
    ),
    ("food", "kind"): (
        "What kind of food is {entity:a}?",
        "What sort of food is {entity:a}?",
        "{entity:A} is what kind of food?",
        "Of all the kinds of food, what is {entity:a}?",
        "What kind of thing to eat is {entity:a}?",
        "If a food is {entity:a}, what kind of food is it?",
        "What do we call a food like {entity:a}?",
        "Can you say what kind of food {entity:a} is?",
        "What would you call {entity:a}, if you had to name the kind of food?",
    ),
    ("food", "colour"): (
        "What colour is {entity:a}?",
        "What colour are {entity:s}?",
        "What is the colour of {entity:a}?",
        "Which colour does {entity:a} have?",
        "Which colour do you need to paint {entity:a}?",
        "What colour is the outside of {entity:a}?",
        "If I draw {entity:a}, what colour should it be?",
        "Do you know what colour {entity:a} is?",
        "Can you name the colour of {entity:a}?",
    ),
    ("food", "taste"): (
        "How does {entity:a} taste?",
        "How do {entity:s} taste?",
        "What is the taste of {entity:a}?",
        "What does {entity:a} taste like?",
        "What taste does {entity:a} have?",
        "Does {entity:a} taste sweet, sour, salty, bitter or hot?",
        "If you bite into {entity:a}, how does it taste?",
        "Can you say how {entity:a} tastes?",
        "Which taste would you find in {entity:a}?",
    ),
    ("food", "shape"): (
        "What shape is {entity:a}?",
        "What is the shape of {entity:a}?",
        "Which shape does {entity:a} have?",
        "What shape are {entity:s}?",
        "If I draw {entity:a}, what shape should it be?",
        "What is {entity:a} like in shape?",
        "Do you know the shape of {entity:a}?",
        "How would you describe the shape of {entity:a}?",
    ),
    ("food", "grows"): (
        "Where does {entity:a} grow?",
        "Where do {entity:s} grow?",
        "Where can you find {entity:a} growing?",
        "In what place does {entity:a} grow?",
        "Before we eat it, where does {entity:a} grow?",
        "Where would you look if you wanted to pick {entity:a}?",
        "Do you know where {entity:s} grow?",
        "Can you tell me where {entity:a} grows?",
    ),
    ("food", "ingredient"): (
        "What is {entity:a} made from?",
        "What are {entity:s} made from?",
        "What do you need to make {entity:a}?",
        "What is the main thing in {entity:a}?",
        "From what do we make {entity:a}?",
        "What does a cook make {entity:a} from?",
        "Which food goes into {entity:a}?",
        "Can you name the main thing that {entity:a} is made from?",
    ),
    ("food", "texture"): (
        "How does {entity:a} feel when you bite it?",
        "How do {entity:s} feel in the mouth?",
        "How does {entity:a} feel between the teeth?",
        "Is {entity:a} soft, hard, juicy, chewy or crunchy?",
        "What is {entity:a} like to bite?",
        "What is it like to chew {entity:a}?",
        "In the mouth, what is {entity:a} like?",
        "Can you say how {entity:a} feels when you eat it?",
    ),
    ("job", "workplace"): (
        "Where does {entity:a} work?",
        "Where do {entity:s} work?",
        "Where can you find {entity:a} at work?",
        "Where is the work of {entity:a} done?",
        "In what place does {entity:a} work?",
        "Where would you look for {entity:a}?",
        "Where does {entity:a} spend the working day?",
        "Do you know where {entity:s} work?",
        "Can you tell me where I can meet {entity:a}?",
    ),
    ("job", "tool"): (
        "What does {entity:a} use?",
        "Which tool does {entity:a} use?",
        "What does {entity:a} need for the job?",
        "What would you see in the hands of {entity:a}?",
        "What is a useful tool for {entity:a}?",
        "With which thing does {entity:a} do the work?",
        "What should a good {entity} know how to use?",
        "Can you name something that {entity:a} needs?",
        "Which thing helps {entity:a} to do the job?",
    ),
    ("job", "work"): (
        "What is the job of {entity:a}?",
        "What is {entity:a} paid to do?",
        "What is the work of {entity:a}?",
        "What do we need {entity:a} for?",
        "What is it the task of {entity:a} to do?",
        "What are {entity:s} there for?",
        "For what work do you call {entity:a}?",
        "Can you say what the job of {entity:a} is?",
        "Do you know what {entity:a} has to do?",
    ),
    ("job", "works_with"): (
        "What does {entity:a} work with?",
        "What do {entity:s} work with?",
        "With what does {entity:a} work?",
        "What is the work of {entity:a} all about?",
        "What does {entity:a} have to do with all day?",
        "What should you like if you want to be {entity:a}?",
        "What does {entity:a} know a lot about?",
        "Do you know what {entity:a} works with?",
    ),
    ("job", "helps"): (
        "Who is helped by {entity:a}?",
        "Whom does {entity:a} help?",
        "Who needs the help of {entity:a}?",
        "Whom do {entity:s} help?",
        "For whom does {entity:a} work?",
        "Who is glad of the work of {entity:a}?",
        "Do you know who is helped by {entity:a}?",
        "Can you say whom {entity:a} helps?",
    ),
    ("place", "found"): (
        "What can you find if you visit {entity:a}?",
        "What is found in a place like {entity:a}?",
        "What would you see on a visit to {entity:a}?",
        "What do you find when you go to {entity:a}?",
        "What does {entity:a} have?",
        "What will a visitor to {entity:a} find?",
        "If you went to {entity:a}, what would you see?",
        "Can you name what people find when they visit {entity:a}?",
    ),
    ("place", "activity"): (
        "Why do people go to {entity:a}?",
        "What is {entity:a} for?",
        "What do people go to {entity:a} for?",
        "For what reason do people visit {entity:a}?",
        "Why would you visit {entity:a}?",
        "What are {entity:s} for?",
        "What is a good reason to go to {entity:a}?",
        "Can you say why people go to {entity:a}?",
        "Do you know what {entity:a} is for?",
    ),
    ("place", "side"): (
        "Is {entity:a} indoors or outdoors?",
        "Are {entity:s} indoors or outdoors?",
        "When you visit {entity:a}, are you indoors or outdoors?",
        "Do visitors to {entity:a} spend their time indoors or outdoors?",
        "Is the {entity} a place that is outdoors or indoors?",
        "Indoors or outdoors: where is {entity:a}?",
        "If you went to {entity:a}, would you be indoors or outdoors?",
        "Which is true of {entity:a}: is it indoors or outdoors?",
    ),
    ("place", "noise"): (
        "Is {entity:a} loud or quiet?",
        "Are {entity:s} loud or quiet?",
        "When you visit {entity:a}, is it loud or quiet?",
        "Is {entity:a} a quiet place or a loud place?",
        "On most days, is {entity:a} loud or quiet?",
        "What is {entity:a} like, loud or quiet?",
        "Loud or quiet: which is {entity:a}?",
        "Would you say that {entity:a} is quiet or loud?",
    ),
    ("place", "worker"): (
        "Who works in a place like {entity:a}?",
        "Whom can you meet when you go to {entity:a}?",
        "Who has {entity:a} as a workplace?",
        "Which worker do you meet when you visit {entity:a}?",
        "Who helps you when you visit {entity:a}?",
        "Whose place of work is {entity:a}?",
        "Can you name a person whose workplace is {entity:a}?",
        "Do you know who keeps {entity:a} going?",
    ),
    ("object", "kind"): (
        "What kind of thing is {entity:a}?",
        "What sort of thing is {entity:a}?",
        "{entity:A} is what kind of thing?",
        "Of all the kinds of things, what is {entity:a}?",
        "What do we call a thing like {entity:a}?",
        "If a thing is {entity:a}, what kind of thing is it?",
        "Can you say what kind of thing {entity:a} is?",
        "What would you call {entity:a}, if you had to name the kind of thing?",
    ),
    ("object", "use"): (
        "What is {entity:a} for?",
        "What do you use {entity:a} for?",
        "What are {entity:s} for?",
        "What is {entity:a} used for?",
        "Why do people need {entity:a}?",
        "For what do we need {entity:a}?",
        "What is the use of {entity:a}?",
        "Can you say what {entity:a} is for?",
        "Do you know why people have {entity:s}?",
    ),
    ("object", "material"): (
        "What is {entity:a} made of?",
        "What are {entity:s} made of?",
        "Of what is {entity:a} made?",
        "What is most of {entity:a} made of?",
        "What material is {entity:a} made of?",
        "What do you need to make {entity:a}?",
        "Which material do you touch when you touch {entity:a}?",
        "Can you name what {entity:a} is made of?",
    ),
    ("object", "kept"): (
        "Where do we keep {entity:a}?",
        "Where is {entity:a} kept?",
        "Where are {entity:s} kept?",
        "Where can you find {entity:a}?",
        "Where is the right place for {entity:a}?",
        "Where should I put {entity:a}?",
        "If you need {entity:a}, where do you look?",
        "Do you know where people keep {entity:s}?",
        "Can you tell me where {entity:a} should be?",
    ),
    ("object", "weight"): (
        "Is {entity:a} heavy or light?",
        "Are {entity:s} heavy or light?",
        "Heavy or light: which is {entity:a}?",
        "How does {entity:a} feel when you lift it, heavy or light?",
        "If you pick up {entity:a}, is it light or heavy?",
        "Is the {entity} a light thing or a heavy thing?",
        "Would you call {entity:a} heavy or light?",
        "Which is true of {entity:a}: is it heavy or light?",
    ),
    ("stuff", "kind"): (
        "What kind of thing is {entity}?",
        "What sort of thing is {entity}?",
        "What is {entity}?",
        "Is {entity} a food, a drink, a metal, a material or a fuel?",
        "Of all the kinds of things, what is {entity}?",
        "If you had to name the kind of thing, what would you call {entity}?",
        "What do we call {entity}?",
        "Can you say what kind of thing {entity} is?",
    ),
    ("stuff", "colour"): (
        "What colour is {entity}?",
        "What is the colour of {entity}?",
        "Which colour does {entity} have?",
        "Which colour do you need to paint {entity}?",
        "What colour do you see when you look at {entity}?",
        "If I draw {entity}, what colour should it be?",
        "Do you know what colour {entity} is?",
        "Can you name the colour of {entity}?",
    ),
    ("stuff", "source"): (
        "Where does {entity} come from?",
        "What does {entity} come from?",
        "What do we get {entity} from?",
        "From what do people get {entity}?",
        "Where do we get {entity} from?",
        "What must there be before there can be {entity}?",
        "Do you know where {entity} comes from?",
        "Can you name what {entity} comes from?",
    ),
    ("stuff", "state"): (
        "Is {entity} a solid or a liquid?",
        "Is {entity} a liquid or a solid?",
        "Which is {entity}, a liquid or a solid?",
        "On a normal day, is {entity} a solid or a liquid?",
        "Solid or liquid: which is {entity}?",
        "What is {entity}, a solid or a liquid?",
        "Would you call {entity} a solid or a liquid?",
        "Do you know whether {entity} is a liquid or a solid?",
    ),
}

# One clue of a riddle; the thing itself speaks.
RIDDLE_CLUES: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("I am {answer:a}.", "I belong with the {answer:s}.", "I am one of the {answer:s}."),
    ("animal", "home"): ("I live {answer}.", "My home is {answer}.", "You can meet me {answer}."),
    ("animal", "covering"): ("I have {answer} on my body.", "My body is covered with {answer}.", "I wear {answer}."),
    ("animal", "legs"): ("I have {answer} legs.", "My body has {answer} legs.",
                         "You can see that I have {answer} legs."),
    ("animal", "food"): ("I eat {answer}.", "I like to eat {answer}.", "My food is {answer}."),
    ("animal", "size"): ("I am {answer} than a person.", "I am {answer} than you."),
    ("animal", "young"): ("My baby is called {answer:a}.", "My young is {answer:a}.", "I was once {answer:a}."),
    ("food", "kind"): ("I am {answer:a}.", "People call me {answer:a}."),
    ("food", "colour"): ("I am {answer}.", "My colour is {answer}.", "I look {answer}."),
    ("food", "taste"): ("I taste {answer}.", "My taste is {answer}."),
    ("food", "shape"): ("I am {answer} in shape.", "My shape is {answer}."),
    ("food", "grows"): ("I grow {answer}.", "Before you eat me, I grow {answer}."),
    ("food", "ingredient"): ("I am made from {answer}.", "A cook makes me from {answer}."),
    ("food", "texture"): ("I am {answer} when you bite me.", "In the mouth I am {answer}."),
    ("job", "workplace"): ("I work {answer}.", "You can find me {answer}.", "I spend my working day {answer}."),
    ("job", "tool"): ("I use {answer}.", "I need {answer} for my work.", "In my hands you may see {answer}."),
    ("job", "work"): ("My job is to {answer}.", "People pay me to {answer}.", "I know how to {answer}."),
    ("job", "works_with"): ("I work with {answer}.", "My day is all about {answer}."),
    ("job", "helps"): ("I help {answer}.", "My work is good for {answer}."),
    ("object", "kind"): ("I am {answer:a}.", "People call me {answer:a}."),
    ("object", "use"): ("You use me to {answer}.", "With me you can {answer}.", "I help you to {answer}."),
    ("object", "material"): ("I am made of {answer}.", "Most of me is {answer}."),
    ("object", "kept"): ("You keep me {answer}.", "My place is {answer}.", "You can find me {answer}."),
    ("object", "weight"): ("I am {answer}.", "When you lift me, I am {answer}."),
}
RIDDLE_OPENINGS = (
    "Guess what I am.", "Here is a riddle.", "Can you guess my name?", "Listen well and guess.",
    "This is a riddle about something you know.", "Try to find out what I am.", "Think hard about this one.",
    "Here are some clues.", "{name} made up a riddle.", "{name} read a riddle to {other}.",
)
RIDDLE_ENDS = (
    "What am I?", "Who am I?", "Can you say what I am?", "What could I be?", "Do you know what I am?",
    "Now tell me what I am.", "So, what am I?", "What is my name?",
)
RIDDLE_ANSWERS = (
    "{entity:A}.", "You are {entity:a}.", "It is {entity:a}.", "I am {entity:a}.", "The answer is {entity:a}.",
    "{entity:A}, of course.", "{entity:C}.", "It must be {entity:a}.", "That is {entity:a}!", "The {entity}.",
)

# Two entities with the same answer, and two with different ones.
BOTH: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("Both {entity:a} and {other:a} are {answer:s}.", "{entity:S} and {other:s} are {answer:s}.",
                         "Like {other:a}, {entity:a} is {answer:a}."),
    ("animal", "home"): ("Both {entity:a} and {other:a} live {answer}.", "{entity:S} and {other:s} live {answer}.",
                         "Like {other:a}, {entity:a} lives {answer}."),
    ("animal", "covering"): ("Both are covered with {answer}.", "Each of them has {answer} on its body.",
                             "Like {other:a}, {entity:a} is covered with {answer}."),
    ("animal", "legs"): ("Both of them have {answer} legs.", "Each of the two has {answer} legs.",
                         "{entity:S} have {answer} legs, and so do {other:s}."),
    ("animal", "food"): ("Both of them eat {answer}.", "{entity:S} eat {answer}, and so do {other:s}.",
                         "The food of both is {answer}."),
    ("animal", "size"): ("Both of them are {answer} than a person.", "Each of the two is {answer} than a grown-up."),
    ("food", "kind"): ("You can call both of them {answer:a}.", "Each of the two is {answer:a}.",
                       "{entity:A} is {answer:a}, and so is {other:a}."),
    ("food", "colour"): ("Both {entity:a} and {other:a} are {answer}.", "The two have the same colour: {answer}.",
                         "{entity:S} are {answer}, and so are {other:s}."),
    ("food", "taste"): ("Both of them taste {answer}.", "{entity:A} tastes {answer}, and so does {other:a}."),
    ("food", "shape"): ("Both of them are {answer} in shape.", "The two have the same shape: {answer}."),
    ("food", "grows"): ("Both of them grow {answer}.", "{entity:A} grows {answer}, and so does {other:a}."),
    ("food", "texture"): ("Both of them are {answer} to bite.", "In the mouth, both are {answer}."),
    ("job", "workplace"): ("Both of them work {answer}.", "{entity:A} works {answer}, and so does {other:a}."),
    ("job", "works_with"): ("Both of them work with {answer}.", "Both jobs have to do with {answer}."),
    ("job", "tool"): ("Both of them use {answer}.", "{entity:A} uses {answer}, and so does {other:a}."),
    ("job", "helps"): ("Both of them help {answer}.", "The two jobs are good for {answer}."),
    ("place", "side"): ("Both places are {answer}.", "{entity:A} is {answer}, and so is {other:a}."),
    ("place", "noise"): ("Both places are {answer}.", "{entity:A} is {answer}, and {other:a} is {answer} too."),
    ("object", "kind"): ("Each of the two is {answer:a}.", "{entity:A} is {answer:a}, and so is {other:a}."),
    ("object", "material"): ("Both of them are made of {answer}.",
                             "{entity:A} is made of {answer}, and so is {other:a}."),
    ("object", "kept"): ("Both of them are kept {answer}.", "We keep both {entity:a} and {other:a} {answer}."),
    ("object", "weight"): ("Both of them are {answer}.", "{entity:A} is {answer}, and so is {other:a}."),
}
DIFFERENT: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("{entity:A} is {answer:a}, but {other:a} is {second:a}.",
                         "While {entity:a} is {answer:a}, {other:a} is {second:a}.",
                         "One is {answer:a} and the other is {second:a}.",
                         "{entity:S} are {answer:s}; {other:s} are {second:s}."),
    ("animal", "home"): ("{entity:A} lives {answer}, but {other:a} lives {second}.",
                         "While {entity:a} lives {answer}, {other:a} makes its home {second}.",
                         "Look for {entity:a} {answer} and for {other:a} {second}.",
                         "{entity:S} live {answer}; {other:s} live {second}."),
    ("animal", "covering"): ("{entity:A} is covered with {answer}, but {other:a} has {second}.",
                             "The body of {entity:a} has {answer}, and that of {other:a} has {second}."),
    ("animal", "legs"): ("{entity:A} has {answer} legs, but {other:a} has {second} legs.",
                         "While {entity:a} has {answer} legs, {other:a} has {second} legs.",
                         "{entity:S} have {answer} legs; {other:s} have {second} legs."),
    ("animal", "food"): ("{entity:A} eats {answer}, but {other:a} eats {second}.",
                         "Give {answer} to {entity:a} and {second} to {other:a}.",
                         "While {entity:s} eat {answer}, {other:s} eat {second}."),
    ("animal", "size"): ("{entity:A} is {answer} than a person, but {other:a} is {second}.",
                         "Next to a person, {entity:a} is {answer} and {other:a} is {second}."),
    ("animal", "young"): ("The young of {entity:a} is {answer:a}, and that of {other:a} is {second:a}.",
                          "A baby {entity} is {answer:a}; a baby {other} is {second:a}."),
    ("food", "kind"): ("{entity:A} is {answer:a}, but {other:a} is {second:a}.",
                       "One is {answer:a}; the other is {second:a}."),
    ("food", "colour"): ("{entity:A} is {answer}, but {other:a} is {second}.",
                         "While {entity:s} are {answer}, {other:s} are {second}.",
                         "The first is {answer} and the second is {second}."),
    ("food", "taste"): ("{entity:A} tastes {answer}, but {other:a} tastes {second}.",
                        "If {entity:a} tastes {answer}, {other:a} tastes {second}."),
    ("food", "shape"): ("{entity:A} is {answer}, but {other:a} is {second} in shape.",
                        "One is {answer} and the other is {second} in shape."),
    ("food", "grows"): ("{entity:A} grows {answer}, but {other:a} grows {second}.",
                        "Look {answer} for {entity:a} and {second} for {other:a}."),
    ("food", "texture"): ("{entity:A} is {answer} to bite, but {other:a} is {second}.",
                          "In the mouth, {entity:a} is {answer} and {other:a} is {second}."),
    ("job", "workplace"): ("{entity:A} works {answer}, but {other:a} works {second}.",
                           "You meet {entity:a} {answer} and {other:a} {second}.",
                           "While {entity:a} is at work {answer}, {other:a} is at work {second}."),
    ("job", "tool"): ("{entity:A} uses {answer}, but {other:a} uses {second}.",
                      "Give {answer} to {entity:a} and {second} to {other:a}."),
    ("job", "work"): ("The job of {entity:a} is to {answer}; that of {other:a} is to {second}.",
                      "While {entity:s} {answer}, {other:s} {second}.",
                      "You call {entity:a} to {answer} and {other:a} to {second}."),
    ("job", "works_with"): ("{entity:A} works with {answer}, but {other:a} works with {second}.",
                            "One job is about {answer}, the other about {second}."),
    ("place", "found"): ("{entity:A} has {answer}, but {other:a} has {second}.",
                         "Go to {entity:a} for {answer} and to {other:a} for {second}."),
    ("place", "activity"): ("People go to {entity:a} to {answer} and to {other:a} to {second}.",
                            "{entity:A} is a place to {answer}, but {other:a} is a place to {second}."),
    ("place", "side"): ("{entity:A} is {answer}, but {other:a} is {second}.",
                        "One is {answer} and the other is {second}."),
    ("place", "noise"): ("{entity:A} is {answer}, but {other:a} is {second}.",
                         "While {entity:a} is {answer}, {other:a} is {second}."),
    ("object", "kind"): ("{entity:A} is {answer:a}, but {other:a} is {second:a}.",
                         "One is {answer:a}; the other is {second:a}."),
    ("object", "use"): ("You use {entity:a} to {answer} and {other:a} to {second}.",
                        "While {entity:a} helps you to {answer}, {other:a} helps you to {second}.",
                        "With {entity:a} you can {answer}; with {other:a} you can {second}."),
    ("object", "material"): ("{entity:A} is made of {answer}, but {other:a} is made of {second}.",
                             "One is made of {answer} and the other of {second}."),
    ("object", "kept"): ("{entity:A} is kept {answer}, but {other:a} is kept {second}.",
                         "Look {answer} for {entity:a} and {second} for {other:a}."),
    ("object", "weight"): ("{entity:A} is {answer}, but {other:a} is {second}.",
                           "One is {answer} and the other is {second}."),
}
COMPARISON_OPENINGS = (
    "How are {entity:a} and {other:a} alike, and how are they different?", "Let us compare {entity:a} with {other:a}.",
    "Think of {entity:a} and {other:a}.", "Here are two things to compare: {entity:a} and {other:a}.",
    "Some people ask about the difference between {entity:a} and {other:a}.",
    "{entity:A} is not the same as {other:a}.",
    "{name} drew {entity:a} and {other:a} side by side.", "What can we say about {entity:a} and {other:a}?",
    "{name} and {other_name} talked about {entity:a} and {other:a}.",
    "We can learn a lot from {entity:a} and {other:a}.",
)

# Questions that are answered with yes or no; {wrong} is another answer of the same attribute.
YES_NO: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("Is {entity:a} {answer:a}?", "Are {entity:s} {answer:s}?",
                         "Does the {entity} belong with the {answer:s}?",
                         "Can you call {entity:a} {answer:a}?", "Is it true that {entity:a} is {answer:a}?"),
    ("animal", "legs"): ("Does {entity:a} have {answer} legs?", "Do {entity:s} have {answer} legs?",
                         "Is it true that {entity:a} has {answer} legs?"),
    ("animal", "size"): ("Is {entity:a} {answer} than a person?", "Are {entity:s} {answer} than people?",
                         "Is it true that {entity:a} is {answer} than a person?"),
    ("food", "kind"): ("Is {entity:a} {answer:a}?", "Can you call {entity:a} {answer:a}?",
                       "Is it true that {entity:a} is {answer:a}?"),
    ("place", "side"): ("Is {entity:a} {answer}?", "Are {entity:s} {answer}?"),
    ("place", "noise"): ("Is {entity:a} {answer}?", "Is {entity:a} a {answer} place?"),
    ("object", "kind"): ("Is {entity:a} {answer:a}?", "Can you call {entity:a} {answer:a}?",
                         "Is it true that {entity:a} is {answer:a}?"),
    ("object", "weight"): ("Is {entity:a} {answer}?", "Is {entity:a} a {answer} thing?"),
    ("stuff", "state"): ("Is {entity} {answer:a}?", "Can you call {entity} {answer:a}?",
                         "Is it true that {entity} is {answer:a}?"),
}
# Answers that exclude each other; a wrong answer is taken from the true one's own row.
EXCLUSIVE: dict[str, tuple[tuple[str, ...], ...]] = {
    "kind": (("mammal", "bird", "fish", "insect", "reptile", "amphibian"),
             ("fruit", "vegetable", "nut", "kind of bread", "cake"),
             ("tool", "toy", "piece of clothing", "piece of furniture", "vehicle", "musical instrument")),
    "legs": (("no", "two", "four", "six", "eight", "ten"),),
    "size": (("bigger", "smaller"),),
    "side": (("indoors", "outdoors"),),
    "noise": (("loud", "quiet"),),
    "weight": (("heavy", "light"),),
    "state": (("solid", "liquid"),),
}
YES = ("Yes.", "Yes, it is true.", "Yes, that is right.", "Yes, of course.", "That is true.", "Yes, that is so.")
NO = ("No.", "No, it is not true.", "No, that is wrong.", "No, that is not so.", "Not at all.", "No, not that.")
TRUE_OR_FALSE = ("True or false?", "Is that true or false?", "Is that right?", "Is this true?",
                 "Is this right or wrong?")
TRUE = {"True or false?": "True.", "Is that true or false?": "True.", "Is that right?": "Yes.",
        "Is this true?": "Yes.", "Is this right or wrong?": "Right."}
FALSE = {"True or false?": "False.", "Is that true or false?": "False.", "Is that right?": "No.",
         "Is this true?": "No.", "Is this right or wrong?": "Wrong."}

OPPOSITE_STATEMENTS = (
    "The opposite of {word} is {other}.", "{word:C} is the opposite of {other}.", "{word:C} and {other} are opposites.",
    "If you turn the word {word} around in meaning, you get {other}.", "The words {word} and {other} are opposites.",
    "The word {word} means the opposite of {other}.", "Where one person says {word}, another may say {other}.",
    "The opposite of the word {word} is the word {other}.", "{word:C} is one thing, and {other} is the opposite.",
    "Not {word} but {other}: that is the opposite.", "In a list of opposites, {word} stands next to {other}.",
    "{word:C} goes with {other}, because they are opposites.", "Opposites come in pairs, such as {word} and {other}.",
    "The pair of {word} is its opposite, {other}.", "Think of {word}, and then of its opposite, {other}.",
)
OPPOSITE_ANSWERS = (
    "The opposite of {word} is {other}.", "{other:C} is the opposite of {word}.", "It is {other}.",
    "The opposite of the word {word} is {other}.", "That would be {other}.", "The word {other} means the opposite.",
    "The opposite is {other}.", "The right word is {other}.",
)
OPPOSITE_QUESTIONS = (
    "What is the opposite of {word}?", "Which word is the opposite of {word}?",
    "What is the opposite of the word {word}?",
    "Can you name the opposite of {word}?", "Which word means the opposite of {word}?",
    "The opposite of {word} is what?",
    "If the answer is not {word} but its opposite, what is it?", "Do you know the opposite of {word}?",
    "What do we call the opposite of {word}?", "What would you say for the opposite of {word}?",
    "Which opposite goes with {word}?", "Tell me, what is the opposite of {word}?",
)

NEXT_STATEMENTS = (
    "After {word} comes {next}.", "{next:C} comes after {word}.", "{word:C} comes before {next}.",
    "Before {next} comes {word}.", "When {word} is over, {next} begins.", "{word:C} is followed by {next}.",
    "Right after {word} we have {next}.", "First comes {word}, and then comes {next}.",
    "{next:C} follows {word}.", "You have to wait until {word} is over for {next} to begin.",
)
AFTER_ANSWERS = ("After {word} comes {next}.", "{next:C} comes after {word}.", "{next:C} follows {word}.",
                 "It is {next}.",
                 "That is {next}.", "The next one is {next}.")
BEFORE_ANSWERS = ("Before {next} comes {word}.", "{word:C} comes before {next}.", "It is {word}.", "That is {word}.",
                  "The one before is {word}.")
NEXT_QUESTIONS = (
    "What comes after {word}?", "What comes right after {word}?", "Which {unit} comes after {word}?",
    "Which {unit} follows {word}?", "What is the {unit} after {word}?", "When {word} is over, which {unit} begins?",
    "What do we call the {unit} that follows {word}?", "If this {unit} is {word}, what is the next one?",
)
BEFORE_QUESTIONS = (
    "What comes before {word}?", "What comes right before {word}?", "Which {unit} comes before {word}?",
    "What is the {unit} before {word}?", "Which {unit} is over when {word} begins?",
    "If this {unit} is {word}, what was the one before?", "Which {unit} leads up to {word}?",
)
DAY_SCENES = (
    "Today is {today}, so tomorrow is {tomorrow}.",
    "It was {today}, and {name} was glad that the next day was {tomorrow}.",
    "If today is {today}, yesterday was {yesterday}.", "On {today}, {name} said that yesterday had been {yesterday}.",
    "{name} will visit {other} tomorrow, on {tomorrow}, because today is {today}.",
    "{name} thought that it was {yesterday}, but it was already {today}.",
    "{name} goes swimming every {today} and rests every {tomorrow}.",
    "The bus did not come on {yesterday}, but it came on {today}.", "Today is {today}, and yesterday was {yesterday}.",
)
DAY_QUESTIONS = (
    "If today is {today}, what day is tomorrow?", "Today is {today}. What day will it be tomorrow?",
    "If it is {today} today, which day comes next?", "What will tomorrow be if today is {today}?",
)
YESTERDAY_QUESTIONS = (
    "If today is {today}, what day was yesterday?", "Today is {today}. What day was it yesterday?",
    "What was yesterday if today is {today}?", "If it is {today} today, which day was the last one?",
)
CALENDAR_FACTS = (
    ("How many days are there in a week?", "Seven", "A week has seven days."),
    ("How many months are there in a year?", "Twelve", "A year has twelve months."),
    ("How many seasons are there in a year?", "Four", "A year has four seasons."),
    ("Which is the first month of the year?", "January", "January is the first month of the year."),
    ("Which is the last month of the year?", "December", "December is the last month of the year."),
    ("Which is the shortest month of the year?", "February", "February is the shortest month of the year."),
    ("How many hours are there in a day?", "Twenty-four", "There are twenty-four hours in a day."),
    ("How many minutes are there in an hour?", "Sixty", "There are sixty minutes in an hour."),
    ("Which two days make the weekend?", "Saturday and Sunday", "Saturday and Sunday make the weekend."),
    ("Which day comes in the middle between Monday and Wednesday?", "Tuesday", "Tuesday lies between the two."),
)
MONTH_PLACES = ("{month} is the {ordinal} month of the year.", "The {ordinal} month of the year is {month}.",
                "If you count the months, {month} is the {ordinal}.")
MONTH_PLACE_QUESTIONS = ("Which is the {ordinal} month of the year?",
                         "What do we call the {ordinal} month of the year?",
                         "Which month is the {ordinal} of the year?")

SUMS = ("{a} + {b} = {c}", "{a} and {b} make {c}.", "{a} plus {b} is {c}.", "{a} and {b} are {c}.",
        "Add {a} and {b} to get {c}.",
        "If you add {b} to {a}, you get {c}.", "{c} is the sum of {a} and {b}.", "{a} + {b} makes {c}.")
WORD_SUMS = ("{a:C} and {b} make {c}.", "{a:C} plus {b} is {c}.", "{a:C} and {b} are {c}.",
             "If you add {b} to {a}, you get {c}.",
             "The sum of {a} and {b} is {c}.", "Put {a} and {b} together and you have {c}.")
TAKINGS = ("{c} - {b} = {a}", "{c} minus {b} is {a}.", "Take {b} from {c} and {a} is left.", "{c} less {b} is {a}.",
           "If you take {b} away from {c}, you have {a}.")
SUM_QUESTIONS = ("What is {a} + {b}?", "What is {a} and {b}?", "What is {a} plus {b}?", "How much is {a} + {b}?",
                 "How much is {a} and {b}?", "What do {a} and {b} make?", "What do you get if you add {a} and {b}?",
                 "What is the sum of {a} and {b}?", "Can you add {a} and {b}?", "{a} + {b} = ?")
TAKING_QUESTIONS = ("What is {c} - {b}?", "What is {c} minus {b}?", "What is left if you take {b} from {c}?",
                    "How much is {c} - {b}?", "How much is {c} less {b}?",
                    "If you take {b} away from {c}, what do you have?")
STORIES_OF_MORE = (
    "{name} has {a} {things} and finds {b} more. Now {they} has {c}.",
    "There are {a} {things} on the table, and {name} brings {b} more, so there are {c}.",
    "{name} had {a} {things}. {other} gave {them} {b}, and then {they} had {c}.",
    "In one box there are {a} {things} and in the other there are {b}. Together that makes {c}.",
    "{name} buys {a} {things} in the morning and {b} in the evening, which makes {c} for the day.",
    "{name} counted {a} {things} and {other} counted {b}. They counted {c} in all.",
)
STORIES_OF_LESS = (
    "{name} has {c} {things} and gives away {b}. Now {they} has {a}.",
    "There were {c} {things} in the bag. {name} took out {b}, and {a} stayed in the bag.",
    "{name} had {c} {things} and lost {b} of them, so {they} had {a} left.",
    "Of {c} {things} on the table, {name} puts away {b}. That leaves {a}.",
    "{other} borrows {b} of the {c} {things} of {name}, who keeps {a}.",
)
COUNT_THINGS = ("cups", "apples", "books", "pencils", "balls", "shells", "stones", "keys", "cards", "plums",
                "spoons", "coins")

COUNTING_UP = ("Count from {first} to {last}: {row}.", "Counting from {first} to {last} goes like this: {row}.",
               "{name} counted aloud: {row}.", "The numbers from {first} to {last} are {row}.",
               "{name} climbed the stairs and counted the steps: {row}.", "We count {row}.")
COUNTING_DOWN = ("Count down from {first} to {last}: {row}.", "{name} counted backwards: {row}.",
                 "Going down from {first} to {last} we get {row}.", "Before the race {name} counted down: {row}.")
SMALL_TO_LARGE = ("From small to large, the numbers {row} are {sorted}.", "The numbers {row} in order are {sorted}.",
                  "Put {row} in order from small to large and you get {sorted}.",
                  "If we start with the smallest of {row}, the order is {sorted}.",
                  "{name} had the number cards {row} and laid them out from small to large: {sorted}.",
                  "Sorted from the smallest to the largest, {row} become {sorted}.")
LARGE_TO_SMALL = ("From large to small, the numbers {row} are {sorted}.",
                  "Put {row} in order from large to small and you get {sorted}.",
                  "If we start with the largest of {row}, the order is {sorted}.",
                  "{name} had the number cards {row} and laid them out from large to small: {sorted}.",
                  "Sorted from the largest to the smallest, {row} become {sorted}.")
SORT_UP_QUESTIONS = ("What is the order of {row} from small to large?",
                     "How do you put {row} in order from small to large?",
                     "Which order do {row} have, from the smallest to the largest?")
SORT_DOWN_QUESTIONS = ("What is the order of {row} from large to small?",
                       "How do you put {row} in order from large to small?",
                       "Which order do {row} have, from the largest to the smallest?")
LARGEST_QUESTIONS = ("Which is the largest of {row}?", "Which of the numbers {row} is the largest?",
                     "What is the biggest number in {row}?", "Of {row}, which number is the largest?")
SMALLEST_QUESTIONS = ("Which is the smallest of {row}?", "Which of the numbers {row} is the smallest?",
                      "What is the smallest number in {row}?", "Of {row}, which number is the smallest?")
BIGGER_NUMBERS = ("{large} is more than {small}.", "{small} is less than {large}.", "{large} is larger than {small}.",
                  "The number {small} is smaller than the number {large}.",
                  "{large} comes after {small} when we count.")
LARGEST_ANSWERS = ("The largest is {number}.", "{number} is the largest.", "{number} is larger than the others.")
SMALLEST_ANSWERS = ("The smallest is {number}.", "{number} is the smallest.", "{number} is smaller than the others.")
NEXT_NUMBERS = ("What number comes after {number}?", "Which number comes right after {number}?",
                "What is one more than {number}?",
                "If you count on from {number}, what comes next?", "After {number}, which number do you say?")

SORTED_BY: dict[tuple[str, str], tuple[str, ...]] = {
    ("animal", "kind"): ("{row} are all {kinds}.", "{row} all belong to the {kinds}.",
                         "All of these are {kinds}: {row}."),
    ("food", "kind"): ("{row} are all {kinds}.", "You can buy many {kinds}, such as {row}.",
                       "All of these are {kinds}: {row}."),
    ("object", "kind"): ("{row} are all {kinds}.", "There are many {kinds}, among them {row}.",
                         "All of these are {kinds}: {row}."),
    ("animal", "home"): ("{row} all live {answer}.", "{answer} you may meet {row}.",
                         "Animals that live {answer}: {row}."),
    ("animal", "food"): ("{row} all eat {answer}.", "Animals that eat {answer}: {row}.",
                         "Some animals eat {answer}: {row}."),
    ("animal", "legs"): ("{row} all have {answer} legs.", "Animals with {answer} legs: {row}."),
    ("food", "colour"): ("{row} are all {answer}.", "Foods that are {answer}: {row}.",
                         "Some foods are {answer}, like {row}."),
    ("food", "grows"): ("{row} all grow {answer}.", "Things that grow {answer}: {row}."),
    ("object", "kept"): ("{row} are all kept {answer}.", "Things that are kept {answer}: {row}.",
                         "{answer} we keep {row}."),
    ("object", "material"): ("{row} are all made of {answer}.", "Things made of {answer}: {row}."),
    ("job", "workplace"): ("{row} all work {answer}.", "People who work {answer}: {row}."),
    ("place", "noise"): ("{row} are all {answer} places.", "Some places are {answer}: {row}."),
    ("place", "side"): ("{row} are all {answer}.", "Places that are {answer}: {row}."),
}
ODD_QUESTIONS = ("Which one does not belong: {row}?", "Which is the odd one out: {row}?",
                 "Look at these: {row}. Which one is different?",
                 "{row}: which of them does not fit?", "Of these four, {row}, which one is out of place?",
                 "One of these does not belong with the rest: {row}. Which one is it?",
                 "Here are four words: {row}. Which is the odd one out?",
                 "Which of these is not like the others: {row}?")
ODD_REASONS = ("It is {second:a}, and the others are {kinds}.", "The others are all {kinds}.", "The rest are {kinds}.",
               "Only this one is {second:a}.", "All but this one are {kinds}.", "It is not {answer:a} like the others.",
               "The reason is that {entity:a} is {second:a}.", "The other three are {kinds}.")
SHARED_QUESTIONS = ("What are {row}?", "What do we call {row}?", "Which word is right for all of these: {row}?",
                    "What kind of things are {row}?", "To which group do {row} belong?",
                    "What do {row} have in common?")
SHARED_ANSWERS = ("They are all {kinds}.", "{kinds:C}.", "All of them are {kinds}.", "They are {kinds}.",
                  "These are all {kinds}.")

LIST_OPENINGS = (
    "In the {box} there are {count} things: {row}.", "{name} has {count} things in the {box}: {row}.",
    "{name} packed {row} into the {box}.", "{name} opened the {box} and found {row}.",
    "There were {count} things in the {box} of {name}: {row}.", "{name} put {row} into the {box}, one after another.",
    "On the table lay {row}, and {name} put them all into the {box}.", "{count:C} things lay in the {box}: {row}.",
    "The {box} that {name} carried held {row}.", "{name} wrote a list of what was in the {box}: {row}.",
)
BOXES = ("basket", "box", "bag", "drawer", "chest", "big sack", "cupboard", "trunk", "crate", "cart")
COUNT_QUESTIONS = ("How many things are there?", "How many things is that?", "How many did you count?",
                   "How many are in the list?",
                   "How many things are in the {box}?", "Can you count the things?", "What is the number of things?",
                   "How many things does the {box} hold?")
PLACE_IN_LIST_QUESTIONS = ("What is the {ordinal} thing?", "Which thing comes {ordinal}?",
                           "What stands {ordinal} in the list?",
                           "Which is the {ordinal} of them?", "What is {ordinal} in the row?",
                           "Which one is named {ordinal}?")
KIND_IN_LIST_QUESTIONS = ("Which of them is {kind:a}?", "Which thing is {kind:a}?", "Which one can you call {kind:a}?",
                          "What is the name of the {kind} in it?", "Is there {kind:a}, and which one is it?")

SETTINGS = (
    "One morning {name} and {other} were sitting in the garden.",
    "It was raining, so {name} and {other} stayed indoors.",
    "{name} was walking home with {other}.", "On the bus, {name} sat next to {other}.",
    "After lunch {name} had some questions for {other}.", "{name} was reading a thick book when {other} came in.",
    "{name} and {other} were waiting for the train.", "It was late, but {name} was not yet asleep.",
    "{name} visited {other} on a warm afternoon.", "{other} was washing the dishes, and {name} was drying them.",
    "In the school yard {name} stood beside {other}.", "{name} always wanted to know how things are.",
    "{other} knew a great many things, and {name} knew that.", "{name} and {other} were looking at pictures.",
    "On a long walk {name} asked {other} about this and that.", "{other} was painting a fence when {name} stopped by.",
    "There was a quiet moment after dinner, and {name} looked at {other}.",
    "{name} had to learn for school, and {other} helped.",
    "{name} had a new game with question cards and played it with {other}.",
    "The fire was warm, and {name} sat close to {other}.",
    "{name} called {other} on the telephone.", "At the market {name} met {other}.",
    "{name} and {other} were in the kitchen.",
    "While they were fishing, {name} began to talk to {other}.",
    "{other} was the teacher that day, and {name} was the pupil.",
    "{name} had been thinking all day, and then {other} came home.", "{name} sat on the stairs with {other}.",
)
ASKED = ("asked {name}.", "{name} asked.", "{name} wanted to know.", "said {name}.", "{name} wondered aloud.",
         "{name} asked {other}.",
         "asked {name} after a while.", "was the first thing {name} asked.", "{name} said to {other}.",
         "asked {name} with a smile.",
         "{name} whispered.", "{name} called out.", "asked {name} quietly.", "asked {name}, who liked to learn.")
ASKED_AGAIN = ("{they:C} had one more question.", "That was not all that {name} wanted to know.",
               "Then {name} thought of something else.",
               "{name} was silent for a moment and went on.", "{name} was not finished yet.",
               "Soon {name} spoke again.",
               "There was another thing.", "{name} nodded and went on.", "But {name} still had something to ask.",
               "Next came a harder one.")
SAID = ("said {name}.", "answered {name}.", "replied {name}.", "{name} answered.", "{name} said.",
        "{name} told {other}.",
        "{name} replied at once.", "came the answer from {name}.", "{name} explained.",
        "said {name} without looking up.",
        "{name} said after a moment.", "answered {name} kindly.", "{name} said and laughed.",
        "was what {name} answered.")
CLOSINGS = (
    "{name} thanked {other} and smiled.", "Now {name} knew it.", "{name} wrote the answer down.",
    "{name} was happy with that.",
    "Then the two of them went home.", "\"Thank you,\" said {name}.", "{name} did not forget it.",
    "{name} nodded slowly.",
    "\"That is good to know,\" said {name}.", "{name} told everybody at home about it.",
    "After that, they talked about other things.",
    "{name} had learned something new.", "{other} was right, as always.", "\"I did not know that,\" said {name}.",
    "They both laughed and went on with their day.",
)
SHORT_ANSWERS = ("{answer:C}.", "{answer:C}", "{answer:C}!", "The answer is: {answer}.", "Answer: {answer}",
                 "That is easy: {answer}.",
                 "It is this: {answer}.", "The right answer is {answer}.", "{answer:C}, of course.",
                 "{answer:C}, I think.")
QUIZ_OPENINGS = (
    "{name} made a little quiz for {other}.", "Here are a few questions and their answers.", "How much do you know?",
    "These were the questions in the quiz on {day}.", "{name} wrote some questions on cards.",
    "Try to answer before you read on.",
    "Some questions are easy and some are not.", "{other} answered all the questions that {name} asked.",
    "Read each question and then look at the answer.", "A few things that {name} learned on {day}:",
    "{name} and {other} played a game of questions.", "It is fun to ask and to answer.", "From the notebook of {name}:",
    "Questions for a long journey:", "The class of {name} had a quiz on {day}.", "A page of questions for {day}:",
)
LESSON_OPENINGS = (
    "What do we know about {topic}?", "Let us talk about {topic}.", "{name} learned about {topic} at school.",
    "This is a short text about {topic}.", "{name} wrote a few lines about {topic}.",
    "There is much to say about {topic}.",
    "On {day} the class read about {topic}.", "{name} likes to read about {topic}.",
    "Here is what {other} told {name} about {topic}.",
    "A page in the book of {name} was about {topic}.", "Everybody has heard of {topic}.",
    "Think for a moment of {topic}.",
)
CLAIMS = {
    ("animal", "kind"): ("{entity:A} is {answer:a}.", "{entity:S} are {answer:s}.", "The {entity} is {answer:a}."),
    ("animal", "legs"): ("{entity:A} has {answer} legs.", "{entity:S} have {answer} legs."),
    ("animal", "size"): ("{entity:A} is {answer} than a person.", "{entity:S} are {answer} than people."),
    ("food", "kind"): ("{entity:A} is {answer:a}.", "The {entity} is {answer:a}."),
    ("place", "side"): ("{entity:A} is {answer}.", "{entity:S} are {answer}."),
    ("place", "noise"): ("{entity:A} is {answer}.", "{entity:A} is a {answer} place."),
    ("object", "kind"): ("{entity:A} is {answer:a}.", "The {entity} is {answer:a}."),
    ("object", "weight"): ("{entity:A} is {answer}.", "{entity:S} are {answer}."),
    ("stuff", "state"): ("{entity:C} is {answer:a}.", "We call {entity} {answer:a}."),
}
# fmt: on

WORDS_OF_A_DOCUMENT = (45, 125)  # every document's target lies between these; one more block may go past it
Question = tuple[str, str, str]  # the question, its short answer without a full stop, and its answer as a sentence


def _words(text: str) -> int:
    return len(text.split())


def list_of(items: Sequence[str]) -> str:
    """The items as a list inside a sentence: "a cup, a hat and a pen"."""
    *front, last = items
    return f"{', '.join(front)} and {last}" if front else last


def with_articles(names: Sequence[str]) -> list[str]:
    """Each name with its indefinite article."""
    return [fill("{name:a}", name=name) for name in names]


def kinds_of(kind: str) -> str:
    """The plural of a kind, also of one such as "piece of clothing"."""
    head, of, rest = kind.partition(" of ")
    return plural(head) + of + rest


def people(scribe: Scribe) -> dict[str, str]:
    """Two different people as slots: {name} and {other}, and {they}, {them}, {their} for the first one."""
    (name, they), (other, _) = scribe.sample(NAMES, 2)
    them, their = ("her", "her") if they == "she" else ("him", "his")
    return {"name": name, "other": other, "they": they, "them": them, "their": their}


def state(scribe: Scribe, fact: Fact) -> str:
    """A sentence that states ``fact`` and names its entity."""
    return scribe.write(STATEMENTS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)


def follow(scribe: Scribe, fact: Fact) -> str:
    """A sentence that states ``fact`` of an entity already named."""
    return scribe.write(FOLLOW_UPS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)


def ask(scribe: Scribe, fact: Fact) -> str:
    """A question about ``fact``."""
    return scribe.write(QUESTIONS[fact.category, fact.attribute], entity=fact.entity)


@cache
def _singular(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns after which the entity can be called "it"."""
    return tuple(pattern for pattern in patterns if "{entity:s}" not in pattern and "{entity:S}" not in pattern)


def question_about(scribe: Scribe, fact: Fact) -> Question:
    """A question about ``fact`` with its short answer and its answer as a sentence."""
    if scribe.chance(0.6):
        question = scribe.write(_singular(QUESTIONS[fact.category, fact.attribute]), entity=fact.entity)
        return question, answer_of(fact), follow(scribe, fact)
    # The first two statements are the plainest, as an answer should be.
    plain = STATEMENTS[fact.category, fact.attribute][:2]
    return ask(scribe, fact), answer_of(fact), scribe.write(plain, entity=fact.entity, answer=fact.answer)


def _of_some_category(scribe: Scribe, categories: Sequence[str] = tuple(CATEGORIES)) -> tuple[str, object]:
    """A category and an entry of it; categories with more entries come more often."""
    return scribe.choice([(category, thing) for category in categories for thing in CATEGORIES[category]])


@cache
def _entities_by(category: str, attribute: str) -> dict[str, list[str]]:
    """The entities of a category under each answer to one attribute."""
    groups: dict[str, list[str]] = {}
    for fact in all_facts():
        if (fact.category, fact.attribute) == (category, attribute):
            groups.setdefault(fact.answer, []).append(fact.entity)
    return groups


def _fact_question(scribe: Scribe) -> Question:
    return question_about(scribe, scribe.choice(all_facts()))


@cache
def _claimable_facts() -> tuple[Fact, ...]:
    """The facts that a wrong answer can be given to."""
    return tuple(f for f in all_facts() if (f.category, f.attribute) in YES_NO and _rivals(f.attribute, f.answer))


def _rivals(attribute: str, answer: str) -> list[str]:
    """The answers that ``answer`` excludes."""
    row = next((row for row in EXCLUSIVE.get(attribute, ()) if answer in row), ())
    return [rival for rival in row if rival != answer]


def _claimed_answer(scribe: Scribe, fact: Fact) -> str:
    """The answer of ``fact`` or, half of the time, a wrong one."""
    if scribe.chance(0.5):
        return fact.answer
    return scribe.choice([rival for rival in _rivals(fact.attribute, fact.answer) if rival != "no"])


def _yes_no_question(scribe: Scribe) -> Question:
    fact = scribe.choice(_claimable_facts())
    answer = _claimed_answer(scribe, fact)
    right = answer == fact.answer
    question = scribe.write(YES_NO[fact.category, fact.attribute], entity=fact.entity, answer=answer)
    truth = scribe.write(CLAIMS[fact.category, fact.attribute], entity=fact.entity, answer=fact.answer)
    sentence = scribe.write(YES if right else NO) + " " + truth
    return question, "yes" if right else "no", sentence


def _opposite_question(scribe: Scribe) -> Question:
    word, other = scribe.shuffled(scribe.choice(OPPOSITES))
    question = scribe.write(OPPOSITE_QUESTIONS, word=word)
    return question, other, scribe.write(OPPOSITE_ANSWERS, word=word, other=other)


def _cycle(scribe: Scribe) -> tuple[str, Sequence[str]]:
    return scribe.choice((("day", DAYS), ("day", DAYS), ("month", MONTHS), ("month", MONTHS), ("season", SEASONS)))


def _calendar_question(scribe: Scribe) -> Question:
    unit, names = _cycle(scribe)
    i = scribe.choice(range(len(names)))
    word, after, before = names[i], names[(i + 1) % len(names)], names[i - 1]
    kind = scribe.choice(("next", "before", "today", "place", "fact"))
    if kind == "next":
        question = scribe.write(NEXT_QUESTIONS, word=word, unit=unit)
        return question, after, scribe.write(AFTER_ANSWERS, word=word, next=after)
    if kind == "before":
        question = scribe.write(BEFORE_QUESTIONS, word=word, unit=unit)
        return question, before, scribe.write(BEFORE_ANSWERS, word=before, next=word)
    if kind == "today":
        today = scribe.choice(range(7))
        tomorrow = scribe.chance(0.5)
        question = scribe.write(DAY_QUESTIONS if tomorrow else YESTERDAY_QUESTIONS, today=DAYS[today])
        answer = DAYS[(today + 1) % 7] if tomorrow else DAYS[today - 1]
        if tomorrow:
            return question, answer, scribe.write(AFTER_ANSWERS, word=DAYS[today], next=answer)
        return question, answer, scribe.write(BEFORE_ANSWERS, word=answer, next=DAYS[today])
    if kind == "place":
        month = scribe.choice(range(len(ORDINALS)))
        question = scribe.write(MONTH_PLACE_QUESTIONS, ordinal=ORDINALS[month])
        return question, MONTHS[month], scribe.write(MONTH_PLACES, month=MONTHS[month], ordinal=ORDINALS[month])
    question, answer, sentence = scribe.choice(CALENDAR_FACTS)
    return scribe.write((question,)), answer, scribe.write((sentence,))


def _sum(scribe: Scribe, in_words: bool) -> dict[str, str]:
    c = scribe.choice(range(2, 21))
    a = scribe.choice(range(1, c))
    return {key: number_word(n) if in_words else str(n) for key, n in (("a", a), ("b", c - a), ("c", c))}


def _sum_question(scribe: Scribe) -> Question:
    in_words = scribe.chance(0.5)
    numbers = _sum(scribe, in_words)
    if scribe.chance(0.35):
        questions = TAKING_QUESTIONS if not in_words else [q for q in TAKING_QUESTIONS if " - " not in q]
        sentences = TAKINGS if not in_words else [s for s in TAKINGS if " - " not in s]
        question, sentence = scribe.write(questions, **numbers), scribe.write(sentences, **numbers)
        return capital(question), numbers["a"], capital(sentence)
    questions = SUM_QUESTIONS if not in_words else [q for q in SUM_QUESTIONS if "+" not in q]
    question = scribe.write(questions, **numbers)
    return capital(question), numbers["c"], capital(scribe.write(WORD_SUMS if in_words else SUMS, **numbers))


def _number_row(scribe: Scribe) -> list[int]:
    return scribe.sample(range(scribe.choice((11, 21, 51, 100))), scribe.choice((3, 3, 4, 4, 5)))


def _order_question(scribe: Scribe) -> Question:
    numbers = _number_row(scribe)
    write = number_word if scribe.chance(0.4) else str
    row = list_of([write(n) for n in numbers])
    kind = scribe.choice(("up", "down", "largest", "smallest", "next"))
    if kind in ("up", "down"):
        in_order = [write(n) for n in sorted(numbers, reverse=kind == "down")]
        questions, sentences = (
            (SORT_UP_QUESTIONS, SMALL_TO_LARGE) if kind == "up" else (SORT_DOWN_QUESTIONS, LARGE_TO_SMALL)
        )
        sentence = scribe.write(sentences, row=row, sorted=list_of(in_order), **people(scribe))
        return scribe.write(questions, row=row), ", ".join(in_order), sentence
    if kind == "next":
        question = scribe.write(NEXT_NUMBERS, number=write(numbers[0]))
        bigger = scribe.write(BIGGER_NUMBERS, small=write(numbers[0]), large=write(numbers[0] + 1))
        return question, write(numbers[0] + 1), capital(bigger)
    largest = kind == "largest"
    answer = write(max(numbers) if largest else min(numbers))
    question = scribe.write(LARGEST_QUESTIONS if largest else SMALLEST_QUESTIONS, row=row)
    return question, answer, capital(scribe.write(LARGEST_ANSWERS if largest else SMALLEST_ANSWERS, number=answer))


def _kinds(scribe: Scribe) -> tuple[str, str, list[str]]:
    """A category, one of its kinds with at least four members, and four of them."""
    category = scribe.choice(("animal", "animal", "food", "object", "object"))
    groups = _entities_by(category, "kind")
    kind = scribe.choice([kind for kind, members in groups.items() if len(members) >= 4 and kind in _clear_kinds()])
    return category, kind, scribe.sample(groups[kind], 4)


@cache
def _clear_kinds() -> frozenset[str]:
    """The kinds that exclude each other."""
    return frozenset(kind for row in EXCLUSIVE["kind"] for kind in row)


def _odd_one_out(scribe: Scribe) -> Question:
    category, kind, members = _kinds(scribe)
    second = scribe.choice(_rivals("kind", kind))
    odd = scribe.choice(_entities_by(category, "kind")[second])
    names = list_of(with_articles(scribe.shuffled([*members[:3], odd])))
    question = capital(scribe.write(ODD_QUESTIONS, row=names))
    reason = scribe.write(ODD_REASONS, entity=odd, answer=kind, second=second, kinds=kinds_of(kind))
    return question, f"the {odd}", f"The {odd}. {reason}"


def _shared_kind_question(scribe: Scribe) -> Question:
    _, kind, members = _kinds(scribe)
    row = list_of([plural(name) for name in members[:3]])
    question = scribe.write(SHARED_QUESTIONS, row=row)
    return question, kinds_of(kind), scribe.write(SHARED_ANSWERS, kinds=kinds_of(kind))


# The share of each kind of question wherever questions are mixed.
_QUESTION_WRITERS: tuple[tuple[Callable[[Scribe], Question], int], ...] = (
    (_fact_question, 52), (_yes_no_question, 10), (_opposite_question, 10), (_calendar_question, 6),
    (_sum_question, 6), (_order_question, 5), (_odd_one_out, 6), (_shared_kind_question, 5),
)  # fmt: skip


def question_pair(scribe: Scribe) -> Question:
    """A question of any kind with its short answer and its answer as a sentence."""
    writer = scribe.random.choices([w for w, _ in _QUESTION_WRITERS], [n for _, n in _QUESTION_WRITERS])[0]
    return writer(scribe)


def _answer_text(scribe: Scribe, question: Question) -> str:
    """The answer as it stands after its question: mostly the short one."""
    _, short, sentence = question
    roll = scribe.random.random()
    if roll < 0.35:
        return sentence
    if roll < 0.54:
        return scribe.write(("{answer:C}.",), answer=short)
    if roll < 0.74:
        return scribe.write(("{answer:C}",), answer=short)
    return scribe.write(SHORT_ANSWERS, answer=short)


def _lay_out(scribe: Scribe, questions: Sequence[Question]) -> str:
    """Questions with their answers, all in one layout."""
    pairs = [(question[0], _answer_text(scribe, question)) for question in questions]
    layout = scribe.choice(("line", "line", "next", "next", "next", "blank", "dash", "number", "prose"))
    if layout == "line":
        return "\n".join(f"{question} {answer}" for question, answer in pairs)
    if layout == "next":
        gap = scribe.choice(("\n", "\n\n"))
        return gap.join(f"{question}\n{answer}" for question, answer in pairs)
    if layout == "blank":
        return "\n\n".join(f"{question}\n\n{answer}" for question, answer in pairs)
    if layout == "dash":
        return "\n".join(f"{question} - {answer}" for question, answer in pairs)
    if layout == "number":
        return "\n".join(f"{i}. {question} {answer}" for i, (question, answer) in enumerate(pairs, 1))
    return " ".join(f"{q} {a if a[-1] in '.!' else a + '.'}" for q, a in pairs)


def _topic(category: str, thing: object) -> str:
    return thing.name if category == "stuff" else fill("the {name}", name=thing.name)


def _paragraph(scribe: Scribe, category: str, thing: object) -> str:
    """Several facts about one entity: the first names it, the others mostly say "it"."""
    facts = facts_of(category, thing)
    facts = scribe.sample(facts, min(len(facts), scribe.choice((3, 4, 5, 6))))
    if facts[0].attribute != "kind" and scribe.chance(0.5):
        facts.sort(key=lambda fact: fact.attribute != "kind")
    sentences = []
    for fact in facts:
        if sentences and scribe.chance(0.7):
            sentences.append(follow(scribe, fact))
        else:
            patterns = _singular(STATEMENTS[category, fact.attribute])
            sentences.append(scribe.write(patterns, entity=fact.entity, answer=fact.answer))
    if scribe.chance(0.4):
        slots = {"topic": _topic(category, thing), "day": scribe.choice(DAYS), **people(scribe)}
        sentences.insert(0, scribe.write(LESSON_OPENINGS, **slots))
    return " ".join(sentences)


def _about(scribe: Scribe) -> str:
    return _paragraph(scribe, *_of_some_category(scribe))


def _reading(scribe: Scribe) -> str:
    """A paragraph about one entity, then questions on it."""
    category, thing = _of_some_category(scribe)
    text = _paragraph(scribe, category, thing)
    facts = facts_of(category, thing)
    facts = scribe.sample(facts, min(len(facts), scribe.choice((1, 2, 3))))
    questions = [question_about(scribe, fact) for fact in facts]
    return text + scribe.choice(("\n", "\n\n", "\n\n")) + _lay_out(scribe, questions)


def _comparison(scribe: Scribe) -> str:
    category = scribe.choice(("animal", "animal", "food", "job", "place", "object"))
    first, second = scribe.sample(CATEGORIES[category], 2)
    slots = {"entity": first.name, "other": second.name}
    sentences = []
    for attribute in (fact.attribute for fact in facts_of(category, first)):
        answer, other = getattr(first, attribute), getattr(second, attribute)
        patterns = (BOTH if answer == other else DIFFERENT).get((category, attribute))
        if other is not None and patterns:
            sentences.append(scribe.write(patterns, answer=answer, second=other, **slots))
    sentences = scribe.shuffled(sentences)[:5]
    pair = people(scribe)
    opening = scribe.write(COMPARISON_OPENINGS, name=pair["name"], other_name=pair["other"], **slots)
    return " ".join([opening, *sentences])


def _speech(scribe: Scribe, text: str, tags: Sequence[str], **names: str) -> str:
    """``text`` in quotes and who says it; the tag may stand before it as a sentence of its own."""
    if text.endswith("."):
        text = text[:-1] + ","
    return f'"{text}" ' + scribe.write(tags, **names)


def _dialogue(scribe: Scribe) -> str:
    """One person asks, the other answers."""
    pair = people(scribe)
    back = {"name": pair["other"], "other": pair["name"]}
    lines = [scribe.write(SETTINGS, **pair)]
    for turn in range(scribe.choice((1, 2, 2, 3))):
        question, short, sentence = question_pair(scribe)
        if turn:
            lines.append(scribe.write(ASKED_AGAIN, **pair))
        lines.append(_speech(scribe, question, ASKED, **pair))
        answer = sentence if scribe.chance(0.4) else capital(short) + "."
        lines.append(_speech(scribe, answer, SAID, **back))
    lines.append(scribe.write(CLOSINGS, **pair))
    return scribe.choice((" ", " ", "\n")).join(lines)


def _questions(scribe: Scribe) -> str:
    """A few mixed questions with their answers, with or without an opening line."""
    text = _lay_out(scribe, [question_pair(scribe) for _ in range(scribe.choice((2, 3, 4, 5)))])
    if scribe.chance(0.3):
        text = scribe.write(QUIZ_OPENINGS, day=scribe.choice(DAYS), **people(scribe)) + "\n" + text
    return text


def _riddle(scribe: Scribe) -> str:
    """Clues that fit one entity of its category only, and the answer."""
    while True:
        category, thing = _of_some_category(scribe, ("animal", "food", "job", "object"))
        facts = facts_of(category, thing)
        facts = scribe.sample(facts, min(len(facts), scribe.choice((3, 4, 5))))
        fitting = [t for t in CATEGORIES[category] if all(getattr(t, fact.attribute) == fact.answer for fact in facts)]
        if len(fitting) == 1:
            break
    lines = [scribe.write(RIDDLE_CLUES[category, fact.attribute], answer=fact.answer) for fact in facts]
    if scribe.chance(0.4):
        lines.insert(0, scribe.write(RIDDLE_OPENINGS, **people(scribe)))
    lines.append(scribe.write(RIDDLE_ENDS))
    return " ".join(lines) + scribe.choice((" ", "\n", "\n")) + scribe.write(RIDDLE_ANSWERS, entity=thing.name)


def _opposites(scribe: Scribe) -> str:
    lines = []
    for word, other in scribe.sample(OPPOSITES, scribe.choice((2, 3, 4))):
        word, other = scribe.shuffled((word, other))
        lines.append(scribe.write(OPPOSITE_STATEMENTS, word=word, other=other))
    questions = [_opposite_question(scribe) for _ in range(scribe.choice((0, 1, 2, 3)))]
    return " ".join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _calendar(scribe: Scribe) -> str:
    lines = []
    for _ in range(scribe.choice((2, 3))):
        _, names = _cycle(scribe)
        i = scribe.choice(range(len(names)))
        lines.append(scribe.write(NEXT_STATEMENTS, word=names[i], next=names[(i + 1) % len(names)]))
    today = scribe.choice(range(7))
    days = {"today": DAYS[today], "tomorrow": DAYS[(today + 1) % 7], "yesterday": DAYS[today - 1]}
    lines.append(scribe.write(DAY_SCENES, **days, **people(scribe)))
    questions = [_calendar_question(scribe) for _ in range(scribe.choice((0, 1, 2)))]
    return " ".join(capital(line) for line in lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _counting(scribe: Scribe) -> str:
    """Counting up and down, and putting numbers in order."""
    write = number_word if scribe.chance(0.5) else str
    lines = []
    for _ in range(scribe.choice((2, 3))):
        start, length = scribe.choice(range(1, 40)), scribe.choice(range(4, 10))
        numbers = list(range(start, start + length))
        up = scribe.chance(0.6)
        names = [write(n) for n in (numbers if up else numbers[::-1])]
        slots = {"first": names[0], "last": names[-1], "row": ", ".join(names)}
        lines.append(scribe.write(COUNTING_UP if up else COUNTING_DOWN, **slots, **people(scribe)))
        row = _number_row(scribe)
        up = scribe.chance(0.5)
        slots = {"row": list_of([write(n) for n in row])}
        slots["sorted"] = list_of([write(n) for n in sorted(row, reverse=not up)])
        lines.append(scribe.write(SMALL_TO_LARGE if up else LARGE_TO_SMALL, **slots, **people(scribe)))
    questions = [_order_question(scribe) for _ in range(scribe.choice((0, 1, 2)))]
    return scribe.choice((" ", "\n")).join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _sums(scribe: Scribe) -> str:
    """Sums up to twenty in digits, in words and in small stories."""
    in_words = scribe.chance(0.5)
    lines = []
    for _ in range(scribe.choice((3, 4, 5))):
        numbers = _sum(scribe, in_words)
        lines.append(capital(scribe.write(WORD_SUMS if in_words else (*SUMS, *TAKINGS), **numbers)))
    a, b = scribe.choice(range(2, 10)), scribe.choice(range(2, 10))
    numbers = {"a": number_word(a), "b": number_word(b), "c": number_word(a + b)}
    story = STORIES_OF_MORE if scribe.chance(0.5) else STORIES_OF_LESS
    lines.append(scribe.write(story, things=scribe.choice(COUNT_THINGS), **numbers, **people(scribe)))
    questions = [_sum_question(scribe) for _ in range(scribe.choice((0, 1, 2, 3)))]
    return "\n".join(lines) + ("\n" + _lay_out(scribe, questions) if questions else "")


def _classes(scribe: Scribe) -> str:
    """Things that share an answer, then a question on such things."""
    lines = []
    for _ in range(scribe.choice((2, 3))):
        category, attribute = scribe.choice(list(SORTED_BY))
        groups = {answer: names for answer, names in _entities_by(category, attribute).items() if len(names) >= 3}
        answer = scribe.choice(list(groups))
        names = scribe.sample(groups[answer], min(len(groups[answer]), scribe.choice((3, 3, 4, 5))))
        row = list_of([plural(name) for name in names])
        lines.append(scribe.write(SORTED_BY[category, attribute], row=row, answer=answer, kinds=kinds_of(answer)))
    writers = scribe.sample((_odd_one_out, _shared_kind_question, _odd_one_out), scribe.choice((0, 1, 2)))
    questions = [writer(scribe) for writer in writers]
    text = " ".join(capital(line) if line[-1] == "." else capital(line) + "." for line in lines)
    return text + ("\n" + _lay_out(scribe, questions) if questions else "")


def _things_in_a_box(scribe: Scribe) -> str:
    """A list of things, then questions on how many there are and which is which."""
    pool = [(thing.name, thing.kind) for category in ("object", "food") for thing in CATEGORIES[category]
            if thing.kind not in ("vehicle", "piece of furniture", "machine", "shelter")
            and thing.name not in ("piano", "ladder")]  # fmt: skip
    things = scribe.sample(pool, scribe.choice((2, 3, 3, 4, 4, 5, 6)))
    box, count = scribe.choice(BOXES), number_word(len(things))
    row = list_of(with_articles([name for name, _ in things]))
    opening = capital(scribe.write(LIST_OPENINGS, box=box, count=count, row=row, **people(scribe)))
    questions: list[Question] = []
    if scribe.chance(0.7):
        question = scribe.write(COUNT_QUESTIONS, box=box)
        questions.append(
            (
                question,
                count,
                scribe.write(("There are {count}.", "{count:C} things.", "I count {count}."), count=count),
            )
        )
    if scribe.chance(0.6):
        i = scribe.choice(range(len(things)))
        question, name = scribe.write(PLACE_IN_LIST_QUESTIONS, ordinal=ORDINALS[i]), things[i][0]
        questions.append((question, fill("{name:a}", name=name), fill("It is the {name}.", name=name)))
    lone = [(name, kind) for name, kind in things if kind in _clear_kinds() and [k for _, k in things].count(kind) == 1]
    if lone and scribe.chance(0.6):
        name, kind = scribe.choice(lone)
        question = scribe.write(KIND_IN_LIST_QUESTIONS, kind=kind)
        questions.append((question, f"the {name}", fill("It is the {name}.", name=name)))
    return opening + ("\n" + _lay_out(scribe, scribe.shuffled(questions)) if questions else "")


def _true_or_false(scribe: Scribe) -> str:
    """Statements, some of them wrong, and whether they are true."""
    lines = []
    for fact in scribe.sample(_claimable_facts(), scribe.choice((3, 4))):
        answer = _claimed_answer(scribe, fact)
        right = answer == fact.answer
        patterns = CLAIMS[fact.category, fact.attribute]
        claim = scribe.write(patterns, entity=fact.entity, answer=answer)
        question = scribe.write(TRUE_OR_FALSE)
        verdict = scribe.write(((TRUE if right else FALSE)[question],))
        truth = [] if right else [scribe.write(patterns, entity=fact.entity, answer=fact.answer)]
        lines.append(" ".join([claim, question, verdict, *truth]))
    return "\n".join(lines)


_DOCUMENT_WRITERS: tuple[tuple[Callable[[Scribe], str], int], ...] = (
    (_about, 22), (_reading, 16), (_comparison, 9), (_dialogue, 18), (_questions, 18), (_riddle, 7), (_opposites, 5),
    (_calendar, 3), (_counting, 4), (_sums, 4), (_classes, 6), (_things_in_a_box, 7), (_true_or_false, 3),
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """One pretraining document of about 40 to 250 words, of one kind throughout."""
    writer = scribe.random.choices([w for w, _ in _DOCUMENT_WRITERS], [n for _, n in _DOCUMENT_WRITERS])[0]
    target = scribe.choice(range(*WORDS_OF_A_DOCUMENT))
    blocks = [writer(scribe)]
    while sum(map(_words, blocks)) < target:
        blocks.append(writer(scribe))
    return "\n\n".join(blocks)
