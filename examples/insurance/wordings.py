"""What callers say: wordings of the decisive events, of what happens around them, and small talk.

In: nothing. Out: tables of templates; `{slots}` are filled by `calls`. No template names another
family's decisive event. Next: `calls` puts transcripts together.
"""

DECISIVE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "roof": (
        (
            "the wind ripped {n} tiles off over the {room}",
            "a gust lifted the ridge right above the {room} and threw it into the garden",
            "around {n} slates came crashing down onto the {outside}",
            "the roof felt over the {room} got torn open, a strip of {n} feet",
        ),
        (
            "water came pouring through the ceiling of the {room}",
            "the carpet in the {room} was soaked, I put out {n} buckets",
            "I noticed brown water running down the wall of the {room}",
            "there was water dripping onto the {furniture} in the {room}",
        ),
    ),
    "road": (
        (
            "the car hit a {obstacle} lying by the {landmark}",
            "I struck a {obstacle} with the front left corner",
            "the nearside wing clipped a {obstacle} near the {landmark}",
            "my {vehicle} hit a {obstacle} at something like {speed} miles an hour",
        ),
        (
            "the {vehicle} swerved into the {roadside}",
            "I veered across the lane towards the {roadside}",
            "the whole {vehicle} skidded sideways for about {n} yards",
            "I swerved hard to the left by the {landmark}",
        ),
    ),
    "fire": (
        (
            "a fire broke out in the {outbuilding}",
            "I saw flames coming from the {outbuilding}, as high as the {furniture}",
            "the bins by the {outbuilding} were burning",
            "the fire started next to the {furniture} in the {outbuilding}",
        ),
        (
            "somebody stole {n} {goods} from the {outbuilding}",
            "{n} {goods} were taken out of the {outbuilding}",
            "two lads took off with the {goods} from the {outbuilding}",
            "the {goods} went missing, {n} of them, worth {amount} pounds",
        ),
    ),
    "pipe": (
        (
            "the boiler packed up and would not start",
            "the heating cut out, it was {n} degrees in the {room}",
            "all {n} radiators went stone cold",
            "the boiler in the {room} showed error {n} and shut down",
        ),
        (
            "the pipe under the {fixture} burst",
            "a joint behind the {fixture} gave way",
            "the pipework next to the {fixture} split over {n} inches",
            "the pipe in the {room} wall came apart",
        ),
    ),
    "tyre": (
        (
            "the front tyre blew with a massive bang",
            "the nearside tyre went flat in about {n} seconds",
            "my rear tyre burst near the {landmark}",
            "the tyre on the driver's side shredded completely",
        ),
        (
            "the {vehicle} went up over the kerb by the {landmark}",
            "I bumped against a kerbstone, quite hard",
            "the wheels caught the kerb outside the {landmark}",
            "we mounted the kerb at maybe {speed} miles an hour",
        ),
    ),
    "tree": (
        (
            "lightning went into the chimney",
            "a thunderbolt came down on the {outbuilding}",
            "lightning struck about {n} yards from the {outside}",
            "there was a flash and the lightning went through the aerial",
        ),
        (
            "the old oak came down across the {outside}",
            "a {n} foot poplar fell onto the {outbuilding}",
            "half of the willow broke off over the {outside}",
            "the neighbour's birch toppled onto our {outbuilding}",
        ),
    ),
    "luggage": (
        (
            "my suitcase with the {goods} was stolen at the {station}",
            "a man grabbed our rucksack by the {station}",
            "my handbag was gone from the seat, with {amount} euros in it",
            "somebody walked away with the blue suitcase near gate {n}",
        ),
        (
            "we missed the {transport} to {city}",
            "I missed our {transport} by {n} minutes",
            "the {transport} left without us, we missed it by {n} minutes",
            "we missed the last {transport} from the {station}",
        ),
    ),
    "shunt": (
        (
            "a {colour} lorry banged into us from behind",
            "a van pushed my rear bumper in by {n} inches",
            "a {colour} estate drove into the back of my {vehicle}",
            "somebody rammed us from behind at the {landmark}",
        ),
        (
            "my {vehicle} ran into the {colour} hatchback in front",
            "we bumped the car ahead near the {landmark}",
            "I touched the van ahead with my bumper at {speed} miles an hour",
            "our bonnet went under the pick-up in front",
        ),
    ),
    "power": (
        (
            "the supply surged and all the lights went very bright",
            "there was a power spike, the meter clicked {n} times",
            "the fuse box in the {room} sparked",
            "we had a surge, even the street lamps by the {outside} flickered",
        ),
        (
            "the freezer died with {n} kilos of meat in it",
            "the television in the {room} went black",
            "the washing machine stopped and smelled of rubber",
            "our dishwasher quit halfway, {n} minutes into the programme",
        ),
    ),
    "parked": (
        (
            "the {vehicle} rolled about {n} yards down the {street}",
            "the handbrake let go and nobody was inside",
            "my {vehicle} was rolling backwards towards the {landmark}",
            "the {vehicle} had rolled up against the {roadside}",
        ),
        (
            "someone smashed the passenger window",
            "the windscreen was cracked with a brick",
            "there was broken glass on {n} of the seats",
            "a gang of kids knocked the rear window in",
        ),
    ),
}

SETTING: dict[str, tuple[str, ...]] = {
    "home": (
        "it was on {date}, I was in the {room}",
        "I had just come home to {street} on {date}",
        "on {date} at about {clock} the wind was getting up and I was making tea",
        "the kids were asleep in the {room}, this was {date}",
    ),
    "motor": (
        "it was on {date}, I was driving from {town} to {town}",
        "on {date} at about {clock} I had left the {vehicle} on {street} in {town}",
        "we were on our way to {town} on {date}, it was raining",
        "I had set off from {street} in {town} on {date} at {clock}",
    ),
    "travel": (
        "we were in {city} from {date} on",
        "I had checked out of the hotel in {city} on {date} at {clock}",
        "on {date} we took a taxi to the {station} in {city}",
        "we had {n} hours left in {city}, that was {date}",
    ),
}

AROUND: dict[str, tuple[str, ...]] = {
    "home": (
        "I switched everything off at the mains",
        "our neighbour {name} from number {n} came over with a torch",
        "we carried the {furniture} out into the hallway",
        "I took {n} photographs of the {room}",
        "the dog was barking like mad upstairs",
        "I rang my brother {name} in {town}",
        "a woman from the council called {name} looked at it",
        "we spent the night at a guest house in {town} for {amount} pounds",
        "the alarm company phoned at {clock}",
        "the front door would not close any more",
    ),
    "motor": (
        "a woman called {name} stopped to help and gave me her number, {phone}",
        "I switched on the hazard lights",
        "the recovery truck took it to a garage in {town}",
        "officer {name} gave me the reference {ref}",
        "my daughter hurt her wrist and we went to the hospital in {town}",
        "the engine was still running",
        "a cyclist named {name} saw all of it",
        "I rang my wife from outside the {landmark}",
        "we waited {n} minutes in the rain",
        "one of the doors would not open any more",
    ),
    "travel": (
        "the hotel let us stay another night for {amount} euros",
        "the police in {city} wrote a report, number {ref}",
        "we bought {n} new tickets for {amount} euros",
        "I phoned the consulate in {city}",
        "a steward called {name} took our details",
        "we sat on the floor for {n} hours",
        "my card was blocked at {clock}",
        "I rang my sister {name} in {town}",
        "the desk at the {station} was closed",
        "the kids had a sandwich for {n} euros",
    ),
}

AFTERMATH: tuple[str, ...] = (
    "the repair was estimated at {amount} pounds",
    "I have a quote from {name} Brothers in {town} for {amount} pounds",
    "we think the whole damage is about {amount} pounds, but not the {furniture}",
    "you can reach me on {phone} after {clock}",
    "I did not sign anything with the firm in {town}",
)

ASIDES: tuple[str, ...] = (
    "yes, that's right",
    "exactly",
    "he told you already, didn't he",
    "I was upstairs with the baby the whole time",
    "mm, that is what I remember too",
    "oh, it was awful",
    "I have the papers here in a blue folder",
    "no, no, go on, you tell it",
    "I had just put the shopping down",
    "I only heard it",
    "our friend {name} can confirm all of it",
    "I was not wearing my glasses",
    "the whole family was there",
    "it smelled strange, I remember",
    "my phone was in the other jacket",
    "we had bought it in {town} only {n} weeks before",
    "she is telling it quite calmly now",
    "I could not see it from where I stood",
    "well, we were both tired",
    "sorry, my hearing is not what it was",
    "we have been with you for {n} years",
    "right",
)

PROMPTS: tuple[str, ...] = (
    "I see. And what happened next?",
    "All right. Anything else?",
    "Take your time. Can you go on?",
    "Okay, I am writing that down.",
    "Was anybody hurt?",
    "I understand. Please carry on.",
)

CONNECTIVES: tuple[str, ...] = (
    "then ",
    "and then ",
    "after that ",
    "a bit later ",
    "next thing, ",
    "and ",
    "",
    "",
)

FILLERS: tuple[str, ...] = ("um, ", "well, ", "so, ", "I mean, ", "you know, ", "", "", "", "", "")


def _words(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(","))


SLOTS: dict[str, tuple[str, ...]] = {
    "room": _words(
        "back bedroom,kitchen,living room,landing,nursery,bathroom,study,loft room,utility room,"
        "dining room"
    ),
    "outside": _words("patio,driveway,greenhouse,carport,front lawn,conservatory"),
    "outbuilding": _words("garage,shed,workshop,summer house,barn,lean-to"),
    "furniture": _words("sofa,piano,wardrobe,bookcase,dresser,sideboard,cot"),
    "fixture": _words("bath,sink,toilet,shower tray,basin,water softener"),
    "goods": _words("bicycles,power tools,fishing rods,golf clubs,cameras,laptops,jackets"),
    "obstacle": _words(
        "deer,fallen branch,shopping trolley,loose exhaust,wheelie bin,traffic cone,badger"
    ),
    "roadside": _words("hedge,ditch,crash barrier,verge,garden wall,bus stop"),
    "landmark": _words(
        "post office,petrol station,railway bridge,chapel,fire station,garden centre,school"
    ),
    "vehicle": _words("Corsa,Golf,Astra,Yaris,Octavia,camper,Fiesta,Transit"),
    "colour": _words("white,silver,red,dark green,yellow,grey"),
    "station": _words("airport,bus terminal,central station,ferry port"),
    "transport": _words("train,ferry,flight,coach"),
    "town": _words(
        "Otley,Ripon,Kendal,Stroud,Louth,Thirsk,Hexham,Ludlow,Frome,Oakham,Alnwick,Buxton"
    ),
    "city": _words("Lisbon,Porto,Genoa,Krakow,Split,Seville,Lyon,Bergen,Ghent"),
    "street": _words("Mill Lane,Cross Street,Station Road,Abbey Close,Quarry Hill,Park Avenue"),
    "name": _words(
        "Harper,Okafor,Lindqvist,Barnes,Moreau,Whitfield,Kowalski,Adeyemi,Fraser,Donnelly,Sato,"
        "Petrov,Hughes,Marsh,Ibrahim"
    ),
}

FIRST_NAMES: tuple[str, ...] = _words(
    "Maria,Tom,Aisha,Gareth,Lena,Oliver,Priya,Callum,Nora,Dylan,Fatima,Ewan,Ruth,Samir,Helen,"
    "Victor,Grace,Jonas,Tara,Leon"
)
