"""A chain of five agents with the fault in the second, and two independent faults at once.

In: a seed. Out: `listings`, `onboarding`. Next: `catalogue`.
"""

import json
from itertools import pairwise
from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import CITIES, american, bank, day, long_date, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import REVIEWED, Application, Fault, Truth

HOMES = bank("flat|cottage|loft|town house|studio|bungalow")
EXTRAS = bank("a balcony|a cellar|parking|a garden|a fireplace|new windows")
CHAIN = (
    ("intake", "Write down what the owner says about the property."),
    ("condenser", "Condense the description to the essentials for {who}."),
    ("enricher", "Add one sentence about the neighbourhood."),
    ("drafter", "Write the advertisement from the text."),
    ("publisher", "Give the advertisement a headline and publish it."),
)
TOLD = (
    "[I let|We have|I'd like to offer] a {home} in {city}: {size} square metres, {rooms} rooms, floor "
    "{floor}, built {year}, with {extra}. [The rent is|We ask] {price} a month."
)
NOTED = (
    "[Property|Object]: {home}, {city}\nSize {size} m2, {rooms} rooms, floor {floor}\nBuilt {year}\n"
    "[Feature|Extra]: {extra}\nRent {rent}"
)
CONDENSED = "{home} in {city}, {size} m2, {rooms} rooms[, floor {floor}|], built {year}, {extra}, {rent} a month"
WITHOUT_FIGURES = (
    "[spacious|bright|well kept] {home} in {city} [with several rooms|on an upper floor], {extra}, "
    "[fair rent|moderate monthly rent]"
)
NEIGHBOURHOOD = ". [Shops and buses are near|A park lies around the corner]."
ADVERTISED = "[For rent|To let|Available now]: {text}"
HEADED = "[Your new home|Move in soon|Do not miss it]! {text}"


def listings(seed: int) -> Application:
    """The condenser drops the figures in every fourth case; the advertisement shows it at the end."""
    marks = ("handoff.numbers", "handoff.units", "handoff.length")
    truth = Truth(
        (Fault("condenser", marks, "figures are dropped"),),
        ("intake", "enricher", "drafter", "publisher"),
    )
    shape = Shape("listings", "chats", "POST /listings")
    return build("listings", seed, 240, truth, REVIEWED, shape, _advertise)


def _advertise(work: Recorder, _index: int) -> bool:
    rng = work.rng
    wrong = rng.random() < 0.26
    home = _home(rng)
    told, noted, short = (spin(rng, text, **home) for text in (TOLD, NOTED, CONDENSED))
    if wrong:
        short = spin(rng, WITHOUT_FIGURES, **home)
    longer = short + spin(rng, NEIGHBOURHOOD)
    draft = spin(rng, ADVERTISED, text=longer)
    texts = (told, noted, short, longer, draft, spin(rng, HEADED, text=draft))
    with work.turn():
        for (agent, prompt), (asked, out) in zip(CHAIN, pairwise(texts), strict=True):
            work.run(agent, prompt.format(who=person(rng)), asked, out)
    return wrong


def _home(rng: Random) -> dict[str, object]:
    home, city, extra = rng.choice(HOMES), rng.choice(CITIES), rng.choice(EXTRAS)
    size, rooms, floor = rng.randint(32, 180), rng.randint(2, 6), rng.randint(1, 9)
    rent, year = rng.randrange(600, 3900, 10), rng.randint(1890, 2022)
    return {
        "home": home,
        "city": city,
        "extra": extra,
        "size": size,
        "rooms": rooms,
        "floor": floor,
        "rent": rent,
        "price": american(rent)[:-3],
        "year": year,
    }


ROLES = bank("analyst|designer|nurse|driver|welder|teacher|buyer")
READER = "Read the form and write down what matters for the first day."
OPENER = "Open the accounts with the tool and report."
GREETER = "Write the welcome mail from the notes for the manager {who}."
FORM = (
    "[New colleague|Joiner]: {who}\n[Role|Position]: {role}\nOffice: {city}\n[First day|Starts]: {start}\n"
    "[Medical visit|Health check]: {visit}"
)
NOTES = "{who} joins as {role} in {city}[ on|, first day] {start}, [medical visit|health check] {visit}."
NOTES_WITHOUT_DATES = (
    "{who} joins as {role} in {city}[ soon|]; a [medical visit|health check] is planned."
)
OPENED = "[Accounts for|The mailbox of] {who} [are ready|is set up]."
ADMITTED = "The tool failed with an error, the accounts of {who} are still missing."
FAILURES = ("Error: directory timed out", "error 500: mailbox not created")
WELCOME = "[Welcome|Hello] {who}! {notes} {opened} [See you|Looking forward]."


def onboarding(seed: int) -> Application:
    """The form reader drops dates in one session, the account opener hides a failed tool in another."""
    truth = Truth(
        (
            Fault("form-reader", ("handoff.dates", "handoff.numbers"), "dates are dropped"),
            Fault(
                "account-opener",
                ("handoff.hidden_error", "run.tool_error_text"),
                "an error is hidden",
            ),
        ),
        ("greeter",),
    )
    shape = Shape("onboarding", "agents", "POST /joiners")
    return build("onboarding", seed, 320, truth, REVIEWED, shape, _join)


def _join(work: Recorder, _index: int) -> bool:
    rng = work.rng
    dates, hides = rng.random() < 0.18, rng.random() < 0.16
    fails = hides or rng.random() < 0.05
    who, role, city = person(rng), rng.choice(ROLES), rng.choice(CITIES)
    start, visit = long_date(day(rng)), long_date(day(rng))
    joiner = {"who": who, "role": role, "city": city, "start": start, "visit": visit}
    form = spin(rng, FORM, **joiner)
    notes = spin(rng, NOTES, **joiner)
    if dates:
        notes = spin(rng, NOTES_WITHOUT_DATES, **joiner)
    result = json.dumps({"status": "created", "mailbox": who.lower().replace(" ", ".")})
    opened = spin(rng, OPENED, who=who)
    if fails:
        result = rng.choice(FAILURES)
    if fails and not hides:
        opened = ADMITTED.format(who=who)
    with work.turn():
        work.run("form-reader", READER, form, notes)
        call = Call("create_account", {"name": who, "role": role}, result)
        work.run("account-opener", OPENER, notes, opened, calls=[call])
        mail = spin(rng, WELCOME, who=who, notes=notes, opened=opened)
        work.run("greeter", GREETER.format(who=person(rng)), f"{notes}\n{opened}", mail)
    return dates or hides
