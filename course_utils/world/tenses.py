"""One sentence in several forms: present, past, question and negative."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from course_utils.world.grammar import Scribe, fill, part_of


@dataclass(frozen=True)
class Verb:
    """A verb, what can follow it, and who can do it."""

    base: str
    third: str
    past: str
    complements: tuple[str, ...]
    subjects: str = "people"  # or "all": people and animals
    takes_time: bool = True  # False: "every day" does not fit


@dataclass(frozen=True)
class Rewriting:
    """The same sentence in four forms."""

    present: str
    past: str
    question: str
    negative: str


def _verb(forms: str, *complements: str, subjects: str = "people", takes_time: bool = True) -> Verb:
    base, third, past = forms.split()
    return Verb(base, third, past, complements, subjects, takes_time)


# fmt: off
VERBS = (
    _verb("walk walks walked", "to the {place}", "to the {wild}", "along the {wild}", "past the {building}"),
    _verb("eat eats ate", "{food:a}", "{food:a} and {food2:a}", "{food:a} at the {building}"),
    _verb("run runs ran", "to the {wild}", "around the {wild}", "through the {outside}", subjects="all"),
    _verb("play plays played", "in the {outside}", "with the {toy}", "near the {wild}", "the {instrument}"),
    _verb("sleep sleeps slept", "under the {big}", "near the {wild}", "in the {outside}", subjects="all"),
    _verb("open opens opened", "the {opening}", "the {container}", "the {opening} of the {building}"),
    _verb("jump jumps jumped", "over the {low}", "onto the {low}", "into the {water}", subjects="all"),
    _verb("write writes wrote", "{text:a}", "{letter:a} to {person}", "{text:a} about the {creature}"),
    _verb("see sees saw", "the {creature} in the {outside}", "the {vehicle}", "the {building}", subjects="all"),
    _verb("sing sings sang", "in the {building}", "a song about the {creature}", "near the {wild}"),
    _verb("buy buys bought", "{clothing:a}", "{food:a} at the {shop}", "{toy:a} for {person}", "{tool:a}"),
    _verb("climb climbs climbed", "onto the {low}", "over the {low}", "up the {high}", subjects="all"),
    _verb("carry carries carried", "the {container} to the {place}", "the {tool} home", "{vessel:a} of {mass}"),
    _verb("drink drinks drank", "from the {water}", "water from the {vessel}", subjects="all"),
    _verb("read reads read", "{text:a}", "{text:a} about the {creature}", "{text:a} in the {building}"),
    _verb("go goes went", "to the {wild}", "into the {outside}", "to the {big}", subjects="all"),
    _verb("wash washes washed", "the {vehicle}", "the {clothing}", "the {vessel} in the kitchen"),
    _verb("sit sits sat", "under the {big}", "on the {low}", "near the {wild}", subjects="all"),
    _verb("draw draws drew", "{creature:a}", "the {building}", "{vehicle:a} on the {container}"),
    _verb("bring brings brought", "{food:a} to the {place}", "the {tool} to {person}", "{vessel:a} of {mass}"),
    _verb("swim swims swam", "in the {water}", "across the {water}", subjects="all"),
    _verb("cook cooks cooked", "{meal} for {person}", "{meal} in the {building}", "{meal} with butter"),
    _verb("look looks looked", "at the {creature}", "under the {big}", "at the {building}", subjects="all"),
    _verb("make makes made", "{toy:a}", "{clothing:a} for {person}", "{toy:a} out of paper"),
    _verb("find finds found", "{food:a} in the {outside}", "the {way} to the {wild}", "{food:a} under the {big}",
          subjects="all"),
    _verb("paint paints painted", "the {low}", "the {opening}", "{creature:a} on the {container}"),
    _verb("wait waits waited", "near the {wild}", "under the {big}", "in front of the {building}", subjects="all"),
    _verb("help helps helped", "{person}", "{person} in the {outside}", "{person} with the {tool}"),
    _verb("hide hides hid", "under the {big}", "in the {outside}", "behind the {building}", subjects="all"),
    _verb("ride rides rode", "a bike to the {place}", "a horse to the {wild}", "a bike along the {wild}"),
    _verb("come comes came", "to the {building}", "out of the {outside}", "from the {wild}", subjects="all"),
    _verb("clean cleans cleaned", "the {vehicle}", "the {container}", "the {building}"),
    _verb("cross crosses crossed", "the {wild}", "the {wild} near the {building}", subjects="all"),
    _verb("catch catches caught", "{fish:a} in the {water}", "the {toy}", "a bus to the {place}",
          "a train to the {place}"),
    _verb("stand stands stood", "under the {big}", "near the {wild}", "in front of the {opening}", subjects="all"),
    _verb("give gives gave", "{person} {food:a}", "{food:a} to the {creature}", "{toy:a} to {person}"),
    _verb("follow follows followed", "the {creature}", "the {creature} to the {wild}",
          "the {creature} into the {outside}", subjects="all"),
    _verb("bake bakes baked", "{cake:a}", "{cake:a} for {person}", "{cake:a} in the kitchen"),
    _verb("lose loses lost", "the {tool}", "the {toy} in the {outside}", "{clothing:a} on the way to the {place}"),
    _verb("watch watches watched", "the {creature} in the {outside}", "the {vehicle}", "the {creature}",
          subjects="all"),
    _verb("throw throws threw", "the {toy} over the {low}", "the {toy} to {person}", "{food:a} into the {water}"),
    _verb("cut cuts cut", "the {food} with a knife", "the {cake} into pieces", "the grass near the {wild}"),
    _verb("fall falls fell", "into the {water}", "off the {low}", "asleep under the {big}", subjects="all"),
    _verb("visit visits visited", "{person}", "the {building}", "{person} in the {building}"),
    _verb("leave leaves left", "the {building}", "the {outside}", "the {tool} in the {outside}"),
    _verb("push pushes pushed", "the {container} under the {big}", "the {opening} open",
          "the {container} to the {building}"),
    _verb("hear hears heard", "the {creature} in the {outside}", "the {vehicle}", "the {creature}", subjects="all"),
    _verb("build builds built", "{house:a} near the {wild}", "{house:a} for {person}", "{house:a} out of stones"),
    _verb("feed feeds fed", "the {creature}", "the {creature} near the {wild}", "the {creature} in the {outside}"),
    _verb("rest rests rested", "under the {big}", "in the {outside}", "near the {wild}", subjects="all"),
    _verb("sell sells sold", "{food:s} at the {place}", "{tool:s} to {person}", "{toy:s} and {clothing:s}"),
    _verb("fix fixes fixed", "the {vehicle}", "the {opening}", "the {toy} for {person}", "the {tool}"),
    _verb("smell smells smelled", "the {food}", "the {mass} in the {vessel}", subjects="all"),
    _verb("wear wears wore", "{clothing:a}", "{clothing:a} and {clothing2:a}", "{clothing:a} in the {outside}"),
    _verb("touch touches touched", "the {creature}", "the {opening}", "the {tool}"),
    _verb("pull pulls pulled", "a boat out of the {water}", "the {container} to the {building}",
          "the {container} out of the {vehicle}"),
    _verb("tell tells told", "{person} a story", "{person} about the {creature}", "a story about the {creature}"),
    _verb("steal steals stole", "{food:a} from the {building}", "{food:a} and {food2:a}", subjects="all"),
    _verb("plant plants planted", "{big:a} near the {wild}", "flowers in front of the {building}",
          "flowers in the {outside}"),
    _verb("turn turns turned", "left at the {building}", "right at the {wild}", "back at the {wild}", subjects="all"),
    _verb("drive drives drove", "to the {place}", "the {vehicle} to the {place}", "past the {building}"),
    _verb("chase chases chased", "the {creature}", "the {creature} around the {big}",
          "the {creature} into the {outside}", subjects="all"),
    _verb("learn learns learned", "{subject_taught} at school", "a poem about the {creature}",
          "{subject_taught} from {person}"),
    _verb("break breaks broke", "the {vessel}", "the {tool}", "the {toy} of {person}"),
    _verb("live lives lived", "near the {wild}", "in the {outside}", "behind the {building}", subjects="all",
          takes_time=False),
    _verb("call calls called", "{person}", "the {creature}", "{person} from the {building}"),
    _verb("send sends sent", "{letter:a} to {person}", "{person} to the {place}", "{person} {letter:a}"),
    _verb("dig digs dug", "a hole under the {big}", "a hole near the {wild}", "in the {outside}", subjects="all"),
    _verb("hold holds held", "the {vessel}", "the {tool}", "the {container} for {person}"),
    _verb("know knows knew", "the {way} to the {wild}", "the {creature} well", "every corner of the {outside}",
          subjects="all", takes_time=False),
    _verb("teach teaches taught", "{subject_taught}", "{person} {subject_taught}",
          "{subject_taught} in the {building}"),
    _verb("lift lifts lifted", "the {container}", "the {container} onto the {low}", "the {toy}"),
    _verb("meet meets met", "{person}", "{person} near the {wild}", "{person} at the {place}"),
    _verb("lie lies lay", "under the {big}", "on the {low}", "near the {wild}", subjects="all"),
    _verb("study studies studied", "{subject_taught}", "the map of the {place}", "{subject_taught} in the {building}"),
    _verb("hurry hurries hurried", "to the {wild}", "past the {building}", "back to the {outside}", subjects="all"),
    _verb("love loves loved", "the {outside}", "{food:s}", "the {creature}", takes_time=False),
    _verb("speak speaks spoke", "to {person}", "about the {creature}", "with {person} about the {building}"),
    _verb("take takes took", "{food:a} from the {container}", "the {vehicle} to the {place}", "the {tool} to {person}"),
    _verb("return returns returned", "to the {wild}", "from the {outside}", "to the {building}", subjects="all"),
    _verb("dance dances danced", "around the {big}", "in the {outside}", "with {person}"),
    _verb("want wants wanted", "{food:a}", "{toy:a} for {person}", "{clothing:a}", takes_time=False),
    _verb("pick picks picked", "{food:s}", "{food:s} in the {outside}", "flowers near the {wild}"),
    _verb("fly flies flew", "a kite in the {outside}", "a kite near the {wild}", "a kite with {person}"),
    _verb("move moves moved", "to the {outside}", "away from the {wild}", "closer to the {big}", subjects="all"),
    _verb("keep keeps kept", "{mass} in the {vessel}", "the {tool} in the {container}", "{creature:a}",
          takes_time=False),
    _verb("knock knocks knocked", "on the {opening}", "at the door of the {building}", "on the {low}"),
    _verb("forget forgets forgot", "the {tool}", "the {clothing}", "{person}", "the {food}"),
    _verb("cry cries cried", "in the {outside}", "near the {wild}", "about the {tool}"),
    _verb("choose chooses chose", "{clothing:a}", "{toy:a} for {person}", "{food:a}"),
    _verb("work works worked", "in the {building}", "in the {outside}", "with {person}", "with {tool:a}"),
    _verb("think thinks thought", "about the {creature}", "of {person}", "about the {building}"),
    _verb("show shows showed", "{person} the {creature}", "{person} the {way} to the {wild}", "the {toy} to {person}"),
    _verb("laugh laughs laughed", "at the {creature}", "with {person}", "about the {toy}"),
    _verb("need needs needed", "{tool:a}", "{clothing:a}", "{vessel:a} of {mass}", takes_time=False),
    _verb("pay pays paid", "for the {food}", "for the {clothing}", "{person} for the {tool}"),
    _verb("sweep sweeps swept", "the floor of the {building}", "the path near the {wild}", "the yard with a broom"),
    _verb("have has had", "{toy:a}", "{tool:a}", "{clothing:a}", "{creature:a}", takes_time=False),
    _verb("win wins won", "{toy:a}", "a game against {person}", "a race to the {wild}"),
    _verb("listen listens listened", "to {person}", "to the {creature}", "to the sound of the {vehicle}"),
    _verb("dream dreams dreamed", "of the {creature}", "about the {outside}", "of the {wild}", subjects="all"),
    _verb("count counts counted", "the {food:s}", "the {creature:s} in the {outside}", "the {container:s}"),
    _verb("like likes liked", "the {wild}", "{food:s}", "the {outside}", subjects="all", takes_time=False),
    _verb("fill fills filled", "the {vessel} with {mass}", "the {container} with {food:s}", "the {container}"),
    _verb("hit hits hit", "the {opening} with a stick", "the {low}", "the ball over the {low}"),
    _verb("arrive arrives arrived", "at the {wild}", "at the {building}", "at the {place} with {person}"),
    _verb("try tries tried", "the {food}", "the {mass}", "the {tool}", "the {cake}"),
)

WORDS = {
    "place": (
        "park", "market", "station", "school", "library", "beach", "shop", "town hall", "museum", "office", "zoo",
        "bakery", "harbour", "church", "airport", "city", "bus stop", "swimming pool", "hospital", "theatre",
        "village", "castle", "playground", "fair",
    ),
    "wild": (
        "river", "hill", "bridge", "road", "lake", "field", "path", "pond", "stream", "wall", "farm", "meadow", "gate",
        "hedge", "wood", "canal", "village", "track", "old mill", "beach",
    ),
    "outside": (
        "garden", "forest", "yard", "field", "barn", "meadow", "wood", "park", "desert", "valley", "orchard",
        "courtyard", "stable", "jungle", "cave", "long grass",
    ),
    "building": (
        "house", "school", "barn", "kitchen", "library", "church", "shop", "hut", "tower", "castle", "cottage",
        "workshop", "museum", "office", "mill", "hotel", "cabin", "hall", "shed", "bakery",
    ),
    "shop": ("market", "bakery", "corner shop", "station", "fair", "farm shop", "village shop", "supermarket"),
    "food": (
        "apple", "sandwich", "pear", "biscuit", "egg", "orange", "bread roll", "carrot", "plum", "banana", "sausage",
        "peach", "pancake", "nut", "potato", "tomato", "cherry", "cookie", "melon", "muffin", "lemon", "fig", "pie",
        "mushroom",
    ),
    "mass": ("soup", "milk", "honey", "juice", "water", "lemonade", "tea", "sauce", "cream", "cocoa"),
    "meal": ("soup", "rice", "stew", "porridge", "pasta", "beans", "fish", "corn", "noodles", "potatoes",
             "eggs", "lunch"),
    "cake": ("cake", "apple pie", "loaf", "plum tart", "lemon cake", "pizza", "carrot cake", "cherry pie"),
    "toy": (
        "ball", "kite", "doll", "paper boat", "drum", "toy train", "puppet", "mask", "teddy bear", "puzzle",
        "wooden horse", "balloon", "yo-yo", "toy car", "spinning top", "whistle",
    ),
    "instrument": ("piano", "flute", "guitar", "violin", "drum", "trumpet", "harp", "cello"),
    "big": ("tree", "bush", "oak", "apple tree", "rose bush", "pine", "willow", "fig tree", "palm tree", "pear tree"),
    "low": ("fence", "wall", "bench", "box", "log", "cart", "big stone", "gate", "table", "rock", "hay bale", "chair"),
    "high": ("hill", "tree", "ladder", "stairs", "rock", "mountain", "tower", "wall", "steep path", "rope", "old oak",
             "cliff"),
    "water": ("river", "lake", "pond", "sea", "stream", "pool", "canal", "well"),
    "vessel": ("cup", "bowl", "glass", "bottle", "bucket", "jug", "mug", "pan"),
    "container": ("box", "basket", "bag", "bucket", "jar", "crate", "sack", "pot", "chest", "suitcase", "parcel",
                  "tin"),
    "tool": ("hammer", "rope", "broom", "lamp", "map", "spade", "umbrella", "knife", "ladder", "key", "pen", "brush",
             "torch", "saw", "spoon", "needle"),
    "clothing": ("coat", "hat", "scarf", "jacket", "shirt", "dress", "cap", "jumper", "raincoat", "belt", "skirt",
                 "warm sweater"),
    "vehicle": ("car", "bus", "train", "boat", "truck", "bike", "tractor", "van", "wagon", "ship", "taxi", "cart"),
    "opening": ("door", "window", "gate", "cupboard", "shutter", "front door", "garage door", "back door"),
    "creature": (
        "fox", "dog", "bird", "horse", "cat", "owl", "rabbit", "goat", "duck", "mouse", "sheep", "bear", "frog", "cow",
        "swan", "hen", "deer", "squirrel", "pig", "donkey", "parrot", "turtle", "wolf", "snail",
    ),
    "fish": ("fish", "frog", "trout", "crab", "big fish", "small fish", "eel", "turtle"),
    "text": ("letter", "story", "poem", "book", "note", "message", "card", "report", "long letter", "short story",
             "newspaper article", "comic"),
    "letter": ("letter", "message", "note", "card", "long letter", "postcard", "short note", "kind letter"),
    "house": ("house", "shed", "hut", "wall", "tower", "tree house", "bridge", "small cabin"),
    "subject_taught": ("English", "maths", "music", "history", "French", "drawing", "science", "Spanish"),
    "way": ("way", "path", "road", "track"),
    "person": (
        "the teacher", "Grandma", "a friend", "the baker", "the old woman", "Uncle Paul", "the children", "the twins",
        "the neighbour", "Aunt Mary", "the farmer", "the baby", "the nurse", "the new boy", "the doctor", "Grandpa",
        "the guests", "the new girl", "Mr Hill", "the sailor", "Mrs Wood", "the driver", "the cousins", "the old man",
    ),
}

PEOPLE = (
    ("Tom", "he"), ("my sister", "she"), ("the old man", "he"), ("Anna", "she"), ("the teacher", "she"),
    ("Ben", "he"), ("Mia", "she"), ("my brother", "he"), ("Omar", "he"), ("the nurse", "she"), ("Lucy", "she"),
    ("the farmer", "he"), ("Jack", "he"), ("our neighbour", "she"), ("Rosa", "she"), ("the little boy", "he"),
    ("Sam", "he"), ("my aunt", "she"), ("the king", "he"), ("Nina", "she"), ("the baker", "he"), ("Leo", "he"),
    ("the queen", "she"), ("Ella", "she"), ("my uncle", "he"), ("Grace", "she"), ("the young girl", "she"),
    ("Hugo", "he"), ("Grandpa", "he"), ("Kate", "she"), ("the sailor", "he"), ("Ivan", "he"), ("my cousin", "she"),
    ("Sara", "she"), ("the doctor", "she"), ("Noah", "he"), ("Grandma", "she"), ("Mr Brown", "he"),
    ("the policeman", "he"), ("Clara", "she"), ("Adam", "he"), ("Mrs Green", "she"), ("the tall woman", "she"),
    ("Finn", "he"), ("the driver", "he"), ("Zoe", "she"), ("my friend", "she"), ("Paul", "he"), ("Eva", "she"),
    ("the gardener", "he"), ("Max", "he"), ("the princess", "she"), ("the cook", "he"), ("Ruth", "she"),
    ("her son", "he"), ("Dan", "he"), ("his daughter", "she"), ("Maya", "she"), ("the new boy", "he"),
    ("Aunt Rose", "she"),
)
ANIMALS = (
    ("the fox", "it"), ("our dog", "he"), ("the bear", "it"), ("the white cat", "she"), ("the horse", "it"),
    ("the wolf", "it"), ("the rabbit", "it"), ("the old goat", "it"), ("the mouse", "it"), ("the tiger", "it"),
    ("the puppy", "it"), ("the brown cow", "she"), ("the pony", "it"), ("the deer", "it"), ("the little pig", "it"),
    ("the donkey", "it"), ("the black dog", "it"), ("the rat", "it"), ("the lion", "it"), ("the kitten", "it"),
    ("the squirrel", "it"), ("the monkey", "it"), ("the badger", "it"), ("the otter", "it"),
)
TIMES = (
    "every day", "in the morning", "on Sundays", "after lunch", "in the evening", "before dinner", "in the afternoon",
    "every week", "on Monday", "at night", "in summer", "early in the morning", "in the rain", "at noon", "on Fridays",
    "every morning", "before breakfast", "on Saturday", "in winter", "late in the evening",
)

ALWAYS = (
    "Every day {subject} {third} {rest}.",
    "{subject:C} {third} {rest} every morning.",
    "On Mondays {subject} {third} {rest}.",
    "As a rule, {subject} {third} {rest} after lunch.",
    "Most days {subject} {third} {rest}.",
    "Once a week {subject} {third} {rest}.",
    "{subject:C} often {third} {rest}.",
    "Sometimes {subject} {third} {rest}.",
    "When the sun shines, {subject} {third} {rest}.",
    "In the afternoon {subject} {third} {rest}.",
    "{subject:C} {third} {rest} again and again.",
    "Look, {subject} {third} {rest}!",
    "In my story {subject} {third} {rest}.",
    "In this picture {subject} {third} {rest}.",
    "At the start of the story {subject} {third} {rest}.",
)
THEN_NOW = (
    "Then {he} {third} {rest}.",
    "After that {he} {third} {rest}.",
    "A little later {he} {third} {rest}.",
    "Next {he} {third} {rest}.",
    "Soon after, {he} {third} {rest}.",
    "Now and then {he} also {third} {rest}.",
    "At five o'clock {he} {third} {rest}.",
)
ONCE = (
    "Yesterday {subject} {past} {rest}.",
    "Last week {subject} {past} {rest}.",
    "A year ago {subject} {past} {rest}.",
    "One day {subject} {past} {rest}.",
    "Last night {subject} {past} {rest}.",
    "On that day {subject} {past} {rest}.",
    "Two days ago {subject} {past} {rest}.",
    "Long ago {subject} {past} {rest}.",
    "This morning {subject} {past} {rest}.",
    "Last summer {subject} {past} {rest}.",
    "{subject:C} {past} {rest} last Monday.",
    "{subject:C} {past} {rest} an hour ago.",
    "I remember how {subject} {past} {rest}.",
    "Nobody knew why {subject} {past} {rest}.",
    "It was a fine day when {subject} {past} {rest}.",
)
THEN_PAST = (
    "Then {he} {past} {rest}.",
    "After that {he} {past} {rest}.",
    "A little later {he} {past} {rest}.",
    "Next {he} {past} {rest}.",
    "Soon after, {he} {past} {rest}.",
    "And because there was still time, {he} {past} {rest}.",
    "At five o'clock {he} {past} {rest}.",
)
LAST_NOW = (
    "In the end {he} {third} {rest}.",
    "Before it gets dark, {he} {third} {rest}.",
    "Last of all, {he} {third} {rest}.",
    "And then, at last, {he} {third} {rest}.",
    "When all that is done, {he} {third} {rest}.",
    "The day is over when {he} {third} {rest}.",
    "To end the day, {he} {third} {rest}.",
)
LAST_PAST = (
    "In the end {he} {past} {rest}.",
    "Before it got dark, {he} {past} {rest}.",
    "Last of all, {he} {past} {rest}.",
    "And then, at last, {he} {past} {rest}.",
    "When all that was done, {he} {past} {rest}.",
    "The day was over when {he} {past} {rest}.",
    "To end the day, {he} {past} {rest}.",
)
SAME_YESTERDAY = (
    "Yesterday was just the same.", "It was like that yesterday, too.", "And what happened yesterday?",
    "That is how it goes today. This is how it went last week:", "Now the same story about yesterday.",
    "Told in the past, it goes like this.", "Last year it was no different.", "So it was in the old days, too.",
    "Here it is once more, about last Sunday.", "When we tell it later, we say:",
)  # fmt: skip

CONTRAST = (
    "Today {subject} {third} {rest}. Yesterday {he} {past} {rest}, too.",
    "{subject:C} {third} {rest} now. Last week {he} {past} {rest} as well.",
    "Yesterday {subject} {past} {rest}, and today {he} {third} {rest} again.",
    "Every day {subject} {third} {rest}, so of course {he} {past} {rest} yesterday.",
    "{subject:C} {third} {rest}, just as {he} {past} {rest} last year.",
    "Last Monday {subject} {past} {rest}. This Monday {he} {third} {rest} once more.",
    "When {subject} was young, {he} {past} {rest}. Today {he} still {third} {rest}.",
    "{subject:C} {past} {rest} before, and {he} {third} {rest} now.",
    "In the past {subject} {past} {rest}, and {he} {third} {rest} to this day.",
    "What {subject} did yesterday, {he} does today: {he} {past} {rest}, and {he} {third} {rest}.",
    "{subject:C} always {third} {rest}. Even last Sunday {he} {past} {rest}.",
    "This morning {subject} {third} {rest}. Last night {he} {past} {rest}, too.",
    "Now: {subject} {third} {rest}. Yesterday: {subject} {past} {rest}.",
    "Today: {subject} {third} {rest}. Last week: {subject} {past} {rest}.",
    "Present: {subject} {third} {rest}. Past: {subject} {past} {rest}.",
    "{subject:C} {third} {rest}. A long time ago, {subject} {past} {rest}.",
)
YES_NO = (
    "Does {subject} {base} {rest}? Yes, {subject} {third} {rest}.",
    "Does {subject} {base} {rest}? Yes, {he} does.",
    "Does {subject} {base} {rest}? No, {subject} does not {base} {rest}.",
    "Does {subject} {base} {rest}? No, {he} does not.",
    "Did {subject} {base} {rest}? Yes, {he} {past} {rest} yesterday.",
    "Did {subject} {base} {rest}? No, {he} did not {base} {rest}.",
    "{subject:C} {third} {rest}. Does {subject} {base} {rest}? Yes, {he} does.",
    "{subject:C} {past} {rest}. Did {subject} {base} {rest}? Yes, {he} did.",
    "Who {third} {rest}? {subject:C} {third} {rest}.",
    "Who {past} {rest}? It was {subject} who {past} {rest}.",
    "{subject:C} {third} {rest}, right? Yes, {he} {third} {rest}.",
    "What does {subject} do? {subject:C} {third} {rest}.",
    "What did {subject} do yesterday? {subject:C} {past} {rest}.",
    "What does {subject} do every day? Every day {he} {third} {rest}.",
    '"Does {subject} {base} {rest}?" asked the boy. "Yes, every day," said his mother.',
    '"Does {subject} {base} {rest}?" asked the girl. "No, {he} does not," said her father.',
    '"Did {subject} {base} {rest}?" I asked. "Yes, {he} {past} {rest} last night," they said.',
    '"Why does {subject} {base} {rest}?" asked the child. "Because {he} wants to," I said.',
    '"What did {subject} do?" she asked. "Well, {he} {past} {rest}," he said.',
    "I wonder: does {subject} {base} {rest}? I think that {he} {third} {rest}.",
)
NOT = (
    "Today {subject} does not {base} {rest}, but yesterday {he} did.",
    "{subject:C} does not {base} {rest} any more, but once {he} {past} {rest}.",
    "Some people say that {subject} {third} {rest}. But {subject} does not {base} {rest}.",
    "{subject:C} {third} {rest} on Sunday. On Monday {subject} does not {base} {rest}.",
    "It is not true that {subject} {third} {rest}. No, {subject} does not {base} {rest}.",
    "{subject:C} {third} {rest}. {other:C} does not {base} {rest}.",
    "{subject:C} does not {base} {rest}. {other:C} {third} {rest}.",
    "{subject:C} {past} {rest}. {other:C} did not {base} {rest}.",
    "{subject:C} did not {base} {rest} yesterday, and today {he} does not {base} {rest} either.",
    "When it rains, {subject} does not {base} {rest}.",
    "On cold days {subject} does not {base} {rest}.",
    "{subject:C} does not {base} {rest}. {he:C} has no time for it.",
    "Why does {subject} not {base} {rest}? Nobody knows.",
    "Yes: {subject} {third} {rest}. No: {subject} does not {base} {rest}.",
)
GRAMMAR = (
    'We say: {he} {third}. About yesterday we say: {he} {past}.',
    'We say "{subject} {third} {rest}", but "yesterday {subject} {past} {rest}".',
    'For one person we say "{he} {third}", for many we say "they {base}".',
    'The past of "{base}" is "{past}". For example: {subject} {past} {rest}.',
    'The past form of "{third}" is "{past}".',
    'If it happened yesterday, we do not write "{third}" but "{past}".',
    'I {base}, you {base}, but {he} {third}.',
    'Today I {base}, yesterday I {past}.',
    'With "not" we say: {subject} does not {base} {rest}.',
    'Here is a question with "does": Does {subject} {base} {rest}?',
    'To ask about it, we say: "Does {subject} {base} {rest}?"',
    'To say the opposite, we write: "{subject:C} does not {base} {rest}."',
    'After "does" we use the short form: does {he} {base}, not "does {he} {third}".',
    'After "did" we use the short form: did {he} {base}, not "did {he} {past}".',
    'After "does not" comes "{base}", never "{third}".',
    'How do you make a question of "{subject:C} {third} {rest}"? You ask: "Does {subject} {base} {rest}?"',
    'The sentence "{subject:C} {third} {rest}" is about now.',
    'The sentence "{subject:C} {past} {rest}" is about the past.',
    'The word "yesterday" goes with "{past}", the word "today" with "{third}".',
    'Put it in the past: "{subject:C} {third} {rest}" becomes "{subject:C} {past} {rest}".',
    'Put it in the present: "{subject:C} {past} {rest}" becomes "{subject:C} {third} {rest}".',
    'With "did" the verb does not change: {he} {past}, did {he} {base}?',
    'When we speak of a habit, we say: "{subject:C} {third} {rest}."',
    'When we tell an old story, we say: "{subject:C} {past} {rest}."',
    'The three forms are {base}, {third} and {past}.',
)
CORRECTION = (
    '"Yesterday {subject} {third} {rest}," said the boy. "No," said the teacher, "yesterday {he} {past} {rest}."',
    '"Does {subject} {third} {rest}?" asked the girl. "We say: does {he} {base} {rest}?" said her mother.',
    '"{subject:C} {base} {rest}," read the child. "{third:C}," said the teacher. "{subject:C} {third} {rest}."',
    'A child wrote "{he} not {base} {rest}", and the teacher wrote beside it: "{he} does not {base} {rest}".',
    '"How do we say it about last week?" asked the teacher. "{subject:C} {past} {rest}," said the class.',
    '"Ask me a question," said Father. "Does {subject} {base} {rest}?" asked his son.',
    '"Is it {base} or {third}?" asked the boy. "{subject:C} {third} {rest}," said his sister.',
    '"Is it {third} or {past}?" asked the girl. "Last night {he} {past} {rest}," said her friend.',
    '"Tell it about yesterday," said the teacher. "Yesterday {subject} {past} {rest}," said the boy.',
    '"Tell it about today," said the teacher. "Today {subject} {third} {rest}," said the girl.',
    '"Say it with not," said the teacher. "{subject:C} does not {base} {rest}," said the boy at the back.',
    '"Now ask about it," said the teacher. "Does {subject} {base} {rest}?" asked the girl at the window.',
    '"{subject:C} {third} {rest}," I said. "You mean that {he} {past} {rest}," said my friend. "That was last year."',
    '"Did {subject} {past} {rest}?" he asked. "You must say: did {he} {base} {rest}?" said the teacher.',
)
LISTS = (
    "{base}, {third}, {past}",
    "{base} - {past}",
    "to {base}: {he} {third}, {he} {past}",
    "{he} {third}, {he} {past}",
    "I {base}, {he} {third}, we {past}",
    "{third} (today), {past} (yesterday)",
    "does {he} {base}? {he} {third}.",
    "{he} does not {base}, {he} {third}",
    "today: {third}; yesterday: {past}",
    "{base}: {subject} {third} {rest}.",
    "{past}: {subject} {past} {rest}.",
    "did {he} {base}? yes, {he} {past}",
    "now {he} {third}, then {he} {past}",
    "they {base}, they {past}",
)
LIST_TITLES = (
    "Verbs of the week", "Learn these words:", "Forms of verbs", "Present and past", "From the grammar book:",
    "Words to practise", "What they do and what they did", "Our verb list", "Say them aloud:", "Now and then",
    "The class wrote these forms on the board:", "Little words, many forms",
)  # fmt: skip
GRAMMAR_TITLES = (
    "How we speak about today and yesterday", "A page of grammar", "Today and yesterday", "How to ask a question",
    "Little rules", "How to say no", "From our grammar lesson", "What the teacher wrote on the board", "Verbs",
    "Notes from the English lesson",
)  # fmt: skip
# fmt: on


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


def _lines(scribe: Scribe, patterns: tuple[str, ...], count: int, slots: dict[str, str]) -> list[str]:
    return [scribe.write((pattern,), **slots) for pattern in scribe.sample(patterns, count)]


def _steps(scribe: Scribe, tables: tuple[tuple[str, ...], ...], clauses: list[dict[str, str]]) -> list[str]:
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
        sentences += _steps(scribe, (ALWAYS, THEN_NOW, LAST_NOW), clauses)
    if form == "both":
        sentences.append(scribe.write(SAME_YESTERDAY))
    if form != "now":
        sentences += _steps(scribe, (ONCE, THEN_PAST, LAST_PAST), clauses)
    return " ".join(sentences)


def _contrasts(scribe: Scribe) -> str:
    """Today and yesterday, several times."""
    return " ".join(scribe.write(CONTRAST, **_sentence(scribe)) for _ in range(scribe.choice((2, 3, 4))))


def _questions(scribe: Scribe) -> str:
    """Questions, answers and denials, one to a line."""
    lines = [scribe.write(scribe.choice((YES_NO, YES_NO, NOT)), **_sentence(scribe))
             for _ in range(scribe.choice((2, 3, 4, 5)))]  # fmt: skip
    return scribe.choice(("\n", "\n", " ")).join(lines)


def _one_sentence(scribe: Scribe) -> str:
    """Many lines on a single sentence: its question, its negative, its past, what a teacher says of it."""
    slots = _sentence(scribe)
    lines = [
        line
        for table in scribe.sample((CONTRAST, YES_NO, NOT, GRAMMAR, CORRECTION), scribe.choice((2, 3, 4)))
        for line in _lines(scribe, table, 1, slots)
    ]
    return scribe.choice((" ", "\n")).join(lines)


def _grammar(scribe: Scribe) -> str:
    """A paragraph of a grammar book, or of a lesson, on one or two verbs."""
    lines = [scribe.write(GRAMMAR_TITLES)] if scribe.chance(0.3) else []
    text = []
    for _ in range(scribe.choice((1, 2))):
        slots = _sentence(scribe)
        text += _lines(scribe, GRAMMAR, scribe.choice((2, 3)), slots)
        if scribe.chance(0.4):
            text.append(scribe.write(CORRECTION, **slots))
    return "\n".join([*lines, " ".join(text)])


def _lesson(scribe: Scribe) -> str:
    """People who correct each other's verbs."""
    return "\n".join(scribe.write(CORRECTION, **_sentence(scribe)) for _ in range(scribe.choice((2, 3, 4))))


def _verb_list(scribe: Scribe) -> str:
    """A list of verb forms, all lines of one layout."""
    layout = scribe.choice(LISTS)
    title = scribe.write(LIST_TITLES)
    lines = [scribe.write((layout,), **_sentence(scribe)) for _ in range(scribe.choice((3, 4, 5, 6)))]
    return "\n".join([title, *lines])


_DOCUMENTS: tuple[Callable[[Scribe], str], ...] = (
    _story, _story, _story, _contrasts, _contrasts, _questions, _questions, _one_sentence, _one_sentence, _grammar,
    _lesson, _verb_list,
)  # fmt: skip


def document(scribe: Scribe) -> str:
    """Prose, dialogue, grammar notes or lists that show the forms of verbs."""
    return scribe.choice(_DOCUMENTS)(scribe)
