"""The words of the small world: tables of things that are true of animals, foods, jobs, places and objects.

The order of every table is part of the data: ``grammar.part_of`` holds out each fourth entry, so like things stand
apart. An attribute is ``None`` where it has no single short answer. Answers about a place keep their preposition
("in the forest"), and answers that name a tool keep their article, so that every pattern can use them as they are.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Animal:
    """``legs`` is "no" where there are none; ``size`` compares the animal with a grown-up person."""

    name: str
    kind: str | None
    home: str | None
    covering: str | None
    legs: str | None
    food: str | None
    size: str | None
    young: str | None


@dataclass(frozen=True)
class Food:
    """Something to eat that can be counted; what cannot be counted is ``Stuff``."""

    name: str
    kind: str | None
    colour: str | None
    taste: str | None
    shape: str | None
    grows: str | None
    ingredient: str | None
    texture: str | None


@dataclass(frozen=True)
class Job:
    name: str
    workplace: str | None
    tool: str | None
    work: str | None
    works_with: str | None
    helps: str | None


@dataclass(frozen=True)
class Place:
    """``at`` is the preposition: in a library, at an airport, on a farm."""

    name: str
    at: str
    found: str | None
    activity: str | None
    side: str | None
    noise: str | None
    worker: str | None


@dataclass(frozen=True)
class Object:
    name: str
    kind: str | None
    use: str | None
    material: str | None
    kept: str | None
    weight: str | None


@dataclass(frozen=True)
class Stuff:
    """What cannot be counted and so takes no article: milk, gold, snow."""

    name: str
    kind: str | None
    colour: str | None
    source: str | None
    state: str | None


# fmt: off
ANIMALS: tuple[Animal, ...] = (
    Animal("crocodile", "reptile", "in a river", "scales", "four", "meat", "bigger", None),
    Animal("llama", "mammal", "in the mountains", "wool", "four", "grass", "bigger", None),
    Animal("whale", "mammal", "in the sea", "smooth skin", "no", None, "bigger", "calf"),
    Animal("ostrich", "bird", "on the plains", "feathers", "two", "plants", "bigger", "chick"),
    Animal("scorpion", None, "in the desert", "a hard shell", "eight", "insects", "smaller", None),
    Animal("hippo", "mammal", "in a river", "thick skin", "four", "grass", "bigger", "calf"),
    Animal("polar bear", "mammal", "on the ice", "fur", "four", "meat", "bigger", "cub"),
    Animal("beaver", "mammal", "in a river", "fur", "four", "plants", "smaller", None),
    Animal("rattlesnake", "reptile", "in the desert", "scales", "no", "mice", "smaller", None),
    Animal("giraffe", "mammal", "on the plains", "hair", "four", "leaves", "bigger", "calf"),
    Animal("bear", "mammal", "in the forest", "fur", "four", None, "bigger", "cub"),
    Animal("hummingbird", "bird", "in the jungle", "feathers", "two", "nectar", "smaller", "chick"),
    Animal("mouse", "mammal", "in a small hole", "fur", "four", "seeds", "smaller", None),
    Animal("moose", "mammal", "in the forest", "fur", "four", "leaves", "bigger", "calf"),
    Animal("herring", "fish", "in the sea", "scales", "no", None, "smaller", None),
    Animal("otter", "mammal", "in a river", "fur", "four", "fish", "smaller", None),
    Animal("chameleon", "reptile", "in a tree", "scales", "four", "insects", "smaller", None),
    Animal("badger", "mammal", "in the forest", "fur", "four", "worms", "smaller", "cub"),
    Animal("swan", "bird", "on a lake", "feathers", "two", "plants", "smaller", "cygnet"),
    Animal("flamingo", "bird", "on a lake", "feathers", "two", None, "smaller", "chick"),
    Animal("cow", "mammal", "on a farm", "hair", "four", "grass", "bigger", "calf"),
    Animal("robin", "bird", "in the garden", "feathers", "two", "worms", "smaller", "chick"),
    Animal("catfish", "fish", "in a river", "smooth skin", "no", None, None, None),
    Animal("zebra", "mammal", "on the plains", "hair", "four", "grass", "bigger", "foal"),
    Animal("pelican", "bird", "by the sea", "feathers", "two", "fish", "smaller", "chick"),
    Animal("cat", "mammal", "in a house", "fur", "four", "meat", "smaller", "kitten"),
    Animal("duck", "bird", "on a pond", "feathers", "two", None, "smaller", "duckling"),
    Animal("rabbit", "mammal", "in a burrow", "fur", "four", "grass", "smaller", None),
    Animal("frog", "amphibian", "in a pond", "smooth skin", "four", "insects", "smaller", "tadpole"),
    Animal("sardine", "fish", "in the sea", "scales", "no", None, "smaller", None),
    Animal("horse", "mammal", "on a farm", "hair", "four", "grass", "bigger", "foal"),
    Animal("toad", "amphibian", "in the garden", "bumpy skin", "four", "insects", "smaller", "tadpole"),
    Animal("snake", "reptile", None, "scales", "no", "meat", None, None),
    Animal("leopard", "mammal", "in the jungle", "fur", "four", "meat", None, "cub"),
    Animal("sheep", "mammal", "on a farm", "wool", "four", "grass", None, "lamb"),
    Animal("grasshopper", "insect", "in a field", None, "six", "grass", "smaller", None),
    Animal("shark", "fish", "in the sea", None, "no", "meat", None, None),
    Animal("hamster", "mammal", "in a cage", "fur", "four", "seeds", "smaller", None),
    Animal("clownfish", "fish", "in the sea", "scales", "no", None, "smaller", None),
    Animal("monkey", "mammal", "in the jungle", "fur", None, "fruit", "smaller", None),
    Animal("bee", "insect", "in a hive", "hair", "six", "nectar", "smaller", None),
    Animal("owl", "bird", "in the forest", "feathers", "two", "mice", "smaller", "owlet"),
    Animal("kangaroo", "mammal", "on the plains", "fur", None, "grass", None, "joey"),
    Animal("wasp", "insect", "in a nest", None, "six", None, "smaller", None),
    Animal("lobster", None, "in the sea", "a hard shell", "ten", None, "smaller", None),
    Animal("hare", "mammal", "in a field", "fur", "four", "grass", "smaller", None),
    Animal("vulture", "bird", "in the mountains", "feathers", "two", "meat", "smaller", None),
    Animal("mole", "mammal", "under the ground", "fur", "four", "worms", "smaller", None),
    Animal("moth", "insect", "in the garden", "scales", "six", "nectar", "smaller", "caterpillar"),
    Animal("dolphin", "mammal", "in the sea", "smooth skin", "no", "fish", "bigger", "calf"),
    Animal("pig", "mammal", "on a farm", None, "four", None, None, "piglet"),
    Animal("donkey", "mammal", "on a farm", "hair", "four", "grass", None, "foal"),
    Animal("eagle", "bird", "in the mountains", "feathers", "two", "meat", "smaller", None),
    Animal("goldfish", "fish", "in a pond", "scales", "no", None, "smaller", None),
    Animal("ladybird", "insect", "in the garden", None, "six", "insects", "smaller", None),
    Animal("fox", "mammal", "in the forest", "fur", "four", "meat", "smaller", "cub"),
    Animal("dragonfly", "insect", "by a pond", None, "six", "insects", "smaller", None),
    Animal("ant", "insect", "under the ground", None, "six", None, "smaller", None),
    Animal("wolf", "mammal", "in the forest", "fur", "four", "meat", None, None),
    Animal("spider", None, "in a web", "hair", "eight", "insects", "smaller", None),
    Animal("camel", "mammal", "in the desert", "hair", "four", "plants", "bigger", "calf"),
    Animal("pigeon", "bird", "in the city", "feathers", "two", "seeds", "smaller", None),
    Animal("eel", "fish", None, "smooth skin", "no", None, "smaller", None),
    Animal("hen", "bird", "on a farm", "feathers", "two", "seeds", "smaller", "chick"),
    Animal("woodpecker", "bird", "in the forest", "feathers", "two", "insects", "smaller", None),
    Animal("swordfish", "fish", "in the sea", None, "no", "fish", None, None),
    Animal("goose", "bird", "on a farm", "feathers", "two", "grass", "smaller", "gosling"),
    Animal("koala", "mammal", "in a tree", "fur", "four", "leaves", "smaller", "joey"),
    Animal("elephant", "mammal", "on the plains", "thick skin", "four", "plants", "bigger", "calf"),
    Animal("hedgehog", "mammal", "in the garden", "spines", "four", "insects", "smaller", None),
    Animal("crab", None, "by the sea", "a hard shell", "ten", None, "smaller", None),
    Animal("tortoise", "reptile", "on dry land", "a hard shell", "four", "plants", "smaller", None),
    Animal("butterfly", "insect", "in the garden", "scales", "six", "nectar", "smaller", "caterpillar"),
    Animal("panda", "mammal", "in the forest", "fur", "four", "bamboo", "bigger", "cub"),
    Animal("penguin", "bird", "on the ice", "feathers", "two", "fish", "smaller", "chick"),
    Animal("tiger", "mammal", "in the jungle", "fur", "four", "meat", "bigger", "cub"),
    Animal("dog", "mammal", "in a house", "fur", "four", "meat", "smaller", "puppy"),
    Animal("rhino", "mammal", "on the plains", "thick skin", "four", "plants", "bigger", "calf"),
    Animal("gull", "bird", "by the sea", "feathers", "two", "fish", "smaller", "chick"),
    Animal("newt", "amphibian", "in a pond", "smooth skin", "four", None, "smaller", None),
    Animal("parrot", "bird", "in the jungle", "feathers", "two", "fruit", "smaller", "chick"),
    Animal("snail", None, "in the garden", "a hard shell", "no", "leaves", "smaller", None),
    Animal("gorilla", "mammal", "in the jungle", "hair", None, "leaves", "bigger", None),
    Animal("squirrel", "mammal", "in the forest", "fur", "four", "nuts", "smaller", None),
    Animal("puffin", "bird", "by the sea", "feathers", "two", "fish", "smaller", None),
    Animal("cheetah", "mammal", "on the plains", "fur", "four", "meat", None, "cub"),
    Animal("sparrow", "bird", "in the garden", "feathers", "two", "seeds", "smaller", "chick"),
    Animal("lizard", "reptile", "in the desert", "scales", "four", "insects", "smaller", None),
    Animal("deer", "mammal", "in the forest", "fur", "four", "leaves", None, "fawn"),
    Animal("goat", "mammal", "on a farm", "hair", "four", None, None, "kid"),
    Animal("salamander", "amphibian", "in the forest", "smooth skin", "four", "insects", "smaller", None),
    Animal("lion", "mammal", "on the plains", "fur", "four", "meat", "bigger", "cub"),
    Animal("buffalo", "mammal", "on the plains", "hair", "four", "grass", "bigger", "calf"),
)

FOODS: tuple[Food, ...] = (
    Food("bagel", "kind of bread", "brown", None, "round", None, "flour", "chewy"),
    Food("muffin", "cake", None, "sweet", None, None, "flour", "soft"),
    Food("parsnip", "vegetable", "white", "sweet", "long", "under the ground", None, None),
    Food("cracker", "snack", None, "salty", "flat", None, "flour", "crunchy"),
    Food("toffee", "sweet", "brown", "sweet", None, None, "sugar", "chewy"),
    Food("blackberry", "fruit", "black", "sweet", None, "on a bush", None, "soft"),
    Food("tomato", None, "red", None, "round", "on a vine", None, "juicy"),
    Food("apple", "fruit", None, "sweet", "round", "on a tree", None, "crunchy"),
    Food("pea", "vegetable", "green", "sweet", "round", "in a pod", None, None),
    Food("blackcurrant", "fruit", "black", "sour", "round", "on a bush", None, None),
    Food("brownie", "cake", "brown", "sweet", "square", None, None, "soft"),
    Food("fig", "fruit", "purple", "sweet", None, "on a tree", None, "soft"),
    Food("beetroot", "vegetable", "purple", "sweet", "round", "under the ground", None, None),
    Food("waffle", None, "brown", "sweet", None, None, "flour", "crunchy"),
    Food("walnut", "nut", "brown", None, "round", "on a tree", None, "crunchy"),
    Food("meatball", None, "brown", "salty", "round", None, "meat", "soft"),
    Food("chilli", None, "red", "hot", "long", "on a bush", None, None),
    Food("cranberry", "fruit", "red", "sour", "round", "on a bush", None, None),
    Food("almond", "nut", "brown", None, "oval", "on a tree", None, "crunchy"),
    Food("pineapple", "fruit", None, "sweet", None, "close to the ground", None, "juicy"),
    Food("peanut", None, "brown", None, "oval", "under the ground", None, "crunchy"),
    Food("sweet potato", "vegetable", "orange", "sweet", None, "under the ground", None, None),
    Food("chestnut", "nut", "brown", "sweet", "round", "on a tree", None, None),
    Food("pickle", None, "green", "sour", "long", None, "cucumbers", "crunchy"),
    Food("cherry", "fruit", "red", "sweet", "round", "on a tree", None, "juicy"),
    Food("croissant", "kind of bread", "brown", None, "curved", None, "flour", "soft"),
    Food("nectarine", "fruit", None, "sweet", "round", "on a tree", None, "juicy"),
    Food("bun", "kind of bread", "brown", None, "round", None, "flour", "soft"),
    Food("lettuce", "vegetable", "green", None, None, "close to the ground", None, "crunchy"),
    Food("hazelnut", "nut", "brown", None, "round", "on a tree", None, "crunchy"),
    Food("melon", "fruit", None, "sweet", "round", "close to the ground", None, "juicy"),
    Food("lemon", "fruit", "yellow", "sour", "oval", "on a tree", None, "juicy"),
    Food("onion", "vegetable", None, None, "round", "under the ground", None, "crunchy"),
    Food("pomegranate", "fruit", "red", None, "round", "on a tree", None, "juicy"),
    Food("doughnut", "cake", "brown", "sweet", "round", None, "flour", "soft"),
    Food("cucumber", None, "green", None, "long", "on a vine", None, "crunchy"),
    Food("burger", None, "brown", "salty", "round", None, "meat", None),
    Food("cookie", "snack", "brown", "sweet", "round", None, "flour", "crunchy"),
    Food("pizza", "hot meal", None, "salty", "round", None, "flour", None),
    Food("apricot", "fruit", "orange", "sweet", "round", "on a tree", None, "soft"),
    Food("sausage", None, "brown", "salty", "long", None, "meat", None),
    Food("jelly bean", "sweet", None, "sweet", "oval", None, "sugar", "chewy"),
    Food("pear", "fruit", None, "sweet", None, "on a tree", None, "juicy"),
    Food("grapefruit", "fruit", None, "bitter", "round", "on a tree", None, "juicy"),
    Food("cauliflower", "vegetable", "white", None, "round", "close to the ground", None, None),
    Food("potato", "vegetable", "brown", None, "round", "under the ground", None, None),
    Food("plum", "fruit", "purple", "sweet", "round", "on a tree", None, "soft"),
    Food("peach", "fruit", None, "sweet", "round", "on a tree", None, "soft"),
    Food("blueberry", "fruit", "blue", "sweet", "round", "on a bush", None, "soft"),
    Food("lollipop", "sweet", None, "sweet", "round", None, "sugar", "hard"),
    Food("raisin", None, "brown", "sweet", None, None, "grapes", "chewy"),
    Food("turnip", "vegetable", "white", None, "round", "under the ground", None, "hard"),
    Food("cupcake", "cake", None, "sweet", "round", None, "flour", "soft"),
    Food("gooseberry", "fruit", "green", "sour", "round", "on a bush", None, None),
    Food("pretzel", "snack", "brown", "salty", None, None, "flour", "crunchy"),
    Food("pumpkin", None, "orange", None, "round", "close to the ground", None, "hard"),
    Food("radish", "vegetable", "red", "hot", "round", "under the ground", None, "crunchy"),
    Food("carrot", "vegetable", "orange", "sweet", "long", "under the ground", None, "crunchy"),
    Food("watermelon", "fruit", "green", "sweet", "round", "close to the ground", None, "juicy"),
    Food("cabbage", "vegetable", "green", None, "round", "close to the ground", None, "crunchy"),
    Food("pancake", None, None, "sweet", "flat", None, "flour", "soft"),
    Food("grape", "fruit", None, "sweet", "round", "on a vine", None, "juicy"),
    Food("baguette", "kind of bread", "brown", None, "long", None, "flour", None),
    Food("tangerine", "fruit", "orange", "sweet", "round", "on a tree", None, "juicy"),
    Food("strawberry", "fruit", "red", "sweet", None, "close to the ground", None, "juicy"),
    Food("coconut", "fruit", "brown", None, "round", "on a tree", None, "hard"),
    Food("omelette", "hot meal", "yellow", "salty", "flat", None, "eggs", "soft"),
    Food("lime", "fruit", "green", "sour", "round", "on a tree", None, "juicy"),
    Food("mango", "fruit", None, "sweet", "oval", "on a tree", None, "juicy"),
    Food("marshmallow", "sweet", "white", "sweet", None, None, "sugar", "soft"),
    Food("banana", "fruit", "yellow", "sweet", "long", None, None, "soft"),
    Food("raspberry", "fruit", "red", "sweet", None, "on a bush", None, "soft"),
    Food("dumpling", None, "white", None, "round", None, "flour", "soft"),
    Food("pecan", "nut", "brown", "sweet", "oval", "on a tree", None, "crunchy"),
)

JOBS: tuple[Job, ...] = (
    Job("shepherd", "in a field", "a long stick", "look after sheep", "sheep", None),
    Job("pianist", "on a stage", "a piano", "play the piano", "music", None),
    Job("vet", "in an animal clinic", None, "treat sick animals", "animals", "sick animals"),
    Job("drummer", "on a stage", "a drum", "play the drums", "music", None),
    Job("architect", "in an office", "a ruler", "plan buildings", "plans", "builders"),
    Job("photographer", "in a studio", "a camera", "take photos", "pictures", None),
    Job("programmer", "in an office", "a computer", "write computer programs", "computers", None),
    Job("actor", "in a theatre", "a costume", "play parts", "words", None),
    Job("butcher", "in a butcher shop", "a knife", "cut meat", "meat", None),
    Job("barber", "in a barber shop", "a razor", "shave beards", "hair", None),
    Job("weaver", "in a weaving mill", "a loom", "weave cloth", "thread", None),
    Job("taxi driver", "in a taxi", "a steering wheel", "drive people around town", "people", "passengers"),
    Job("electrician", "in the homes of others", "a screwdriver", "fix electric wires", "wires", None),
    Job("hairdresser", "in a hair salon", "scissors", "cut hair", "hair", None),
    Job("nurse", "in a hospital", "a thermometer", "care for sick people", "people", "sick people"),
    Job("lifeguard", "at a swimming pool", "a whistle", "keep swimmers safe", "people", "swimmers"),
    Job("astronomer", "in an observatory", "a telescope", "study the stars", "stars", None),
    Job("fisherman", "on a boat", "a net", "catch fish", "fish", None),
    Job("window cleaner", "on a ladder", "a sponge", "clean windows", "water and soap", None),
    Job("cleaner", "in an office", "a mop", "clean floors", "water and soap", None),
    Job("painter", "in a studio", "a brush", "paint pictures", "paint", None),
    Job("truck driver", "in a truck", "a steering wheel", "carry goods by road", "goods", None),
    Job("journalist", "in a newspaper office", "a notebook", "write news stories", "words", "readers"),
    Job("bricklayer", "on a building site", "a trowel", "build walls", "bricks", None),
    Job("farmer", "on a farm", "a tractor", "grow food", "plants", None),
    Job("police officer", "in a police station", "a radio", "catch thieves", "people", "people in danger"),
    Job("dentist", "in a dental clinic", "a drill", "care for teeth", "teeth", "people with toothache"),
    Job("bus driver", "on a bus", "a steering wheel", "drive a bus", "people", "passengers"),
    Job("train driver", "on a train", "a whistle", "drive a train", "trains", "passengers"),
    Job("writer", "at a desk", "a pen", "write books", "words", "readers"),
    Job("scientist", "in a laboratory", "a microscope", "do experiments", "facts", None),
    Job("singer", "on a stage", "a microphone", "sing songs", "music", None),
    Job("blacksmith", "in a forge", "a hammer", "shape hot iron", "iron", None),
    Job("mail carrier", "on the street", "a bag", "deliver letters", "letters", None),
    Job("clown", "in a circus", "a red nose", "make people laugh", "jokes", None),
    Job("judge", "in a court", "a law book", "decide who is right", "the law", None),
    Job("chef", "in a kitchen", "a knife", "cook meals", "food", "hungry people"),
    Job("jockey", "on a race track", "a saddle", "ride race horses", "horses", None),
    Job("lumberjack", "in the forest", "an axe", "cut down trees", "wood", None),
    Job("roofer", "on a roof", "a hammer", "mend roofs", "tiles", None),
    Job("carpenter", "in a workshop", "a saw", "make things from wood", "wood", None),
    Job("astronaut", "in space", "a space suit", "explore space", "rockets", None),
    Job("shoemaker", "in a shoe shop", "a hammer", "make shoes", "leather", None),
    Job("miner", "in a mine", "a drill", "dig for coal", "rock", None),
    Job("waiter", "in a restaurant", "a tray", "serve meals", "food", "hungry people"),
    Job("baker", "in a bakery", "an oven", "bake bread", "dough", None),
    Job("watchmaker", "in a watch shop", "a tiny screwdriver", "repair watches", "watches", None),
    Job("optician", "in an optician shop", "an eye chart", "test eyes", "glasses", "people who see badly"),
    Job("firefighter", "in a fire station", "a hose", "put out fires", "water", "people in danger"),
    Job("florist", "in a flower shop", "scissors", "sell flowers", "flowers", None),
    Job("forest ranger", "in the forest", "a map", "guard the forest", "trees", "walkers"),
    Job("jeweller", "in a jewel shop", "a small hammer", "make rings", "gold", None),
    Job("chimney sweep", "on a roof", "a long brush", "clean chimneys", "chimneys", None),
    Job("detective", "in a police station", "a magnifying glass", "solve crimes", "clues", None),
    Job("doctor", "in a hospital", None, "treat sick people", "people", "sick people"),
    Job("babysitter", "in a family home", "toys", "look after children", "children", "parents"),
    Job("flight attendant", "in a plane", "a trolley", "look after passengers", "people", "travellers"),
    Job("potter", "in a pottery", "a wheel", "make pots", "clay", None),
    Job("librarian", "in a library", "a computer", "lend books", "books", "readers"),
    Job("gardener", "in a garden", "a spade", "look after plants", "plants", None),
    Job("magician", "on a stage", "a wand", "do magic tricks", "tricks", None),
    Job("accountant", "in an office", "a calculator", "add up numbers", "numbers", None),
    Job("cashier", "in a supermarket", "a till", "take the money of shoppers", "money", "shoppers"),
    Job("pilot", "in a plane", "a radio", "fly planes", "planes", "travellers"),
    Job("banker", "in a bank", "a computer", "look after money", "money", None),
    Job("surgeon", "in a hospital", "a sharp knife", "do operations", "people", "sick people"),
    Job("tailor", "in a tailor shop", "a needle", "sew clothes", "cloth", None),
    Job("teacher", "in a school", "a blackboard", "teach children", "children", "children"),
    Job("beekeeper", "by the hives", "a veil", "keep bees", "bees", None),
    Job("mechanic", "in a garage", "a wrench", "repair cars", "cars", "car owners"),
    Job("referee", "on a sports field", "a whistle", "keep a game fair", "players", "players"),
    Job("pharmacist", "in a pharmacy", None, "hand out medicine", "medicine", "sick people"),
    Job("sailor", "on a ship", "a rope", "sail ships", "ships", None),
    Job("zookeeper", "in a zoo", "a bucket", "feed zoo animals", "animals", None),
    Job("plumber", "in the homes of others", "a wrench", "mend pipes", "pipes", "people with leaks"),
)

PLACES: tuple[Place, ...] = (
    Place("laundry", "in", "washing machines", "wash clothes", "indoors", "loud", None),
    Place("bookshop", "in", "books", "buy books", "indoors", "quiet", "bookseller"),
    Place("zoo", "in", "wild animals", "look at wild animals", "outdoors", None, "zookeeper"),
    Place("forest", "in", "trees", "walk among trees", "outdoors", "quiet", "forest ranger"),
    Place("hotel", "in", "guest rooms", "stay for the night", "indoors", None, "hotel manager"),
    Place("jungle", "in", "monkeys and parrots", "look for rare animals", "outdoors", "loud", None),
    Place("restaurant", "in", "tables and food", "eat meals", "indoors", None, "waiter"),
    Place("barn", "in", "hay", "store hay", "indoors", "quiet", "farmer"),
    Place("dental clinic", "in", "a dentist chair", "get their teeth checked", "indoors", None, "dentist"),
    Place("factory", "in", "machines", "make things with machines", "indoors", "loud", "factory worker"),
    Place("shoe shop", "in", "shoes", "buy shoes", "indoors", None, "shop assistant"),
    Place("laboratory", "in", "microscopes", "do experiments", "indoors", "quiet", "scientist"),
    Place("football field", "on", "two goals", "play football", "outdoors", "loud", "referee"),
    Place("mountain", "on", "steep rocks", "climb", "outdoors", "quiet", None),
    Place("farm", "on", "farm animals", "grow food", "outdoors", None, "farmer"),
    Place("school", "at", "pupils", "learn lessons", "indoors", None, "teacher"),
    Place("kitchen", "in", "pots and pans", "cook food", "indoors", None, "cook"),
    Place("graveyard", "in", "old stones", "remember the dead", "outdoors", "quiet", None),
    Place("garage", "in", "cars", "park cars", "indoors", None, "mechanic"),
    Place("river", "on", "flowing water", "row boats", "outdoors", None, "boatman"),
    Place("ice rink", "on", "ice", "skate", None, "loud", "skating teacher"),
    Place("stadium", "in", "a sports field", "watch sport", "outdoors", "loud", "player"),
    Place("bathroom", "in", "a bath", "wash themselves", "indoors", "quiet", None),
    Place("lake", "on", "still water", "sail small boats", "outdoors", "quiet", None),
    Place("swimming pool", "in", "water", "swim", None, "loud", "lifeguard"),
    Place("concert hall", "in", "musicians", "listen to music", "indoors", "loud", "musician"),
    Place("airport", "at", "planes", "catch a plane", None, "loud", "pilot"),
    Place("observatory", "in", "a telescope", "study the stars", "indoors", "quiet", "astronomer"),
    Place("pharmacy", "in", "medicine", "buy medicine", "indoors", "quiet", "pharmacist"),
    Place("attic", "in", "old things", "store things under the roof", "indoors", "quiet", None),
    Place("castle", "in", "thick walls", "visit old towers", None, "quiet", "castle guard"),
    Place("bank", "in", "money", "keep money safe", "indoors", "quiet", "banker"),
    Place("hair salon", "in", "mirrors and scissors", "get their hair cut", "indoors", None, "hairdresser"),
    Place("library", "in", "books", "read books", "indoors", "quiet", "librarian"),
    Place("desert", "in", "sand", "ride camels", "outdoors", "quiet", None),
    Place("fire station", "in", "fire engines", "wait for fire calls", "indoors", None, "firefighter"),
    Place("beach", "on", "sand", "build sandcastles", "outdoors", None, "lifeguard"),
    Place("flower shop", "in", "flowers", "buy flowers", "indoors", "quiet", "florist"),
    Place("stable", "in", "horses", "keep horses", "indoors", "quiet", "groom"),
    Place("fairground", "at", "rides", "go on rides", "outdoors", "loud", None),
    Place("railway station", "at", "trains", "catch a train", None, "loud", "ticket seller"),
    Place("post office", "in", "letters", "send letters", "indoors", None, "postal worker"),
    Place("playground", "on", "swings", "play games", "outdoors", "loud", None),
    Place("aquarium", "in", "fish tanks", "look at fish", "indoors", "quiet", None),
    Place("mine", "in", "coal", "dig for coal", None, "loud", "miner"),
    Place("cinema", "in", "a big screen", "watch films", "indoors", "loud", None),
    Place("museum", "in", "old things", "look at old things", "indoors", "quiet", "museum guide"),
    Place("hospital", "in", "sick people", "get well", "indoors", "quiet", "nurse"),
    Place("court", "in", "a judge", "settle arguments", "indoors", None, "judge"),
    Place("vineyard", "in", "grapes", "grow grapes", "outdoors", "quiet", None),
    Place("bedroom", "in", "a bed", "sleep", "indoors", "quiet", None),
    Place("race track", "on", "fast cars", "race", "outdoors", "loud", None),
    Place("theatre", "in", "a stage", "watch plays", "indoors", None, "actor"),
    Place("harbour", "in", "ships", "load ships", "outdoors", None, "dock worker"),
    Place("cellar", "in", "wine and old boxes", "store things under a house", "indoors", "quiet", None),
    Place("dance hall", "in", "a wide floor", "dance", "indoors", "loud", None),
    Place("market", "at", "stalls", "buy fresh food", "outdoors", "loud", "stall keeper"),
    Place("bakery", "in", "bread", "buy bread", "indoors", None, "baker"),
    Place("orchard", "in", "fruit trees", "pick fruit", "outdoors", "quiet", "fruit picker"),
    Place("building site", "on", "bricks and cranes", "build houses", "outdoors", "loud", "builder"),
    Place("garden", "in", "flowers and plants", "grow flowers", "outdoors", "quiet", "gardener"),
    Place("police station", "in", "police officers", "ask the police for help", "indoors", None, "police officer"),
    Place("cave", "in", "bats and rocks", "explore the dark", None, "quiet", "cave guide"),
    Place("office", "in", "desks and computers", "work at desks", "indoors", "quiet", "clerk"),
    Place("workshop", "in", "tools", "make and mend things", "indoors", "loud", None),
    Place("campsite", "at", "tents", "sleep in tents", "outdoors", "quiet", None),
    Place("gym", "in", "weights", "exercise", "indoors", None, "trainer"),
    Place("animal clinic", "in", "sick pets", "take sick pets", "indoors", None, "vet"),
    Place("lighthouse", "in", "a bright lamp", "guide ships with light", "indoors", "quiet", None),
    Place("supermarket", "in", "shelves of food", "buy food", "indoors", None, "cashier"),
    Place("waiting room", "in", "chairs and magazines", "sit and wait", "indoors", "quiet", None),
    Place("toy shop", "in", "toys", "buy toys", "indoors", None, "shop assistant"),
    Place("church", "in", "a bell", "pray", "indoors", "quiet", "priest"),
    Place("circus", "in", "clowns", "watch clowns", "indoors", "loud", "clown"),
)

OBJECTS: tuple[Object, ...] = (
    Object("teapot", "container", "make tea", "china", "in the kitchen", None),
    Object("kite", "toy", "fly in the wind", None, "in the toy box", "light"),
    Object("frying pan", "tool", "fry eggs", "metal", "in the kitchen", None),
    Object("bed", "piece of furniture", "sleep at night", "wood", "in the bedroom", "heavy"),
    Object("spade", "tool", "dig holes", "metal", "in the garden shed", None),
    Object("coin", None, "pay for things", "metal", "in a purse", "light"),
    Object("key", "tool", "open a lock", "metal", "in a pocket", "light"),
    Object("towel", None, "dry the body", "cotton", "in the bathroom", "light"),
    Object("toothbrush", "tool", "clean teeth", "plastic", "in the bathroom", "light"),
    Object("bicycle", "vehicle", "ride along the road", "metal", "in the garage", None),
    Object("pencil", "tool", "draw pictures", "wood", "in a pencil case", "light"),
    Object("picture frame", None, "hold a photo", "wood", "on the wall", "light"),
    Object("alarm clock", "machine", "wake people up", None, "in the bedroom", "light"),
    Object("pen", "tool", "write with ink", "plastic", "in a pencil case", "light"),
    Object("kettle", "tool", "boil water", "metal", "in the kitchen", None),
    Object("tractor", "vehicle", "pull a plough", "metal", "in the barn", "heavy"),
    Object("cup", "container", "drink tea", "china", "in the kitchen", "light"),
    Object("boot", "piece of clothing", "keep a foot dry", "leather", "in the hall", None),
    Object("piano", "musical instrument", "play tunes on keys", None, "in the music room", "heavy"),
    Object("wine bottle", "container", "keep wine", "glass", "in the cellar", None),
    Object("wrench", "tool", "turn bolts", "metal", "in a toolbox", None),
    Object("screwdriver", "tool", "turn screws", "metal", "in a toolbox", None),
    Object("tent", "shelter", "sleep outdoors", "cloth", "in the garage", None),
    Object("sledge", "vehicle", "slide down a snowy hill", "wood", "in the garage", None),
    Object("stool", "piece of furniture", "sit at a high table", "wood", "in the kitchen", None),
    Object("knife", "tool", "cut food", "metal", "in the kitchen", None),
    Object("saw", "tool", "cut wood", "metal", "in a toolbox", None),
    Object("vacuum cleaner", "machine", "suck up dust", "plastic", "in a cupboard", None),
    Object("skipping rope", "toy", "skip and jump", "rope", "in the toy box", "light"),
    Object("ruler", "tool", "measure lines", None, "in a pencil case", "light"),
    Object("torch", "tool", "see in the dark", None, "in a drawer", "light"),
    Object("violin", "musical instrument", "play tunes with a bow", "wood", "in the music room", None),
    Object("wardrobe", "piece of furniture", "hang up clothes", "wood", "in the bedroom", "heavy"),
    Object("trumpet", "musical instrument", "play tunes by blowing", "metal", "in the music room", None),
    Object("comb", "tool", "tidy hair", "plastic", "in the bathroom", "light"),
    Object("envelope", "container", "send a letter", "paper", "in a desk drawer", "light"),
    Object("balloon", "toy", "decorate a party", "rubber", "in the party box", "light"),
    Object("washing machine", "machine", "wash clothes", "metal", "in the laundry room", "heavy"),
    Object("basket", "container", "carry shopping", None, "in the kitchen", "light"),
    Object("fridge", "machine", "keep food cold", None, "in the kitchen", "heavy"),
    Object("rubber band", None, "hold things together", "rubber", "in a desk drawer", "light"),
    Object("plate", None, "hold a meal", "china", "in the kitchen", "light"),
    Object("blanket", None, "keep warm in bed", "wool", "in the bedroom", "light"),
    Object("ladder", "tool", "reach high places", "metal", "in the garage", None),
    Object("guitar", "musical instrument", "play tunes on strings", "wood", "in the music room", None),
    Object("shirt", "piece of clothing", "cover the chest", "cotton", "in the wardrobe", "light"),
    Object("glove", "piece of clothing", "keep a hand warm", None, "in a drawer", "light"),
    Object("drum", "musical instrument", "beat a rhythm", "wood", "in the music room", None),
    Object("bookshelf", "piece of furniture", "hold books", "wood", "in the living room", "heavy"),
    Object("scarf", "piece of clothing", "keep the neck warm", "wool", "in the wardrobe", "light"),
    Object("hammer", "tool", "hit nails", "metal", "in a toolbox", None),
    Object("doll", "toy", "play house", None, "in the toy box", "light"),
    Object("notebook", None, "write notes", "paper", "in a school bag", "light"),
    Object("broom", "tool", "sweep the floor", None, "in a cupboard", "light"),
    Object("puzzle", "toy", "fit pieces together", None, "in the toy box", "light"),
    Object("belt", "piece of clothing", "hold up trousers", "leather", "in the wardrobe", None),
    Object("fork", "tool", "pick up food", "metal", "in the kitchen", "light"),
    Object("axe", "tool", "chop wood", "metal", "in the garden shed", None),
    Object("calendar", None, "see what day it is", "paper", "on the wall", "light"),
    Object("oven", "machine", "bake cakes", "metal", "in the kitchen", "heavy"),
    Object("candle", None, "give light", "wax", "in a drawer", "light"),
    Object("television", "machine", "watch films", None, "in the living room", "heavy"),
    Object("lawn mower", "machine", "cut grass", "metal", "in the garden shed", "heavy"),
    Object("rake", "tool", "gather leaves", "metal", "in the garden shed", None),
    Object("pillow", None, "rest the head", "cloth", "in the bedroom", "light"),
    Object("bucket", "container", "carry water", "plastic", "in the garden shed", None),
    Object("canoe", "vehicle", "paddle on a river", "wood", "in the boat house", None),
    Object("needle", "tool", "sew cloth", "metal", "in a sewing box", "light"),
    Object("sponge", "tool", "wash the body", None, "in the bathroom", "light"),
    Object("purse", "container", "hold coins", "leather", "in a handbag", "light"),
    Object("building block", "toy", "build toy towers", None, "in the toy box", "light"),
    Object("hosepipe", "tool", "water the garden", "rubber", "in the garden shed", None),
    Object("car", "vehicle", "drive along the road", "metal", "in the garage", "heavy"),
    Object("jumper", "piece of clothing", "keep the body warm", "wool", "in the wardrobe", None),
    Object("jam jar", "container", "keep jam", "glass", "in the kitchen", None),
    Object("sofa", "piece of furniture", "sit with friends", None, "in the living room", "heavy"),
    Object("sock", "piece of clothing", "keep a foot warm", None, "in a drawer", "light"),
    Object("toaster", "machine", "make toast", "metal", "in the kitchen", None),
    Object("hat", "piece of clothing", "cover the head", None, "in the wardrobe", "light"),
    Object("armchair", "piece of furniture", "sit in comfort", None, "in the living room", "heavy"),
    Object("teddy bear", "toy", "hug at night", "cloth", "in the bedroom", "light"),
    Object("umbrella", None, "stay dry in the rain", "cloth", "in the hall", "light"),
    Object("desk", "piece of furniture", "write and study", "wood", "in the study", "heavy"),
    Object("mop", "tool", "wash the floor", None, "in a cupboard", "light"),
    Object("spoon", "tool", "eat soup", "metal", "in the kitchen", "light"),
    Object("calculator", "machine", "add up numbers", "plastic", "in a school bag", None),
)

STUFF: tuple[Stuff, ...] = (
    Stuff("cotton", "material", "white", "a plant", "solid"),
    Stuff("beef", "food", None, "cows", "solid"),
    Stuff("honey", "food", None, "bees", "liquid"),
    Stuff("yogurt", "food", "white", "milk", None),
    Stuff("gold", "metal", "yellow", "the ground", "solid"),
    Stuff("rain", None, None, "clouds", "liquid"),
    Stuff("cream", "food", "white", "milk", "liquid"),
    Stuff("mud", None, "brown", "wet earth", None),
    Stuff("paper", "material", "white", "wood", "solid"),
    Stuff("glass", "material", None, "sand", "solid"),
    Stuff("ketchup", "food", "red", "tomatoes", None),
    Stuff("milk", "drink", "white", "cows", "liquid"),
    Stuff("tea", "drink", "brown", "leaves", "liquid"),
    Stuff("popcorn", "food", "white", "corn", "solid"),
    Stuff("pasta", "food", None, "flour", "solid"),
    Stuff("bread", "food", None, "flour", "solid"),
    Stuff("snow", None, "white", "clouds", "solid"),
    Stuff("wood", "material", "brown", "trees", "solid"),
    Stuff("butter", "food", "yellow", "milk", "solid"),
    Stuff("flour", "food", "white", "wheat", "solid"),
    Stuff("leather", "material", None, "animal skins", "solid"),
    Stuff("tomato juice", "drink", "red", "tomatoes", "liquid"),
    Stuff("salt", "food", "white", "the sea", "solid"),
    Stuff("coal", "fuel", "black", "the ground", "solid"),
    Stuff("clay", "material", None, "the ground", "solid"),
    Stuff("ice", None, None, "water", "solid"),
    Stuff("cheese", "food", None, "milk", "solid"),
    Stuff("smoke", None, None, "fire", None),
    Stuff("coffee", "drink", "brown", "beans", "liquid"),
    Stuff("silk", "material", None, "silkworms", "solid"),
    Stuff("ash", None, "grey", "fire", "solid"),
    Stuff("bacon", "food", None, "pigs", "solid"),
    Stuff("jam", "food", None, "fruit", None),
    Stuff("iron", "metal", "grey", "the ground", "solid"),
    Stuff("chocolate", "food", "brown", "cocoa beans", "solid"),
    Stuff("lemonade", "drink", None, "lemons", "liquid"),
    Stuff("steel", "metal", "grey", "iron", "solid"),
    Stuff("petrol", "fuel", None, "oil", "liquid"),
    Stuff("apple juice", "drink", None, "apples", "liquid"),
    Stuff("wool", "material", None, "sheep", "solid"),
)

CATEGORIES: dict[str, tuple] = {
    "animal": ANIMALS, "food": FOODS, "job": JOBS, "place": PLACES, "object": OBJECTS, "stuff": STUFF,
}

# No word stands in two pairs, so every word has one opposite.
OPPOSITES: tuple[tuple[str, str], ...] = (
    ("young", "old"), ("bright", "dim"), ("sharp", "blunt"), ("ancient", "modern"), ("easy", "difficult"),
    ("right", "wrong"), ("near", "far"), ("up", "down"), ("guest", "host"), ("raise", "lower"), ("above", "below"),
    ("father", "mother"), ("buyer", "seller"), ("lock", "unlock"), ("ask", "answer"), ("fresh", "stale"),
    ("love", "hate"), ("import", "export"), ("alive", "dead"), ("first", "last"), ("borrow", "lend"),
    ("begin", "end"), ("soft", "hard"), ("accept", "refuse"), ("thick", "thin"), ("tight", "loose"),
    ("king", "queen"), ("healthy", "ill"), ("same", "different"), ("lucky", "unlucky"), ("possible", "impossible"),
    ("smile", "frown"), ("deep", "shallow"), ("guilty", "innocent"), ("calm", "nervous"), ("straight", "bent"),
    ("success", "failure"), ("freeze", "melt"), ("rare", "common"), ("wet", "dry"), ("before", "after"),
    ("war", "peace"), ("give", "take"), ("push", "pull"), ("attack", "defend"), ("safe", "dangerous"),
    ("heaven", "hell"), ("yes", "no"), ("prince", "princess"), ("remember", "forget"), ("entrance", "exit"),
    ("clean", "dirty"), ("polite", "rude"), ("full", "empty"), ("hero", "villain"), ("summer", "winter"),
    ("light", "heavy"), ("upstairs", "downstairs"), ("patient", "impatient"), ("come", "go"), ("maximum", "minimum"),
    ("true", "false"), ("kind", "cruel"), ("many", "few"), ("cheap", "expensive"), ("husband", "wife"),
    ("teach", "learn"), ("everything", "nothing"), ("arrive", "leave"), ("asleep", "awake"), ("public", "private"),
    ("strong", "weak"), ("day", "night"), ("add", "subtract"), ("agree", "disagree"), ("honest", "dishonest"),
    ("all", "none"), ("multiply", "divide"), ("uncle", "aunt"), ("increase", "decrease"), ("early", "late"),
    ("hot", "cold"), ("win", "lose"), ("inside", "outside"), ("son", "daughter"), ("in", "out"), ("buy", "sell"),
    ("beautiful", "ugly"), ("appear", "disappear"), ("absent", "present"), ("tie", "untie"), ("top", "bottom"),
    ("rich", "poor"), ("man", "woman"), ("loud", "quiet"), ("laugh", "cry"), ("on", "off"), ("always", "never"),
    ("shout", "whisper"), ("simple", "complicated"), ("big", "small"), ("front", "back"), ("sunrise", "sunset"),
    ("friend", "enemy"), ("tame", "wild"), ("boy", "girl"), ("proud", "ashamed"),
    ("wide", "narrow"), ("happy", "sad"), ("birth", "death"), ("float", "sink"), ("everyone", "nobody"),
    ("build", "destroy"), ("rise", "fall"), ("past", "future"), ("more", "less"), ("forwards", "backwards"),
    ("wise", "foolish"), ("brave", "cowardly"), ("legal", "illegal"), ("visible", "invisible"), ("east", "west"),
    ("black", "white"), ("open", "closed"), ("tall", "short"), ("careful", "careless"), ("lazy", "hard-working"),
    ("smooth", "rough"), ("good", "bad"), ("generous", "selfish"), ("fast", "slow"), ("with", "without"),
    ("north", "south"), ("brother", "sister"), ("high", "low"),
)

# First names, each with its pronoun.
NAMES: tuple[tuple[str, str], ...] = (
    ("Astrid", "she"), ("Amit", "he"), ("Sanjay", "he"), ("Taro", "he"), ("Pierre", "he"), ("Diego", "he"),
    ("Chloe", "she"), ("Carmen", "she"), ("Noor", "she"), ("Omar", "he"), ("Maya", "she"), ("Emi", "she"),
    ("Adam", "he"), ("Petra", "she"), ("Anjali", "she"), ("Luis", "he"), ("Finn", "he"), ("Pavel", "he"),
    ("Max", "he"), ("Tara", "she"), ("Ravi", "he"), ("Ruth", "she"), ("Tom", "he"), ("Noah", "he"), ("Liam", "he"),
    ("Nina", "she"), ("Ada", "she"), ("Ivan", "he"), ("Eva", "she"), ("Jamal", "he"), ("Igor", "he"),
    ("Amina", "she"), ("Gita", "she"), ("Amara", "she"), ("Jabari", "he"), ("Lars", "he"), ("Olga", "she"),
    ("Lata", "she"), ("Karim", "he"), ("Freya", "she"), ("Imani", "she"), ("Luca", "he"), ("Lena", "she"),
    ("Yara", "she"), ("Dina", "she"), ("Rory", "he"), ("Raj", "he"), ("Aisha", "she"), ("Chen", "he"),
    ("Heidi", "she"), ("Kenji", "he"), ("Emma", "she"), ("Louis", "he"), ("Jane", "she"), ("Ali", "he"),
    ("Ngozi", "she"), ("Clara", "she"), ("David", "he"), ("Jia", "she"), ("Carlos", "he"), ("Ibrahim", "he"),
    ("Erik", "he"), ("Lily", "she"), ("Chidi", "he"), ("Esther", "she"), ("Boris", "he"), ("Karl", "he"),
    ("Jack", "he"), ("Mia", "she"), ("Pedro", "he"), ("Ling", "she"), ("Yuki", "she"), ("Wei", "he"), ("Sana", "she"),
    ("Lola", "she"), ("Tariq", "he"), ("Simon", "he"), ("Hana", "she"), ("Paul", "he"), ("Sipho", "he"),
    ("Zara", "she"), ("Lucy", "she"), ("Ahmed", "he"), ("Fatima", "she"), ("Paolo", "he"), ("Greta", "she"),
    ("Kate", "she"), ("Grace", "she"), ("Hugo", "he"), ("Jun", "he"), ("Ingrid", "she"), ("Mila", "she"),
    ("Leila", "she"), ("Rosa", "she"), ("Yusuf", "he"), ("Sean", "he"), ("Tomas", "he"), ("Harry", "he"),
    ("Peter", "he"), ("Olaf", "he"), ("Leo", "he"), ("Anna", "she"), ("Salma", "she"), ("Sofia", "she"),
    ("Katya", "she"), ("Bianca", "she"), ("Nora", "she"), ("Meera", "she"), ("Milan", "he"), ("Akiko", "she"),
    ("Oscar", "he"), ("Jan", "he"), ("Alice", "she"), ("Miriam", "she"), ("Ines", "she"), ("Suki", "she"),
    ("Tunde", "he"), ("Nadia", "she"), ("Thandi", "she"), ("Felix", "he"), ("Priya", "she"), ("Pilar", "she"),
    ("Juan", "he"), ("Elena", "she"), ("Pablo", "he"), ("Vikram", "he"), ("Hassan", "he"), ("Vera", "she"),
    ("Kwame", "he"), ("Hans", "he"), ("Sven", "he"), ("Ben", "he"), ("Otto", "he"), ("Ella", "she"), ("Zola", "she"),
    ("Arjun", "he"), ("Hiro", "he"), ("Kofi", "he"), ("Mei", "she"), ("Marco", "he"),
)

DAYS = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
)

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)

SEASONS = (
    "spring", "summer", "autumn", "winter",
)

NUMBER_WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)

TENS = {
    20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety",
    100: "one hundred",
}

ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)

COLOURS = (
    "red", "green", "brown", "white", "yellow", "black", "pink", "blue", "purple", "grey", "orange",
)

# fmt: on


def number_word(number: int) -> str:
    """A whole number from 0 to 100 in words."""
    if number < len(NUMBER_WORDS):
        return NUMBER_WORDS[number]
    tens, ones = divmod(number, 10)
    return TENS[number] if ones == 0 else f"{TENS[10 * tens]}-{NUMBER_WORDS[ones]}"
