"""Remarks: single sentences of praise or complaint, composed from large tables so that few are ever written twice.

The reviews' own phrases are whole sentences, which a model can learn by heart. A remark is put together from words and
events, so that a model has to learn which of them are good news and which are bad, and what "never", "far from" and
"but" do to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from course_utils.world.grammar import Scribe, fill, part_of

WORDS = (4, 28)  # the shortest and the longest remark


def _words(text: str) -> tuple[str, ...]:
    """The entries of a table written with commas."""
    return tuple(" ".join(word.split()) for word in text.split(","))


def _lines(text: str) -> tuple[str, ...]:
    """The entries of a table written with slashes."""
    return tuple(" ".join(line.split()) for line in text.split("/"))


class Aspect:
    """Nouns that can be judged with the same adjectives. ``too``: what is a fault only in excess."""

    def __init__(self, nouns: str, fine: str, poor: str, too: str):
        self.nouns, self.fine, self.poor, self.too = _words(nouns), _words(fine), _words(poor), _words(too)


@dataclass(frozen=True)
class Field:
    """A field of life that people review.

    Attributes:
        kind: which consequences follow (``GLAD`` and ``SORRY``).
        past: whether one tells of it in the past tense, as of a meal, or in the present, as of a kettle.
        people: whether the ones who do things are "they".
        things: what is reviewed.
        aspects: groups of what is judged about it.
        faults: what it does wrong; each begins with a verb, so that it can be negated.
        virtues: what it does right, likewise.
        bad: whole clauses of bad news.
        good: whole clauses of good news.
    """

    kind: str
    past: bool
    people: bool
    things: tuple[str, ...]
    aspects: tuple[Aspect, ...]
    faults: tuple[str, ...]
    virtues: tuple[str, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]


# fmt: off
GREAT = _words(
    "good, great, excellent, lovely, wonderful, superb, brilliant, fantastic, perfect, outstanding, first-class, "
    "splendid, impressive, terrific, marvellous, fabulous, amazing, delightful, exceptional, magnificent, faultless, "
    "very good, really nice, top-notch, spot on, second to none, beyond praise, incredible, pleasing, remarkable, "
    "better than expected, absolutely fine, just right, a delight, a real treat, a joy, surprisingly good, flawless, "
    "world-class, stunning"
)
AWFUL = _words(
    "bad, awful, terrible, poor, dreadful, horrible, disappointing, appalling, hopeless, lousy, pathetic, mediocre, "
    "dire, second-rate, unacceptable, abysmal, atrocious, miserable, substandard, underwhelming, woeful, laughable, "
    "disgraceful, shocking, unimpressive, very poor, really bad, below par, not up to much, a disgrace, inadequate, "
    "a letdown, worse than expected, not good enough, a joke, beyond bad, pitiful, surprisingly bad, rubbish, shameful"
)

FIELDS: tuple[Field, ...] = (
    Field(  # eating out
        "visit", True, True, _words("restaurant, cafe, bistro, pub, pizzeria, tea room, diner, steakhouse, canteen, "
                                    "bar"),
        (
            Aspect("soup, fish, steak, curry, pizza, pasta, pie, salad, stew, chips, vegetables, burger, omelette, "
                   "rice, "
                   "starters, dessert, prawns, roast chicken",
                   "fresh, tasty, delicious, full of flavour, beautifully cooked, home-made, generous, tender, "
                   "well seasoned, mouth-watering, nicely presented, perfectly balanced",
                   "bland, greasy, stone cold, tasteless, overcooked, stodgy, soggy, burnt, stale, inedible, "
                   "lukewarm, dried out",
                   "salty, spicy, small, rich, oily, dry, plain, heavy"),
            Aspect("waiter, waitress, waiters, owner, barman, manager, hostess, young man who served us, "
                   "woman at the till",
                   "friendly, attentive, cheerful, quick, polite, charming, patient, warm, welcoming, helpful",
                   "rude, sullen, careless, snooty, impatient, inattentive, grumpy, unfriendly, dismissive, "
                   "indifferent",
                   "slow, loud, shy, formal, hurried, quiet, chatty, distracted"),
        ),
        _lines("keep us waiting for {wait} / forget our drinks / bring the wrong dish / charge us twice / "
               "lose our booking / rush us / get the order wrong / argue about the bill / spill wine on us / "
               "ignore us / run out of bread / overcharge us / serve us cold food"),
        _lines("bring the food within minutes / remember our names / greet us with a smile / get the order right / "
               "make us feel at home / look after us / find us a quiet table / offer us a free dessert / "
               "make something special for {child} / keep our glasses full"),
        _lines("the plates went back half full / the food took {wait} to reach us / there was a hair in my {dish} / "
               "everything tasted of old oil / we waited {wait} for the bill / half the menu was sold out / "
               "my {dish} was raw in the middle / we went home hungry / they added a charge nobody had mentioned / "
               "{relative} was ill all night / the table was sticky / they'd given our table away / "
               "my {dish} went cold while the others waited for theirs / nobody came to take our order / "
               "the wine tasted like vinegar / {relative} found a fly in the salad"),
        _lines("we wiped our plates clean / {child} asked for seconds / {relative} asked for the recipe / "
               "they swapped a dish without any fuss / the bread came warm from the oven / we stayed until closing "
               "time / "
               "the chef came out to ask how we'd liked it / {relative} is still talking about the {dish} / "
               "they didn't charge for the children / every dish came out hot / I could have eaten it all again / "
               "they lit a candle for {relative}'s birthday / the food was on the table in ten minutes / "
               "they squeezed us in without a booking / the bill was lower than we'd expected / nobody left a crumb"),
    ),
    Field(  # staying away from home
        "visit", True, True, _words("hotel, guest house, hostel, campsite, holiday flat, cottage, inn, resort, cabin"),
        (
            Aspect("bathroom, bedroom, room, kitchen, shower, balcony, pool, lobby, garden, sauna, towels, sheets",
                   "clean, spotless, cosy, bright, well kept, comfortable, spacious, airy, tidy, inviting, peaceful",
                   "dirty, filthy, mouldy, smelly, damp, shabby, gloomy, grubby, stuffy, run-down, cramped",
                   "small, dark, cold, plain, old-fashioned, noisy, bare, hot"),
            Aspect("mattress, bed, pillows, armchair, sofa bed, cot, bunk, duvet",
                   "comfortable, soft, clean, warm, cosy, snug, restful, inviting",
                   "lumpy, stained, uncomfortable, musty, dusty, worn out, saggy, scratchy",
                   "hard, narrow, short, soft, thin, firm, small, squeaky"),
        ),
        _lines("lose our booking / give us the wrong room / charge us twice / forget to clean the room / "
               "keep us waiting at the desk for {wait} / wake us at six / refuse to help / run out of hot water / "
               "ignore our complaints / charge us for towels / leave us without heating / mix up our keys"),
        _lines("carry our bags upstairs / let us check in early / answer our questions / keep the place clean / "
               "give us a better room / leave fresh flowers in the room / find a cot for the baby / "
               "recommend lovely walks / make us feel welcome / save us some breakfast"),
        _lines("there was mould on the ceiling / the walls were so thin that nobody slept / "
               "something crawled across the floor / the heating was broken all weekend / "
               "the photos must have been ten years old / there was no hot water / we left a day early / "
               "the sheets hadn't been changed / the music next door went on until three / I hardly slept a wink / "
               "our room looked out on the bins / {relative} was bitten by bedbugs / "
               "nobody answered the phone at reception / the toilet leaked all over the floor / "
               "the door wouldn't lock / they kept our deposit for no reason"),
        _lines("I slept right through / we stayed two nights longer than planned / "
               "{child} cried when we had to leave / we woke to birdsong / there was a cake waiting for us / "
               "they let us keep the room until the evening / we could see the sea from the bed / "
               "breakfast had something for everyone / it looked even nicer than in the photos / "
               "they drove us to the station for free / {relative} hasn't slept so well in years / "
               "we had the whole beach to ourselves / they posted my lost glasses to me / "
               "it felt like coming home / somebody had thought of everything / the children made friends at once"),
    ),
    Field(  # shops, surgeries, offices
        "serve", True, True, _words("shop, clinic, salon, practice, place, health centre, optician, pharmacy, "
                                    "department store, firm"),
        (
            Aspect("receptionist, nurse, doctor, assistant, hairdresser, dentist, cashier, trainer, manager, "
                   "woman at the counter, girl on the phone, man at the desk",
                   "kind, helpful, patient, friendly, thorough, polite, gentle, caring, understanding, professional, "
                   "knowledgeable, reassuring",
                   "rude, unhelpful, cold, arrogant, clueless, rough, bored, sarcastic, bad-tempered, uninterested, "
                   "incompetent, unpleasant",
                   "slow, busy, young, strict, quiet, blunt, serious, talkative"),
            Aspect("service, advice, treatment, aftercare, welcome, help on the phone, handling of my complaint, "
                   "consultation",
                   "prompt, efficient, thoughtful, personal, honest, smooth, careful, speedy",
                   "sloppy, chaotic, disorganised, careless, useless, grudging, half-hearted, unprofessional",
                   "slow, complicated, impersonal, hasty, expensive, basic, brief, formal"),
        ),
        _lines("lose my file / hang up on me / keep me waiting for {wait} / forget my appointment / ignore my emails / "
               "talk down to me / send me to the wrong counter / blame me for their mistake / give me the wrong change "
               "/ "
               "cancel at the last minute / charge me twice / refuse to listen / laugh at me"),
        _lines("listen to me / explain everything clearly / remember my name / see me on time / call me back / "
               "answer within the hour / sort it out at once / put {child} at ease / go out of their way to help / "
               "take my worries seriously / give me honest advice"),
        _lines("I waited {wait} and then they closed / nobody looked up from their phone / "
               "I was passed from one desk to another / what I came for was out of stock again / "
               "they gave me somebody else's papers / nobody ever called back / they lost {relative}'s papers / "
               "I was in tears when I left / they wouldn't take it back without the box / "
               "the queue didn't move for {wait} / they told me to come back next month / "
               "they added a hidden fee / {relative} was sent home without any help / they shouted at {child} / "
               "I was treated like a thief / my complaint was never answered"),
        _lines("they put a blanket over {relative}'s knees without being asked / I was in and out in ten minutes / "
               "they stayed open late for me / they found what three other places couldn't / "
               "I didn't feel a thing / {relative} came out smiling / they carried it to the car for me / "
               "there was no charge / they rang the next day to ask how I was / "
               "{child} isn't afraid of going any more / they gave me my money back at once / "
               "somebody finally listened / they walked me to the right door / there was hardly any queue / "
               "they ordered it in specially for me / they talked me out of buying the dearest one"),
    ),
    Field(  # tradesmen and deliveries
        "hire", True, True, _words("plumber, electrician, garage, builder, roofer, courier, decorator, locksmith, "
                                   "removal firm, gardener, mechanic, carpenter"),
        (
            Aspect("paintwork, tiling, wiring, plastering, new roof, new lock, brakes, new floor, repair, finish, "
                   "pipework, woodwork, welding, fence",
                   "neat, solid, tidy, careful, well made, sturdy, watertight, skilful, long-lasting, clean",
                   "shoddy, crooked, sloppy, careless, botched, unsafe, uneven, unfinished, messy, amateurish",
                   "expensive, rough, plain, dear, thin, basic, simple, bright"),
            Aspect("fitters, young man who came, boss, engineer, driver, apprentice, foreman, workmen, team leader",
                   "punctual, polite, honest, hard-working, reliable, friendly, tidy, helpful, trustworthy",
                   "rude, lazy, dishonest, unreliable, untidy, clumsy, pushy, evasive, foul-mouthed",
                   "slow, chatty, loud, expensive, blunt, busy, quiet, young"),
        ),
        _lines("turn up late / charge me twice / drill the wrong side / leave a mess behind / break a window / "
               "cancel at the last minute / scratch the floor / ignore my calls / double the price / "
               "damage the wall / lose the parcel / fit the wrong part / cut corners / make things worse"),
        _lines("arrive on time / clean up afterwards / find the fault at once / stick to the quote / "
               "keep me informed / explain what was wrong / finish on schedule / answer the phone / "
               "treat the house with respect / take their shoes off / give me a fair price"),
        _lines("it leaked again the next morning / they arrived three weeks late / "
               "they wanted twice what they'd quoted / I had to pay somebody else to put it right / "
               "the ceiling came down a week later / nobody turned up / the parcel was left out in the rain / "
               "they left with the job half done / it rattles worse than before / the box arrived crushed / "
               "they've stopped answering my calls / the same fault came back within {short} / "
               "there was a dent in the door that wasn't there before / they walked mud through the whole house / "
               "I stayed in all day for nothing / the door doesn't shut any more"),
        _lines("they fixed it in ten minutes / they charged less than the quote / it hasn't leaked since / "
               "it arrived a day early / they left the place cleaner than before / it runs like new / "
               "they came out on a Sunday without charging extra / the work was done within the hour / "
               "they told me honestly that it didn't need replacing / they got it right the first time / "
               "nothing was broken on the way / they mended the gate too and didn't charge for it / "
               "the house has been warm ever since / they found what two others had missed / "
               "{relative} couldn't find a single fault / the dog loved them and so did I"),
    ),
    Field(  # journeys
        "serve", True, True, _words("airline, ferry, taxi firm, train company, coach company, bus line, cruise, "
                                    "car hire firm, tour"),
        (
            Aspect("seats, cabin, carriage, coach, toilets, minibus, hire car, compartment, lounge, waiting room",
                   "clean, comfortable, roomy, spotless, modern, cool, quiet, well kept",
                   "filthy, cramped, smelly, overcrowded, grubby, uncomfortable, worn out, stuffy",
                   "narrow, cold, noisy, hot, old, dark, small, full"),
            Aspect("driver, crew, guide, conductor, stewards, captain, check-in staff, pilot",
                   "friendly, helpful, cheerful, calm, courteous, kind, funny, well informed",
                   "rude, surly, unhelpful, reckless, grumpy, indifferent, bossy, offhand",
                   "loud, strict, quiet, busy, serious, hurried, chatty, stern"),
        ),
        _lines("leave {wait} late / lose our bags / cancel without warning / miss the connection / break down / "
               "charge us extra for a bag / ignore the timetable / leave us standing in the rain / "
               "sell our seats twice / forget to pick us up / strand us at the airport / ignore our questions"),
        _lines("leave on time / arrive early / help us with the bags / keep us informed / wait for us / "
               "find seats for us all together / look after {child} / get us there safely / "
               "run on schedule / take care of everything"),
        _lines("we missed the wedding because of it / I had to stand the whole way / we sat on the runway for {wait} / "
               "my suitcase turned up four days later / the heating was stuck on full / there was nothing to drink / "
               "nobody told us what was going on / we slept on the airport floor / the toilets were locked / "
               "I'm still waiting for my refund / the taxi never came / {relative} was sick from the driving / "
               "we paid for a window and got the toilet door / they charged us for damage we hadn't done / "
               "the trip was over before we'd seen anything / I've walked faster than that"),
        _lines("we arrived half an hour early / I slept the whole way / {child} got to meet the captain / "
               "the driver ran after us with a bag we'd left / we'd have missed it without their help / "
               "they held the bus for {relative} / our bags were first off / it cost half of what the others ask / "
               "there was plenty of room for my legs / we were met with cold drinks / "
               "they refunded us within the hour / we saw more in a day than we'd hoped to see in a week / "
               "the guide made everybody laugh / the time flew by / everything ran like clockwork / "
               "they moved us to better seats for nothing"),
    ),
    Field(  # kitchen and house machines
        "buy", False, False, _words("toaster, blender, coffee machine, microwave, iron, oven, machine, grill, food "
                                    "processor, mixer, waffle iron, kettle"),
        (
            Aspect("handle, lid, motor, switch, cord, plug, hinges, buttons, door, base, filter, casing, seal",
                   "sturdy, solid, well made, easy to clean, strong, reliable, smooth, durable, robust",
                   "flimsy, wobbly, loose, fiddly, cheap and nasty, brittle, rusty, badly made, awkward",
                   "stiff, short, heavy, small, noisy, large, light, tight"),
            Aspect("timer, display, controls, settings, instructions, programme, warning light, thermostat",
                   "clear, simple, accurate, easy to use, handy, precise, dependable, clever",
                   "confusing, useless, unreliable, inaccurate, baffling, faulty, misleading, temperamental",
                   "bright, complicated, slow, dim, basic, sensitive, small, long-winded"),
        ),
        _lines("leak / overheat / stop halfway through / trip the fuse / smell of burning / switch itself off / "
               "make a grinding noise / burn everything / give me a shock / jam / break down / blow a fuse / "
               "drip on the worktop"),
        _lines("work first time / start at once / do what it promises / heat up in seconds / clean up easily / "
               "save me time / run quietly / switch off when it should / do the job properly / last"),
        _lines("it stopped working after {short} / the handle came off in my hand / it leaked all over the floor / "
               "everything tastes of plastic / smoke came out of the back / it arrived with a crack in it / "
               "it's louder than a lorry / the plastic melted / it won't turn on any more / "
               "I burned my hand on it / nobody sells the spare parts / the guarantee turned out to be worthless / "
               "it lasted {short} / my electricity bill has doubled / there was a piece missing / "
               "the old one did it better"),
        _lines("it still works after {long} / I use it every day / it's so quiet that the baby sleeps through it / "
               "it takes half the time / it looks as new as on the first day / {relative} wants one too / "
               "it goes in the dishwasher without any harm / I've thrown the old one away / "
               "it arrived a day early / it does better than the one that cost twice as much / "
               "the whole family uses it / it saved me a fortune / even {relative} can work it / "
               "they sent a spare part free of charge / I don't know how we managed without it / "
               "it was set up in five minutes"),
    ),
    Field(  # electronics
        "buy", False, False, _words("phone, tablet, laptop, device, gadget, smart watch, model, handset, present"),
        (
            Aspect("battery, charger, cable, case, stand, buttons, plug, remote, socket, switch, headband, power "
                   "supply",
                   "reliable, solid, well made, dependable, sturdy, excellent for the price, strong, well designed",
                   "faulty, flimsy, unreliable, badly made, defective, cheaply made, loose, useless",
                   "small, weak, stiff, heavy, big, bulky, short, light"),
            Aspect("screen, sound, picture, display, camera, speakers, image, microphone",
                   "crisp, clear, crystal clear, rich, excellent at any price, pleasant, lifelike, true to life",
                   "fuzzy, distorted, patchy, unclear, grainy, useless, full of noise, faulty",
                   "weak, faint, harsh, small, soft, basic, flat, dull"),
            Aspect("menu, software, setup, app that goes with it, connection, search, operating system, interface, "
                   "voice control",
                   "quick, simple, intuitive, smooth, easy to follow, straightforward, stable, helpful",
                   "confusing, unstable, buggy, frustrating, outdated, pointless, infuriating, hopelessly muddled",
                   "slow, complicated, basic, fussy, technical, old-fashioned, cluttered, fiddly"),
        ),
        _lines("freeze / overheat / crash / lose the signal / drop calls / crackle / switch itself off / "
               "run out of power by noon / jam / disconnect in the middle of a call / forget my settings / flicker / "
               "lag"),
        _lines("connect at once / charge in an hour / work straight out of the box / last all day / "
               "hold its charge / find the signal anywhere / respond instantly / survive a fall / "
               "recognise my voice / do everything I need"),
        _lines("it died after {short} / the battery is flat by lunchtime / the screen cracked on the first day / "
               "it wouldn't charge any more / nobody can hear me on it / all my photos were wiped / "
               "it came in a box somebody had opened before / the ink runs out after ten pages / "
               "the charger got so hot it melted / it isn't compatible with anything / "
               "I spent {wait} on the help line for nothing / the buttons stick / it went blank and stayed blank / "
               "two of the keys fell off / everyone sounds as if they're under water / "
               "the repair would cost more than a new one"),
        _lines("it still works after {long} / the battery lasts three days / even {relative} set it up alone / "
               "it survived a drop down the stairs / the pictures look as if a professional took them / "
               "it was ready to use in five minutes / I can read it in full sunlight / "
               "I can hear my grandchildren again / it found the printer by itself / "
               "it's as fast as on the first day / they replaced the old one free of charge / "
               "it fits in my pocket / {child} won't put it down / the music fills the whole room / "
               "it beats the one that cost twice as much / I never have to look for a socket"),
    ),
    Field(  # things to wear
        "buy", False, False, _words("coat, jacket, dress, jumper, shirt, raincoat, rucksack, handbag, skirt, hat, "
                                    "cardigan, suit, scarf, swimsuit"),
        (
            Aspect("zip, seams, buttons, lining, pockets, stitching, hem, sleeves, collar, straps, belt, buckle",
                   "strong, neat, well made, sturdy, tidy, carefully finished, hard-wearing, well sewn",
                   "flimsy, badly sewn, crooked, frayed, weak, shoddy, loose, cheaply made",
                   "tight, short, stiff, small, thin, bulky, big, visible"),
            Aspect("fabric, wool, cut, colour, material, leather, pattern, style",
                   "flattering, beautiful, elegant, pretty, stylish, true to the picture, gorgeous, lovely to look at",
                   "ugly, unflattering, nasty, tacky, dull, drab, hideous, nothing like the picture",
                   "bright, dark, plain, loud, old-fashioned, pale, busy, serious"),
        ),
        _lines("shrink in the wash / fade / tear at the seams / lose its shape / come undone / itch / "
               "let the water in / scratch my neck / crease badly / fall apart / ride up / smell of chemicals / "
               "rub my skin raw"),
        _lines("keep its shape / wash well / keep me warm / keep the rain out / fit properly / hold its colour / "
               "look expensive / feel soft on the skin / go with everything / suit me"),
        _lines("the zip broke on the first day / the colour ran in the wash / it was two sizes too small / "
               "a button was missing / the seams split after {short} / there was a hole under the arm / "
               "it came out of the wash fit for a doll / I was soaked through in ten minutes / "
               "the lining came away / it looks nothing like the photo / it turned all my washing pink / "
               "the strap snapped on the way to work / somebody had clearly worn it before / "
               "it makes me look like a sack of potatoes / I came out in a rash / they sent the wrong size twice"),
        _lines("it fits like a glove / I've had nothing but compliments / it still looks new after {long} / "
               "strangers ask me where I got it / I stayed dry all day / {relative} has ordered the same one / "
               "I hardly want to take it off / it comes out of the wash like new / it feels like a hug / "
               "{relative} said I looked ten years younger / it doesn't need ironing / "
               "it was warm enough for the mountains / the colour is exactly as in the picture / "
               "it holds everything I need / the zip runs like silk / I wore it to the wedding and felt wonderful"),
    ),
    Field(  # things for the house
        "buy", False, False, _words("chair, desk, bookcase, garden bench, stool, wardrobe, coffee table, folding "
                                    "table, sofa, bed frame, shelf unit"),
        (
            Aspect("frame, legs, wheels, hinges, screws, joints, cover, edges, clips, handle, base, fastening",
                   "sturdy, solid, well made, strong, smooth, stable, nicely finished, durable",
                   "wobbly, flimsy, loose, cracked, crooked, rickety, badly finished, bent",
                   "heavy, stiff, thin, short, big, sharp, tight, narrow"),
            Aspect("packaging, material, design, finish, colour, upholstery, stuffing, pattern",
                   "pleasing, attractive, neat, well thought out, worth the money, high-class, lovely to look at, "
                   "reassuring",
                   "cheap and nasty, sloppy, poor for the money, badly thought out, unattractive, slapdash, "
                   "inferior, tatty",
                   "plain, basic, old-fashioned, loud, simple, unusual, bright, bulky"),
        ),
        _lines("wobble / fall apart / squeak / break / tip over / leave marks on the floor / rust / crack / "
               "collapse / smell of chemicals / come loose / scratch the floor / fall over"),
        _lines("stand firm / keep its shape / clean easily / fit together easily / last / stay in place / "
               "fold away neatly / take the weight of two / hold everything / look good in any room"),
        _lines("a leg snapped off after {short} / half the screws were missing / the paint came off on my hands / "
               "it arrived in pieces / {child} got cut on a sharp edge / it collapsed under {relative} / "
               "my back hurts worse than before / the holes didn't line up / it took all day to build and still leans "
               "/ "
               "the drawer won't shut / the top warped in the sun / "
               "the smell hasn't gone away after {short} / it was in bits before the summer was over / "
               "the fabric ripped when I sat down / it was covered in scratches / it's half the size it looks online"),
        _lines("my back doesn't ache any more / it went together in ten minutes / it looks better than in the shop / "
               "it still looks new after {long} / {child} plays with it every day / every piece was there / "
               "it fits the corner perfectly / the cat has claimed it already / it was packed with great care / "
               "visitors always admire it / it takes up hardly any space / it survived the move without a scratch / "
               "I fell asleep on it in minutes / it wipes clean in seconds / {relative} has asked for one too / "
               "I'd choose it again over the dearer one"),
    ),
    Field(  # books
        "read", False, False, _words("novel, thriller, cookbook, biography, story, crime novel, picture book, memoir, "
                                     "guidebook, sequel"),
        (
            Aspect("plot, ending, story, first chapter, last chapter, mystery, twist, opening, middle part",
                   "gripping, clever, moving, exciting, original, satisfying, surprising, thrilling, well crafted",
                   "boring, predictable, silly, far-fetched, dull, tedious, unconvincing, confused, pointless",
                   "long, sad, slow, complicated, short, dark, abrupt, gentle"),
            Aspect("characters, dialogue, writing, style, hero, translation, heroine, narrator, villain",
                   "believable, lively, witty, memorable, vivid, charming, convincing, full of life",
                   "wooden, flat, lifeless, irritating, clumsy, unbelievable, annoying, tiresome",
                   "old-fashioned, serious, sentimental, quiet, wordy, strange, talkative, simple"),
        ),
        _lines("drag / lose its way / repeat itself / bore me / contradict itself / run out of ideas / "
               "send me to sleep / insult the reader / try my patience / preach at the reader / get lost in details / "
               "talk down to the reader"),
        _lines("grip me / make me laugh / surprise me / keep me guessing / hold my attention / move me / "
               "teach me something / make me think / come alive / draw me in"),
        _lines("I gave up after fifty pages / I guessed the ending by page ten / pages fell out as I read / "
               "I couldn't have cared less who did it / I kept checking how many pages were left / "
               "I fell asleep over it every night / half the recipes don't work / "
               "nobody at the book club finished it / it's full of spelling mistakes / nothing happens for ages / "
               "I skipped whole chapters / the best part was the cover / it stops just when it gets going / "
               "I wanted those hours back / {child} asked me to stop reading it / "
               "everybody in it deserved to be eaten by a bear"),
        _lines("I missed my stop reading it / I read it in one sitting / I laughed out loud on the bus / "
               "I didn't guess the ending / I cried at the last page and loved it / "
               "{child} wants it every night / I've read it twice already / I was up until three with it / "
               "{relative} wouldn't give it back / I was sorry when it ended / it stayed with me for weeks / "
               "our whole book club loved it / every recipe has worked / I can't wait for the next one / "
               "I forgot to eat while I was reading it / I felt I knew everyone in it"),
    ),
    Field(  # films and shows
        "read", True, False, _words("film, comedy, play, musical, concert, documentary, cartoon, show, opera, "
                                    "exhibition"),
        (
            Aspect("acting, cast, music, costumes, songs, leading lady, dancing, stage set, orchestra, singers",
                   "superbly done, full of energy, moving, beautiful, unforgettable, charming, lively, impressive to "
                   "see",
                   "lifeless, dreary, hard to bear, cheap, amateurish, embarrassing, uninspired, clumsy",
                   "loud, old-fashioned, simple, solemn, quiet, modern, dark, strange"),
            Aspect("story, jokes, ending, script, dialogue, first half, second half, finale",
                   "funny, clever, touching, gripping, fresh, witty, exciting, thrilling",
                   "boring, stale, feeble, predictable, tasteless, dull, nonsensical, tedious",
                   "long, sad, slow, silly, short, loud, complicated, noisy"),
        ),
        _lines("drag / bore us / send us to sleep / lose its way / repeat itself / fall flat / run out of steam / "
               "insult the audience / make no sense / annoy us / try too hard / waste our time"),
        _lines("make us laugh / move us / hold our attention / bring the house down / surprise us / come alive / "
               "charm the whole family / keep us on the edge of our seats / live up to its name / thrill the children"),
        _lines("half the audience left at the interval / {relative} fell asleep / I looked at my watch all the time / "
               "we couldn't hear a word / nobody laughed once / I'd have walked out if I hadn't been in the middle / "
               "we wanted our money back / all the good bits were in the trailer / {child} asked to go home / "
               "I've seen better at the village school / even the actors looked bored / it felt like ten hours / "
               "the applause was over in seconds / we saw nothing but a pillar / "
               "somebody near us snored and I envied him / I'd forgotten it before I got home"),
        _lines("we laughed until it hurt / the whole room stood up and clapped / I had tears of joy in my eyes / "
               "{child} danced all the way home / we went to see it again / the children ask to go back / "
               "we hummed the tunes all week / the two hours flew by / you could have heard a pin drop / "
               "I forgot where I was / {relative} hasn't stopped talking about it / nobody wanted it to end / "
               "I've bought tickets for the next one / we held our breath to the last minute / "
               "even {relative} stayed awake and loved it / I got goose bumps"),
    ),
    Field(  # apps, games and sites
        "app", False, False, _words("app, game, website, puzzle game, banking app, language course, map app, "
                                    "photo app, online course, racing game, fitness app"),
        (
            Aspect("menu, layout, search, login, design, controls, map, home page, sign-up, help page",
                   "clear, simple, intuitive, tidy, easy to use, well designed, user-friendly, smooth",
                   "confusing, clumsy, broken, messy, badly designed, maddening, illogical, useless",
                   "busy, slow, plain, small, complicated, colourful, basic, crowded"),
            Aspect("levels, lessons, exercises, tasks, puzzles, quizzes, free version, new version, tutorials",
                   "well made, fun, helpful, enjoyable, entertaining, useful, imaginative, carefully done",
                   "boring, annoying, badly made, pointless, tedious, irritating, full of mistakes, lifeless",
                   "simple, hard, short, limited, easy, basic, long, childish"),
        ),
        _lines("crash / freeze / lose my data / sign me out / drain the battery / charge me twice / "
               "show me adverts / forget my password / delete my work / pester me for a rating / hang / "
               "send me the wrong way / spam me"),
        _lines("load instantly / save my work / work offline / remember where I stopped / do what it promises / "
               "sync with my phone / find what I need / make learning fun / keep {child} busy / protect my data"),
        _lines("it crashes whenever I open it / I lost {long} of notes / there's an advert every ten seconds / "
               "you have to pay for everything / the last update ruined it / they took money after I'd cancelled / "
               "it sent me into a field / I can't log in any more / it asks for my password every five minutes / "
               "nobody answers when you report a bug / it kept my card details without asking / "
               "the button to cancel doesn't exist / it got stuck on level two / my phone gets hot from it / "
               "{child} spent a fortune in it by accident / support sent me the same useless answer three times"),
        _lines("I use it every day / it has saved me hours / {relative} got the hang of it in minutes / "
               "there isn't a single advert / I've learned more in a month than in a year at school / "
               "it got us home through the snow / the team answered me within the hour / "
               "the last update made it even better / the free version does all I need / "
               "{child} begs to do the sums now / I sleep better since I started using it / "
               "it runs well even on my old phone / I've played it for {long} and I'm still hooked / "
               "they fixed a bug the day after I wrote / it found my lost photos / "
               "I cancelled in two clicks and got my money back"),
    ),
)

# What people do about it, by kind of field; the last table suits them all.
GLAD = {
    "visit": _lines("we've booked again / we'll certainly be back / I'd go again tomorrow / we go every month now / "
                    "I'm taking {relative} there next time / we told the owner so / we're going back for {event} / "
                    "I wouldn't go anywhere else / we can't wait to go back"),
    "serve": _lines("I'd choose them again / I won't go to anybody else / I wrote to thank them / they've won me for "
                    "good / "
                    "I've sent {relative} to them too / I'm a customer for life / I've thanked them twice / "
                    "I'd trust them with anything / they've earned my thanks"),
    "hire": _lines("I'd use them again / I've given their number to {relative} / they've got the next job too / "
                   "I won't call anyone else / I've kept their card / I paid with a smile / "
                   "they'll be back to do the kitchen / {relative} has hired them as well"),
    "buy": _lines("I've bought a second one / I'd buy it again tomorrow / I've ordered one for {relative} / "
                  "I wouldn't be without it / I'd pay double / I won't look at another brand / "
                  "it's the best thing I bought this year / I'm keeping it / I'm giving one to {relative} for {event}"),
    "read": _lines("I've told {relative} not to miss it / I'd happily start again from the beginning / "
                   "I want more from the same people / it's going on my list of favourites / "
                   "I'm giving it to {relative} for {event} / I've been raving about it ever since / "
                   "I'd put it at the top of my list / I'd gladly pay for it twice"),
    "app": _lines("I've paid for another year / I've told all my friends to get it / I'd be lost without it / "
                  "I've put it on {relative}'s phone too / I've deleted all the others / I'm never without it / "
                  "I'd gladly pay more for it / it's staying on my phone"),
    "all": _lines("I've told everyone at work / I'm over the moon / I couldn't be happier / I can't recommend it "
                  "enough / "
                  "I'd recommend it to anyone / I haven't a single complaint / I've recommended it to {relative} / "
                  "it was worth every penny / I'm very pleased / it was money well spent / it made my week / "
                  "I'd give more stars if I could"),
}
SORRY = {
    "visit": _lines("we walked out / we won't be back / I'd never go there again / I asked for my money back / "
                    "we cancelled our next booking / we went elsewhere / I warned {relative} not to go / "
                    "wild horses wouldn't drag me back / I wrote to head office"),
    "serve": _lines("I'll never use them again / I've gone over to somebody else / they've lost a customer / "
                    "I wrote to head office / I've warned {relative} about them / I'm still waiting for an apology / "
                    "I wouldn't trust them with a goldfish / they'll hear from my lawyer / I've closed my account"),
    "hire": _lines("I've had to hire somebody else / I'll never use them again / I refused to pay the rest / "
                   "I've warned the whole street / I'm taking them to court / I had to do it again myself / "
                   "I'm still waiting for an apology / I want my deposit back"),
    "buy": _lines("I sent it back / I asked for a refund / it's in the bin now / I had to buy another one / "
                  "I went back to my old one / it's gathering dust in the cellar / I took it straight back to the shop "
                  "/ "
                  "I can't even give it away / I wouldn't buy it again"),
    "read": _lines("I want my evening back / I wouldn't wish it on anyone / I've warned {relative} off it / "
                   "I won't try anything else by the same people / I regret every minute of it / "
                   "I couldn't wait for it to be over / I asked for my money back / it's the worst I can remember"),
    "app": _lines("I've deleted it / I've cancelled my subscription / I asked for a refund / I've switched to another "
                  "one / "
                  "it's gone from my phone / I gave up on it / I've closed my account / I went back to pen and paper"),
    "all": _lines("I've learned my lesson / I'm furious / I feel cheated / I want my money back / I wouldn't recommend "
                  "it to anyone / "
                  "I could have cried / I've complained twice / I've warned everyone at work / "
                  "it was a complete waste of money / I'm bitterly disappointed / it ruined my week / "
                  "I'd give no stars if I could"),
}

GLAD_NOTES = _words(
    "worth every penny, highly recommended, money well spent, no complaints, couldn't ask for more, a happy customer, "
    "all as it should be, full marks, five stars from me, will recommend, can't fault it, a bargain, ten out of ten, "
    "well worth it, what a find, simply a pleasure"
)
SORRY_NOTES = _words(
    "a waste of money, never again, avoid, don't bother, very disappointed, not worth a penny, daylight robbery, "
    "a rip-off, one star is too many, you've been warned, shame on them, save your money, zero out of ten, "
    "what a swindle, look elsewhere, simply not on"
)
GLAD_LEADS = _words(
    "I'm so glad, what a relief, I'm thrilled, we were delighted, hats off to them, credit where it's due, "
    "I'm impressed, I was pleasantly surprised, it made my day, full marks, all smiles here, thumbs up from me, "
    "I take my hat off to them, well done, I can't complain, hooray"
)
SORRY_LEADS = _words(
    "I'm so angry, what a mess, I'm fed up, we were appalled, shame on them, I expected better, I'm gutted, "
    "I was badly let down, it spoiled my day, no marks at all, unhappy customer here, thumbs down from me, "
    "I'm at my wits' end, what a disaster, I can only complain, I despair"
)
# Little failings that praise can outweigh, and little merits that blame can.
NOT_QUITE = _lines(
    "not cheap / not the cheapest / a bit dear / hardly a bargain / nothing flashy / nothing fancy / "
    "a little old-fashioned / not exactly famous / not well known / no frills / a touch expensive / not very modern"
)
NICE_ENOUGH = _lines(
    "cheap enough / famous, yes / nicely advertised / a pretty name / lovely pictures online / a bargain, they said / "
    "very well known / plenty of stars online / it sounded perfect / a fair price / modern, yes / great reviews "
    "elsewhere"
)

POSITIVE = _lines(
    "{gc:C}. / {gc:C}, and {gc2}. / {gc:C}, and {glad}. / {gc:C}. {glad:C}. / {gc:C}, so {glad}. / "
    "{glad:C}, because {gc}. / The {noun} {be} {good}. / The {noun} {be} {good}, and {gc}. / "
    "The {noun} {be} {good} and the {noun2} {be2} {good2}. / {gc:C}, and the {noun} {be} {good} too. / "
    "{subj:C} never {fault}. / {subj:C} never {fault} and {gc}. / {subj:C} {hasnt} {fault_pp} once. / "
    "Not once {has} {subj} {fault_pp}. / {subj:C} {hasnt} {fault_pp} so far, and {glad}. / "
    "I'd feared the worst, but {gc}. / I'd been ready to complain, but {gc}. / I didn't expect much, yet {gc}. / "
    "I'd thought {subj} would {fault_base}, but {pron} never did. / "
    "{relative:C} warned me that {subj} would {fault_base}. {pron:C} didn't, and {glad}. / "
    "{minus:C}, but {gc}. / {minus:C}, but the {noun} {be} {good}. / The {noun} {be} a bit {too}, but {gc}. / "
    "{gc:C}, even if the {noun} {be} a bit {too}. / Yes, the {noun} {be} rather {too}, but {glad}. / "
    "However {too} the {noun} {be}, {gc}. / Although the {noun} {be} a little {too}, the {noun2} {be2} {good2}. / "
    "The {noun} {isnt} {so_poor} at all, and {gc}. / The {noun} {isnt} {poor}, {itbe} {fine}. / "
    "Far from being {poor}, the {noun} {be} {fine}. / There's nothing {so_poor} about the {noun}, and {glad}. / "
    "I'd expected the {noun} to be {poor}, but {itbe} {fine}. / I needn't have worried about the {noun}: {gc}. / "
    "The {noun} {be} neither {poor} nor {poor_b}, just {fine}. / "
    "{good_before:C} {noun}, {good_before2} {noun2}, {glad_note}. / {good_before:C} {noun}, {glad_note}. / "
    "{good_before:C} {noun} and {good_before2} {noun2}. / {so_fine:C} {noun}, {so_fine2} {noun2}, and {gc}. / "
    "I couldn't fault the {noun}, and {gc}. / I can't praise the {noun} enough: {itbe} {good}. / "
    "{glad_lead:C}: {gc}. / {glad_lead:C}! The {noun} {be} {good}. / {gc:C}: {glad_note}. / "
    "{subj:C} {virtue}, and {gc}. / {subj:C} always {virtue}. / {subj:C} {virtue}, and the {noun} {be} {good}. / "
    "{subj:C} {virtue}. What more could I want? / {subj:C} never failed to {virtue_base}. / "
    "The {noun} {be} better than I'd hoped, and {gc}. / The {noun} {be} every bit as {so_fine} as I'd hoped. / "
    "The last {thing} we'd tried was {awful}, but this one {was} {great}. / Unlike the last one, this {thing} {was} "
    "{great}. / "
    "I've never known a better {thing}: {gc}. / What {great_before:a} {thing}! {gc:C}. / "
    "My only quibble is that the {noun} {be} a bit {too}; otherwise {glad}. / "
    "No complaints here: {subj} {virtue} and {gc}. / I'd had my doubts about the {noun}, but {itbe} {good}. / "
    "It's rare for the {noun} to be so {so_fine}, and {glad}. / "
    "I don't mind the {noun} being {too}, since {gc}. / If every {thing} were like this, I'd be happy: {gc}. / "
    "Some say the {noun} {be} {poor}. I don't agree: {itbe} {fine}. / "
    "Other people may moan about the {noun}, but I can't: {itbe} {good}. / "
    "After {awful_before:a} start everything got better: {gc}. / {gc:C}, which I'd never have dared to hope. / "
    "The {noun} {be} {fine}, the {noun2} {be2} {fine2}, and {subj} {virtue}. / "
    "How {so_fine} the {noun} {be}! {glad:C}. / They'd all told me to avoid this {thing}, yet {gc}. / "
    "{gc:C}, and not once did I wish for another {thing}."
)
NEGATIVE = _lines(
    "{bc:C}. / {bc:C}, and {bc2}. / {bc:C}, and {sorry}. / {bc:C}. {sorry:C}. / {bc:C}, so {sorry}. / "
    "{sorry:C}, because {bc}. / The {noun} {be} {bad}. / The {noun} {be} {bad}, and {bc}. / "
    "The {noun} {be} {bad} and the {noun2} {be2} {bad2}. / {bc:C}, and the {noun} {be} {bad} too. / "
    "{subj:C} {dont_virtue}. / {subj:C} {dont_virtue} and {bc}. / {subj:C} {hasnt} {virtue_pp} once. / "
    "Not once {has} {subj} {virtue_pp}. / {subj:C} {keep} {fault_ing}, and {sorry}. / "
    "I'd been looking forward to it, but {bc}. / I'd hoped for the best, but {bc}. / I'd wanted to like it, yet {bc}. "
    "/ "
    "I'd thought {subj} would {virtue_base}, but {pron} never did. / "
    "{relative:C} promised me that {subj} would {virtue_base}. {pron:C} didn't, and {sorry}. / "
    "{plus:C}, but {bc}. / {plus:C}, but the {noun} {be} {bad}. / The {noun} {be} {fine}, but {bc}. / "
    "{bc:C}, however {so_fine} the {noun} {be}. / Yes, the {noun} {be} {fine}, but {sorry}. / "
    "What good is it that the {noun} {be} {fine} if {bc}? / Although the {noun} {be} {fine}, the {noun2} {be2} {bad2}. "
    "/ "
    "The {noun} {isnt} {so_fine} at all, and {bc}. / The {noun} {isnt} {fine}, {itbe} {poor}. / "
    "Far from being {fine}, the {noun} {be} {poor}. / There's nothing {so_fine} about the {noun}, and {sorry}. / "
    "I'd expected the {noun} to be {fine}, but {itbe} {poor}. / The {noun} {isnt} what I'd call {so_fine}, and "
    "{sorry}. / "
    "The {noun} {be} neither {fine} nor {fine_b}, just {poor}. / "
    "{bad_before:C} {noun}, {bad_before2} {noun2}, {sorry_note}. / {bad_before:C} {noun}, {sorry_note}. / "
    "{bad_before:C} {noun} and {bad_before2} {noun2}. / {so_poor:C} {noun}, {so_poor2} {noun2}, and {bc}. / "
    "I can't say anything good about the {noun}, and {bc}. / The less said about the {noun}, the better: {itbe} {bad}. "
    "/ "
    "{sorry_lead:C}: {bc}. / {sorry_lead:C}! The {noun} {be} {bad}. / {bc:C}: {sorry_note}. / "
    "{subj:C} {fault}, and {bc}. / {subj:C} {keep} {fault_ing}. / {subj:C} {fault}, and the {noun} {be} {bad}. / "
    "{subj:C} {fault}. What were they thinking? / {subj:C} never managed to {virtue_base}. / "
    "The {noun} {be} worse than I'd feared, and {bc}. / The {noun} {be} far too {too}, and {sorry}. / "
    "The last {thing} we'd tried was {great}, but this one {was} {awful}. / Unlike the last one, this {thing} {was} "
    "{awful}. / "
    "I've never known a worse {thing}: {bc}. / What {awful_before:a} {thing}! {bc:C}. / "
    "The only good thing is that the {noun} {be} {fine}; otherwise {sorry}. / "
    "Nothing but trouble: {subj} {fault} and {bc}. / I'd had high hopes of the {noun}, but {itbe} {bad}. / "
    "The {noun} {isnt} {so_fine} enough, and {bc}. / The {noun} {be} so {too} that {sorry}. / "
    "If you like {thing:a} that {fault_you}, this is the one for you. / "
    "Some say the {noun} {be} {fine}. I don't agree: {itbe} {poor}. / "
    "Other people may like the {noun}, but I don't: {itbe} {bad}. / "
    "After {great_before:a} start everything went wrong: {bc}. / {bc:C}, which is the last thing anybody needs. / "
    "The {noun} {be} {poor}, the {noun2} {be2} {poor2}, and {subj} {fault}. / "
    "How {so_poor} the {noun} {be}! {sorry:C}. / They'd all told me to try this {thing}, yet {bc}. / "
    "{bc:C}, and all we ever got was an excuse."
)

RELATIVES = _words("my sister, my brother, my mother, my father, my aunt, my neighbour, my best friend, my wife, "
                   "my husband, my grandmother, my cousin, my boss, my uncle, my grandfather, my flatmate, my partner")
CHILDREN = _words("my son, my daughter, our little girl, our little boy, my nephew, my niece, our youngest, my "
                  "grandson")
WAITS = _words("half an hour, forty minutes, an hour, over an hour, fifty minutes, two hours, an hour and a half, "
               "nearly an hour")
SHORTS = _words("two days, a week, three weeks, a month, ten days, less than a week, a fortnight, four days")
LONGS = _words("two years, six months, three years, more than a year, ten years, eight months, five years, half a year")
DISHES = _words("fish, steak, pie, lamb, pasta, chicken, burger, lasagne, duck, risotto")
EVENTS = _words("Christmas, my birthday, our anniversary, Easter, the holidays, New Year, Mother's Day, the summer")

# Past, participle and -ing form of the verbs that the rules below would get wrong.
VERBS = {
    base: forms
    for base, *forms in map(
        str.split,
        _words(
            "grip gripped gripped gripping, keep kept kept keeping, forget forgot forgotten forgetting, "
            "bring brought brought bringing, "
            "lose lost lost losing, get got got getting, run ran run running, make made made making, "
            "find found found finding, give gave given giving, wake woke woken waking, leave left left leaving, "
            "let let let letting, hang hung hung hanging, send sent sent sending, see saw seen seeing, "
            "go went gone going, take took taken taking, break broke broken breaking, fit fitted fitted fitting, "
            "cut cut cut cutting, stick stuck stuck sticking, sell sold sold selling, "
            "stop stopped stopped stopping, trip tripped tripped tripping, jam jammed jammed jamming, "
            "blow blew blown blowing, drip dripped dripped dripping, do did done doing, "
            "freeze froze frozen freezing, drop dropped dropped dropping, lag lagged lagged lagging, "
            "hold held held holding, shrink shrank shrunk shrinking, tear tore torn tearing, "
            "come came come coming, fall fell fallen falling, ride rode ridden riding, "
            "rub rubbed rubbed rubbing, feel felt felt feeling, tip tipped tipped tipping, "
            "stand stood stood standing, drag dragged dragged dragging, teach taught taught teaching, "
            "draw drew drawn drawing, spam spammed spammed spamming, show showed shown showing, "
            "put put put putting, cancel cancelled cancelled cancelling"
        ),
    )
}

# Persons, of whom one says "they" and not "it".
PERSONS = {
    "waiter", "waitress", "owner", "barman", "manager", "hostess", "young man who served us", "woman at the till",
    "receptionist", "nurse", "doctor", "assistant", "hairdresser", "dentist", "cashier", "trainer", "man at the desk",
    "woman at the counter", "girl on the phone", "young man who came", "boss", "engineer", "driver", "apprentice",
    "foreman", "guide", "conductor", "captain", "pilot", "crew", "hero", "heroine", "narrator", "villain", "cast",
    "leading lady", "team leader",
}
STAFF = _words("they, the staff, they, they, these people, they, the team, they")
# fmt: on

_NOT_PLURAL = ("ss", "us", "lens")
_PLURAL = ("they", "workmen", "check-in staff")
_YOU = {"me": "you", "us": "you", "my": "your", "our": "your"}
_ADVERBS = ("well", "very", "dried", "worn")


def _is_plural(noun: str) -> bool:
    return noun in _PLURAL or (noun.endswith("s") and not noun.endswith(_NOT_PLURAL))


def _ends_in_y(verb: str) -> bool:
    return verb.endswith("y") and verb[-2] not in "aeiou"


def _third(phrase: str) -> str:
    """The phrase as it goes with "it"."""
    verb, _, rest = phrase.partition(" ")
    if verb.endswith(("s", "x", "z", "ch", "sh", "o")):
        verb += "es"
    else:
        verb = verb[:-1] + "ies" if _ends_in_y(verb) else verb + "s"
    return f"{verb} {rest}".strip()


def _forms(phrase: str) -> list[str]:
    """Past, participle and -ing form of a phrase that begins with a verb."""
    verb, _, rest = phrase.partition(" ")
    past = verb + "d" if verb.endswith("e") else verb[:-1] + "ied" if _ends_in_y(verb) else verb + "ed"
    forms = VERBS.get(verb) or (past, past, (verb[:-1] if verb.endswith("e") else verb) + "ing")
    return [f"{form} {rest}".strip() for form in forms]


def _before_noun(adjective: str) -> bool:
    """Whether an adjective, or a group of words, can stand before its noun."""
    first, space, _ = adjective.partition(" ")
    return (not space and adjective != "rubbish") or first in _ADVERBS or first.endswith("ly")


def _simple(adjective: str) -> bool:
    """Whether an adjective can follow "so" and "how"."""
    return " " not in adjective and "-" not in adjective


@cache
def _part(table: tuple[str, ...], part: str | None) -> list[str]:
    return part_of(table, part)


class _Drawer:
    """Draws from tables, all from the same part."""

    def __init__(self, scribe: Scribe, part: str | None):
        self.scribe, self.part = scribe, part

    def one(self, *tables: tuple[str, ...], where: Callable[[str], bool] | None = None) -> str:
        """An entry of one of the tables, its own slots filled."""
        return self.two(*tables, where=where, count=1)[0]

    def two(self, *tables: tuple[str, ...], where: Callable[[str], bool] | None = None, count: int = 2) -> list[str]:
        """Two different entries of one of the tables, their own slots filled."""
        entries = _part(self.scribe.choice(tables), self.part)
        if where:
            entries = [entry for entry in entries if where(entry)]
        return [self.filled(entry) for entry in self.scribe.sample(entries, count)]

    def filled(self, entry: str) -> str:
        if "{" not in entry:
            return entry
        names = dict(
            relative=RELATIVES, child=CHILDREN, wait=WAITS, short=SHORTS, long=LONGS, dish=DISHES, event=EVENTS
        )
        return fill(entry, **{name: self.scribe.choice(_part(table, self.part)) for name, table in names.items()})


def _aspect_slots(draw: _Drawer, field: Field, aspect: Aspect, number: str) -> dict[str, str]:
    """What can be said of one noun; ``number`` tells the slots of the second noun from those of the first."""
    noun = draw.one(aspect.nouns)
    plural = _is_plural(noun)
    be = ("were" if plural else "was") if field.past else ("are" if plural else "is")
    they = plural or noun in PERSONS
    slots = {
        "noun": noun,
        "be": be,
        "isnt": be + "n't",
        "itbe": ("they were" if they else "it was") if field.past else ("they're" if they else "it's"),
        "good": draw.one(GREAT, aspect.fine),
        "bad": draw.one(AWFUL, aspect.poor),
        "good_before": draw.one(GREAT, aspect.fine, where=_before_noun),
        "bad_before": draw.one(AWFUL, aspect.poor, where=_before_noun),
        "too": draw.one(aspect.too),
    }
    slots["fine"], slots["fine_b"] = draw.two(aspect.fine)
    slots["poor"], slots["poor_b"] = draw.two(aspect.poor)
    slots["so_fine"], slots["so_poor"] = (draw.one(table, where=_simple) for table in (aspect.fine, aspect.poor))
    return {name + number: word for name, word in slots.items()}


def _action_slots(draw: _Drawer, field: Field, name: str, phrases: tuple[str, ...], plural: bool) -> dict[str, str]:
    """A fault or a virtue in all its forms."""
    base = draw.one(phrases)
    past, participle, ing = _forms(base)
    now = base if plural else _third(base)
    dont = "didn't" if field.past else "don't" if plural else "doesn't"
    return {
        name: past if field.past else now,
        f"{name}_base": base,
        f"{name}_pp": participle,
        f"{name}_ing": ing,
        f"{name}_you": " ".join(_YOU.get(word, word) for word in _third(base).split()),
        f"dont_{name}": f"{dont} {base}",
    }


def _slots(draw: _Drawer, field: Field) -> dict[str, Any]:
    thing = draw.one(field.things)
    subject = draw.one(STAFF) if field.people else draw.scribe.choice(("it", "it", f"the {thing}", f"this {thing}"))
    first, second = draw.scribe.sample(field.aspects, 2)
    slots = {
        "thing": thing,
        "subj": subject,
        "pron": "they" if field.people else "it",
        "has": "have" if field.people else "has",
        "hasnt": "haven't" if field.people else "hasn't",
        "keep": "kept" if field.past else "keeps",
        "was": "was" if field.past else "is",
        "glad": draw.one(GLAD[field.kind], GLAD["all"]),
        "sorry": draw.one(SORRY[field.kind], SORRY["all"]),
        "great": draw.one(GREAT),
        "awful": draw.one(AWFUL),
        "great_before": draw.one(GREAT, where=_before_noun),
        "awful_before": draw.one(AWFUL, where=_before_noun),
        "relative": draw.one(RELATIVES),
    }
    for name, table in (
        ("glad_note", GLAD_NOTES),
        ("sorry_note", SORRY_NOTES),
        ("glad_lead", GLAD_LEADS),
        ("sorry_lead", SORRY_LEADS),
        ("minus", NOT_QUITE),
        ("plus", NICE_ENOUGH),
    ):
        slots[name] = draw.one(table)
    slots["gc"], slots["gc2"] = draw.two(field.good)
    slots["bc"], slots["bc2"] = draw.two(field.bad)
    slots |= _action_slots(draw, field, "fault", field.faults, field.people)
    slots |= _action_slots(draw, field, "virtue", field.virtues, field.people)
    return slots | _aspect_slots(draw, field, first, "") | _aspect_slots(draw, field, second, "2")


def remark(scribe: Scribe, label: str, part: str | None = None) -> str:
    """A sentence, or two short ones, that tells whether the writer is content.

    Args:
        scribe: writes it.
        label: ``"positive"`` or ``"negative"``.
        part: the part of the instruction data that patterns and phrases come from; see ``grammar.part_of``.
    """
    if label not in ("positive", "negative"):
        raise ValueError(f"label is 'positive' or 'negative', not {label!r}")
    patterns = _part(POSITIVE if label == "positive" else NEGATIVE, part)
    shortest, longest = WORDS
    while True:
        # A draft counts its bytes apart, so that only a remark that is kept adds to the scribe's count.
        draft = Scribe(scribe.random.getrandbits(64))
        text = draft.write(patterns, **_slots(_Drawer(draft, part), draft.choice(FIELDS)))
        if shortest <= len(text.split()) <= longest:
            scribe.bytes_by_pattern.update(draft.bytes_by_pattern)
            return text
