"""Texts on four topics: animals, food, sport and weather."""

from __future__ import annotations

from course_utils.world.grammar import Scribe, fill, part_of

TOPICS = ("animals", "food", "sport", "weather")

PEOPLE = (
    "Anna", "Ben", "Mia", "Tom", "Rosa", "Sam", "Leo", "Nina", "Omar", "Ella", "Jack", "Lucy", "Max", "Eva", "Noah",
    "Ruth", "Paul", "Clara", "Adam", "Zoe", "Hugo", "Amy", "Ivan", "Kate", "Luke", "Maya", "Finn", "Sara", "Dan",
    "Grace", "Tim", "Olga", "Peter", "Lily", "Oscar", "Emma",
)  # fmt: skip

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

TOWNS = (
    "Hilltown", "Westfield", "Oakham", "Riverside", "Millbrook", "Stonebridge", "Newport", "Greenhill", "Fairview",
    "Eastwood", "Lakeside", "Redford", "Ashford", "Northgate", "Brookfield", "Highfield", "Whitby", "Woodend",
    "Southport", "Kingsley", "Appleby", "Marsh Lane", "Long Bay", "Summerfield",
)  # fmt: skip

# A wild animal, where it lives, what it eats, and what its young is called.
WILD_ANIMALS = (
    ("fox", "in a den in the woods", "mice and berries", "cub"),
    ("whale", "in the deep sea", "tiny shrimps", "calf"),
    ("owl", "in a hollow tree", "mice", "chick"),
    ("bear", "in a cave in the hills", "fish and berries", "cub"),
    ("otter", "on the bank of a river", "fish", "pup"),
    ("lion", "on the hot plains", "zebras", "cub"),
    ("beaver", "in a house of sticks on the river", "bark and leaves", "kit"),
    ("seal", "on the rocks by the sea", "fish", "pup"),
    ("badger", "in a tunnel under a hill", "worms", "cub"),
    ("penguin", "on the ice by a cold sea", "fish", "chick"),
    ("giraffe", "among the tall trees of the plains", "leaves", "calf"),
    ("wolf", "in the cold forests of the north", "deer", "pup"),
    ("elephant", "on the wide plains", "grass and bark", "calf"),
    ("hedgehog", "under a pile of leaves", "slugs and snails", "hoglet"),
    ("dolphin", "in the open sea", "fish", "calf"),
    ("eagle", "on a high cliff", "rabbits and fish", "chick"),
    ("camel", "in the dry desert", "dry grass", "calf"),
    ("squirrel", "in a nest high in an oak", "nuts", "kit"),
    ("tiger", "in the thick jungle", "wild pigs", "cub"),
    ("wild goose", "by a quiet lake", "grass and seeds", "gosling"),
    ("kangaroo", "on the dry plains of Australia", "grass", "joey"),
    ("zebra", "on the grassy plains", "grass", "foal"),
    ("polar bear", "on the ice of the far north", "seals", "cub"),
    ("heron", "among the reeds of a lake", "fish and frogs", "chick"),
    ("panda", "in the misty mountain forests", "bamboo", "cub"),
    ("mole", "in tunnels under the meadow", "worms", "pup"),
    ("koala", "in the gum trees", "leaves", "joey"),
    ("bat", "in a dark cave", "moths and flies", "pup"),
    ("swan", "on a calm lake", "water plants", "cygnet"),
    ("rabbit", "in a burrow on the hill", "grass and clover", "kit"),
    ("crocodile", "in slow brown rivers", "fish and birds", "hatchling"),
    ("deer", "at the edge of the forest", "grass and leaves", "fawn"),
    ("mountain goat", "on steep mountain sides", "grass and moss", "kid"),
    ("woodpecker", "in a hole in an old tree", "beetles", "chick"),
    ("moose", "in the wet woods of the north", "twigs and water plants", "calf"),
    ("wild duck", "by the pond", "water plants and seeds", "duckling"),
)
PETS = ("dog", "cat", "rabbit", "puppy", "kitten", "hamster", "guinea pig", "sheepdog")
PET_NAMES = ("Biscuit", "Socks", "Pepper", "Rusty", "Snowy", "Patch", "Coco", "Shadow", "Ginger", "Buddy", "Misty",
             "Bella")  # fmt: skip
FARM_ANIMALS = ("cow", "goat", "pig", "horse", "donkey", "sheep", "hen", "goose")
GARDEN_ANIMALS = ("hedgehog", "robin", "frog", "squirrel", "blackbird", "snail", "fox", "mouse", "toad", "butterfly")
ZOO_ANIMALS = ("lion", "tiger", "elephant", "giraffe", "penguin", "monkey", "zebra", "parrot", "panda", "camel",
               "rhino", "kangaroo")  # fmt: skip

DISHES = (
    "tomato soup", "apple pie", "chicken stew", "vegetable soup", "fish pie", "bean stew", "potato salad",
    "rice pudding", "mushroom soup", "cherry cake", "cheese pie", "lentil soup", "carrot cake", "beef stew",
    "fruit salad", "onion tart", "noodle soup", "plum cake", "pumpkin soup", "lemon cake", "egg salad", "meat pie",
    "pea soup", "chocolate cake",
)  # fmt: skip
SAVOURIES = ("soup", "stew", "vegetable pie", "curry", "omelette", "fish pie", "salad", "pasta bake", "bean stew",
             "rice dish", "chicken pie", "noodle soup")  # fmt: skip
CAKES = ("apple pie", "lemon cake", "plum tart", "carrot cake", "honey cake", "cherry pie", "chocolate cake",
         "pear tart")  # fmt: skip
FRUITS = ("apple", "pear", "plum", "peach", "cherry", "orange", "banana", "mango", "lemon", "strawberry", "grape",
          "melon")  # fmt: skip
VEGETABLES = ("carrot", "onion", "potato", "pepper", "tomato", "radish", "leek", "mushroom", "cucumber", "beet",
              "zucchini", "turnip")  # fmt: skip
STAPLES = ("rice", "pasta", "corn", "spaghetti", "brown rice", "barley", "macaroni", "couscous")
SPICES = ("salt", "pepper", "garlic", "ginger", "mint", "parsley", "basil", "lemon juice")

TEAM_GAMES = ("football", "hockey", "handball", "street football", "field hockey", "indoor football", "beach football",
              "street hockey")  # fmt: skip
TEAMS = ("the Lions", "the Eagles", "the Rockets", "the Sharks", "the Wolves", "the Stars", "the Tigers", "the Giants",
         "the Hawks", "the Bears", "the Rovers", "the Falcons")  # fmt: skip
SCORES = ("three to one", "two to nothing", "four to two", "one to nothing", "five to three", "six to four",
          "three to two", "five to one")  # fmt: skip
RACKET_GAMES = ("tennis", "badminton", "table tennis", "squash")
RACES = ("swimming race", "bike race", "cross-country race", "ski race", "rowing race", "relay race", "hurdle race",
         "mountain race")  # fmt: skip
DISTANCES = ("100 metres", "200 metres", "400 metres", "800 metres", "1,500 metres", "5,000 metres", "10 kilometres",
             "5 kilometres")  # fmt: skip

SKIES = ("grey", "clear", "blue", "cloudy", "dark", "bright", "pale", "dull")
WINDS = ("north", "south", "east", "west", "north-west", "south-west", "north-east", "south-east")
DEGREES = ("4", "7", "9", "12", "14", "16", "18", "21", "24", "27", "29", "31")
WARNINGS = ("heavy rain", "thick fog", "strong winds", "deep snow", "ice on the roads", "thunder and hail",
            "great heat", "sudden storms")  # fmt: skip
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip

ANIMAL_SENTENCES = {
    "encyclopedia": (
        "The {animal} makes its home {home} and lives mostly on {meal}.",
        "A young {animal} is called {young:a}, and it stays close to its mother at first.",
        "Most {animal:s} eat {meal}, and they rest when they have had enough.",
        "The {animal} has sharp senses and can tell from far away that someone is coming.",
        "In spring the young are born, small and weak, and they grow very fast.",
        "You can find the {animal} {home}, where it is safe from most enemies.",
        "When winter comes, {animal:s} must work harder to find enough {meal}.",
        "A grown {animal} knows every corner of the place where it lives.",
        "Some {animal:s} live alone, while others like to stay near their own kind.",
        "The mother {animal} guards her young and keeps them away from strangers.",
        "People have told stories about {animal:s} for hundreds of years.",
        "The {young} learns by watching the older ones and doing what they do.",
        "A hungry {animal} may look for {meal} for many hours before it rests.",
        "Most {animal:s} are shy of people and move away as soon as they hear a strange noise.",
        "Not every {young} lives to be one year old, because life in the wild is hard.",
        "{animal:A} needs clean water, a quiet place to rest and enough {meal}.",
        "The male and the female often look alike, but the male is sometimes a little bigger.",
        "Where people cut down trees or dirty the water, {animal:s} lose their homes.",
        "Scientists follow {animal:s} with small radios to learn where they go.",
        "{animal:S} can live {home}, but only if people leave them in peace.",
    ),
    "diary": (
        "Our {pet} {petname} slept on my feet all night and woke me with a wet nose.",
        "This morning I saw {garden:a} in the garden, and it looked straight at me before it ran off.",
        "I brushed {petname} after school, and there was fur all over my blue trousers.",
        "Today {petname} hid under the sofa because of the loud noise outside.",
        "Today {person} showed me a nest with four small eggs in the hedge.",
        "We went to the zoo, and the {zoo} was my favourite of them all.",
        "I gave {petname} fresh water and cleaned out the straw before I left for school.",
        "On {day} {petname} had to see the vet, who looked at one sore paw.",
        "I counted nine birds at the feeder before the neighbour's cat came along.",
        "We found {garden:a} by the back door, and {person} wanted to keep it.",
        "The {farm:s} at my uncle's farm followed me along the fence the whole afternoon.",
        "{petname} learned a new trick today and got a treat each time.",
        "At night I heard an owl in the old tree and could not sleep.",
        "The zoo keeper let us watch while she fed the {zoo:s}.",
        "I want {pet:a} of my own, but {person} says that our flat is too small.",
        "A tiny kitten sat in our shed today, all alone, and cried for its mother.",
        "{petname} ran away this morning, but {person} found the little {pet} in the park.",
        "A {farm} was born on the farm last night, and it can already stand up.",
        "I watched the ants for an hour as they carried crumbs into their nest.",
        "The ducks had seven little ones behind them when they crossed the street.",
    ),
    "news": (
        "A {zoo} was born at the zoo in {town} on {day}, and mother and baby are well.",
        "Keepers in {town} say that the missing {zoo} has been found safe behind the hay store.",
        "Firefighters in {town} saved a cat that had been stuck in a tall tree since {day}.",
        "A family from {town} woke on {day} to find {garden:a} asleep in their kitchen.",
        "More {animal:s} have been seen near {town} this year than ever before.",
        "Police stopped the cars in {town} for ten minutes while twenty {farm:s} crossed the road.",
        "The rescue home in {town} is looking for kind owners for twelve puppies.",
        "A lost dog walked forty miles back to its old home in {town}.",
        "People in {town} are asked to leave the {animal:s} alone while they have young.",
        "A vet in {town} has helped her thousandth {pet} this week.",
        "Three {farm:s} got out of their field near {town} on {day} and walked into a shop.",
        "The oldest {zoo} at {town} zoo turned thirty on {day}.",
        "A rare bird with red wings was seen on the lake near {town}.",
        "A whale swam close to the harbour on {day}, and hundreds came to look.",
        "The new home for {zoo:s} at the zoo in {town} will open on {day}.",
        "Bees have moved into the roof of the school in {town}, and nobody is cross about it.",
        "A {pet} named {petname} saved its owner in {town} by waking her when the house filled with smoke.",
        "Helpers carried two hundred toads across the road near {town} on {day}.",
        "A farmer near {town} has taught his {farm:s} to come when he plays the trumpet.",
        "{person} from {town} won first prize at the pet show with {pet:a} called {petname}.",
    ),
    "instructions": (
        "Give your {pet} fresh water every day and keep its bed clean and dry.",
        "Never wake {pet:a} suddenly, because it may bite when it is afraid.",
        "Hold a small rabbit with both hands and put one hand under its back legs.",
        "Walk slowly when you come near a horse, and do not stand right behind it.",
        "Hang the bird feeder high up, so that no cat can reach it.",
        "If you find {garden:a} that is hurt, do not touch it, but call a vet.",
        "Brush a dog with long hair every day, from the head down to the tail.",
        "Feed the hens in the morning and look for eggs in the straw.",
        "Clean the cage once a week and put in fresh straw.",
        "To train a puppy, say one short word, wait, and give it a treat when it sits.",
        "Leave a small hole in the fence so that a hedgehog can come and go at night.",
        "Never feed the {zoo:s} at the zoo, because the wrong snack can make them ill.",
        "Keep the fish tank away from the window and change part of the water each week.",
        "Let a strange dog smell your hand before you try to touch it.",
        "Stay quiet and keep low if you want to see {animal:s} in the wild.",
        "Shut the gate behind you, or the {farm:s} will walk out on the road.",
        "Put out a dish of water for the birds when all the ponds are frozen.",
        "Check the paws of your dog for small stones after every walk.",
        "A new kitten needs a soft bed, a quiet room and a few days to feel at home.",
        "Leave a baby bird where it is, for its mother is mostly close by.",
    ),
    "talk": (
        '"Look, {garden:a}!" said {person}. "Stand still, or it will run away."',
        '"Does your {pet} bite?" asked {person}. "No, {petname} only licks," I said.',
        '"I think that the {animal} is the most beautiful creature in the world," said {person}.',
        '"Why do {farm:s} sleep in the barn?" asked {person}. "They are safe from the fox there," said the farmer.',
        '"My {pet} is called {petname}," said {person}, "and it follows me up and down the stairs."',
        '"Did you hear that howl?" whispered {person}. "It must be a wolf, or a very big dog."',
        '"Have you fed {petname} yet?" asked {person}. "The bowl is empty again."',
        '"What do {animal:s} eat?" asked {person}. "Mostly {meal}," said the keeper.',
        '"That {zoo} is looking at us!" cried {person}, and everyone at the fence laughed.',
        '"What is a young {animal} called?" asked {person}. "{young:A}," said the teacher.',
        '"Please let me ride the pony," said {person}. "It is so gentle and soft."',
        '"I saw {garden:a} behind the shed last night," said {person}, "and it had two young ones."',
        '"Our {pet} had five babies," said {person}, "and all of them have white paws."',
        '"Can {animal:s} see in the dark?" asked {person}. "Better than we can, I think," said the guide.',
        '"The cow has a calf!" called {person} from the barn, and we all ran to see it.',
        '"Where does the {animal} live?" asked {person}. "It lives {home}," said the guide.',
        '"Be quiet," said {person}. "The robin is sitting on her eggs."',
        '"Who let the hens out?" shouted {person}, and ran after them through the mud.',
        '"I am a little afraid of spiders," said {person}, "but I never hurt them."',
        '"May {petname} sleep in my room?" asked {person}. "The poor {pet} feels lonely."',
    ),
}

FOOD_SENTENCES = {
    "recipe": (
        "Cut the {vegetable:s} into small pieces and fry them in a little oil.",
        "Mix the flour, the sugar and two eggs in a big bowl, then add the milk.",
        "Boil the {staple} in plenty of water with a pinch of salt.",
        "Put the {cake} in a hot oven and bake it until the top is brown.",
        "Add some {spice} to the {savoury} and taste it before you serve it.",
        "Wash the {fruit:s}, take out the stones or seeds, and cut them into thin slices.",
        "Melt the butter in a pan and stir in the flour with a wooden spoon.",
        "Let the {savoury} cook slowly with the lid on for about half an hour.",
        "Beat the eggs with a fork and pour them into the hot pan.",
        "Peel the {vegetable:s} and put them into the pot with the onions.",
        "Leave the dough in a warm place until it is twice as big.",
        "Roll out the dough, cover it with {fruit} slices and sprinkle sugar on top.",
        "Serve the {savoury} hot, with a slice of fresh bread and a little {spice}.",
        "Take the {cake} out of the oven and let it cool before you cut it.",
        "Stir the sauce all the time, or it will burn at the bottom of the pan.",
        "Spread the bread with butter and put cheese and a slice of tomato on it.",
        "Pour the cream over the {fruit:s} and keep the bowl in the fridge for an hour.",
        "Chop the garlic very small and fry it until it smells good.",
        "If the {savoury} is too thick, add a cup of water and stir well.",
        "You need three {vegetable:s}, a cup of {staple}, some oil and a little {spice}.",
    ),
    "diary": (
        "We had {dish} for dinner today, and I ate two full plates.",
        "I baked my first {cake} on {day}, and it was only a little bit burned.",
        "Grandmother's {savoury} tastes better than anything else in the world.",
        "I was so hungry after school that I ate three sandwiches and {fruit:a}.",
        "{person} cooked {staple} for all of us, but forgot to add any salt.",
        "For breakfast I had warm bread with honey and a cup of cocoa.",
        "I do not like {vegetable:s}, but in the {savoury} they were really good.",
        "We picked {fruit:s} all morning and made twelve jars of jam.",
        "{person} and I shared a huge {cake}, and now I am too full to move.",
        "Today I tried {dish} for the first time, and I asked for more.",
        "There was {dish} at school again, the third time this week.",
        "I drank hot chocolate with cream and ate a biscuit with nuts.",
        "The pancakes were thin and sweet, and I had mine with lemon and sugar.",
        "On {day} we ate at the new place by the station, and the {savoury} was great.",
        "My lunch box held a cheese roll, some nuts and a ripe {fruit}.",
        "I burned the {staple} today, so we had cold {dish} from yesterday.",
        "{person} brought a basket of {fruit:s}, and we ate them on the steps.",
        "In the evening we roasted {vegetable:s} over the fire and ate them with our fingers.",
        "I helped {person} peel {vegetable:s} until my hands smelled of them.",
        "The ice cream was so cold and sweet that I ate it far too fast.",
    ),
    "review": (
        "The {savoury} came to the table hot, but it needed more {spice}.",
        "At the new cafe in {town} the {cake} is sweet, soft and not too dear.",
        "The cook at this little place in {town} makes the best {savoury} I know.",
        "My {savoury} was cold in the middle, and the bread was hard.",
        "The menu is short, but every dish on it is fresh and full of taste.",
        "We ordered {dish} and were not sorry, for every plate went back empty.",
        "The waiter brought us warm rolls with butter before the {savoury}.",
        "The {fruit:s} on my plate were ripe, but the {cake} was far too dry.",
        "For three coins you get a bowl of {savoury}, bread and a glass of juice.",
        "The {vegetable:s} were cooked for too long and had lost all their taste.",
        "I would go back to {town} just for some more of that {dish}.",
        "The {staple} was dry and plain, and nobody at our table wanted more.",
        "A good {savoury}, a friendly cook and clean plates: what more can you want?",
        "The smell of fresh bread from this bakery in {town} reaches the end of the street.",
        "Their {cake} melts on the tongue and tastes of butter and honey.",
        "The cheese was mild, the ham was salty, and the soup was just right.",
        "The chef cooks with {spice} and {vegetable:s} from the garden behind the kitchen.",
        "The pizza was crisp at the edge and soft in the middle.",
        "The portions are small, so order the {savoury} and something sweet as well.",
        "Try the {dish} if you go to {town}; it is the best thing on the menu.",
    ),
    "news": (
        "A baker in {town} has made a loaf that is as long as a bus.",
        "The price of {fruit:s} has gone up again in the shops of {town}.",
        "The school kitchen in {town} will serve {dish} every {day} from now on.",
        "Hundreds of people came to {town} on {day} to taste a giant {cake}.",
        "Farmers near {town} have picked more {vegetable:s} this year than ever before.",
        "{person}, a cook from {town}, won first prize with a simple {savoury}.",
        "A new bakery opened in {town} on {day}, and its rolls were gone by nine.",
        "The market in {town} now sells {fruit:s}, cheese and fresh bread on {day} too.",
        "A shop in {town} gave away all its {vegetable:s} on {day} before they could spoil.",
        "Doctors say that children should eat more {fruit:s} and fewer sweets.",
        "A cafe in {town} cooks free meals for people who have no money.",
        "The oldest ice cream shop in {town} has a new flavour, and it is {fruit}.",
        "A truck full of {vegetable:s} turned over near {town}, and people came with baskets.",
        "Pupils in {town} cooked {dish} for their parents on {day} evening.",
        "The honey from {town} was named the sweetest in the land.",
        "Two sisters from {town} sell jam made from {fruit:s} that others throw away.",
        "A cook from {town} has written a book with a hundred ways to serve {staple}.",
        "{town} is getting ready for its soup festival, and forty pots are already on the stove.",
        "The milk in some shops in {town} was sour on {day} and had to be taken back.",
        "The judges in {town} tasted thirty cakes on {day} and chose a {cake}.",
    ),
    "talk": (
        '"What is for dinner?" asked {person}. "{dish:C}," said Father from the kitchen.',
        '"This {savoury} needs more {spice}," said {person} and put down the spoon.',
        '"May I have another slice of {cake}?" asked {person}, with a mouth still full.',
        '"I could eat {staple} every day," said {person}, "with butter or without."',
        '"Two kilos of {vegetable:s}, please," said {person} to the woman at the market.',
        '"Try this {fruit}," said {person}. "It is so ripe that the juice runs down my chin."',
        '"Who ate the last {fruit}?" asked {person}, and looked into the empty bowl.',
        '"The oven is too hot," said {person}. "Your {cake} is turning black!"',
        '"Eat your {vegetable:s} first," said Mother, "and then you can have some {cake}."',
        '"How do you make {dish}?" asked {person}. "Slowly, and with good butter," said Grandmother.',
        '"I am thirsty," said {person}. "Is there any apple juice left?"',
        '"It smells so good in here!" said {person}. "Are you making {dish}?"',
        '"Can I lick the spoon?" asked {person} when the dough was in the tin.',
        '"Bread, cheese and {fruit:s}," said {person}. "That is all we need for our picnic."',
        '"The milk has gone sour," said {person}, "so we cannot make pancakes."',
        '"Would you like {dish} or a plate of {staple}?" asked the waiter.',
        '"I have never tasted {dish}," said {person}. "Is it sweet or salty?"',
        '"Careful, the {savoury} is still very hot," said {person}. "Blow on your spoon."',
        '"There is too much sugar in this {cake}," said {person}, but ate it all.',
        '"We will pick the {fruit:s} today," said {person}, "and make jam tomorrow."',
    ),
}

SPORT_SENTENCES = {
    "news": (
        "{team:C} beat {team2} {score} in {town} on {day}.",
        "{person} won the {race} on {day} in front of a large crowd.",
        "The {game} match between {team} and {team2} ended without a winner.",
        "{person} from {town} ran {distance} faster than ever before and took the gold medal.",
        "{team:C} lost their best player on {day}, when {person} hurt a knee.",
        "After a hard match in {town}, {team} are now at the top of the league.",
        "The new coach of {team} wants her players to train every morning.",
        "The final of the {racket} cup in {town} lasted almost four hours.",
        "{team2:C} scored in the last minute and won the cup before a cheering crowd.",
        "A power cut stopped the {game} match in {town}, and the teams will meet again on {day}.",
        "{person} was the first of sixty runners to cross the line in {town}.",
        "The goalkeeper of {team} saved three shots and was the hero of the match.",
        "{town} will build a new stadium with seats for nine thousand fans.",
        "{person} has won every {racket} match this year and is now the champion.",
        "{team:C} and {team2} will play the {game} final on {day}.",
        "{person} fell at the first turn of the {race}, got up and still came third.",
        "The referee sent off two players of {team} in the second half.",
        "Only one second lay between the first and the second in the {race} at {town}.",
        "{team2:C} have not won a single match since the start of the season.",
        "At half time {team} were behind, but in the end they won {score}.",
    ),
    "diary": (
        "We played {game} after school, and I scored my first goal of the year.",
        "I trained so hard today that my legs still hurt on the stairs.",
        "{person} and I played {racket} until it was too dark to see the ball.",
        "I came second in the {race} today, just behind {person}.",
        "Our team lost again, but the coach said that we had fought well.",
        "I swam twenty lengths of the pool today without a stop.",
        "On {day} I will run {distance} for the first time, and I am nervous.",
        "I got a new pair of running shoes and ran twice around the park.",
        "{person} passed the ball to me, and I kicked it right over the goal.",
        "I was the goalkeeper today, and only one ball got past me.",
        "We warmed up, ran six laps and then practised throwing and catching.",
        "I lost the {racket} match against {person}, although I won the first set.",
        "My team won {score}, and we sang all the way home on the bus.",
        "I fell off the beam twice in gym class, but the third time I stayed on.",
        "{person} is the fastest skater in our class, and I cannot catch up.",
        "Today I learned to dive from the high board and was not afraid.",
        "I watched {team} play {game} with {person}, and we shouted until we had no voice.",
        "I rode my bike up the long hill three times to get strong legs.",
        "The coach picked me for the first team, and I could hardly believe it.",
        "My new {racket} partner is {person}, and we have won all our games so far.",
    ),
    "instructions": (
        "Warm up for ten minutes before you run, and stretch your legs afterwards.",
        "Keep your eyes on the ball and bend your knees a little before you jump.",
        "Hold the racket firmly and hit the ball in front of your body.",
        "In {game} you must work with your team and pass before you lose the ball.",
        "Begin the race slowly, so that you have strength left for the last lap.",
        "Kick the ball with the inside of your foot if you want it to go straight.",
        "Breathe out under water and turn your head to the side to breathe in.",
        "After the whistle, stop at once and put the ball on the ground.",
        "A goalkeeper should stand a step in front of the line and watch the ball.",
        "Drink some water between the two halves and rest your legs.",
        "Wear a helmet when you ride, skate or climb, even if you only train.",
        "To throw far, run a few steps, turn your shoulder and let go high.",
        "Each team has to cross the line with all its players to win the relay.",
        "Bend your knees and lean forward when you ski down a steep slope.",
        "Serve from behind the line and make sure that the ball goes over the net.",
        "Train three times a week and take a day off before a match.",
        "Shake hands with the other team after the match, even when you have lost.",
        "Run tall, look ahead and swing your arms by your sides.",
        "Practise the same shot many times until you do not have to think about it.",
        "Do ten jumps, rest for one minute, and then do ten more.",
    ),
    "encyclopedia": (
        "A {game} match is played by two teams, and the team with more points or goals wins.",
        "{game:C} is played in many countries, by children as well as by adults.",
        "{racket:C} is played with rackets, by two or by four players.",
        "The referee makes sure that all the players follow the rules of the game.",
        "A marathon is a run of more than forty-two kilometres, mostly on roads.",
        "A football team has eleven players on the pitch, and one of them is the goalkeeper.",
        "In a relay, four runners take turns, and each hands a short stick to the next.",
        "The winner of a race at the Olympic Games gets a gold medal.",
        "Swimmers race in lanes, and each must touch the wall at every turn.",
        "Basketball players throw the ball through a ring that hangs high above the floor.",
        "A judo fighter wears a belt, and its colour shows how good the fighter is.",
        "In a league each team meets every other team, once at home and once away.",
        "Boxers wear thick gloves, and a fight is split into short rounds.",
        "A long jumper runs fast, jumps from a board and lands in the sand.",
        "The coach decides who plays, who rests and how the team should attack.",
        "Ice hockey players skate very fast and shoot a flat disc called a puck.",
        "Rowers sit with their backs to the finish and pull the oars together.",
        "Good athletes train nearly every day and take care to sleep enough.",
        "Good gymnasts are strong, and they can bend and balance very well.",
        "Most big clubs have fans who sing and wave flags at every match.",
    ),
    "talk": (
        '"Pass the ball!" shouted {person}. "I am standing right in front of the goal!"',
        '"Who won the match?" asked {person}. "{team:C}, {score}," said the boy with the flag.',
        '"Did you see that goal?" cried {person}. "The goalkeeper did not even move!"',
        '"One more lap," said the coach, "and then you can all take a rest."',
        '"I want to join the {game} club," said {person}, "but I need new shoes."',
        '"On your marks, get set, go!" called {person}, and the runners shot forward.',
        '"That was out!" said {person}. "The ball touched the ground behind the line."',
        '"You run {distance} every day?" asked {person}. "No wonder that you always win."',
        '"We lost because nobody passed the ball," said {person} after the game.',
        '"Do you play {racket}?" asked {person}. "Yes, but I always hit the ball into the net," I said.',
        '"{team:C} will win the cup this year," said {person}, "because their players are so fast."',
        '"My sister trains for the {race}," said {person}, "and she gets up at five every day."',
        '"It was my best jump ever," said {person}, "and I even landed on both feet."',
        '"How many points do we need?" asked {person}. "Two more, and we are champions," said the coach.',
        '"Keep swimming!" called {person} from the side of the pool. "Only one more length!"',
        '"I was so tired at the end of the {race}," said {person}, "that my legs shook."',
        '"The referee did not see it," said {person}, "but that was my foot, not the ball!"',
        '"Will {team} play on {day}?" asked {person}. "Yes, against {team2}," I said.',
        '"Throw it higher!" said {person}. "The basket is over there, not here."',
        '"You were very brave in goal today," said the coach to {person} after the match.',
    ),
}

WEATHER_SENTENCES = {
    "forecast": (
        "Tomorrow will start dry, but {warning} may come from the {wind} in the evening.",
        "On {day} it will be about {degrees} degrees in {town}, with a light wind.",
        "Expect a {sky} sky in the morning and a few showers later in the day.",
        "The wind will turn to the {wind} and bring colder air by {day}.",
        "The night will be clear and cold, with frost in the low fields near {town}.",
        "Rain is on its way to {town} and will last until {day} afternoon.",
        "There is a warning of {warning} for {town} and the hills around it.",
        "By noon the clouds will break up, and the sun will shine for some hours.",
        "Thick fog will lie over the valley in the early hours and clear by ten.",
        "It will stay dry until {day}, when dark clouds come in from the sea.",
        "The coming days will be wet and windy, with only short spells of sunshine.",
        "Snow will fall on the high ground, while the coast will have only rain.",
        "The warm air will stay until {day}, and then it will turn much cooler.",
        "A storm will reach {town} tonight, with thunder and gusts from the {wind}.",
        "In {town} the sun will come out after breakfast, and it will reach {degrees} degrees.",
        "Showers in the north, sunny spells in the south, and {degrees} degrees in {town}.",
        "The wind will grow stronger during the night and blow hard from the {wind}.",
        "{day} looks dry and bright, with {degrees} degrees and almost no wind.",
        "Most of {month} should be wetter than usual, with only a few sunny days.",
        "Clouds will cover {town} all day, but hardly a drop of rain will fall.",
    ),
    "diary": (
        "It rained all day, and the drops ran down my window like little rivers.",
        "The sky was {sky} this morning, and a cold wind blew from the {wind}.",
        "I woke up and the whole garden was white with snow.",
        "It was so hot today that {person} and I stayed in the shade until evening.",
        "The fog was so thick that I could not see the other side of the street.",
        "The thunder was so loud last night that {person} hid under the blanket.",
        "At last the sun is shining again, after nine grey days in a row.",
        "The wind took my hat on the bridge and blew it into the river.",
        "There was ice on the puddles this morning, and it cracked under my boots.",
        "It began to hail on the way home, and the stones were as big as peas.",
        "We saw a double rainbow over the fields when the shower was over.",
        "I forgot my umbrella, and of course it poured just as I left the house.",
        "It was {degrees} degrees today, which is quite unusual here in {month}.",
        "All night the storm shook the windows, and in the morning a tree lay on the road.",
        "The air was warm and still, and not one cloud was in the sky.",
        "Big soft flakes fell all evening, and the street became quite silent.",
        "First it was sunny, then it poured, and then the sun came back again.",
        "{person} and I jumped in the puddles, since the rain did not want to stop.",
        "On {day} it was so windy that I could hardly ride my bike.",
        "The morning was misty and damp, but by noon we could see the hills.",
    ),
    "news": (
        "Heavy rain flooded three streets in {town} on {day} night.",
        "The storm that hit {town} on {day} has blown down more than forty trees.",
        "After weeks without a drop of rain, the lake near {town} is almost dry.",
        "Schools in {town} stayed closed on {day} because of {warning}.",
        "{town} had its hottest day in thirty years on {day}.",
        "Snow blocked the road to {town} on {day}, and drivers had to wait for hours.",
        "Lightning struck the old church tower in {town} during the storm on {day}.",
        "Thick fog kept all boats in the harbour of {town} until noon.",
        "Hail broke hundreds of windows in {town} on {day} afternoon.",
        "The river at {town} is rising fast after four days of rain.",
        "People in {town} woke to the first frost of the year on {day}.",
        "Strong gusts tore the roof off a barn near {town} on {day}.",
        "The summer has been the wettest in {town} for twenty years.",
        "Trains to {town} were late on {day} because of {warning}.",
        "A cold wind from the {wind} brought snow to {town} as early as {month}.",
        "The sun has not been seen in {town} for eleven days.",
        "After the long dry summer, people in {town} danced in the first rain on {day}.",
        "The heat in {town} will last, and people are told to drink enough and stay in the shade.",
        "A small whirlwind lifted garden chairs into the air in {town} on {day}.",
        "Icy roads around {town} led to many small accidents on {day} morning.",
    ),
    "encyclopedia": (
        "Rain falls when the small drops in a cloud join and become too heavy.",
        "Snow is made of tiny ice crystals that stick together as they fall.",
        "We hear thunder after we see lightning, because sound is slower than light.",
        "Fog is a cloud that lies on the ground, and it often forms on cool mornings.",
        "A rainbow can be seen when the sun is behind you and rain falls in front of you.",
        "Wind is moving air, and a {wind} wind is one that comes from the {wind}.",
        "Hail forms high up in storm clouds, where drops of water freeze into balls of ice.",
        "On a clear night the ground loses its heat quickly, and frost may form by morning.",
        "Dark, tall clouds often bring thunder, lightning and sudden heavy rain.",
        "Dew is water from the air that settles on the cool grass at night.",
        "A thermometer shows how warm or cold the air is, most often in degrees.",
        "Warm air rises, cools down high above the ground, and forms clouds.",
        "When it does not rain for a very long time, we speak of a drought.",
        "Near the sea, winters are often milder and summers cooler than far inland.",
        "The higher you climb on a mountain, the colder the air becomes.",
        "A gust is a short and sudden burst of strong wind.",
        "Thin high clouds often mean that rain will come within a day or two.",
        "In the tropics it is warm all year, and heavy showers are common.",
        "Water freezes at zero degrees, so wet roads turn to ice on cold nights.",
        "A storm with very strong winds can pull up trees and lift roofs.",
    ),
    "talk": (
        '"Take your umbrella," said {person}. "Those clouds look very dark."',
        '"Is it still raining?" asked {person}. "No, the sun has just come out," I said.',
        '"What a wind!" said {person} and held on to the hat with both hands.',
        '"It will snow tonight," said {person}. "I can feel it in the air."',
        '"How warm is it outside?" asked {person}. "About {degrees} degrees, and no wind," said Father.',
        '"Did you see the lightning?" asked {person}. "Now count until you hear the thunder."',
        '"I hope that it stays dry on {day}," said {person}, and looked up at the {sky} sky.',
        '"We cannot go out in this storm," said {person}. "Listen to the wind!"',
        '"I have never been so wet," said {person}. "It poured all the way from the station."',
        '"The fog is getting thicker," said {person}. "I can hardly see the road."',
        '"What is it like in {town}?" asked {person}. "Cold, wet and windy," said the voice on the phone.',
        '"Look, a rainbow!" cried {person}, and we all ran to the window.',
        '"Put on your gloves," said {person}. "There is frost on the grass this morning."',
        '"It is too hot to work," said {person}. "Let us sit in the shade until the evening."',
        '"The radio says that {warning} will reach us on {day}," said {person}.',
        '"The clouds are moving fast," said {person}. "We will have rain before night."',
        '"Was it sunny on your trip?" asked {person}. "Every day but {day}," I said.',
        '"{month:C} is never this warm here," said {person}, and opened every window.',
        '"The snow is melting already," said {person} sadly. "It is far too mild."',
        '"Wind from the {wind} means a dry day," said the old sailor to {person}.',
    ),
}

SENTENCES = {
    "animals": ANIMAL_SENTENCES, "food": FOOD_SENTENCES, "sport": SPORT_SENTENCES, "weather": WEATHER_SENTENCES,
}  # fmt: skip

# How a label can name a topic: as it is, after a preposition, and in front of another noun.
_NAMES = {
    "animals": {"topic": "animals", "about": "animals", "page": "animal"},
    "food": {"topic": "food", "about": "food", "page": "food"},
    "sport": {"topic": "sport", "about": "sport", "page": "sports"},
    "weather": {"topic": "weather", "about": "the weather", "page": "weather"},
}  # fmt: skip

LABELS_BEFORE = (
    "{topic:C}",
    "{topic:C}:",
    "On {about}",
    "About {about}",
    "All about {about}",
    "Notes about {about}",
    "A note on {about}",
    "A few words on {about}",
    "A short text about {about}",
    "Something about {about}",
    "Topic: {topic}",
    "Subject: {topic}",
    "Theme: {topic}",
    "Chapter on {about}",
    "Reading for today: {topic}",
    "{page:C} page",
    "From the {page} page:",
    "The {page} page of our paper:",
    "From the {page} section of the newspaper:",
    "The {page} corner",
    "My {page} diary",
    "A {page} story",
    "Small {page} stories",
    "{page:C} notes",
    "{page:C} news of the week",
    "The {page} report",
    "From a book about {about}:",
    "From a letter about {about}:",
    "From a talk about {about}:",
    "This text is about {about}.",
    "The following text is about {about}.",
    "The next text is about {about}.",
    "Now for something about {about}.",
    "Here are some lines about {about}.",
    "Here is what our class wrote about {about}.",
    "What follows has to do with {about}.",
    "The children read a text about {about} today.",
    "Our teacher read us something about {about}.",
    "Let us talk about {about}.",
    "The topic of this text is {topic}.",
)

LABELS_AFTER = (
    "This text is about {about}.",
    "What is this text about? It is about {about}.",
    "What is the topic of this text? {topic:C}.",
    "Which topic is this? It is {topic}.",
    "The text is about {about}.",
    "These lines are about {about}.",
    "All of this is about {about}.",
    "So the topic is {topic}.",
    "Topic: {topic}",
    "Subject: {topic}",
    "It belongs on the {page} page.",
    "You would find this on the {page} page of a newspaper.",
    "The text you have just read is about {about}.",
    "The one word that fits this text is {topic}.",
    'If you had to choose a title, it could be "{topic:C}".',
    "What did we read about? We read about {about}.",
    "What were they talking about? They were talking about {about}.",
    "Is this text about {about}? Yes, it is.",
    "Is this text about {other}? No, it is about {about}.",
    "Is it about {other} or about {about}? It is about {about}.",
    "It is not about {other}. It is about {about}.",
    "This is about {about}, not about {other}.",
    "Nothing in it is about {other}; it is all about {about}.",
    "The teacher asked what the text was about, and the class said: {about}.",
    '"What was that about?" asked the teacher. "About {about}," said the girl in the first row.',
    '"Which topic fits?" asked Mother. "{topic:C}," said the boy.',
    "Everyone could tell that the text was about {about}.",
    'In the list of texts this one stands under "{topic}".',
    'Put it in the box with the word "{topic}" on it.',
    "In short: {topic}.",
)

BETWEEN = (
    "The second text is different.", "And now another text.", "Here is another one.", "Then the teacher read on.",
    "The next page was about something else.", "Now read this one.", "The text below it was of another kind.",
    "On the other side of the page it said:", "The next one goes like this:", "Compare it with this text:",
    "A second piece:", "The class turned the page.", "The other text reads:", "Next to it stood this:",
)  # fmt: skip

FIRST_IS = (
    "The first text is about {first}, and the second is about {second}.",
    "So one text is about {first} and the other about {second}.",
    "What are the two texts about? The first is about {first}, the second about {second}.",
    "The first one has to do with {first}, the other one with {second}.",
    "First we read about {first}, and then about {second}.",
    "Two texts, two topics: {first} and {second}.",
    "The texts are not about the same thing: the first is about {first}, the second about {second}.",
    "Text one: {first}. Text two: {second}.",
    "Above it was about {first}, below about {second}.",
    "Which text is about {second}? The second one. The first is about {first}.",
    "Which text is about {first}? The first one. The second is about {second}.",
    "We went from {first} to {second}.",
)


def _slots(scribe: Scribe, topic: str, part: str | None) -> dict[str, str]:
    """The words of one text: all its sentences are about the same animal, dish, team or town."""

    def pick(table: tuple) -> str:
        return scribe.choice(part_of(table, part))

    slots = {"person": pick(PEOPLE), "town": pick(TOWNS), "day": scribe.choice(DAYS)}
    if topic == "animals":
        animal, home, meal, young = scribe.choice(part_of(WILD_ANIMALS, part))
        slots |= {"animal": animal, "home": home, "meal": meal, "young": young, "pet": pick(PETS)}
        slots |= {"petname": pick(PET_NAMES), "farm": pick(FARM_ANIMALS), "garden": pick(GARDEN_ANIMALS)}
        slots |= {"zoo": pick(ZOO_ANIMALS)}
    elif topic == "food":
        slots |= {"dish": pick(DISHES), "savoury": pick(SAVOURIES), "cake": pick(CAKES), "fruit": pick(FRUITS)}
        slots |= {"vegetable": pick(VEGETABLES), "staple": pick(STAPLES), "spice": pick(SPICES)}
    elif topic == "sport":
        slots["team"], slots["team2"] = scribe.sample(part_of(TEAMS, part), 2)
        slots |= {"game": pick(TEAM_GAMES), "score": pick(SCORES), "racket": pick(RACKET_GAMES), "race": pick(RACES)}
        slots |= {"distance": pick(DISTANCES)}
    elif topic == "weather":
        slots |= {"sky": pick(SKIES), "wind": pick(WINDS), "degrees": pick(DEGREES), "warning": pick(WARNINGS)}
        slots |= {"month": pick(MONTHS)}
    else:
        raise ValueError(f"no such topic: {topic!r}")
    return slots


def _patterns(scribe: Scribe, topic: str, part: str | None, count: int) -> list[str]:
    """``count`` different sentence patterns, mostly of one register."""
    registers = SENTENCES[topic]
    if scribe.chance(0.8):
        return scribe.sample(part_of(scribe.choice(list(registers.values())), part), count)
    return scribe.sample([pattern for table in registers.values() for pattern in part_of(table, part)], count)


def topic_text(scribe: Scribe, topic: str, part: str | None = None) -> str:
    """One or two sentences on ``topic``, 10 to 30 words."""
    while True:
        slots = _slots(scribe, topic, part)
        patterns = _patterns(scribe, topic, part, 1 + scribe.chance(0.5))
        words = sum(len(fill(pattern, **slots).split()) for pattern in patterns)
        if 10 <= words <= 30:
            return " ".join(scribe.write((pattern,), **slots) for pattern in patterns)


def _long_text(scribe: Scribe, topic: str, least: int, most: int) -> str:
    """A text of ``least`` to ``most`` sentences on ``topic``, sometimes with a line for each."""
    slots = _slots(scribe, topic, None)
    count = scribe.choice(range(least, most + 1))
    people = scribe.sample(PEOPLE, 2)
    sentences = [
        scribe.write((pattern,), **{**slots, "person": scribe.choice(people)})
        for pattern in _patterns(scribe, topic, None, count)
    ]
    return ("\n" if scribe.chance(0.15) else " ").join(sentences)


def _label(scribe: Scribe, labels: tuple[str, ...], topic: str) -> str:
    other = scribe.choice([name for name in TOPICS if name != topic])
    return scribe.write(labels, other=_NAMES[other]["about"], **_NAMES[topic])


def _one_topic(scribe: Scribe) -> str:
    topic = scribe.choice(TOPICS)
    text = _long_text(scribe, topic, 3, 7)
    form = scribe.choice(("bare", "before", "before", "after", "after"))
    if form == "before":
        return _label(scribe, LABELS_BEFORE, topic) + "\n" + text
    if form == "after":
        return text + scribe.choice(("\n", " ")) + _label(scribe, LABELS_AFTER, topic)
    return text


def _two_topics(scribe: Scribe) -> str:
    first, second = scribe.sample(TOPICS, 2)
    text, other_text = _long_text(scribe, first, 1, 4), _long_text(scribe, second, 1, 4)
    form = scribe.choice(("before", "after", "both"))
    if form == "before":
        parts = [_label(scribe, LABELS_BEFORE, first), text, _label(scribe, LABELS_BEFORE, second), other_text]
    elif form == "after":
        parts = [text, _label(scribe, LABELS_AFTER, first), other_text, _label(scribe, LABELS_AFTER, second)]
    else:
        parts = [text, scribe.write(BETWEEN), other_text]
        parts.append(scribe.write(FIRST_IS, first=_NAMES[first]["about"], second=_NAMES[second]["about"]))
    return "\n".join(parts)


def document(scribe: Scribe) -> str:
    """A longer text on one topic, or two texts on two topics, mostly with a label that says the topic."""
    return _two_topics(scribe) if scribe.chance(0.35) else _one_topic(scribe)
