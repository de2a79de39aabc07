"""Short everyday texts with questions whose answers stand in the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.world.grammar import Scribe, fill, part_of

QUESTION_TYPES = ("who", "where", "what", "when")


@dataclass(frozen=True)
class Passage:
    """A text and its questions: (type, question, answer), the answer word for word as in the text."""

    text: str
    questions: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Kind:
    """One kind of fact, such as somebody's putting a thing somewhere.

    ``slots`` says from which table each slot is filled. ``one`` are sentences with one fact, ``two`` sentences with
    two facts of the kind (the slots of the second end in 2). ``questions`` has, by type, the slot of the answer, the
    question patterns (the last quarter is for the held-out part) and answers in full sentences.
    """

    slots: dict[str, str]
    one: tuple[str, ...]
    two: tuple[str, ...]
    questions: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]


# fmt: off
NAMES = (
    ("Ben", "he"), ("Ana", "she"), ("Mr Hill", "he"), ("Lily", "she"), ("Tom", "he"), ("Mia", "she"),
    ("Aunt Rosa", "she"), ("Omar", "he"), ("Kate", "she"), ("Jack", "he"), ("Grandpa Joe", "he"), ("Nina", "she"),
    ("Leo", "he"), ("Ella", "she"), ("Hugo", "he"), ("Mrs Reed", "she"), ("Sam", "he"), ("Lucy", "she"),
    ("Max", "he"), ("Uncle Tim", "he"), ("Zoe", "she"), ("Adam", "he"), ("Eva", "she"), ("Finn", "he"),
    ("Clara", "she"), ("Doctor Stone", "she"), ("Noah", "he"), ("Maya", "she"), ("Ivan", "he"), ("Ruth", "she"),
    ("Mr Wood", "he"), ("Dan", "he"), ("Grace", "she"), ("Paul", "he"), ("Aunt May", "she"), ("Olga", "she"),
    ("Luke", "he"), ("Sara", "she"), ("Peter", "he"), ("Emma", "she"), ("Uncle Bob", "he"), ("Amy", "she"),
    ("Oscar", "he"), ("Rita", "she"), ("David", "he"), ("Mrs Bell", "she"), ("Julia", "she"), ("Karl", "he"),
    ("Hanna", "she"), ("Marco", "he"), ("Mr Fox", "he"), ("Ida", "she"), ("Simon", "he"), ("Laura", "she"),
    ("Grandma Lee", "she"), ("Felix", "he"), ("Vera", "she"), ("Jonas", "he"), ("Alice", "she"), ("Henry", "he"),
    ("Miss Park", "she"), ("Yusuf", "he"), ("Dora", "she"), ("Erik", "he"), ("Lena", "she"), ("George", "he"),
    ("Mr Brook", "he"), ("Nora", "she"), ("Ali", "he"), ("Molly", "she"), ("Victor", "he"), ("Aunt Jo", "she"),
    ("Robin", "he"), ("Sofia", "she"), ("Carl", "he"), ("Ines", "she"), ("Uncle Ray", "he"), ("Bella", "she"),
    ("Toby", "he"), ("Wendy", "she"), ("Martin", "he"), ("Mrs Young", "she"), ("Greta", "she"), ("Pablo", "he"),
    ("Judy", "she"), ("Frank", "he"), ("Miss Lane", "she"), ("Tina", "she"), ("Oliver", "he"), ("Fatima", "she"),
    ("Mr Price", "he"), ("Elsa", "she"), ("Alex", "he"), ("Rose", "she"), ("Bruno", "he"), ("Hilda", "she"),
    ("Neil", "he"), ("Pia", "she"), ("Kim", "she"), ("Anton", "he"),
)

OBJECTS = (
    "cup", "hat", "ball", "book", "key", "lamp", "bag", "coat", "kite", "box", "bottle", "map", "umbrella", "letter",
    "drum", "scarf", "basket", "clock", "knife", "blanket", "spoon", "doll", "bike", "pen", "mirror", "bucket", "ring",
    "torch", "rope", "plate", "camera", "glove", "broom", "chair", "vase", "ticket", "shoe", "hammer", "phone", "brush",
    "notebook", "bowl", "flag", "pillow", "tent", "radio", "whistle", "comb", "jacket", "puzzle", "candle", "bell",
    "ladder", "belt", "football", "towel", "watch", "suitcase", "cap", "mug", "spade", "toy car", "paintbrush", "tie",
    "jar", "stamp", "magnet", "sock", "guitar", "coin", "mask", "teddy bear", "picture", "helmet", "pencil", "jug",
    "purse", "stool", "fork", "ruler", "flute", "balloon", "postcard", "necklace", "sponge", "shirt", "pan", "wallet",
    "needle", "crayon", "button", "racket",
)
COLOURS = ("red", "blue", "green", "yellow", "white", "black", "brown", "old", "new", "small", "big", "grey", "orange",
           "purple", "pink", "striped")
ANIMALS = (
    "fox", "duck", "cat", "owl", "rabbit", "frog", "dog", "deer", "heron", "squirrel", "horse", "snake", "goat",
    "hedgehog", "turtle", "swan", "mouse", "robin", "cow", "lizard", "goose", "beaver", "donkey", "crow", "sheep",
    "otter", "eagle", "badger", "toad", "pony", "mole", "parrot",
)
FOODS = (
    "apple", "sandwich", "pear", "bowl of soup", "pancake", "banana", "plate of rice", "biscuit", "boiled egg",
    "peach", "slice of cake", "sausage", "cheese roll", "plum", "bowl of porridge", "carrot", "muffin", "orange",
    "piece of pie", "tomato", "bag of nuts", "glass of milk", "baked potato", "slice of bread", "cookie", "fish cake",
    "bunch of grapes", "melon", "pizza", "waffle", "pot of honey", "cup of tea",
)
ARTWORKS = (
    "paper boat", "snowman", "birdhouse", "clay bowl", "kite", "mask", "birthday card", "wooden spoon", "paper crown",
    "rag doll", "toy ship", "poster", "necklace", "cake", "scarf", "drawing", "puppet", "model plane", "basket",
    "lantern", "cushion", "photo album", "bookmark", "treasure map", "sand castle", "lemon tart", "straw hat", "stool",
)

# Where things are put, and where people are.
SPOTS = (
    "in the kitchen", "under the bed", "on the top shelf", "behind the door", "in the drawer", "on the sofa",
    "in the cellar", "next to the sink", "under the stairs", "on the window sill", "in the hall", "in the wardrobe",
    "on the desk", "behind the curtain", "in the attic", "on the piano", "under the table", "in the shed",
    "next to the oven", "in the bathroom", "on the balcony", "in the car", "under the bench", "in the cupboard",
    "on the floor", "beside the fireplace", "in the garage", "on the roof", "behind the barn", "in the living room",
    "under a tree", "in a tin", "on the armchair", "inside the chest", "near the gate", "in the laundry basket",
    "on the steps", "behind the mirror", "in the fridge", "under the carpet", "in the garden", "on the wall",
    "beside the telephone", "in the playroom", "on the counter", "under the pillow", "in the tent", "between two boxes",
    "in the office", "on the bookcase", "behind the television", "in the hen house", "at the front desk",
    "on the kitchen scales", "in the school bag", "under the apple tree", "on the porch", "in a flower pot",
    "in the bedroom", "on the workbench", "inside the old trunk", "near the well",
)
PLACES = (
    "in the garden", "at the library", "at the station", "on the beach", "in the park", "by the river", "at school",
    "in the forest", "at the market", "on the bridge", "in the barn", "at the bus stop", "in the museum",
    "near the lake",
    "at the zoo", "on the hill", "in the yard", "at the airport", "behind the church", "in the meadow",
    "at the harbour",
    "near the old mill", "in the town hall", "at the farm", "by the pond", "in the cave", "on the playground",
    "at the bakery", "in the orchard", "outside the cinema", "at the swimming pool", "by the fountain", "in the castle",
    "on the football field", "at the hospital", "near the tower", "in the stable", "by the sea", "at the theatre",
    "on the island", "in the valley", "at the post office", "next to the tennis court", "in the tunnel",
    "at the camp site", "by the canal", "on the dusty road", "near the windmill", "in the desert", "at the bank",
    "under the big oak", "in the vegetable patch", "at the fair", "by the waterfall", "on the ferry",
    "in front of the palace", "at the fire station", "near the greenhouse", "in the cornfield", "by the lighthouse",
    "on the path to the village", "at the ice rink", "in the snow", "beside the railway line",
)
SHOPS = (
    "at the market", "in the toy shop", "at the flower shop", "in the corner shop", "at the station", "in a small town",
    "at the fair", "in the village", "at the bookshop", "in the city", "at the airport", "in the museum shop",
    "at a yard sale", "in the new shop", "at the harbour", "in the department store", "at the school sale",
    "in the shop next door", "at the farm shop", "in the old town", "at the supermarket", "in the gift shop",
    "at the flea market", "in a shop by the sea",
)
GOALS = (
    "to the market", "to the library", "to the beach", "to the station", "to the park", "to the museum",
    "to the village", "to the city", "to the lake", "to the airport", "to the hospital", "to the farm",
    "to the theatre", "to the zoo", "to the castle", "to the harbour", "to the swimming pool", "to the mountains",
    "to the island", "to the office", "to the cinema", "to the church", "to the football field", "to the bakery",
    "to the forest", "to the town hall", "to the ice rink", "to the post office", "to the seaside", "to the fair",
    "to the camp site", "to the bank",
)
TRAVEL = (
    "by bus", "by train", "on foot", "by bike", "by car", "by boat", "by plane", "on a horse", "by taxi", "by tram",
    "on a scooter", "by ship", "in a van", "on the ferry", "by sledge", "in a truck", "on a donkey", "by tractor",
    "on roller skates", "in a canoe", "by metro", "on skis", "in an old jeep", "on a motorbike",
)
# Phrases that fit the past as well as the future.
TIMES = (
    "on Monday", "at noon", "after lunch", "on Tuesday evening", "at six o'clock", "before breakfast",
    "early in the morning", "on Friday", "at midnight", "after school", "on Sunday afternoon", "at half past nine",
    "in May", "before dinner", "on Wednesday", "at two o'clock", "after the rain", "on Saturday morning",
    "late in the evening", "on Thursday", "at ten o'clock", "before sunset", "in July", "after work",
    "on the first of March", "at quarter past four", "after the concert", "before school", "in September",
    "at eight o'clock", "on Mother's Day", "at dawn", "before the party", "on New Year's Day", "in winter",
    "at half past three", "after the film", "on the last day of June", "during the break", "at seven o'clock",
)
ACTIONS = (
    "see the dentist", "play football", "visit the museum", "wash the car", "paint the fence", "bake bread",
    "meet the new teacher", "clean the kitchen", "buy new shoes", "feed the ducks", "sing in the choir",
    "read to the children", "mend the roof", "take a swimming lesson", "call the doctor", "pick cherries",
    "practise the piano", "plant potatoes", "go fishing", "return the library books", "build a tree house",
    "walk the dog", "write to Grandmother", "cut the grass", "help on the farm", "cook dinner", "ride the pony",
    "sweep the yard", "learn to dance", "fly a kite", "play chess", "water the plants",
)
DOINGS = (
    "reading", "waiting", "sleeping", "painting", "singing", "resting", "working", "playing", "drawing", "sitting",
    "talking to a friend", "taking photos", "having lunch", "doing homework", "looking for a coin", "dancing",
    "eating an ice cream", "practising a song", "writing a letter", "counting birds", "telling a story", "whistling",
    "drinking tea", "learning a poem",
)
EVENTS = (
    "party", "concert", "football match", "meeting", "school play", "race", "puppet show", "wedding", "picnic", "film",
    "dance class", "book sale", "singing lesson", "chess game", "magic show", "cooking class", "bike race",
    "flower show",
    "spelling test", "talk about bees", "art lesson", "swimming race", "feast", "story hour", "pet show",
    "first aid course", "poetry evening", "farm tour",
)

TABLES = {
    "object": OBJECTS, "animal": ANIMALS, "food": FOODS, "artwork": ARTWORKS, "spot": SPOTS,
    "place": PLACES, "shop": SHOPS, "goal": GOALS, "travel": TRAVEL, "time": TIMES, "action": ACTIONS,
    "doing": DOINGS, "event": EVENTS,
}

GENDERS = dict(NAMES)

KINDS = (
    Kind(  # somebody put a thing somewhere
        {"name": "name", "thing": "object", "where": "spot"},
        (
            "{name} put {thing:a} {where}.", "{name} left {thing:a} {where} by mistake.",
            "{name} hid {thing:a} {where}.", "After a while, {name} placed {thing:a} {where}.",
            "{name} took {thing:a} and put it {where}.", "{name} carefully laid {thing:a} {where}.",
            "Then {name} came in with {thing:a} and left it {where}.", "{name} forgot {thing:a} {where}.",
            "Because it was in the way, {name} put {thing:a} {where}.", "It was {name} who put {thing:a} {where}.",
            "{name} dropped {thing:a} {where} and did not pick it up.",
        ),
        (
            "{name} put {thing:a} {where}, and {name2} put {thing2:a} {where2}.",
            "{name} left {thing:a} {where}, but {name2} left {thing2:a} {where2}.",
            "While {name} put {thing:a} {where}, {name2} hid {thing2:a} {where2}.",
            "{name} laid {thing:a} {where} before {name2} put {thing2:a} {where2}.",
        ),
        (
            ("who", "name", (
                "Who put the {thing} {where}?", "Who left something {where}?", "Who had the {thing}?",
                "Who was the last to touch the {thing}?",
            ), ("{name} put the {thing} {where}.", "It was {name} who put it there.", "{name} did.")),
            ("where", "where", (
                "Where did {name} put the {thing}?", "Where is the {thing} now?", "Where did {name} leave the {thing}?",
                "Where should we look for the {thing}?",
            ), ("{name} put it {where}.", "The {thing} is {where}.", "It is {where}.")),
            ("what", "thing:a", (
                "What did {name} put {where}?", "What is {where} now?", "What did {name} leave {where}?",
                "What will you find {where}?",
            ), ("{name} put {thing:a} {where}.", "There is {thing:a} {where}.", "{name} put {thing:a} there.")),
        ),
    ),
    Kind(  # somebody has a thing
        {"name": "name", "thing": "object"},
        (
            "{name} has {thing:a}.", "{name} is holding {thing:a} in one hand.", "{name} came with {thing:a}.",
            "As always, {name} has {thing:a} with {him}.", "{name} owns {thing:a} and likes it very much.",
            "{name} is carrying {thing:a}.", "There is {thing:a} that belongs to {name}.",
            "Look, {name} has {thing:a}!", "For the trip {name} packed {thing:a}.",
        ),
        (
            "{name} has {thing:a}, and {name2} has {thing2:a}.",
            "{name} is carrying {thing:a}, but {name2} has {thing2:a}.",
            "{name} brought {thing:a}, while {name2} brought {thing2:a}.",
            "The one with {thing:a} is {name}, and the one with {thing2:a} is {name2}.",
        ),
        (
            ("who", "name", (
                "Who has the {thing}?", "Who is the one with the {thing}?", "Who has {thing:a}?",
                "Who can show us {thing:a}?",
            ), ("{name} has the {thing}.", "It is {name} who has it.", "{name} does.")),
            ("what", "thing:a", (
                "What does {name} have?", "What has {name} got?", "Which thing is it that {name} has?",
                "What does {name} have with {him}?",
            ), ("{name} has {thing:a}.", "It is {thing:a}.", "{name} has got {thing:a}.")),
        ),
    ),
    Kind(  # somebody is somewhere, doing something
        {"name": "name", "doing": "doing", "where": "place"},
        (
            "{name} is {doing} {where}.", "{name} spent some time {doing} {where}, and {he} is still there.",
            "You can see {name} {doing} {where}.", "At this moment {name} is {doing} {where}.",
            "From here we can see {name} {doing} {where}.", "If you look for {name}, {he} is {doing} {where}.",
            "{name} has been {doing} {where} for an hour.", "All alone, {name} is {doing} {where}.",
            "{name} likes to be out, and {he} is {doing} {where}.", "Nobody knows that {name} is {doing} {where}.",
        ),
        (
            "{name} is {doing} {where}, and {name2} is {doing2} {where2}.",
            "{name} is {doing} {where}, but {name2} is {doing2} {where2}.",
            "While {name} is {doing} {where}, {name2} is {doing2} {where2}.",
            "{name} is {where}, where {he} is {doing}, and {name2} is {doing2} {where2}.",
        ),
        (
            ("who", "name", (
                "Who is {doing}?", "Who is {where}?", "Who is {doing} {where}?", "Who can be found {where}?",
            ), ("{name} is {doing} {where}.", "{name} is.", "That is {name}.")),
            ("where", "where", (
                "Where is {name}?", "Where is {name} {doing}?", "Where would you find {name}?",
                "Where should I look for {name}?",
            ), ("{name} is {where}.", "{name} is {doing} {where}.", "{he:C} is {where}.")),
            ("what", "doing", (
                "What is {name} doing?", "What is {name} doing {where}?", "What is the person {where} doing?",
                "What can {name} be seen doing?",
            ), ("{name} is {doing}.", "{he:C} is {doing}.", "{name} is {doing} {where}.")),
        ),
    ),
    Kind(  # a thing stands somewhere
        {"thing": "object", "where": "spot"},
        (
            "There is {thing:a} {where}.", "Somebody has left {thing:a} {where}.", "You will find {thing:a} {where}.",
            "I can see {thing:a} {where}.", "For years {thing:a} has been {where}.", "We keep {thing:a} {where}.",
            "In our house there is {thing:a} {where}.", "I once found {thing:a} {where}, and it is still there.",
            "There is {thing:a} {where} that nobody needs.",
        ),
        (
            "There is {thing:a} {where} and {thing2:a} {where2}.",
            "We keep {thing:a} {where}, but {thing2:a} {where2}.",
            "You can see {thing:a} {where} and {thing2:a} {where2}.",
            "Mother saw {thing:a} {where}, and then {thing2:a} {where2}.",
        ),
        (
            ("where", "where", (
                "Where is the {thing}?", "Where can you see {thing:a}?", "Where would you find the {thing}?",
                "Where must I go to see the {thing}?",
            ), ("The {thing} is {where}.", "It is {where}.", "You find it {where}.")),
            ("what", "thing:a", (
                "What is {where}?", "What can you see {where}?", "What thing is {where}?",
                "What might you notice {where}?",
            ), ("There is {thing:a} {where}.", "It is {thing:a}.", "You can see {thing:a} {where}.")),
        ),
    ),
    Kind(  # somebody found a thing
        {"name": "name", "thing": "object", "where": "place", "time": "time"},
        (
            "{name} found {thing:a} {where} {time}.", "{time:C}, {name} found {thing:a} {where}.",
            "It was {time} that {name} found {thing:a} {where}.",
            "{name} was lucky and found {thing:a} {where} {time}.",
            "Nobody else had seen it, but {name} found {thing:a} {where}.",
            "{name} picked up {thing:a} {where} {time}.", "{name} was {where} {time} and found {thing:a} there.",
            "While {he} was {where}, {name} found {thing:a}.",
        ),
        (
            "{name} found {thing:a} {where}, and {name2} found {thing2:a} {where2}.",
            "{time:C}, {name} found {thing:a} {where}, but {name2} found only {thing2:a}.",
            "{name} found {thing:a} {time}, and {name2} found {thing2:a} {time2}.",
        ),
        (
            ("who", "name", (
                "Who found the {thing}?", "Who found {thing:a}?", "Who picked up the {thing}?",
                "By whom was the {thing} found?",
            ), ("{name} found the {thing}.", "It was found by {name}.", "{name} did.")),
            ("where", "where", (
                "Where did {name} find the {thing}?", "Where was the {thing}?", "Where was the {thing} found?",
                "Where did the {thing} turn up?",
            ), ("{name} found it {where}.", "The {thing} was {where}.", "It was {where}.")),
            ("what", "thing:a", (
                "What did {name} find?", "What was it that {name} found?", "What did {name} pick up?",
                "What was found by {name}?",
            ), ("{name} found {thing:a}.", "It was {thing:a}.", "{he:C} found {thing:a}.")),
            ("when", "time", (
                "When did {name} find the {thing}?", "When was the {thing} found?",
                "When did {name} pick up the {thing}?",
                "When did the {thing} turn up?",
            ), ("{name} found it {time}.", "The {thing} was found {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # somebody bought a thing
        {"name": "name", "thing": "object", "where": "shop", "time": "time"},
        (
            "{name} bought {thing:a} {where} {time}.", "{time:C}, {name} bought {thing:a} {where}.",
            "{name} went out {time} and bought {thing:a} {where}.", "{name} got {thing:a} for little money {where}.",
            "{name} paid five coins for {thing:a} {where}.", "It was {time} when {name} bought {thing:a} {where}.",
            "{name} had saved some money and bought {thing:a} {where}.",
            "{name} looked around {where} and chose {thing:a}.",
        ),
        (
            "{name} bought {thing:a} {where}, and {name2} bought {thing2:a} {where2}.",
            "{name} bought {thing:a} {time}, but {name2} bought {thing2:a} {time2}.",
            "{name} wanted {thing:a} and bought it {where}, while {name2} bought {thing2:a} {where2}.",
        ),
        (
            ("who", "name", (
                "Who bought the {thing}?", "Who bought {thing:a}?", "Who went shopping {where}?",
                "Who spent money on the {thing}?",
            ), ("{name} bought the {thing}.", "It was {name}.", "{name} did.")),
            ("where", "where", (
                "Where did {name} buy the {thing}?", "Where did {name} get the {thing}?",
                "Where was the {thing} bought?",
                "Where was {name} when {he} got the {thing}?",
            ), ("{name} bought it {where}.", "{he:C} got it {where}.", "It was bought {where}.")),
            ("what", "thing:a", (
                "What did {name} buy?", "What did {name} get {where}?", "What was bought {where}?",
                "What did {name} spend money on?",
            ), ("{name} bought {thing:a}.", "{he:C} bought {thing:a} {where}.", "It was {thing:a}.")),
            ("when", "time", (
                "When did {name} buy the {thing}?", "When did {name} get the {thing}?", "When was the {thing} bought?",
                "When did {name} spend money?",
            ), ("{name} bought it {time}.", "{he:C} got it {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # somebody gave a thing to somebody
        {"name": "name", "friend": "name", "thing": "object", "time": "time"},
        (
            "{name} gave {friend} {thing:a} {time}.", "{name} gave {thing:a} to {friend}.",
            "{time:C}, {name} gave {thing:a} to {friend}.", "{friend} got {thing:a} from {name} {time}.",
            "{name} passed {thing:a} on to {friend} {time}.", "{name} let {friend} have {thing:a}.",
            "As a present, {friend} got {thing:a} from {name}.", "{name} handed {thing:a} to {friend} and smiled.",
            "{name} did not need {thing:a} any more and gave it to {friend}.",
        ),
        (
            "{name} gave {friend} {thing:a}, and {name2} gave {friend2} {thing2:a}.",
            "{friend} got {thing:a} from {name}, but {friend2} got {thing2:a} from {name2}.",
            "{name} gave {thing:a} to {friend} {time}, and {name2} gave {thing2:a} to {friend2} {time2}.",
        ),
        (
            ("who", "name", (
                "Who gave {friend} the {thing}?", "Who gave away {thing:a}?", "Who gave something to {friend}?",
                "From whom did {friend} get the {thing}?",
            ), ("{name} gave {friend} the {thing}.", "It was from {name}.", "{name} did.")),
            ("who", "friend", (
                "Who got the {thing}?", "Who got {thing:a} from {name}?", "Who has the {thing} now?",
                "To whom did {name} give the {thing}?",
            ), ("{friend} got the {thing}.", "{friend} has it now.", "{name} gave it to {friend}.")),
            ("what", "thing:a", (
                "What did {name} give {friend}?", "What did {friend} get?", "What did {friend} get from {name}?",
                "What was the thing that {name} gave away?",
            ), ("{name} gave {friend} {thing:a}.", "{friend} got {thing:a}.", "It was {thing:a}.")),
            ("when", "time", (
                "When did {name} give {friend} the {thing}?", "When did {friend} get the {thing}?",
                "When did {name} give away the {thing}?", "When did the {thing} come to {friend}?",
            ), ("{friend} got it {time}.", "{name} gave it away {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # a plan
        {"name": "name", "action": "action", "time": "time"},
        (
            "{name} will {action} {time}.", "{name} wants to {action} {time}.", "{name} is going to {action} {time}.",
            "{name} has to {action} {time}.", "{name} plans to {action} {time}.", "{time:C}, {name} will {action}.",
            "{name} cannot come {time}, because {he} has to {action}.", "{name} promised to {action} {time}.",
            "It is {name} who will {action} {time}.", "If the sun shines, {name} will {action} {time}.",
        ),
        (
            "{name} will {action} {time}, and {name2} will {action2} {time2}.",
            "{name} has to {action} {time}, but {name2} has to {action2} {time2}.",
            "{time:C} {name} wants to {action}, while {name2} wants to {action2}.",
            "First, {time}, {name} will {action}, and then {name2} will {action2}.",
        ),
        (
            ("who", "name", (
                "Who will {action}?", "Who is going to {action}?", "Who wants to {action}?", "Who plans to {action}?",
            ), ("{name} will {action}.", "It is {name}.", "{name} will.")),
            ("what", "action", (
                "What will {name} do?", "What is {name} going to do?", "What does {name} plan to do?",
                "What has {name} decided to do?",
            ), ("{name} will {action}.", "{he:C} will {action}.", "{name} is going to {action}.")),
            ("when", "time", (
                "When will {name} {action}?", "When is {name} going to {action}?", "When does {name} want to {action}?",
                "Do you know when {name} will {action}?",
            ), ("{name} will {action} {time}.", "{he:C} will do it {time}.", "It will be {time}.")),
        ),
    ),
    Kind(  # a journey
        {"name": "name", "goal": "goal", "travel": "travel", "time": "time"},
        (
            "{name} went {goal} {travel} {time}.", "{time:C}, {name} went {goal} {travel}.",
            "{name} travelled {goal} {travel}.", "{name} left {time} and went {goal} {travel}.",
            "It took an hour, but {name} went {goal} {travel}.", "{name} set off {time} to go {goal} {travel}.",
            "{name} had to go {goal} {time}, and {he} went {travel}.", "All by {him}self, {name} went {goal} {travel}.",
            "{name} wanted to get {goal} {time} and went there {travel}.",
        ),
        (
            "{name} went {goal} {travel}, and {name2} went {goal2} {travel2}.",
            "{name} went {goal} {time}, but {name2} went {goal2} {time2}.",
            "{name} went {goal} {travel}, while {name2} travelled {goal2} {travel2}.",
        ),
        (
            ("who", "name", (
                "Who went {goal}?", "Who travelled {travel}?", "Who went {goal} {travel}?", "Who made a trip {goal}?",
            ), ("{name} went {goal}.", "It was {name}.", "{name} did.")),
            ("where", "goal", (
                "Where did {name} go?", "Where did {name} travel?", "Where did {name} go {travel}?",
                "Where did the trip take {name}?",
            ), ("{name} went {goal}.", "{he:C} went {goal}.", "{name} travelled {goal}.")),
            ("when", "time", (
                "When did {name} go {goal}?", "When did {name} leave?", "When did {name} travel {goal}?",
                "When did the trip of {name} begin?",
            ), ("{name} went there {time}.", "{he:C} went {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # an animal seen
        {"name": "name", "thing": "animal", "where": "place", "time": "time"},
        (
            "{name} saw {thing:a} {where} {time}.", "{time:C}, {name} saw {thing:a} {where}.",
            "{name} was {where} {time} and saw {thing:a}.", "{name} heard {thing:a} {where} {time}.",
            "To {his} surprise, {name} met {thing:a} {where}.", "{name} took a photo of {thing:a} {where}.",
            "{name} stood very still {where} and watched {thing:a}.", "{name} was the first to see {thing:a} {where}.",
            "Suddenly {name} saw {thing:a} {where}.",
        ),
        (
            "{name} saw {thing:a} {where}, and {name2} saw {thing2:a} {where2}.",
            "{name} watched {thing:a} {time}, but {name2} saw only {thing2:a}.",
            "{name} saw {thing:a} {where}, while {name2} met {thing2:a} {where2}.",
        ),
        (
            ("who", "name", (
                "Who saw the {thing}?", "Who saw {thing:a}?", "Who came across {thing:a}?", "Who noticed the {thing}?",
            ), ("{name} saw the {thing}.", "It was {name}.", "{name} did.")),
            ("where", "where", (
                "Where did {name} see the {thing}?", "Where was the {thing}?", "Where did {name} see {thing:a}?",
                "Where did the {thing} show itself?",
            ), ("{name} saw it {where}.", "The {thing} was {where}.", "It was {where}.")),
            ("what", "thing:a", (
                "What did {name} see?", "What animal did {name} see?", "What was {where}?",
                "What kind of animal was {where}?",
            ), ("{name} saw {thing:a}.", "It was {thing:a}.", "{he:C} saw {thing:a} {where}.")),
            ("when", "time", (
                "When did {name} see the {thing}?", "When was the {thing} seen?", "When was {name} {where}?",
                "When did the {thing} show itself?",
            ), ("{name} saw it {time}.", "{he:C} saw it {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # a meal
        {"name": "name", "thing": "food", "where": "place", "time": "time"},
        (
            "{name} ate {thing:a} {where}.", "{name} was hungry and had {thing:a} {time}.",
            "{time:C}, {name} had {thing:a}.", "{name} ordered {thing:a} {where}.",
            "{name} had {thing:a} {where} {time}.",
            "{name} shared {thing:a} with a friend {where}.", "{name} sat down {where} and had {thing:a}.",
            "{name} asked for {thing:a} {time} and finished it quickly.",
        ),
        (
            "{name} had {thing:a}, and {name2} had {thing2:a}.",
            "{name} had {thing:a} {where}, but {name2} had {thing2:a} {where2}.",
            "{name} chose {thing:a}, while {name2} only wanted {thing2:a}.",
            "{name} had {thing:a} {time}, and {name2} had {thing2:a} {time2}.",
        ),
        (
            ("who", "name", (
                "Who had the {thing}?", "Who had {thing:a}?", "Who chose the {thing}?", "Who enjoyed {thing:a}?",
            ), ("{name} had the {thing}.", "It was {name}.", "{name} did.")),
            ("where", "where", (
                "Where did {name} have the {thing}?", "Where was {name}?", "Where did {name} eat?",
                "Where was {name} with the {thing}?",
            ), ("{name} had it {where}.", "{he:C} was {where}.", "It was {where}.")),
            ("what", "thing:a", (
                "What did {name} have?", "What did {name} want?", "What did {name} choose?",
                "What was it that {name} had?",
            ), ("{name} had {thing:a}.", "It was {thing:a}.", "{he:C} had {thing:a}.")),
            ("when", "time", (
                "When did {name} have the {thing}?", "When did {name} have {thing:a}?",
                "When did {name} get the {thing}?",
                "When was {name} hungry?",
            ), ("{name} had it {time}.", "{he:C} had it {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # something made
        {"name": "name", "thing": "artwork", "time": "time"},
        (
            "{name} made {thing:a} {time}.", "{time:C}, {name} made {thing:a}.", "{name} made {thing:a} all alone.",
            "It took {name} two hours to make {thing:a}.", "{name} is proud, because {he} made {thing:a} {time}.",
            "With a little help, {name} made {thing:a} {time}.", "{name} finished {thing:a} {time}.",
            "For the show {name} made {thing:a}.",
        ),
        (
            "{name} made {thing:a}, and {name2} made {thing2:a}.",
            "{name} made {thing:a} {time}, but {name2} made {thing2:a} {time2}.",
            "While {name} made {thing:a}, {name2} worked on {thing2:a}.",
            "{name} is good with {his} hands and made {thing:a}, while {name2} made {thing2:a}.",
        ),
        (
            ("who", "name", (
                "Who made the {thing}?", "Who made {thing:a}?", "Who finished the {thing}?",
                "Whose work is the {thing}?",
            ), ("{name} made the {thing}.", "It was {name}.", "{name} did.")),
            ("what", "thing:a", (
                "What did {name} make?", "What did {name} work on?", "What was made by {name}?",
                "What can {name} be proud of?",
            ), ("{name} made {thing:a}.", "It was {thing:a}.", "{he:C} made {thing:a}.")),
            ("when", "time", (
                "When did {name} make the {thing}?", "When did {name} finish the {thing}?",
                "When was the {thing} made?",
                "When was the {thing} ready?",
            ), ("{name} made it {time}.", "{he:C} made it {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # two people met
        {"name": "name", "friend": "name", "where": "place", "time": "time"},
        (
            "{name} met {friend} {where} {time}.", "{time:C}, {name} met {friend} {where}.",
            "{name} ran into {friend} {where}.", "{name} and {friend} met {where} {time}.",
            "{name} saw {friend} {where} and waved.", "{name} had a long talk with {friend} {where}.",
            "By chance {name} met {friend} {where} {time}.", "{name} took a walk with {friend} {where} {time}.",
        ),
        (
            "{name} met {friend} {where}, and {name2} met {friend2} {where2}.",
            "{name} met {friend} {time}, but {name2} met {friend2} {time2}.",
            "While {name} talked to {friend} {where}, {name2} ran into {friend2} {where2}.",
        ),
        (
            ("who", "friend", (
                "Who did {name} meet?", "Who was with {name}?", "Who was it that {name} met?", "Whom did {name} see?",
            ), ("{name} met {friend}.", "It was {friend}.", "{he:C} met {friend}.")),
            ("where", "where", (
                "Where did {name} meet {friend}?", "Where were {name} and {friend}?", "Where was {friend}?",
                "Where did {friend} see {name}?",
            ), ("They met {where}.", "They were {where}.", "It was {where}.")),
            ("when", "time", (
                "When did {name} meet {friend}?", "When did {name} and {friend} meet?",
                "When was {friend} with {name}?",
                "When did {friend} see {name}?",
            ), ("They met {time}.", "{name} met {friend} {time}.", "It was {time}.")),
        ),
    ),
    Kind(  # something that takes place
        {"event": "event", "where": "place", "time": "time"},
        (
            "The {event} will be {where} {time}.", "The {event} is {time}.", "There will be {event:a} {where} {time}.",
            "The {event} takes place {where} {time}.", "The {event} starts {time}, and it will be {where}.",
            "Everyone is looking forward to the {event} {where} {time}.", "Do not miss the {event} {where} {time}.",
            "A sign says that the {event} will be {where} {time}.", "People will meet {where} {time} for the {event}.",
        ),
        (
            "The {event} is {time}, and the {event2} is {time2}.",
            "The {event} will be {where}, but the {event2} will be {where2}.",
            "The {event} is {where} {time}, and the {event2} is {where2} {time2}.",
            "The {event} takes place {time}, but the {event2} takes place {time2}.",
        ),
        (
            ("where", "where", (
                "Where will the {event} be?", "Where is the {event}?", "Where does the {event} take place?",
                "Where should I go for the {event}?",
            ), ("The {event} is {where}.", "It will be {where}.", "It takes place {where}.")),
            ("when", "time", (
                "When is the {event}?", "When will the {event} be?", "When does the {event} take place?",
                "When should I come to the {event}?",
            ), ("The {event} is {time}.", "It will be {time}.", "It takes place {time}.")),
        ),
    ),
)

# Sentences that answer nothing.
SCENES = (
    "The whole family was busy.", "It was a good day.", "There was much to do.", "The sky was grey.",
    "It rained a little.", "The house was quiet.", "The sun was warm.", "A cold wind blew.", "Everybody was tired.",
    "The radio played an old song.", "There was snow on the roofs.", "Nobody was in a hurry.", "The children laughed.",
    "It was a strange week.", "The neighbours were curious.", "All of them were happy.", "The dog barked all the time.",
    "Nobody said much.", "The weather was fine.", "It smelled of fresh bread.", "They all know each other well.",
    "The village was full of people.", "Everyone was in a good mood.", "It was not easy.", "The air was fresh.",
    "Father was pleased.", "Mother had an idea.", "Everything went well.", "The others stayed at home.",
    "That is how it always is.", "A few clouds were in the sky.", "Nobody was surprised.",
)

# Documents: how a question is asked and answered.
SHORT_ANSWERS = (
    "{answer:C}.", "{answer:C}!", "{answer:C}, of course.", "{answer:C}, it says.", "That is easy: {answer}.",
    "The answer is: {answer}.", "{answer:C}, as the text says.", "{answer:C}, I think.", "Easy: {answer}.",
    "Right: {answer}.", "It says so in the text: {answer}.", "Let me see. {answer:C}.", "{answer:C}, as I remember.",
)
ASKED = (
    "asked the teacher.", "asked Mother.", "Grandfather wanted to know.", "asked the boy.", "asked the old woman.",
    "she asked the class.", "he asked.", "asked her friend.", "asked the policeman.", "asked Father.", "I asked.",
    "the nurse asked gently.", "asked my sister.", "asked the man at the next table.", "came the first question.",
    "asked the girl in the front row.", "read the teacher from the book.", "asked the coach.", "he wanted to know.",
    "asked the guest.", "asked the driver.", "she whispered.",
)
SAID = (
    "said the child.", "said the girl.", "answered the boy.", "said her brother.", "said the smallest of them.",
    "they all said.", "said a voice at the back.", "I answered.", "said the girl at once.", "he said after a while.",
    "said his sister.", "answered the twins.", "she said with a smile.", "said my brother.", "said the old man.",
    "wrote the boy.", "said the girl with the braids.", "answered his friend.", "said the class.", "I said.",
    "he read out.", "she replied.",
)
TITLES = (
    "Read the text and answer.", "A short text with questions", "Read and remember", "What does the text say?",
    "Look for the answer in the text.", "Reading lesson", "A little reading test", "Do you remember?",
    "Listen, and then tell me.", "Read carefully.", "From the reading book:", "Who, what, where, when?",
)
BRIDGES = (
    "Now the questions.", "The teacher closed the book.", "Have you read it well?", "What do you remember?",
    "Then came the questions.", "Questions:", "The class had to think.", "Now answer without looking.",
    "It is all in the text.", "Here is what we asked.", "Can you say it?", "That was the whole text.",
)
# fmt: on

# fmt: off
_LITTLE_WORDS = {
    "a", "an", "and", "at", "after", "before", "behind", "beside", "between", "by", "during", "early", "first", "for",
    "from", "front", "had", "half", "his", "in", "inside", "last", "late", "near", "new", "next", "o'clock", "of",
    "old",
    "on", "outside", "past", "small", "the", "to", "under",
    "mr", "mrs", "miss", "aunt", "uncle", "grandpa", "grandma",
}
# fmt: on


def _content(words: str) -> set[str]:
    return set(words.lower().split()) - _LITTLE_WORDS


def _pick(scribe: Scribe, table: Sequence[str], part: str | None, taken: set[str]) -> str:
    """A phrase of ``table`` that shares no word of meaning with those already in the text; empty if none is left."""
    fresh = [phrase for phrase in part_of(table, part) if not _content(phrase) & taken]
    phrase = scribe.choice(fresh or [""])
    taken |= _content(phrase)
    return phrase


_PRONOUNS = {"he": {"he": "he", "him": "him", "his": "his"}, "she": {"he": "she", "him": "her", "his": "her"}}


def _fact(scribe: Scribe, kind: Kind, part: str | None, taken: set[str], colours: list[str]) -> dict[str, str]:
    """The words of one fact."""
    fact: dict[str, str] = {}
    for slot, table in kind.slots.items():
        if table == "name":
            fact[slot] = _pick(scribe, list(GENDERS), part, taken)
        else:
            fact[slot] = _pick(scribe, TABLES[table], part, taken)
        if table == "object" and colours:
            fact[slot] = f"{colours.pop()} {fact[slot]}"
    if "name" in fact:
        fact |= _PRONOUNS[GENDERS.get(fact["name"], "he")]
    return fact


def _same_noun(scribe: Scribe, fact: dict[str, str], facts: list[tuple[Kind, dict[str, str]]]) -> None:
    """Sometimes makes a blue cup out of a blue hat, where a red cup stands in the text already."""
    for kind, earlier in facts:
        if kind.slots.get("thing") == "object" and scribe.chance(0.4):
            fact["thing"] = fact["thing"].split()[0] + " " + earlier["thing"].split(" ", 1)[1]
            return


def _draft(scribe: Scribe, part: str | None, sentences: int) -> tuple[list, list]:
    """The patterns and words of a text, and its facts; nothing is written yet."""
    main = scribe.choice(KINDS)
    other = scribe.choice(KINDS) if scribe.chance(0.35) else main
    taken: set[str] = set()
    colours = scribe.sample(COLOURS, 8) if scribe.chance(0.5) else []
    lines: list[tuple[str, dict[str, str]]] = []
    facts: list[tuple[Kind, dict[str, str]]] = []

    def new_fact(kind: Kind) -> dict[str, str]:
        fact = _fact(scribe, kind, part, taken, colours)
        if colours and kind.slots.get("thing") == "object":
            _same_noun(scribe, fact, facts)
        facts.append((kind, fact))
        return fact

    for i in range(sentences):
        kind = other if i else main
        if i > 0 and i == sentences - 1 and scribe.chance(0.3):
            lines.append((scribe.choice(SCENES), {}))
        elif scribe.chance(0.35 if sentences < 4 else 0.1):
            first, second = new_fact(kind), new_fact(kind)
            lines.append((scribe.choice(kind.two), first | {slot + "2": word for slot, word in second.items()}))
        else:
            lines.append((scribe.choice(kind.one), new_fact(kind)))
    if scribe.chance(0.1):
        lines.insert(0, lines.pop())
    return lines, facts


def _stands_in(text: str, pattern: str, fact: dict[str, str]) -> bool:
    """Whether ``text`` says everything that a question or an answer speaks of."""
    words = [word for slot, word in fact.items() if f"{{{slot}" in pattern and slot not in _PRONOUNS["he"]]
    return all(word.lower() in text.lower() for word in words)


def _askable(scribe: Scribe, text: str, facts: list[tuple[Kind, dict[str, str]]], part: str | None) -> list[tuple]:
    """The questions the text can answer, in random order: type, question pattern, answer, full answer, words."""
    found = []
    for kind, fact in facts:
        for question_type, slot, questions, full_answers in kind.questions:
            cut = len(questions) * 3 // 4
            offered = {"train": questions[:cut], "heldout": questions[cut:], None: questions}[part]
            offered = [question for question in offered if _stands_in(text, question, fact)]
            answer = fill("{" + slot + "}", **fact)
            # A pattern may leave a phrase out, or begin a sentence with it.
            if answer not in text or not offered:
                continue
            question = scribe.choice(offered)
            sayable = [full for full in full_answers if _stands_in(text, full, fact)]
            if "{name}" not in question:
                sayable = [full for full in sayable if "{he" not in full]
            found.append((question_type, question, answer, scribe.choice(sayable), fact))
    return scribe.shuffled(found)


def _write(scribe: Scribe, part: str | None, sentences: int | None, most: int) -> tuple[str, list[tuple]]:
    """A text and up to ``most`` questions: type, question, answer, and pattern and words of a full answer."""
    while True:
        lines, facts = _draft(scribe, part, sentences or scribe.choice((2, 2, 3, 3, 4)))
        if len(facts) < 2 or not all(all(fact.values()) for _, fact in facts):
            continue
        text = " ".join(fill(pattern, **words) for pattern, words in lines)
        if not 15 <= len(text.split()) <= 45 or len({pattern for pattern, _ in lines}) < len(lines):
            continue
        askable = _askable(scribe, text, facts, part)[:most]
        if askable:
            break
    text = " ".join(scribe.write((pattern,), **words) for pattern, words in lines)
    return text, [
        (question_type, scribe.write((question,), **fact), answer, full, fact)
        for question_type, question, answer, full, fact in askable
    ]


def passage(scribe: Scribe, part: str | None = None, sentences: int | None = None) -> Passage:
    """A text of 2 to 4 sentences (as many as asked for, or a random number) with up to four questions."""
    text, asked = _write(scribe, part, sentences, 4)
    return Passage(text, tuple((question_type, question, answer) for question_type, question, answer, *_ in asked))


def _dialogue(scribe: Scribe, asked: list[tuple]) -> list[str]:
    """Somebody asks about the text, somebody answers."""
    lines = []
    speakers = scribe.choice(ASKED), scribe.choice(SAID)
    for i, (_, question, answer, full, fact) in enumerate(asked):
        reply = scribe.write((full,) if scribe.chance(0.4) else SHORT_ANSWERS, answer=answer, **fact)
        if i == 0 or scribe.chance(0.3):
            asks, says = (scribe.write((tag,)) for tag in speakers)
            lines.append(f'"{question}" {asks} "{reply[:-1]}," {says}')
        else:
            lines += [f'"{question}"', f'"{reply}"']
    return lines


def _answers(scribe: Scribe, asked: list[tuple]) -> list[str]:
    """Questions with their answers, all in one layout."""
    layout = scribe.choice(("short", "below", "full", "paragraph", "numbered"))
    lines = []
    for number, (_, question, answer, full, fact) in enumerate(asked, 1):
        if layout in ("full", "paragraph"):
            lines.append(f"{question} {scribe.write((full,), **fact)}")
        elif layout == "numbered":
            lines.append(f"{number}. {question} {scribe.write(('{answer:C}.',), answer=answer)}")
        else:
            reply = scribe.write(SHORT_ANSWERS, answer=answer)
            lines.append(f"{question}\n{reply}" if layout == "below" else f"{question} {reply}")
    return [" ".join(lines)] if layout == "paragraph" else lines


def document(scribe: Scribe) -> str:
    """A passage with one to three questions and their answers, in one of many layouts."""
    text, asked = _write(scribe, None, None, scribe.choice((1, 2, 2, 3, 3)))
    lines = [scribe.write(TITLES)] if scribe.chance(0.2) else []
    lines.append(text)
    if scribe.chance(0.25):
        lines.append(scribe.write(BRIDGES))
    return "\n".join(lines + (_dialogue if scribe.chance(0.25) else _answers)(scribe, asked))
