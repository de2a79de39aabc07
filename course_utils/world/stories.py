"""Tiny stories: a hero with an object at a place meets a trouble, gets help, and all ends well.

Every plot is a family of patterns that fit together in any choice: ``begin`` names the hero, the animal, the object
and the place in one sentence; an opening with a ``setup`` does the same in two. Slots of all patterns: ``{name}``,
``{animal}``, ``{he}``, ``{him}``, ``{his}`` of the hero; ``{object}``, ``{place}``; ``{aid}`` the helper when first
told of and ``{pal}`` afterwards, with the pronouns ``{she}``, ``{her}`` and (possessive) ``{hers}``; ``{other}`` the
kind of a third animal; ``{when}`` a time of day; ``{skill}``, ``{skill_a}`` and ``{skill_it}`` what one does with the
object, with a kite for example: fly the kite, fly a kite, fly it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from course_utils.world.grammar import Scribe, fill, part_of

# fmt: off
ANIMALS = (
    "fox", "rabbit", "bear", "owl", "mouse", "hedgehog", "squirrel", "badger", "duck", "frog", "cat", "turtle",
    "goat", "pony", "otter", "dog", "beaver", "mole", "elephant", "goose", "pig", "donkey", "crow", "lion", "robin",
    "monkey", "tiger", "panda", "penguin", "kitten", "raccoon", "lamb", "puppy", "camel", "koala", "deer", "wolf",
    "sparrow", "giraffe", "parrot", "zebra", "hamster", "kangaroo", "sheep", "duckling", "hare", "swan", "piglet",
    "toad", "weasel", "lizard", "llama", "pigeon", "moose", "chick", "seal", "magpie", "chipmunk", "horse", "ibis",
)

OBJECTS = (
    "kite", "drum", "lantern", "key", "map", "bell", "ball", "book", "basket", "button", "hat", "umbrella", "scarf",
    "whistle", "flute", "spoon", "cup", "coin", "ring", "blanket", "pillow", "mirror", "clock", "toy boat", "candle",
    "teapot", "pencil", "paintbrush", "feather", "shell", "marble", "doll", "ribbon", "spinning top", "puppet",
    "wooden horse", "trumpet", "comb", "fiddle", "bucket", "broom", "spade", "jar", "jug", "bowl", "flag", "mitten",
    "sled", "watch", "necklace", "crown", "medal", "net", "telescope", "fishing rod", "harp", "compass", "bag",
    "purse", "picture", "acorn", "hoop", "lamp", "music box", "box", "mask", "balloon", "crayon", "backpack", "fan",
    "guitar", "hammer", "bracelet", "kettle", "apron", "vase", "notebook", "paper star", "boot", "tambourine",
)

PLACES = (
    "forest", "harbour", "market", "old mill", "garden", "orchard", "village", "farmyard", "park", "library",
    "bakery", "castle", "barn", "meadow", "lighthouse", "cave", "railway station", "workshop", "playground",
    "courtyard", "museum", "circus", "vineyard", "greenhouse", "boathouse", "stable", "inn", "town square",
    "fairground", "windmill", "palace", "camp", "cabin", "marsh", "toy shop", "quarry", "shipyard", "post office",
    "bookshop", "school", "theatre", "rose garden", "fishing village", "town hall", "tea house", "apple orchard",
    "mountain hut", "zoo", "pine wood", "old fort", "schoolyard", "flower market", "bus station", "sawmill",
    "fire station", "dairy", "temple", "summer house", "herb garden", "old tower",
)

NAMES = (
    "Pim", "Lulu", "Tavi", "Anna", "Bo", "Milo", "Nell", "Ziggy", "Tom", "Kiki", "Oma", "Ruby", "Fen", "Max", "Dot",
    "Lumi", "Sam", "Wren", "Pip", "Ella", "Joss", "Toto", "Mina", "Ned", "Bibi", "Rolo", "Lily", "Kip", "Ollie",
    "Suki", "Ben", "Nori", "Tess", "Moss", "Juno", "Leo", "Fifi", "Gus", "Hana", "Bruno", "Lala", "Rex", "Mabel",
    "Timo", "Poppy", "Zuri", "Finn", "Nana", "Otto", "Mimi", "Jack", "Wilma", "Bax", "Ivy", "Coco", "Theo", "Nilo",
    "Rosa", "Dax", "Pearl", "Hugo", "Zaza", "Will", "Emmy", "Kito", "Luna", "Ralf", "Sunny", "Amy", "Bobo", "Freya",
    "Ike", "Maya", "Tuk", "Daisy", "Omar", "Pilu", "Clara", "Jasper", "Vivi", "Noah", "Tilda", "Quin", "Lena",
    "Oscar", "Nuri", "Betty", "Ozzy", "Yara", "Flip", "Greta", "Paul", "Momo", "Holly", "Rufus", "Sita", "Tiko",
    "Jane", "Bert", "Willow", "Ami", "Felix", "Nola", "Puck", "Olga", "Henry", "Dodo", "Stella", "Raj", "Wim",
    "Hazel", "Basil", "Tika", "Lou", "Martha", "Gil", "Pepper", "Nora", "Albert", "Kaya", "Zed", "Molly", "Emil",
    "Biscuit", "Alma", "Tobi", "Fern", "Simon", "Lotta", "Jojo", "Cleo", "Arlo", "Minna", "Uli", "Rosie", "Peter",
    "Sky", "Edda", "Hops", "Ida",
)

# Names that most readers would take for a girl's or for a boy's; any other hero may be he or she.
_GIRLS = frozenset((
    "Lulu", "Anna", "Nell", "Ruby", "Dot", "Ella", "Mina", "Lily", "Suki", "Tess", "Juno", "Fifi", "Hana", "Lala",
    "Mabel", "Poppy", "Zuri", "Nana", "Mimi", "Wilma", "Ivy", "Rosa", "Pearl", "Zaza", "Emmy", "Luna", "Amy", "Freya",
    "Maya", "Daisy", "Clara", "Vivi", "Tilda", "Lena", "Betty", "Yara", "Greta", "Holly", "Sita", "Jane", "Willow",
    "Nola", "Olga", "Stella", "Hazel", "Tika", "Martha", "Nora", "Kaya", "Molly", "Alma", "Fern", "Lotta", "Cleo",
    "Minna", "Rosie", "Edda", "Ida", "Bibi", "Kiki", "Oma",
))
_BOYS = frozenset((
    "Milo", "Tom", "Max", "Sam", "Ned", "Ben", "Leo", "Gus", "Bruno", "Rex", "Timo", "Finn", "Otto", "Jack", "Theo",
    "Nilo", "Hugo", "Will", "Ralf", "Ike", "Omar", "Jasper", "Noah", "Oscar", "Ozzy", "Paul", "Rufus", "Bert",
    "Felix", "Henry", "Raj", "Wim", "Basil", "Gil", "Albert", "Emil", "Tobi", "Simon", "Arlo", "Peter", "Ollie",
))

# Objects that can break and be mended with glue, nails or thread.
_MENDABLE = frozenset((
    "kite", "drum", "lantern", "basket", "umbrella", "cup", "clock", "toy boat", "teapot", "doll", "puppet",
    "wooden horse", "fiddle", "broom", "jug", "bowl", "sled", "telescope", "fishing rod", "harp", "hoop", "lamp",
    "music box", "box", "fan", "guitar", "vase", "paper star", "flute", "tambourine", "crown", "mask", "spinning top",
))

# What a beginner can learn to do with an object.
_SKILLS = {
    "kite": "fly {}", "drum": "play {}", "map": "read {}", "ball": "catch {}",
    "book": "read {}", "whistle": "blow {}", "flute": "play {}", "toy boat": "sail {}",
    "paintbrush": "paint with {}", "spinning top": "spin {}", "harp": "play {}",
    "puppet": "make {} dance", "trumpet": "play {}", "fiddle": "play {}",
    "sled": "steer {}", "watch": "tell the time from {}", "clock": "tell the time from {}",
    "fishing rod": "use {}", "compass": "find the way with {}", "hoop": "roll {}",
    "guitar": "play {}", "hammer": "use {}", "tambourine": "play {}",
    "pencil": "draw with {}", "crayon": "draw with {}", "telescope": "use {}",
}

WHEN = (
    "one morning", "one day", "one afternoon", "early one morning", "late one afternoon", "one fine day",
    "one Sunday", "one Monday morning", "one Saturday", "one quiet afternoon", "one market day", "one busy morning",
)

# General openings that say where the hero lives.
HOME_OPENINGS = (
    "Once upon a time, {animal:a} named {name} lived near the {place}.",
    "Once there was {animal:a} called {name}, who lived close to the {place}.",
    "Not far from the {place} lived {name} the {animal}.",
    "{name} was a young {animal} who lived near the {place}.",
    "In a small house near the {place} lived {animal:a} called {name}.",
    "There was once a cheerful {animal} by the name of {name}, who spent {his} days in the {place}.",
    "{animal:A} called {name} had {his} home right by the {place}.",
    "Long ago, near the {place}, there lived {animal:a} whose name was {name}.",
    "If you had gone to the {place} in those days, you would have met {name} the {animal}.",
    "{name} the {animal} was happy, because {he} lived right next to the {place}.",
    "Of all the animals in the {place}, none was as curious as {name} the {animal}.",
    "A little {animal} called {name} lived with {his} family near the {place}.",
    "{name} was {animal:a}, and {his} favourite spot in all the world was the {place}.",
    "Do you know the {place} where {name} the {animal} used to play?",
    "Every day {animal:a} called {name} could be seen in the {place}.",
    "Near the {place}, behind a green hill, lived a small {animal} called {name}.",
    "{name} the {animal} knew every corner of the {place}.",
    "This happened in the {place}, where a kind {animal} named {name} lived.",
    "Everybody in the {place} liked {name}, the little {animal}.",
    "The {place} was home to a merry {animal} called {name}.",
)

# General openings that leave the place to the setup.
OPENINGS = (
    "Once upon a time there was a little {animal} called {name}.",
    "There was once {animal:a} named {name}.",
    "{name} was a small {animal} with a big heart.",
    "This is what happened to {name} the {animal}.",
    "Once there lived a brave little {animal} whose name was {name}.",
    "{name} was {animal:a}, and a very friendly one.",
    "A young {animal} called {name} always got up very early.",
    "Long ago there was {animal:a} whom everyone called {name}.",
    "Have you heard about {name} the {animal}?",
    "{animal:A} named {name} used to sing on every walk.",
    "{name} the {animal} was always ready for something new.",
    "Far away, beyond the hills, lived {animal:a} called {name}.",
    "In the days when animals could talk, there was {animal:a} named {name}.",
    "There are many animals in the world, but only one {animal} called {name}.",
    "A quiet little {animal} by the name of {name} liked to think before speaking.",
    "Old people still tell of {name}, the kind little {animal}.",
)

TRAITS = (
    "{he:C} was small, but {he} had a big heart.",
    "{name} liked to sing while {he} worked.",
    "{he:C} was always kind and nearly always in a good mood.",
    "{name} asked a hundred questions every day.",
    "{he:C} had a soft voice and bright, curious eyes.",
    "{name} was not the fastest {animal} in the world, but {he} never gave up.",
    "{he:C} got up with the sun every day.",
    "{name} loved warm bread, long walks and good stories.",
    "{he:C} was careful with {his} things and polite to everyone.",
    "Most days {name} was as happy as {animal:a} can be.",
    "{his:C} mother used to say that {name} had more ideas than a tree has leaves.",
    "{name} could laugh so loudly that everyone around had to laugh too.",
    "{he:C} was a little shy, but {he} was very clever.",
    "Like any young {animal}, {name} sometimes forgot to be careful.",
)

SKIES = (
    "The sun was shining, and a soft wind was blowing.",
    "The sky was as blue as could be.",
    "White clouds were sailing slowly across the sky.",
    "The birds were singing, and the air smelled of flowers.",
    "It was a fine day, not too warm and not too cold.",
    "The grass was still wet, and the sun was just coming up.",
    "It was the kind of day on which anything can happen.",
    "The leaves were rustling, and bees were humming all around.",
    "The air was fresh and clear.",
    "It had rained in the night, but now the sun was out again.",
)

FEELINGS = (
    "{name} did not know what to do.",
    "{name} let out a long, sad sigh.",
    "{his:C} heart felt as heavy as a stone.",
    "\"Oh dear,\" said {name}, \"what shall I do now?\"",
    "{name} sat down on the ground and hid {his} face.",
    "A big tear rolled down {his} cheek.",
    "\"Why did this have to happen to me?\" said {name}.",
    "{he:C} thought and thought, but no good idea came.",
    "Poor {name} felt very small.",
    "\"I cannot do this alone,\" said {name} in a small voice.",
    "It was not a nice feeling at all.",
    "{name} had never felt so sad before.",
    "\"If only somebody could help me,\" whispered {name}.",
    "{his:C} eyes grew wet, and {his} voice began to shake.",
)

MEETINGS = (
    "Just then {helper} the {friend} came by.",
    "Along came {friend:a} called {helper}.",
    "At that moment {helper}, a kind old {friend}, stopped beside {him}.",
    "Then somebody touched {him} gently, and it was {helper} the {friend}.",
    "Luckily {helper} the {friend} was not far away.",
    "A cheerful {friend} named {helper} had seen it all.",
    "Soon {helper} the {friend} came along, humming a tune.",
    "{helper} the {friend} heard {him} and came at once.",
    "Who should come along but {helper}, the clever {friend}?",
    "After a while {friend:a} by the name of {helper} came that way.",
    "By good luck {helper} the {friend} lived nearby and saw that something was wrong.",
    "Then {name} heard steps, and there stood {helper} the {friend}.",
)

ASKINGS = (
    "\"What is the matter?\" asked {helper}, and {name} told {her} everything.",
    "\"Why do you look so sad?\" asked {helper}, so {name} told {her} the whole story.",
    "\"You do not look happy,\" said {helper}, and then {she} listened to every word.",
    "\"Tell me all about it,\" said {helper}, and {name} did.",
    "{helper} sat down next to {him} and listened quietly.",
    "\"Is something wrong?\" asked {helper}, and {name} nodded.",
    "\"Can I help you?\" asked {helper}, and {name} explained what had happened.",
    "{name} told {helper} about {his} trouble from beginning to end.",
    "\"Come, little one, what has happened?\" said {helper} in a warm voice.",
    "At first {name} said nothing, but {helper} waited until {he} was ready to talk.",
)

CLOSINGS = (
    "That night {name} slept very well.",
    "From that day on, {name} and {pal} were the best of friends.",
    "And {name} smiled from ear to ear.",
    "\"Thank you,\" said {name}, and {he} meant it with all {his} heart.",
    "{name} never forgot how {pal} had helped {him}.",
    "It had been a good day after all.",
    "And that is how a bad time became a good one for {name}.",
    "Even today {name} likes to tell what happened.",
    "{name} was so happy that {he} sang all evening.",
    "After that, {name} was always ready to help others too.",
    "And everyone was happy again.",
    "In the evening they all sat together and drank sweet tea.",
    "\"That is what friends are for,\" said {pal}.",
    "{name} had learned that it is good to have a friend.",
    "Then {name} and {pal} laughed until they could laugh no more.",
    "So all was well in the end.",
    "\"What a day!\" said {name} happily.",
    "When {name} told the story at home, everyone clapped.",
    "Since then, {name} has gone to visit {pal} every week.",
    "And with that, {his} trouble was over.",
)

# For a story that ends at night.
NIGHT_CLOSINGS = (
    "In the morning {name} told everyone how brave {he} had been.",
    "{name} never forgot how {pal} had helped {him}.",
    "Now {name} even likes to look at the moon.",
    "And the stars shone down on {name} until the sun came up.",
    "{pal:C} smiled and went home on quiet feet.",
    "\"Good night, {name},\" said {pal} softly.",
    "From that night on, {name} and {pal} were the best of friends.",
    "And the moon looked in and seemed to smile.",
)

_AIDS = (
    "{friend:a}", "a kind {friend}", "an old {friend}", "a clever {friend}", "a friendly {friend}",
    "a wise {friend}", "a gentle {friend}", "a helpful {friend}",
)


@dataclass(frozen=True)
class Plot:
    """One family of patterns; see the head of this file."""

    begin: Sequence[str]  # names the hero, the animal, the object and the place
    setup: Sequence[str]  # comes after an opening; names the object, and the place unless ``home``
    trouble: Sequence[str]
    effort: Sequence[str]  # what the hero tries alone, in long stories
    help: Sequence[str]
    talk: Sequence[str]  # what the helper says, in long stories
    ending: Sequence[str]
    gists: Sequence[str]  # fit after "who"
    questions: Sequence[tuple[str, str]]
    home: bool = True  # the hero may live at the place
    sky: bool = True  # fair weather may be told of
    asks: bool = True  # the helper may ask what is wrong
    sad: bool = True  # the trouble makes the hero sad
    closings: Sequence[str] = CLOSINGS
    objects: frozenset[str] | None = None  # the only objects that fit; None: all


LOST = Plot(
    begin=(
        "{name} the {animal} had a fine {object}, and {he} took it along whenever {he} went to the {place}.",
        "There was {animal:a} called {name} who carried {his} {object} around the {place} all day long.",
        "Near the {place} lived {name}, a young {animal} whose dearest thing was {object:a}.",
        "Everyone in the {place} knew {name} the {animal} and the little {object} {he} always had with {him}.",
        "{animal:A} named {name} had a new {object} and showed it to everyone in the {place}.",
    ),
    setup=(
        "{he:C} had {object:a} that {his} grandmother had given {him}.",
        "The thing {name} loved best was {his} {object}.",
        "Wherever {he} went, {his} {object} went too.",
        "For {his} birthday {name} had been given a new {object}.",
    ),
    trouble=(
        "But {when} the {object} was gone, and {name} could not say where {he} had left it.",
        "{when:C} {he} was so busy playing that {he} lost the {object} and could not find it anywhere.",
        "Then, {when}, {name} looked around and saw that {he} had lost {his} {object}.",
        "But {when} {name} came home without {his} {object} and had no idea where it was.",
        "{when:C} {name} wanted to show the {object} to a friend, but it was lost.",
    ),
    effort=(
        "{he:C} looked under the bed, behind the door and inside every pot.",
        "{he:C} looked in every corner that {he} could think of.",
        "{he:C} called for it, but of course {object:a} cannot answer.",
        "{he:C} asked everyone {he} met, but nobody had seen it.",
    ),
    talk=(
        "\"Where did you last have the {object}?\" asked {aid}.",
        "\"Do not worry,\" said {aid}. \"Lost things like to be found.\"",
        "\"Let us walk back the way you came,\" said {aid}. \"Four eyes see more than two.\"",
        "\"We shall look for your {object} together,\" said {aid}.",
    ),
    help=(
        "{aid:C} walked back along the path with {him}, and they looked behind every stone.",
        "{aid:C} said that two can search better than one, so they looked for it together.",
        "With {aid} at {his} side, {he} searched the {place} from one end to the other.",
        "{aid:C} told {him} to shut {his} eyes and think back, step by step.",
        "{aid:C} had sharp eyes and was glad to help {him} look.",
    ),
    ending=(
        "At last they saw the {object}, safe and dry, and {name} held it tight and laughed.",
        "Soon {name} found the {object} behind an old bench, and {he} jumped for joy.",
        "And there it was at last, so {name} picked up {his} {object} and thanked {pal} again and again.",
        "Soon the {object} was found, and {name} never left it lying about again.",
        "In the end it was {pal} who found the {object}, and {name} promised to take better care of it.",
    ),
    gists=("loses {his} {object} in the {place}", "cannot find {his} {object}", "looks for a lost {object}"),
    questions=(
        ("What had {name} lost?", "{his:C} {object}."),
        ("Was the {object} found in the end?", "Yes, it was."),
        ("What was {name} looking for?", "{he:C} was looking for {his} {object}."),
    ),
)

BROKEN = Plot(
    begin=(
        "{name} the {animal} was very proud of {his} {object} and showed it to everyone in the {place}.",
        "{animal:A} called {name} took {his} {object} to the {place} nearly every day.",
        "Near the {place} lived {animal:a} named {name}, who had a beautiful {object}.",
        "The finest {object} in the whole {place} belonged to {name}, a little {animal}.",
    ),
    setup=(
        "{he:C} had a beautiful {object} that {his} uncle had made.",
        "On a shelf in {his} room stood the {object} {he} loved so much.",
        "{his:C} old {object} was worth more to {him} than gold.",
        "{name} had saved up all year to buy {object:a}.",
    ),
    trouble=(
        "But {when} {he} tripped over a root, and the {object} broke.",
        "{when:C} the {object} fell to the ground with a crack and was broken.",
        "Then, {when}, {name} bumped into a wall, and crack went the {object}!",
        "{when:C} {he} was not careful for a moment, and {his} {object} fell down and broke.",
        "But {when} {name} found {his} {object} lying on the floor, broken.",
    ),
    effort=(
        "{he:C} tried to put the pieces together, but they fell apart again.",
        "{he:C} tried to tie it up with grass, but the grass would not hold.",
        "{he:C} picked up the pieces one by one and looked at them.",
    ),
    talk=(
        "\"What is broken can be mended,\" said {aid}.",
        "\"I have glue and good strong thread,\" said {aid}. \"Let us try.\"",
        "\"Bring me all the pieces,\" said {aid}, \"and do not forget the small ones.\"",
        "\"It could happen to anyone,\" said {aid}. \"Shall we mend the {object} together?\"",
    ),
    help=(
        "{aid:C} brought a pot of glue and showed {him} how to put the pieces together.",
        "{aid:C} looked at it closely, took out {hers} tools and set to work.",
        "With glue, thread and great care, {aid} helped {him} to mend it.",
        "{aid:C} had good tools at home and worked with {him} until the evening.",
    ),
    ending=(
        "When they were done, the {object} was whole again, and {name} clapped with joy.",
        "Soon the {object} was as good as new, and {name} thanked {pal} with a big smile.",
        "The mended {object} had one thin crack, but {name} loved it even more than before.",
        "In the end the {object} was mended, and {name} now carried it with great care.",
        "\"It is as strong as ever!\" cried {name} when the {object} was whole again.",
    ),
    gists=("breaks {his} {object}", "has a broken {object} to mend", "lets {his} {object} fall and break"),
    questions=(
        ("What broke?", "The {object} broke."),
        ("What was mended in the end?", "The {object}."),
        ("Why was {name} sad?", "Because {his} {object} was broken."),
    ),
    objects=_MENDABLE,
)

STORM = Plot(
    begin=(
        "{name} the {animal} was on {his} way through the {place} with a new {object}.",
        "One evening {animal:a} called {name} was carrying {object:a} home from the {place}.",
        "{animal:A} named {name} had gone to the {place} to fetch {his} {object}.",
        "Late in the day, {name} the {animal} was still in the {place} with {his} {object}.",
    ),
    setup=(
        "One evening {he} was out for a walk, and {he} had {his} {object} with {him}.",
        "One grey day {he} went out to fetch {object:a} for {his} mother.",
        "One day {he} was busy outside with {his} {object} and did not look at the sky.",
        "One evening {he} was on {his} way home with a fine new {object}.",
    ),
    trouble=(
        "Then black clouds came, and a great storm broke over the {place}.",
        "All at once the wind began to roar, and rain poured down on {name} and {his} {object}.",
        "Suddenly there was thunder, and the wind nearly blew the {object} away.",
        "Then the storm came, with so much rain that {name} could not see the path any more.",
        "But soon lightning lit up the sky, and {name} held on to the {object} and shook with fear.",
    ),
    effort=(
        "{he:C} hid the {object} under some leaves, but the wind blew them all away.",
        "{he:C} tried to run, but the wind pushed {him} back.",
        "{he:C} crept under a bush, but the rain came through.",
        "Boom went the thunder, and then boom again, even louder.",
    ),
    talk=(
        "\"Quick, come in!\" called {aid}. \"Bring your {object} with you!\"",
        "\"You are wet through,\" said {aid}. \"Come and sit by my fire.\"",
        "\"Stay close to me,\" said {aid}. \"I know a dry place.\"",
        "\"Every storm has an end,\" said {aid}. \"We only have to wait.\"",
    ),
    help=(
        "{aid:C} opened {hers} door and let {him} sit by the warm fire.",
        "{aid:C} led {him} to a dry hole under a big rock, where they waited side by side.",
        "{aid:C} called {him} in out of the rain and gave {him} hot soup.",
        "{aid:C} took {him} to a safe, dry house and wrapped {him} in a thick coat.",
    ),
    ending=(
        "When the storm was over, {name} stepped out with a dry {object} into the sunshine.",
        "At last the rain stopped, and {name} went home, safe and dry, with {his} {object}.",
        "The storm passed in the night, and in the morning {name} and the {object} were safe and sound.",
        "By morning the wind had died down, and {name} thanked {pal} for a warm and dry night.",
        "Then the thunder rolled away, and {name} saw a great rainbow over the {place}.",
    ),
    gists=(
        "is caught in a storm near the {place}", "must save {his} {object} from a storm",
        "gets wet in a great storm",
    ),
    questions=(
        ("What was the weather like?", "There was a great storm."),
        ("What did {name} have with {him} in the storm?", "{his:C} {object}."),
        ("Who gave {name} a dry place?", "{pal:C} did."),
    ),
    sky=False, asks=False,
)

STUCK = Plot(
    begin=(
        "{name} the {animal} liked to play in the {place} with {his} {object}.",
        "In the {place} {animal:a} called {name} used to play with {his} {object}.",
        "There was {animal:a} named {name} who took {his} {object} to the {place} whenever the sun was out.",
        "{animal:A} called {name} often walked through the {place} with {his} {object}.",
    ),
    setup=(
        "{he:C} had {object:a}, and {he} took it with {him} on every walk.",
        "{his:C} favourite thing to play with was an old {object}.",
        "{name} had just been given a lovely {object}.",
        "{his:C} brother had lent {him} a very special {object}.",
    ),
    trouble=(
        "But {when} the {object} slipped into a crack between two stones and stuck fast.",
        "{when:C} the {object} slid down behind a wall, and {name} could not reach it.",
        "{when:C} {he} dropped the {object} into a deep, narrow hole.",
        "Then the {object} slipped under a heavy log, and {name} could not get it out.",
        "But {when} the {object} got stuck under the roots of an old tree.",
    ),
    effort=(
        "{he:C} pushed and pulled, but the {object} did not move.",
        "{he:C} reached for it again and again, but it was too far away.",
        "{he:C} tried with a twig, but the twig snapped in two.",
        "The harder {he} pulled, the tighter it sat.",
    ),
    talk=(
        "\"You pull, and I will push,\" said {aid}.",
        "\"That looks stuck indeed,\" said {aid}, \"but I have an idea.\"",
        "\"Two are stronger than one,\" said {aid}. \"Are you ready? One, two, three!\"",
        "\"We shall have it out in no time,\" said {aid}.",
    ),
    help=(
        "{aid:C} brought a long pole, and together they pushed as hard as they could.",
        "{aid:C} dug away the earth bit by bit while {name} held on to one end.",
        "{aid:C} bent a piece of wire into a hook and let it down slowly.",
        "{aid:C} took hold too, and the two of them pulled with all their might.",
    ),
    ending=(
        "Pop! Out came the {object}, and {name} and {pal} tumbled over backwards, laughing.",
        "At last the {object} came free, and {name} gave a shout of joy.",
        "Little by little the {object} came out, and soon {name} had it back safe and sound.",
        "With one last pull the {object} was free, and {name} thanked {pal} with all {his} heart.",
        "In a moment {name} had the {object} back, and {he} kept well away from narrow gaps after that.",
    ),
    gists=(
        "cannot get {his} {object} out again", "drops {his} {object} where {he} cannot reach it",
        "has {object:a} that gets stuck in the {place}",
    ),
    questions=(
        ("What got stuck?", "The {object} got stuck."),
        ("Did {name} get the {object} back?", "Yes, {he} did."),
        ("Who helped to get the {object} out?", "{pal:C} helped."),
    ),
)

DARK = Plot(
    begin=(
        "{name} the {animal} slept in a small bed near the {place}, with {his} {object} beside {him}.",
        "Near the {place} lived {animal:a} called {name}, who kept {his} {object} by {his} bed.",
        "One evening {name} the {animal} had to stay in the {place} all night, with only {object:a} for company.",
        "{animal:A} named {name} was staying with {his} {object} in the {place}, and now it was night.",
    ),
    setup=(
        "{he:C} loved the day, when {he} could play with {his} {object}, but {he} did not love the night.",
        "All day long {he} was brave, and {he} marched about with {his} {object} in the sunshine.",
        "{his:C} best treasure was {object:a}, and at night it lay next to {his} bed.",
        "Every evening {he} put {his} {object} by the bed and looked at the window.",
    ),
    trouble=(
        "It was so dark that {name} could not see {his} {object}, and {he} was afraid.",
        "When the moon went behind a cloud, {name} trembled, because {he} was afraid of the dark.",
        "In the dark, even the {object} looked like a monster, and {name} began to cry.",
        "But the night was black, strange sounds came from the {place}, and {name} was very much afraid.",
        "Everything was dark and still, and {name} did not dare to close {his} eyes.",
    ),
    effort=(
        "{he:C} counted to ten, but the dark did not go away.",
        "{he:C} pulled the covers over {his} ears.",
        "Whoo, went something outside, and {he} jumped.",
        "{he:C} tried to sing a song, but {his} voice was too small.",
    ),
    talk=(
        "\"The dark is only the day with its eyes closed,\" said {aid}.",
        "\"Listen,\" said {aid}. \"That sound is nothing but the wind.\"",
        "\"Look up,\" said {aid}. \"Can you count the stars?\"",
        "\"I was afraid of the dark too when I was little,\" said {aid}.",
    ),
    help=(
        "{aid:C} sat down by {him} and told {him} what each of the sounds was.",
        "{aid:C} heard {him} and came to show {him} the stars, one by one.",
        "{aid:C} lit a small light, and in its glow everything looked friendly again.",
        "{aid:C} stayed by {his} side and sang softly about the moon.",
    ),
    ending=(
        "Soon {name} was no longer afraid, and {he} fell asleep with the {object} beside {him}.",
        "Now {name} could see that the {object} was only {object:a}, and the dark was only the dark.",
        "From that night on, {name} was not afraid of the dark any more.",
        "\"The night is not so bad,\" said {name}, and {he} fell asleep next to {his} {object}.",
        "At last {name} smiled, held {his} {object} close and slept until morning without any fear.",
    ),
    gists=(
        "is afraid of the dark", "learns not to fear the night in the {place}",
        "lies awake in the dark with {his} {object}",
    ),
    questions=(
        ("What was {name} afraid of?", "The dark."),
        ("Was {name} still afraid at the end?", "No, {he} was not."),
        ("When does the story happen?", "At night."),
    ),
    sky=False, asks=False, closings=NIGHT_CLOSINGS,
)

QUARREL = Plot(
    begin=(
        "{name} the {animal} and {other:a} found {object:a} in the {place}.",
        "One day {animal:a} called {name} and {other:a} saw {object:a} lying in the {place}.",
        "In the {place} {animal:a} named {name} was playing with {object:a} when {other:a} came along.",
        "{name} was {animal:a} in the {place} whose fine {object} was just what {his} neighbour, {other:a}, wanted.",
    ),
    setup=(
        "{he:C} had only one {object}, and {his} cousin, {other:a}, had none.",
        "One day {he} and {other:a} found a wonderful {object}.",
        "One morning {he} was busy with {his} {object} when {other:a} came to play.",
        "{he:C} and {his} neighbour, {other:a}, had bought {object:a} together.",
    ),
    trouble=(
        "\"The {object} is mine!\" cried {name}, and the {other} shouted, \"No, it is mine!\"",
        "Both {name} and the {other} wanted to have the {object} first, and soon they were shouting.",
        "The {other} pulled at the {object}, {name} pulled back, and neither would let go.",
        "\"Give me the {object}!\" said the {other}, but {name} did not want to share it.",
        "Soon {name} and the {other} began to quarrel about who should have the {object}.",
    ),
    effort=(
        "They pulled so hard that the {object} nearly broke.",
        "Their faces grew red, and their voices grew loud.",
        "Then they turned their backs and did not say a word.",
        "\"Then I will not be your friend any more,\" said the {other}.",
    ),
    talk=(
        "\"One {object} and two friends,\" said {aid}. \"That is easy. Take turns!\"",
        "\"What is more fun,\" asked {aid}, \"to play alone or to play together?\"",
        "\"{object:A} can be bought again,\" said {aid}, \"but a friend cannot.\"",
        "\"First one, then the other,\" said {aid}. \"That is fair.\"",
    ),
    help=(
        "{aid:C} told them to take turns, and {she} counted to a hundred for each of them.",
        "{aid:C} stepped between them and showed them a game that needed two players.",
        "{aid:C} asked them both to sit down, and each had to listen to the other.",
        "{aid:C} drew two straws, so that the long one might go first and the short one second.",
    ),
    ending=(
        "So {name} and the {other} shared the {object}, and it was twice as much fun.",
        "After that, {name} and the {other} took turns with the {object} and never quarrelled about it again.",
        "\"I am sorry,\" said {name}, and from then on the {object} belonged to both of them.",
        "Then {name} let the {other} have the {object} first, and they were friends again.",
        "Soon {name} and the {other} were laughing together, for there was enough time for both.",
    ),
    gists=(
        "does not want to share {object:a}", "quarrels with {other:a} over {object:a}",
        "learns to share {object:a} in the {place}",
    ),
    questions=(
        ("What did {name} and the {other} quarrel about?", "They quarrelled about the {object}."),
        ("With whom did {name} quarrel?", "With {other:a}."),
        ("What did they do in the end?", "They shared the {object}."),
    ),
    sad=False,
)

HUNGRY = Plot(
    begin=(
        "{name} the {animal} was taking {his} {object} to the {place} when {he} met a thin, tired {other}.",
        "One cold day {animal:a} called {name}, who had {object:a} with {him}, met a strange {other} near the {place}.",
        "On the way to the {place}, {name} the {animal} sat down with {his} {object} beside a tired {other}.",
        "{animal:A} named {name} was busy with {his} {object} in the {place} when a strange {other} came along.",
    ),
    setup=(
        "One evening {he} was cleaning {his} {object} when a strange {other} knocked at the door.",
        "One day {he} was out with {his} {object} and met a thin, tired {other}.",
        "One winter day {other:a} that nobody knew came by while {he} was busy with {his} {object}.",
        "{he:C} had little to eat and owned nothing but {object:a}, and then a poor {other} came along.",
    ),
    trouble=(
        "\"I have not eaten for two days,\" said the {other}, but {name} had no food, only the {object}.",
        "The {other} was so hungry that it could hardly walk, and {name} had nothing to give but {his} {object}.",
        "The poor {other} was hungry, and nobody can eat {object:a}.",
        "\"Have you any bread?\" asked the {other}, but {name} had just {his} {object} and not one crumb.",
    ),
    effort=(
        "{he:C} looked everywhere for a nut or a berry, but there was nothing left.",
        "{he:C} turned out all {his} pockets, but they were empty.",
        "The {other} tried to smile, but its stomach growled.",
    ),
    talk=(
        "\"Nobody should go hungry,\" said {aid}. \"There is enough for all of us.\"",
        "\"A small meal can feed three,\" said {aid}, \"when it is shared.\"",
        "\"You have a kind heart,\" said {aid}, \"and that is worth more than {object:a}.\"",
        "\"One more at the table is no trouble at all,\" said {aid}.",
    ),
    help=(
        "{name} offered {his} {object} for some bread, but {aid} gave {him} a whole basket of food for nothing.",
        "{aid:C} came at once with warm bread, cheese and a big pot of soup.",
        "{aid:C} saw how kind {he} was and brought a big pie out of {hers} house.",
        "So {name} went to {aid}, who gave {him} apples, milk and a loaf of bread.",
    ),
    ending=(
        "The {other} ate until it was full, and then it told {name} stories until the stars came out.",
        "Soon the {other} was full and strong again, and it thanked {name} and {pal} with a song.",
        "They all ate together, and the {other} was not hungry any more.",
        "With a full stomach the {other} went on its way, and {name} felt warm inside.",
        "When the {other} had eaten enough, it cleaned the {object} for {name} until it looked like new.",
    ),
    gists=(
        "meets a hungry {other}", "has only {object:a} but wants to help a hungry stranger",
        "finds food for a poor {other} near the {place}",
    ),
    questions=(
        ("Who was hungry?", "The {other} was hungry."),
        ("What did {name} have with {him}?", "Only {his} {object}."),
        ("Was the {other} still hungry at the end?", "No, it had eaten well."),
    ),
    sky=False, sad=False,
)

RACE = Plot(
    begin=(
        "{name} the {animal} wanted to win the race to the {place}, because the prize was {object:a}.",
        "There was to be a race to the {place}, with {object:a} for the winner, and {name} the {animal} was ready.",
        "{animal:A} named {name} joined the big race to the {place}, hoping to win the {object}.",
        "\"Whoever is first in the {place} gets the {object}!\" called the judge, and {name} the {animal} ran off.",
    ),
    setup=(
        "One day there was a race to the {place}, and the prize was a lovely {object}.",
        "{he:C} trained every day for the race to the {place}, where the winner would get {object:a}.",
        "The winner of the great race to the {place} was to get {object:a}, and {he} wanted it very much.",
        "At the start of the race to the {place}, {he} could think only of the prize, {object:a}.",
    ),
    trouble=(
        "But halfway {name} stumbled over a stone, hurt {his} foot and could not go on.",
        "{name} ran so fast that {he} fell into a ditch and could not climb out.",
        "{name} started too fast, and soon {he} was so tired that {he} could hardly walk.",
        "Then {name} slipped in the mud, and all the others ran past {him}.",
    ),
    effort=(
        "{he:C} could hear the others far ahead.",
        "{he:C} tried to get up, but {his} legs would not carry {him}.",
        "\"Now I shall never win the {object},\" said {name}.",
        "The sun was hot, and the road was still long.",
    ),
    talk=(
        "\"A race is not worth a friend,\" said {aid}. \"Lean on me.\"",
        "\"Come on,\" said {aid}. \"We will get there together, even if we are last.\"",
        "\"Take a deep breath and a drink of water,\" said {aid}.",
        "\"I do not need to win,\" said {aid}. \"Let me help you up.\"",
    ),
    help=(
        "{aid:C} was in the race too, but {she} stopped and helped {him} up.",
        "{aid:C} turned back, gave {him} some water and let {him} lean on {her}.",
        "{aid:C} could have won, but {she} stayed with {him} and helped {him} on, step by step.",
        "Only {aid} stopped running, took {him} by the arm and walked on with {him}.",
    ),
    ending=(
        "They came in last, but the judge gave the {object} to {name} and {pal} for being such good friends.",
        "They crossed the line side by side, and everyone cheered so loudly that {name} forgot all about winning.",
        "Another runner won the {object}, but {name} had won a friend, and that made {him} happy.",
        "The winner saw how kind they had been and let {name} and {pal} share the {object}.",
        "{name} and {pal} reached the {place} together, and the {object} was given to both of them.",
    ),
    gists=(
        "runs a race to the {place}", "wants to win {object:a} in a race", "falls in a race for {object:a}",
    ),
    questions=(
        ("What was the prize of the race?", "{object:A}."),
        ("Where did the race go?", "To the {place}."),
        ("Who stopped to help {name}?", "{pal:C} did."),
    ),
    home=False, asks=False,
)

PRESENT = Plot(
    begin=(
        "It was the {other}'s birthday, and {name} the {animal} had only an old {object} from the {place} to give.",
        "{name} the {animal} wanted to give {his} grandmother a present, but in the {place} {he} found only a dusty "
        "{object}.",
        "{animal:A} called {name} found an old {object} in the {place} and wanted to make a present of it.",
        "There was to be a feast in the {place}, and {name} the {animal} had only {object:a} to bring as a present.",
    ),
    setup=(
        "{his:C} mother had a birthday, and {he} wanted to give her an old {object}.",
        "{he:C} wanted to give {his} teacher a present, but all {he} had was a dusty {object}.",
        "{he:C} had found an old {object}, and it was to be a present for {his} grandmother.",
        "It was nearly the day of the feast, and {he} had only {object:a} to give away.",
    ),
    trouble=(
        "But the {object} was grey with dust, and {name} was ashamed of such a poor present.",
        "{name} looked at the dirty {object} and thought that nobody would want it.",
        "The {object} looked so old and plain that {name} did not dare to give it away.",
        "There was only one day left, and the {object} did not look like a present at all.",
    ),
    effort=(
        "{he:C} had no money, and all the shops were closed.",
        "{he:C} rubbed it a little, but that only made it worse.",
        "{he:C} thought of all the fine things that others would bring.",
    ),
    talk=(
        "\"It is not the price that counts,\" said {aid}, \"but the love in it.\"",
        "\"Under the dust there is a very nice {object},\" said {aid}.",
        "\"Old things are often the best,\" said {aid}.",
        "\"We can make it beautiful,\" said {aid}. \"You will see.\"",
    ),
    help=(
        "{aid:C} showed {him} how to clean it with a soft cloth and wrap it in green leaves.",
        "{aid:C} helped {him} to rub it clean and gave {him} pretty paper and a flower to put on top.",
        "{aid:C} worked with {him} all evening until not a speck of dust was left.",
        "{aid:C} fetched a cloth and fresh flowers, and they made a fine present out of it.",
    ),
    ending=(
        "When the {object} was unwrapped, everyone cried, \"How lovely!\" and {name} was proud.",
        "The {object} was the best present of all, and {name} got a big hug for it.",
        "Now the {object} was a present to be proud of, and {name} gave it away with a happy heart.",
        "In the end no other present was liked as much as the {object} that {name} had brought.",
    ),
    gists=(
        "wants to give {object:a} as a present", "makes a fine present out of an old {object}",
        "finds an old {object} in the {place} and gives it away",
    ),
    questions=(
        ("What was the present?", "{object:A}."),
        ("What did {name} want to give away?", "An old {object}."),
        ("Was it a good present in the end?", "Yes, a very good one."),
    ),
)

GATE = Plot(
    begin=(
        "{name} the {animal} had left {his} {object} in the {place} and went back to fetch it.",
        "{animal:A} called {name} wanted to get {his} {object}, which was still in the {place}.",
        "It was late when {name} the {animal} remembered that {his} {object} was still in the {place}.",
        "All day {animal:a} named {name} had been in the {place}, but {he} had gone home without {his} {object}.",
    ),
    setup=(
        "One evening {he} saw that {he} had left {his} {object} in the {place}.",
        "{his:C} {object} was still in the {place}, and {he} needed it that same day.",
        "{he:C} had to fetch {his} {object} from the {place} before night.",
        "{he:C} hurried to the {place}, because {his} {object} was still there.",
    ),
    trouble=(
        "But the gate was locked, and {name} could not get in.",
        "But when {name} came to the gate, it was shut with a big iron lock.",
        "The gate of the {place} was locked, and nobody heard {name} knock.",
        "Alas, the tall gate was closed, and there stood {name} outside in the cold.",
        "Too late, for the gate had been locked, and the {object} had to wait behind it.",
        "{name} ran all the way, but somebody had already locked the gate.",
    ),
    effort=(
        "{he:C} shook the gate, but it did not open.",
        "{he:C} knocked and called, but there was no answer.",
        "{he:C} walked all around, but the wall was too high.",
        "{he:C} pushed with all {his} strength, but the lock held.",
    ),
    talk=(
        "\"Do not give up so soon,\" said {aid}.",
        "\"There is always more than one way in,\" said {aid}.",
        "\"I know this gate very well,\" said {aid}.",
        "\"A lock is only a riddle made of iron,\" said {aid}.",
    ),
    help=(
        "{aid:C} knew where the key was, and {she} took it from under a flat stone.",
        "{aid:C} ran to wake the old gatekeeper, who came with a big bunch of keys.",
        "{aid:C} showed {him} a small side door that was never locked.",
        "{aid:C} pulled out {hers} own key and turned it twice in the lock.",
        "{aid:C} knew the secret word, and when {she} whispered it, the lock sprang open.",
        "{aid:C} called so loudly that the gatekeeper woke up and came with a lamp.",
    ),
    ending=(
        "So {name} got into the {place} after all, and there was the {object}, just where it should be.",
        "Soon {name} was inside, and before dark {he} went home with the {object}.",
        "At last the way was open, and {name} ran in and held {his} {object} tight.",
        "\"We are in!\" cried {name}, and {he} was so glad to get the {object} that {he} danced.",
        "A moment later {name} was in the {place}, where the {object} was waiting for {him}.",
        "Then {name} slipped in, found the {object} in a corner and came out again with a happy face.",
        "So the locked gate did not stop {name}, and {he} took {his} {object} home under {his} arm.",
    ),
    gists=(
        "stands before a locked gate", "cannot get into the {place}",
        "wants to fetch {his} {object} from the {place}, but the gate is locked",
    ),
    questions=(
        ("Why could {name} not get into the {place}?", "Because the gate was locked."),
        ("Which gate was locked?", "The gate of the {place}."),
        ("Did {name} get in at last?", "Yes, with the help of {pal}."),
    ),
    home=False, sky=False,
)

NEWCOMER = Plot(
    begin=(
        "{name} the {animal} was new in the {place} and had nobody to play with, only {his} {object}.",
        "When {animal:a} called {name} came to the {place}, all {he} had with {him} was {object:a}.",
        "{animal:A} named {name} moved to the {place} with nothing but a bag of clothes and {his} {object}.",
        "Nobody in the {place} knew {name}, the new {animal} with the {object}.",
    ),
    setup=(
        "One day {he} moved to the {place}, and {he} brought {his} {object} along.",
        "{he:C} had just come to live near the {place}, and {his} {object} was all {he} had from home.",
        "With {his} {object} in a bag, {he} came to a new home near the {place}.",
        "{he:C} was new in the {place} and sat there all alone with {his} {object}.",
    ),
    trouble=(
        "The others played together and laughed, but {name} did not know anyone and felt lonely.",
        "{name} was too shy to speak to the others, so {he} sat apart with {his} {object}.",
        "Day after day {name} ate alone and walked alone, and {he} was very lonely.",
        "Everyone there had a friend, but {name} had only {his} {object} to talk to.",
    ),
    effort=(
        "Once {he} said hello, but so softly that nobody heard.",
        "{he:C} missed {his} old home and {his} old friends.",
        "\"At least I have my {object},\" thought {name}, but that was not the same as a friend.",
        "The others did not mean to be unkind; they just did not see {him}.",
    ),
    talk=(
        "\"What a nice {object}!\" said {aid}. \"May I look at it?\"",
        "\"I was new here once,\" said {aid}. \"Come and meet the others.\"",
        "\"We need one more for our game,\" said {aid}. \"Will you join us?\"",
        "\"Is this seat free?\" asked {aid}, and {she} sat down next to {him}.",
    ),
    help=(
        "{aid:C} asked to see the {object} and then took {him} along to meet the others.",
        "{aid:C} smiled, shared {hers} lunch with {him} and asked {him} to join the game.",
        "{aid:C} took {him} around the {place} and told {him} everyone's name.",
        "{aid:C} came over and said that there was always room for one more.",
    ),
    ending=(
        "Soon {name} was playing with all the others, and nobody thought of {him} as new any more.",
        "By evening {name} had five new friends, and all of them wanted to see the {object}.",
        "From then on {name} was never lonely in the {place} again.",
        "\"Now this is my home too,\" said {name}, and {he} let all {his} new friends hold the {object}.",
    ),
    gists=(
        "is new in the {place} and feels lonely", "comes to the {place} with only {object:a}",
        "finds {his} first friend in the {place}",
    ),
    questions=(
        ("Why was {name} lonely?", "Because {he} was new and knew nobody."),
        ("What had {name} brought along?", "{his:C} {object}."),
        ("Where was {name} new?", "In the {place}."),
    ),
    home=False, sky=False,
)

HEAVY = Plot(
    begin=(
        "{name} the {animal} had to bring {object:a} and a great sack of apples to the {place}.",
        "{animal:A} called {name} set out for the {place} with a full cart, and on top of it lay {object:a}.",
        "\"Take these potatoes and this {object} to the {place},\" said {his} mother to {name} the {animal}.",
        "One day {animal:a} named {name} packed {his} {object} and ten big pumpkins to take to the {place}.",
    ),
    setup=(
        "One day {he} had to bring {object:a} and a sack of corn to the {place}.",
        "{he:C} packed {his} {object}, a pile of books and a bag of nuts to take to the {place}.",
        "{he:C} had promised to carry {object:a} and a load of wood to the {place}.",
        "With {object:a} under a heap of cabbages, {he} set out for the {place}.",
    ),
    trouble=(
        "But the load was too heavy, and halfway up the hill {name} could go no farther.",
        "Soon {name} could hardly lift {his} feet, so heavy was the load.",
        "{name} pulled and pushed, but the heavy load rolled back down the hill.",
        "After a hundred steps {name} had to stop, for everything together was far too heavy.",
    ),
    effort=(
        "{he:C} puffed and panted and tried again.",
        "{he:C} rested a little, but that did not make the load any lighter.",
        "{he:C} took out the {object}, but the rest was still too heavy.",
        "\"One more step,\" {he} told {himself}, but {his} legs said no.",
    ),
    talk=(
        "\"Half a load is only half as heavy,\" said {aid}.",
        "\"Let me take one end,\" said {aid}. \"You take the other.\"",
        "\"Why carry it alone,\" said {aid}, \"when we can carry it together?\"",
        "\"Heavy things like good friends,\" said {aid}, and {she} rolled up {hers} sleeves.",
    ),
    help=(
        "{aid:C} took one half of the load, and {name} carried the other half and the {object}.",
        "{aid:C} pushed from behind while {name} pulled in front.",
        "{aid:C} fetched a strong cart with four wheels, and they lifted everything onto it.",
        "{aid:C} took the heavy part, so that {name} had only the {object} and a small bag to carry.",
    ),
    ending=(
        "Before evening they reached the {place}, and {name} put down the {object} with a happy sigh.",
        "So {name} got everything to the {place}, and there {he} shared a cake with {pal}.",
        "Step by step they came to the {place}, and nothing was lost, not even the {object}.",
        "In the end the whole load was safe in the {place}, and {name} thanked {pal} for the help.",
    ),
    gists=(
        "has a heavy load to carry to the {place}", "must bring {object:a} to the {place}",
        "cannot carry everything alone",
    ),
    questions=(
        ("Where did {name} have to go?", "To the {place}."),
        ("Why did {name} stop?", "Because the load was too heavy."),
        ("What did {name} bring besides the heavy load?", "{object:A}."),
    ),
    home=False,
)

LIE = Plot(
    begin=(
        "{name} the {animal} borrowed {object:a} from {other:a} in the {place} and did not give it back.",
        "In the {place} {animal:a} called {name} took the {other}'s {object} without asking.",
        "{animal:A} named {name} went off to the {place} with {object:a} that {other:a} had not lent {him}.",
        "One day {name} the {animal} saw the {other}'s {object} in the {place} and hid it for fun.",
    ),
    setup=(
        "One day {he} took the {other}'s {object} without asking and hid it.",
        "One morning {he} secretly took {object:a} that belonged to {his} friend, {other:a}.",
        "{he:C} had taken {object:a} from {other:a} without a word.",
        "One day {he} took the {other}'s {object} and put it under {his} bed.",
    ),
    trouble=(
        "\"Have you seen my {object}?\" asked the {other}, and {name} said, \"No, I have not.\"",
        "When the {other} came to look for the {object}, {name} told a lie and said that {he} knew nothing.",
        "The {other} asked about the {object}, and {name} was so afraid that {he} told a lie.",
        "\"It was not me!\" said {name} when the {other} asked for the {object}, but that was not true.",
    ),
    effort=(
        "That evening {he} could not eat, because the lie lay in {his} stomach like a stone.",
        "{he:C} could not look the {other} in the eye.",
        "Every time somebody said {object}, {his} ears grew hot.",
        "The lie was small, but it seemed to grow and grow.",
    ),
    talk=(
        "\"The truth is hard to say once,\" said {aid}, \"but a lie is hard every day.\"",
        "\"You know what you have to do,\" said {aid} kindly.",
        "\"Tell the truth,\" said {aid}, \"and I will come with you.\"",
        "\"Everyone makes mistakes,\" said {aid}, \"and the brave ones say so.\"",
    ),
    help=(
        "{aid:C} saw that {he} was sad and told {him} that the truth would make {him} feel better.",
        "{aid:C} promised to go with {him} if {he} told the truth.",
        "{aid:C} gave {him} the courage to tell the truth and walked there with {him}.",
        "{aid:C} listened to {him} and said that it is never too late to be honest.",
    ),
    ending=(
        "So {name} told the truth and said sorry, and the {other} got the {object} back.",
        "Then {name} told the {other} everything and gave back the {object}, and the {other} forgave {him}.",
        "\"I told a lie, and I am sorry,\" said {name}, and the {other} was glad to have the {object} back.",
        "At last {name} told the truth, and the {other} said, \"Thank you. I like you better than any {object}.\"",
    ),
    gists=(
        "tells a lie about {object:a}", "takes {object:a} and is sorry for it",
        "learns to tell the truth about {object:a}",
    ),
    questions=(
        ("Whose {object} was it?", "It was the {other}'s {object}."),
        ("What did {name} do at the end?", "{he:C} told the truth."),
        ("To whom did {name} tell a lie?", "To the {other}."),
    ),
)

LEARN = Plot(
    begin=(
        "{name} the {animal} had {object:a}, and {he} wanted to learn to {skill_it} before the feast in the {place}.",
        "In the {place} everyone could {skill_a}, only {name} the little {animal} could not.",
        "{animal:A} called {name} went to the {place} every day to learn how to {skill_a}.",
        "More than anything, {name}, {animal:a} from the {place}, wanted to {skill_a}.",
    ),
    setup=(
        "{he:C} had been given {object:a}, but {he} could not {skill_it}.",
        "{his:C} dream was to {skill_a}.",
        "One day {he} got {object:a} and began to learn how to {skill_it}.",
        "{his:C} sister could {skill_a}, and {he} wanted to learn it too.",
    ),
    trouble=(
        "{name} tried and tried, but everything went wrong, and the others laughed.",
        "But it was much harder than {he} had thought, and {name} wanted to give up.",
        "After a whole week {name} still could not do it, and {he} threw the {object} down.",
        "Again and again {name} failed, and in the end {he} did not want to see the {object} any more.",
    ),
    effort=(
        "{he:C} tried it fast, and {he} tried it slowly, but it did not work.",
        "\"I am just too silly for this,\" said {name}.",
        "{he:C} tried with {his} eyes open and with {his} eyes shut.",
        "The first time went wrong, and so did the second and the third.",
    ),
    talk=(
        "\"Nobody can do it on the first day,\" said {aid}.",
        "\"Watch me,\" said {aid}, \"and then try a very small piece of it.\"",
        "\"Slowly,\" said {aid}. \"First learn one thing, and then the next.\"",
        "\"I needed a whole year to learn it,\" said {aid} with a laugh.",
    ),
    help=(
        "{aid:C} showed {him} how it is done, one small step at a time.",
        "{aid:C} sat down with {him} every afternoon and practised with {him}.",
        "{aid:C} told {him} to breathe, to go slowly and to try just once more.",
        "{aid:C} held the {object} together with {him} until {he} had the feel of it.",
    ),
    ending=(
        "After many days {name} could {skill}, and everyone clapped.",
        "Then one day it worked, and {name} could {skill} better than anyone in the {place}.",
        "At last {name} could {skill}, and nobody laughed now.",
        "\"I can do it!\" cried {name}, and {he} took the {object} and showed them all.",
    ),
    gists=(
        "wants to {skill_a}", "learns to {skill_a} in the {place}", "has {object:a} and learns to {skill_it}",
    ),
    questions=(
        ("What did {name} want to learn?", "{he:C} wanted to {skill_a}."),
        ("Could {name} do it in the end?", "Yes, {he} could."),
        ("Who taught {name}?", "{pal:C} did."),
    ),
    objects=frozenset(_SKILLS),
)

FOUND = Plot(
    begin=(
        "{name} the {animal} was walking through the {place} when {he} found {object:a}.",
        "One day {animal:a} called {name} saw something lying in the {place}, and it was {object:a}.",
        "In the {place}, under a heap of dry leaves, {name} the {animal} found {object:a}.",
        "{animal:A} named {name} went to the {place} and came back with {object:a} that {he} had found.",
    ),
    setup=(
        "One day {he} found {object:a} lying on the ground.",
        "One morning {his} foot bumped against something, and it was {object:a}.",
        "One evening something caught {his} eye, and {he} picked up {object:a}.",
        "On {his} way home {he} saw a fine {object} lying all alone.",
    ),
    trouble=(
        "{name} liked it very much, but {he} knew that somebody must be missing the {object}.",
        "\"Whose {object} is this?\" asked {name}, but nobody in the {place} knew.",
        "{name} wanted to give the {object} back, but there was no name on it.",
        "It was so lovely that {name} wished to keep it, but the {object} belonged to somebody else.",
        "But who had lost the {object}, and how was {name} to find out?",
        "{name} knew how sad it is to lose something, so {he} wanted to find the owner of the {object}.",
    ),
    effort=(
        "{he:C} asked the baker, the teacher and the old postman.",
        "{he:C} went from door to door, but everyone shook their heads.",
        "{he:C} waited there for an hour, but nobody came to look for it.",
        "{he:C} turned the {object} over and over and looked for a mark.",
    ),
    talk=(
        "\"I have seen this {object} before,\" said {aid}. \"Come with me!\"",
        "\"Somebody was crying here this morning,\" said {aid}.",
        "\"Somebody will be very glad to have this back,\" said {aid}.",
        "\"You are honest,\" said {aid}. \"I will help you to find the owner.\"",
    ),
    help=(
        "{aid:C} remembered that {other:a} had been looking for it all day.",
        "{aid:C} helped {him} to put up notes, and soon {other:a} came running.",
        "{aid:C} knew that it belonged to {other:a} and showed {him} the house.",
        "With {aid} {he} went from house to house until {other:a} gave a shout of joy.",
        "{aid:C} had just met {other:a} with tears in its eyes and led {him} there at once.",
        "{aid:C} rang a big bell and called out the news, and soon {other:a} came running.",
    ),
    ending=(
        "So {name} gave back the {object}, and the {other} thanked {him} with a warm honey cake.",
        "The {other} was so glad to have the {object} again that {name} was glad too.",
        "\"My {object}!\" cried the {other}, and {name} knew that {he} had done the right thing.",
        "When {name} put the {object} into its owner's arms, the {other} cried for joy.",
        "The {other} took the {object} with a happy laugh and told {name} that {he} was a true friend.",
        "In the end the {object} was back with the {other}, and {name} was proud of what {he} had done.",
    ),
    gists=(
        "finds {object:a} in the {place}", "finds {object:a} and looks for its owner",
        "gives back {object:a} that {he} has found",
    ),
    questions=(
        ("Who found the {object}?", "{name} found it."),
        ("What did {name} find?", "{object:A}."),
        ("To whom did the {object} belong?", "To {other:a}."),
        ("Where did {name} find the {object}?", "In the {place}."),
    ),
    sad=False,
)

LOST_WAY = Plot(
    begin=(
        "{name} the {animal} was on {his} way to the {place} to bring {object:a} to {his} aunt.",
        "{animal:A} called {name} set out for the {place} with {object:a} that {he} wanted to show there.",
        "One day {name}, a young {animal}, had to take {object:a} to the {place} all by {himself}.",
        "With {object:a} on {his} back, {name} the {animal} started on the long road to the {place}.",
    ),
    setup=(
        "One day {he} had to take {object:a} to the {place}, where {his} aunt was waiting.",
        "{he:C} was going to the {place} for the first time, and {he} had {object:a} with {him}.",
        "{he:C} wanted to surprise {his} uncle in the {place} with {object:a}.",
        "{he:C} set out alone for the {place}, carrying {object:a}.",
    ),
    trouble=(
        "But thick fog came up, and soon {name} did not know where {he} was.",
        "{name} took a wrong turn, and then another, and at last {he} was lost.",
        "At a fork in the road {name} went left instead of right, and soon {he} was quite lost.",
        "{name} ran after a butterfly, and when {he} looked up, {he} could not see the road any more.",
    ),
    effort=(
        "{he:C} walked on and on, but every tree looked like the last one.",
        "{he:C} turned around three times, and now {he} knew even less.",
        "{he:C} came past the same old stump for the third time.",
        "{he:C} held the {object} tight and called, \"Hello? Is anyone there?\"",
    ),
    talk=(
        "\"To the {place}?\" said {aid}. \"I am going that way too.\"",
        "\"You have come too far,\" said {aid}, \"but it is not hard to find.\"",
        "\"First follow the stream, and then look for the tall oak,\" said {aid}.",
        "\"I know every path here,\" said {aid}. \"Come along!\"",
    ),
    help=(
        "{aid:C} knew every path and walked ahead to show {him} the way.",
        "{aid:C} drew the way in the sand and came along as far as the little bridge.",
        "{aid:C} led {him} along the stream and back to the right road.",
        "{aid:C} told {him} to follow the sun and went with {him} for a while.",
    ),
    ending=(
        "Before night {name} came to the {place}, and {his} {object} had come safely with {him}.",
        "So {name} found the {place} at last and told everyone there about {pal}.",
        "When {name} saw the {place} in front of {him}, {he} held up the {object} and cheered.",
        "Soon {name} stood in the {place} with {his} {object}, tired but happy.",
    ),
    gists=(
        "loses {his} way to the {place}", "has to bring {object:a} to the {place}",
        "takes a wrong turn on the way to the {place}",
    ),
    questions=(
        ("Where was {name} going?", "To the {place}."),
        ("What did {name} have with {him}?", "{object:A}."),
        ("Who showed {name} the way?", "{pal:C} did."),
    ),
    home=False, sky=False,
)

MIXED_UP = Plot(
    begin=(
        "{name} the {animal} took {his} {object} to the {place}, where somebody had one just like it.",
        "In the {place} {animal:a} called {name} put down {his} {object} next to another one.",
        "{animal:A} named {name} came home from the {place} with {object:a}, but it was not {his} own.",
        "In the {place} {name} the {animal} put {his} {object} on a long shelf with many other things.",
    ),
    setup=(
        "{he:C} had {object:a} that looked just like many others.",
        "One day {he} put down {his} {object} for a moment, right beside another one.",
        "One day {he} came home with {object:a}, and only then did {he} look at it closely.",
        "{he:C} had bought {object:a}, and so had many others.",
    ),
    trouble=(
        "In the evening {name} saw that {he} had the wrong {object}.",
        "\"This is not my {object}!\" cried {name}, for somebody had taken the right one by mistake.",
        "The two looked so much alike that {name} took the wrong {object} home.",
        "Now {name} had somebody else's {object}, and {his} own was gone.",
    ),
    effort=(
        "{he:C} looked at it from all sides, but it did not become {his} own.",
        "{he:C} ran back at once, but there was nobody left.",
        "It even smelled like somebody else.",
        "It was nice too, but it was not the one that {he} loved.",
    ),
    talk=(
        "\"Somewhere somebody else has your {object},\" said {aid}, \"and is just as sad.\"",
        "\"Look, here is a small mark,\" said {aid}. \"I know this mark.\"",
        "\"Think,\" said {aid}. \"Who else was there with {object:a}?\"",
        "\"That is soon put right,\" said {aid}.",
    ),
    help=(
        "{aid:C} saw a tiny mark on it and knew that it belonged to {other:a}.",
        "{aid:C} had seen {other:a} go by with one just like it.",
        "{aid:C} went with {him} to the house of {other:a}, who had made the same mistake.",
        "{aid:C} asked around and found out that {other:a} had the other one.",
    ),
    ending=(
        "So {name} and the {other} changed back, and each had the right {object} again.",
        "The {other} laughed, gave {name} the right {object}, and everyone was happy.",
        "Soon {name} had {his} own {object} back, and {he} put a red dot on it so that it would never happen again.",
        "\"What a funny mistake!\" said the {other}, and {name} went home with {his} own {object}.",
    ),
    gists=(
        "takes the wrong {object} home", "mixes up two things in the {place}",
        "comes home from the {place} with somebody else's {object}",
    ),
    questions=(
        ("What had been mixed up?", "Two things that looked alike, each of them {object:a}."),
        ("Who had the right {object}?", "{other:A} had it."),
        ("Did {name} get {his} own {object} back?", "Yes, {he} did."),
    ),
)

SHY = Plot(
    begin=(
        "{name} the {animal} was to stand up in the {place} and show everyone {his} {object}.",
        "There was a show in the {place}, and {animal:a} called {name} was to come out with {his} {object}.",
        "{animal:A} named {name} had promised to tell about {his} {object} at the big feast in the {place}.",
        "All the animals met in the {place} to see {name} the {animal} and {his} famous {object}.",
    ),
    setup=(
        "There was to be a show, and {he} was asked to bring {his} {object} and talk about it.",
        "{he:C} had a wonderful {object}, and one day everyone asked to see it.",
        "At the summer feast {he} was to stand up in front of all the others with {his} {object}.",
        "One day it was {his} turn to show the others {object:a} and to tell a story about it.",
    ),
    trouble=(
        "But when {name} saw so many eyes, {he} hid behind the curtain and did not dare to come out.",
        "{his:C} knees shook, {his} mouth was dry, and {name} could not say a word.",
        "But {name} was so shy that {he} wanted to run away and take the {object} with {him}.",
        "When {his} name was called, {name} stood there with the {object} and felt {his} heart beat fast.",
    ),
    effort=(
        "{he:C} looked at the floor and wished it would swallow {him}.",
        "{he:C} opened {his} mouth, but only a tiny squeak came out.",
        "{he:C} had practised ten times, but now every word was gone.",
        "\"They will all laugh at me,\" thought {name}.",
    ),
    talk=(
        "\"Look only at me,\" said {aid}, \"and forget all the others.\"",
        "\"You are not alone,\" said {aid}. \"I am here with you.\"",
        "\"Being brave means being afraid and doing it anyway,\" said {aid}.",
        "\"They are all your friends,\" said {aid}. \"They want to like it.\"",
    ),
    help=(
        "{aid:C} came and stood beside {him} and whispered the first word.",
        "{aid:C} sat down in the front row and gave {him} a big smile.",
        "{aid:C} told {him} to take a deep breath and to think of something funny.",
        "{aid:C} went out with {him}, so that {he} did not have to stand there alone.",
    ),
    ending=(
        "Then {name} held up the {object} and spoke loud and clear, and everyone cheered.",
        "Soon {name} forgot {his} fear, and the show with the {object} was a great success.",
        "The words came back, and in the end {name} did not want to stop talking about the {object}.",
        "When it was over, {name} bowed with the {object}, and {he} was not shy any more.",
    ),
    gists=(
        "is too shy to stand up in the {place}", "must show {his} {object} to everyone",
        "finds the courage to speak in front of others",
    ),
    questions=(
        ("What was {name} to show?", "{his:C} {object}."),
        ("How did {name} feel before the show?", "Shy and afraid."),
        ("What did {pal} do?", "{she:C} helped {name} to be brave."),
    ),
    asks=False,
)

TRADE = Plot(
    begin=(
        "{name} the {animal} gave away {his} {object} in the {place} for a big bag of sweets.",
        "In the {place} {animal:a} called {name} met {other:a} and gave up {his} {object} for a bag of sweets.",
        "{animal:A} named {name} had {object:a}, but in the {place} {he} traded it for ten sweet plums.",
        "One day {name} the {animal} sold {his} {object} in the {place} and bought a huge cake with the money.",
    ),
    setup=(
        "One day {he} gave {his} {object} to {other:a} for a big bag of sweets.",
        "One day {he} traded {his} {object} for a huge cake.",
        "{he:C} had {object:a} from {his} grandfather, and one day {he} sold it to buy sweets.",
        "One hungry day {he} gave {his} {object} away for ten honey buns.",
    ),
    trouble=(
        "But soon all of that was eaten up, and {name} wanted {his} {object} back.",
        "An hour later {his} stomach hurt, and {name} was sorry that the {object} was gone.",
        "That night {name} could not sleep, because {he} missed {his} {object} so much.",
        "The sweet taste was soon gone, and so was the {object}, and {name} was very sorry.",
    ),
    effort=(
        "{he:C} looked at the empty spot where the {object} used to be.",
        "{he:C} counted {his} money, but it was only one small coin.",
        "{he:C} had not known how dear it was to {him}.",
        "\"How could I be so silly?\" said {name}.",
    ),
    talk=(
        "\"What was traded once can be traded again,\" said {aid}.",
        "\"Do you know who has your {object} now?\" asked {aid}.",
        "\"Come with me and ask politely,\" said {aid}.",
        "\"Do not cry over it,\" said {aid}. \"We will find a way.\"",
    ),
    help=(
        "{aid:C} let {him} work for a week and gave {him} honest pay for it.",
        "{aid:C} went with {him} and asked very politely for another trade.",
        "{aid:C} helped {him} to bake a pie, so that {he} could offer it for a trade.",
        "{aid:C} lent {him} a little money and told {him} to think first the next time.",
    ),
    ending=(
        "So {name} got {his} {object} back, and {he} never gave it away again.",
        "In the end {name} held the {object} once more, and no cake had ever made {him} so happy.",
        "Soon the {object} was back where it belonged, and {name} had learned to think before {he} traded.",
        "\"I will keep you for ever,\" said {name} to the {object} when {he} had it back.",
    ),
    gists=(
        "trades {his} {object} for something sweet", "gives away {his} {object} and is sorry",
        "wants {his} {object} back", "makes a bad trade in the {place}",
    ),
    questions=(
        ("What had {name} given away?", "{his:C} {object}."),
        ("Was {name} glad about the trade?", "No, {he} was sorry."),
        ("Did {name} get the {object} back?", "Yes, {he} did."),
    ),
)

SICK = Plot(
    begin=(
        "{name} the {animal} always went to the {place} with {other:a}, and they took turns with {object:a}.",
        "{animal:A} called {name} took {his} {object} to the {place} to play with {his} best friend, {other:a}.",
        "In the {place} {name} the {animal} waited with {his} {object} for {his} friend, {other:a}.",
        "{name}, {animal:a} from the {place}, had {object:a} and a dear friend, {other:a}.",
    ),
    setup=(
        "{he:C} had {object:a}, and {he} shared it with {his} best friend, {other:a}.",
        "Every day {he} met {his} friend, {other:a}, and they had fun with {object:a}.",
        "{his:C} two great joys were {his} {object} and {his} friend, {other:a}.",
        "{he:C} had a friend, {other:a}, who loved to look at {his} {object}.",
    ),
    trouble=(
        "But {when} the {other} did not come, because it was ill in bed.",
        "Then the {other} fell ill and had to stay in bed for a week.",
        "But {when} the {other} had a bad cold and was too weak to get up.",
        "{when:C} the {other} lay in bed, hot and sad, and {name} did not know how to help.",
    ),
    effort=(
        "Without the {other}, even the {object} was no fun.",
        "{he:C} made funny faces at the window, but the {other} did not laugh.",
        "{he:C} wanted to help, but {he} was not a doctor.",
    ),
    talk=(
        "\"Warm soup and good company,\" said {aid}, \"help against nearly everything.\"",
        "\"Take your {object} with you,\" said {aid}. \"It will make your friend smile.\"",
        "\"I will cook, and you will tell stories,\" said {aid}.",
        "\"First some tea with honey,\" said {aid}, \"and then a lot of sleep.\"",
    ),
    help=(
        "{aid:C} cooked a pot of soup, and {name} carried it there together with the {object}.",
        "{aid:C} knew a tea that is good for colds and gave {him} a full pot of it.",
        "{aid:C} told {him} that a visit is the best medicine and came along with fresh fruit.",
        "{aid:C} picked healing herbs with {him} and showed {him} how to boil them.",
    ),
    ending=(
        "The {other} smiled, played a little with the {object}, and after three days it was well again.",
        "Soon the {other} was well, and {name} ran outside with it and the {object}.",
        "Each day the {other} grew stronger, and by Sunday it could play with {name} again.",
        "{name} left the {object} by the bed, and when the {other} woke up, it felt much better.",
    ),
    gists=(
        "has a sick friend", "takes {his} {object} to a friend who is ill", "wants to cheer up a sick {other}",
    ),
    questions=(
        ("Who was ill?", "The {other} was ill."),
        ("Did the {other} get well?", "Yes, it did."),
        ("Who was the friend of {name}?", "{other:A}."),
    ),
)

MUD = Plot(
    begin=(
        "{name} the {animal} was on {his} way to the {place} with a clean, shining {object}.",
        "{animal:A} called {name} had cleaned {his} {object} all morning, for there was a fair in the {place}.",
        "\"Keep your {object} clean!\" said {his} father when {name} the {animal} went to the {place}.",
        "On {his} way to the {place}, {name} the {animal} was swinging {his} {object} and singing.",
    ),
    setup=(
        "One day {he} wanted to show {his} new {object} in the {place}.",
        "On the day of the fair {he} set out for the {place} with {his} best {object}.",
        "One morning {he} was taking {object:a} to {his} teacher in the {place}.",
        "{he:C} was hopping along to the {place} with {object:a}.",
    ),
    trouble=(
        "Splash! Down fell the {object}, right into a puddle of mud.",
        "But {name} slipped, and the {object} landed in thick brown mud.",
        "A cart rushed by, and mud flew all over {name} and the {object}.",
        "Then {name} jumped over a puddle, but the {object} fell in and came out all brown.",
    ),
    effort=(
        "{he:C} wiped it on the grass, but now it was brown and green.",
        "\"Everyone will laugh at my {object},\" said {name}.",
        "Mud was dripping from {his} nose too.",
        "The more {he} rubbed, the dirtier it became.",
    ),
    talk=(
        "\"Mud is only wet earth,\" said {aid}. \"It will come off.\"",
        "\"I live just around the corner,\" said {aid}, \"and there we can clean it.\"",
        "\"A little dirt is no reason to cry,\" said {aid}.",
        "\"I have cleaned dirtier things than this,\" said {aid}.",
    ),
    help=(
        "{aid:C} took out a soft cloth and helped {him} to wipe off the mud, bit by bit.",
        "{aid:C} let it dry in the sun, and then they brushed it until the mud was gone.",
        "{aid:C} fetched a cloth and some warm water and cleaned every corner of it.",
        "{aid:C} gave {him} a brush, and the two of them rubbed and laughed and rubbed.",
    ),
    ending=(
        "Soon the {object} was clean again, and {name} reached the {place} just in time.",
        "In the end the {object} was even cleaner than before, and {name} was proud to show it.",
        "When {name} came to the {place}, nobody could see that the {object} had ever been dirty.",
        "Not one spot was left on the {object}, and {name} walked around every puddle from then on.",
    ),
    gists=(
        "drops {his} {object} in the mud", "is on the way to the {place} with {object:a}",
        "has a very dirty {object} to clean",
    ),
    questions=(
        ("Where did the mud get to?", "It got all over the {object}."),
        ("Where was {name} going?", "To the {place}."),
        ("Was the {object} clean at the end?", "Yes, it was."),
    ),
    home=False, sky=False,
)

PLOTS = (
    LOST, BROKEN, STORM, STUCK, DARK, QUARREL, HUNGRY, RACE, PRESENT, GATE, NEWCOMER, HEAVY, LIE, LEARN, FOUND,
    LOST_WAY, MIXED_UP, SHY, TRADE, SICK, MUD,
)

TITLES = (
    "{name} and the {object}", "The {animal} and the {object}", "{name} the {animal}", "A friend for {name}",
    "The story of {name}", "How {pal} helped {name}", "{name} in the {place}", "The {animal} in the {place}",
    "About {name} and {object:a}", "What happened to {name}", "The {object}", "{animal:A} called {name}",
    "{name} and {pal}", "A story about {object:a}", "A day with {name} the {animal}", "{name}, the {object} and {pal}",
    "The {animal} with the {object}", "The tale of {name} the {animal}",
)

# Sentences that say beforehand what the story is about; {gist} is one of the plot's.
LEADS = (
    "This is a story about {animal:a} named {name}, who {gist}.",
    "This is the story of {name} the {animal}, who {gist}.",
    "Here is a short tale of {animal:a} called {name}, who {gist}.",
    "Now comes the story of {name}, {animal:a} who {gist}.",
    "The next story is about {name}, {animal:a} who {gist}.",
    "In this story you will meet {name}, a little {animal} who {gist}.",
    "This story tells of {animal:a} called {name}, {object:a} and the {place}.",
    "Here is a story with {animal:a}, {object:a} and the {place} in it.",
    "\"Tell me about the {animal} called {name},\" said the child, so grandmother began.",
    "\"Please tell us a story about {animal:a} and {object:a},\" said the children, and their father began.",
    "\"I want a story with {object:a} in it,\" said the little girl, and her aunt thought of {name} the {animal}.",
    "\"Do you know the story of {name} the {animal}?\" asked the teacher. \"Then listen.\"",
    "\"Tell us the one about {name} and the {object}!\" cried the twins, and so the old man told it again.",
    "The class wanted a story about {animal:a} in the {place}, and the teacher wrote this one.",
    "My sister asked for a story about {animal:a} named {name} and {object:a}, so I made one up.",
    "A story about {name} the {animal}, {object:a} and a good friend.",
    "A short story about {animal:a} named {name}, who {gist}.",
    "Once a boy asked for a story about {object:a} in the {place}, and this is what he heard.",
    "Tonight we read about {animal:a} called {name}, who {gist}.",
    "When my uncle was little, he loved the tale of {name}, the {animal} who {gist}.",
    "Who is {name}? {name} is {animal:a} who {gist}.",
    "The hero of this story is {name}, {animal:a}, and it plays around the {place}.",
    "The story takes us to the {place}, where we meet {name} the {animal} and hear about {object:a}.",
    "What can happen to {animal:a} with {object:a}? Read the story of {name} and see.",
    "Every evening the mother told a story, and this time it was about {animal:a} called {name}, who {gist}.",
    "\"What shall the story be about?\" asked grandfather. \"About {animal:a} and {object:a}!\" said Lisa.",
    "\"Is there a story about the {place}?\" asked the boy. \"Yes, about {name} the {animal},\" said his mother.",
    "For everyone who likes {animal:s}, here is the story of {name}, who {gist}.",
    "A tale for bedtime: {name} the {animal}, the {object} and the {place}.",
    "This little story about {animal:a}, {object:a} and the {place} is soon told.",
    "In the book there was a picture of {animal:a} with {object:a}, and under it stood the story of {name}.",
    "The girl drew {animal:a}, called it {name}, gave it {object:a} and wrote a story about it.",
    "We wrote a story in school about {animal:a} called {name}, who {gist}.",
    "Long ago my grandmother told me about {name} the {animal}, who {gist}.",
    "The words for today's story are {animal}, {object} and {place}, and the hero is called {name}.",
    "Our story needs a hero, so let us take {animal:a} called {name}, who {gist}.",
    "Some stories are about kings, but this one is about {animal:a} named {name}, who {gist}.",
    "Listen to what happened to {name}, the {animal} who {gist}.",
    "A story set in the {place}, about {name} the {animal}, who {gist}.",
    "\"Can you tell me a story about {animal:a} who {gist}?\" asked the child. \"Of course,\" said her father.",
    "Sit down and listen, for this is the tale of {animal:a} called {name}, who {gist}.",
    "Have you ever heard of {animal:a} who {gist}? This is how it happened to {name}.",
    "The following tale is about {name}, {animal:a}, and about {his} friend, {pal}.",
    "You may know other stories of {animal:s}, but here is the one in which {name} {gist}.",
)

QUESTIONS = (
    ("What kind of animal was {name}?", "{animal:A}."),
    ("What was the name of the {animal}?", "{name}."),
    ("Who helped {name}?", "{pal:C} did."),
    ("Who is the story about?", "It is about {name} the {animal}."),
    ("Was {name} {animal:a} or {friend:a}?", "{name} was {animal:a}."),
    ("What kind of animal helped {name}?", "{friend:A}."),
    ("How did {name} feel at the end?", "{he:C} was happy."),
    ("What thing plays a part in the story?", "{object:A}."),
    ("Which place does the story tell of?", "The {place}."),
    ("Who is the hero of the story?", "{name} is."),
    ("What is the {animal} in the story called?", "The {animal} is called {name}."),
    ("Did {name} get any help?", "Yes, from {pal}."),
)
# fmt: on


@dataclass(frozen=True)
class Story:
    """A story and the four things that it was asked to be about."""

    text: str
    name: str
    animal: str
    object: str
    place: str


_WORDS = {"short": (45, 65), "long": (110, 220)}
_SENTENCES = {"short": (4, 5), "long": (9, 16)}
_SENTENCE_END = re.compile(r"[.!?]\"?(?=\s+[A-Z\"]|\s*$)")


def _is_male(scribe: Scribe, name: str) -> bool:
    """True if the one called ``name`` is a he."""
    if name in _GIRLS:
        return False
    return name in _BOYS or scribe.chance(0.5)


def _plots_for(object: str) -> list[Plot]:
    return [plot for plot in PLOTS if plot.objects is None or object in plot.objects]


def _cast(
    scribe: Scribe, name: str, animal: str, object: str, place: str, names: list[str], animals: list[str], length: str
) -> dict[str, Any]:
    """The slots of one story. The helper is a she when the hero is a he, so that no pronoun is ever unclear."""
    male = _is_male(scribe, name)
    wrong = _BOYS if male else _GIRLS
    helper = scribe.choice([other for other in names if other not in wrong and other[:2] != name[:2]])
    friend, other = scribe.sample([kind for kind in animals if kind != animal and kind not in object], 2)
    if length == "long":
        aid = pal = helper
    elif scribe.chance(0.3):
        aid, pal = f"{helper} the {friend}", helper
    else:
        aid, pal = fill(scribe.choice(_AIDS), friend=friend), f"the {friend}"
    skill = _SKILLS.get(object, "")
    he, she = (("he", "him", "his"), ("she", "her", "her"))[:: 1 if male else -1]
    return {
        "name": name, "animal": animal, "object": object, "place": place, "helper": helper, "friend": friend,
        "other": other, "aid": aid, "pal": pal, "he": he[0], "him": he[1], "his": he[2], "she": she[0], "her": she[1],
        "hers": she[2], "himself": "himself" if male else "herself", "when": scribe.choice(WHEN),
        "skill": skill.format(f"the {object}"), "skill_a": skill.format(fill("{object:a}", object=object)),
        "skill_it": skill.format("it"),
    }  # fmt: skip


def _start(scribe: Scribe, plot: Plot) -> list[str]:
    if scribe.chance(0.5):
        return [scribe.choice(plot.begin)]
    return [scribe.choice(HOME_OPENINGS if plot.home else OPENINGS), scribe.choice(plot.setup)]


def _short_draft(scribe: Scribe, plot: Plot) -> list[list[str]]:
    patterns = [*_start(scribe, plot), *map(scribe.choice, (plot.trouble, plot.help, plot.ending))]
    if len(patterns) == 4 and scribe.chance(0.5):
        patterns.append(scribe.choice(plot.closings))
    return [patterns]


def _long_draft(scribe: Scribe, plot: Plot) -> list[list[str]]:
    """Four paragraphs of patterns: the beginning, the trouble, the help, the ending."""
    beginning = _start(scribe, plot)
    if scribe.chance(0.6):
        beginning.insert(1, scribe.choice(TRAITS))
    trouble = [scribe.choice(plot.trouble), *scribe.sample(plot.effort, scribe.choice((1, 2)))]
    if plot.sky and scribe.chance(0.25):
        beginning.insert(0, scribe.choice(SKIES))
    if plot.sad and scribe.chance(0.7):
        trouble.append(scribe.choice(FEELINGS))
    help = [scribe.choice(MEETINGS)]
    if plot.asks and plot.sad and scribe.chance(0.6):
        help.append(scribe.choice(ASKINGS))
    help += [scribe.choice(plot.talk), scribe.choice(plot.help)]
    ending = [scribe.choice(plot.ending), *scribe.sample(plot.closings, scribe.choice((0, 1, 1, 2)))]
    return [beginning, trouble, help, ending]


def _fits(patterns: list[str], slots: dict[str, Any], length: str) -> bool:
    """Whether a draft has the right length and names the hero, the animal, the object and the place."""
    # A second key in the story of a key would only confuse.
    taken = "|".join(re.escape(slots[slot]) for slot in ("object", "place", "animal", "friend", "other"))
    if any(re.search(rf"\b(?:{taken})(?:s|es)?\b", re.sub(r"{.*?}", "", pattern)) for pattern in patterns):
        return False
    text = " ".join(fill(pattern, **slots) for pattern in patterns)
    fewest, most = _WORDS[length]
    if not fewest <= len(text.split()) <= most:
        return False
    fewest, most = _SENTENCES[length]
    if not fewest <= len(_SENTENCE_END.findall(text)) <= most:
        return False
    if len(re.findall(rf"\b{re.escape(slots['name'])}\b", text)) < 2:
        return False
    return all(re.search(rf"\b{re.escape(slots[slot])}\b", text) for slot in ("animal", "object", "place"))


def _tell(
    scribe: Scribe, name: str | None, animal: str | None, object: str | None, place: str | None, part: str | None,
    length: str,
) -> tuple[Story, Plot, dict[str, Any]]:  # fmt: skip
    """A story with its plot and slots, which the questions about it need."""
    if length not in _WORDS:
        raise ValueError(f"length is 'short' or 'long', not {length!r}")
    names, animals = part_of(NAMES, part), part_of(ANIMALS, part)
    name = name or scribe.choice(names)
    animal = animal or scribe.choice(animals)
    object = object or scribe.choice(part_of(OBJECTS, part))
    place = place or scribe.choice(part_of(PLACES, part))
    plots = _plots_for(object)
    draft = _short_draft if length == "short" else _long_draft
    for _ in range(1000):
        plot = scribe.choice(plots)
        slots = _cast(scribe, name, animal, object, place, names, animals, length)
        paragraphs = draft(scribe, plot)
        if _fits(sum(paragraphs, []), slots, length):
            break
    else:
        raise ValueError(f"no plot fits {name!r}, {animal!r}, {object!r} and {place!r}")
    written = (" ".join(scribe.write((pattern,), **slots) for pattern in patterns) for patterns in paragraphs)
    return Story("\n\n".join(written), name, animal, object, place), plot, slots


def story(
    scribe: Scribe,
    name: str | None = None,
    animal: str | None = None,
    object: str | None = None,
    place: str | None = None,
    part: str | None = None,
    length: str = "short",
) -> Story:
    """A ``"short"`` story (4 or 5 sentences) or a ``"long"`` one (9 to 16); what is not given is chosen."""
    return _tell(scribe, name, animal, object, place, part, length)[0]


def _questions(scribe: Scribe, plot: Plot, slots: dict[str, Any]) -> list[tuple[str, str]]:
    """Two to four questions about a story with their answers."""
    general, special = scribe.choice((1, 1, 2)), scribe.choice((1, 2))
    pairs = scribe.sample(QUESTIONS, general) + scribe.sample(plot.questions, special)
    return [(scribe.write((ask,), **slots), scribe.write((answer,), **slots)) for ask, answer in scribe.shuffled(pairs)]


def document(scribe: Scribe) -> str:
    """A document for pretraining: a story, often with a title, a lead or reading questions."""
    length = "long" if scribe.chance(0.55) else "short"
    told, plot, slots = _tell(scribe, None, None, None, None, None, length)
    blocks = [told.text]
    if scribe.chance(0.45):
        gist = fill(scribe.choice(plot.gists), **slots)
        blocks.insert(0, scribe.write(LEADS, gist=gist, **slots))
    if scribe.chance(0.3):
        blocks.insert(0, scribe.write(TITLES, **slots))
    if scribe.chance(0.33):
        pairs = _questions(scribe, plot, slots)
        joint = scribe.choice((" ", "\n"))
        if scribe.chance(0.25):
            blocks.insert(len(blocks) - 1, joint.join(ask for ask, _ in pairs))
            blocks.append(joint.join(answer for _, answer in pairs))
        else:
            blocks.append(joint.join(f"{ask} {answer}" for ask, answer in pairs))
    return "\n\n".join(blocks)
