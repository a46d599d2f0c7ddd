"""A chain of five agents with the fault in the second, and two independent faults at once.

In: a seed. Out: `listings`, `onboarding`. Next: `catalogue`.
"""

import json

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


def listings(seed: int) -> Application:
    """The condenser drops the figures in every fourth case; the advertisement shows it at the end."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        wrong = rng.random() < 0.26
        home, city, extra = rng.choice(HOMES), rng.choice(CITIES), rng.choice(EXTRAS)
        size, rooms, floor = rng.randint(32, 180), rng.randint(2, 6), rng.randint(1, 9)
        rent, year = rng.randrange(600, 3900, 10), rng.randint(1890, 2022)
        told = spin(
            rng,
            "[I let|We have|I'd like to offer] a {home} in {city}: {size} square metres, {rooms} rooms, floor "
            "{floor}, built {year}, with {extra}. [The rent is|We ask] {rent} a month.",
            home=home,
            city=city,
            size=size,
            rooms=rooms,
            floor=floor,
            year=year,
            extra=extra,
            rent=american(rent)[:-3],
        )
        first = spin(
            rng,
            "[Property|Object]: {home}, {city}\nSize {size} m2, {rooms} rooms, floor {floor}\nBuilt {year}\n"
            "[Feature|Extra]: {extra}\nRent {rent}",
            home=home,
            city=city,
            size=size,
            rooms=rooms,
            floor=floor,
            year=year,
            extra=extra,
            rent=rent,
        )
        second = spin(
            rng,
            "{home} in {city}, {size} m2, {rooms} rooms[, floor {floor}|], built {year}, {extra}, {rent} a month",
            home=home,
            city=city,
            size=size,
            rooms=rooms,
            floor=floor,
            year=year,
            extra=extra,
            rent=rent,
        )
        if wrong:
            second = spin(
                rng,
                "[spacious|bright|well kept] {home} in {city} [with several rooms|on an upper floor], {extra}, "
                "[fair rent|moderate monthly rent]",
                home=home,
                city=city,
                extra=extra,
            )
        third = second + spin(rng, ". [Shops and buses are near|A park lies around the corner].")
        fourth = spin(rng, "[For rent|To let|Available now]: {text}", text=third)
        fifth = spin(rng, "[Your new home|Move in soon|Do not miss it]! {text}", text=fourth)
        with work.turn():
            for (agent, prompt), asked, out in zip(
                CHAIN,
                (told, first, second, third, fourth),
                (first, second, third, fourth, fifth),
                strict=True,
            ):
                work.run(agent, prompt.format(who=person(rng)), asked, out)
        return wrong

    truth = Truth(
        (
            Fault(
                "condenser",
                ("handoff.numbers", "handoff.units", "handoff.length"),
                "figures are dropped",
            ),
        ),
        ("intake", "enricher", "drafter", "publisher"),
    )
    shape = Shape("listings", "chats", "POST /listings")
    return build("listings", seed, 240, truth, REVIEWED, shape, script)


ROLES = bank("analyst|designer|nurse|driver|welder|teacher|buyer")
READER = "Read the form and write down what matters for the first day."
OPENER = "Open the accounts with the tool and report."
GREETER = "Write the welcome mail from the notes for the manager {who}."


def onboarding(seed: int) -> Application:
    """The form reader drops dates in one session, the account opener hides a failed tool in another."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        dates, hides = rng.random() < 0.18, rng.random() < 0.16
        fails = hides or rng.random() < 0.05
        who, role, city = person(rng), rng.choice(ROLES), rng.choice(CITIES)
        start, visit = long_date(day(rng)), long_date(day(rng))
        form = spin(
            rng,
            "[New colleague|Joiner]: {who}\n[Role|Position]: {role}\nOffice: {city}\n[First day|Starts]: {start}\n"
            "[Medical visit|Health check]: {visit}",
            who=who,
            role=role,
            city=city,
            start=start,
            visit=visit,
        )
        notes = spin(
            rng,
            "{who} joins as {role} in {city}[ on|, first day] {start}, [medical visit|health check] {visit}.",
            who=who,
            role=role,
            city=city,
            start=start,
            visit=visit,
        )
        if dates:
            notes = spin(
                rng,
                "{who} joins as {role} in {city}[ soon|]; a [medical visit|health check] is planned.",
                who=who,
                role=role,
                city=city,
            )
        result = json.dumps({"status": "created", "mailbox": who.lower().replace(" ", ".")})
        opened = spin(rng, "[Accounts for|The mailbox of] {who} [are ready|is set up].", who=who)
        if fails:
            result = rng.choice(("Error: directory timed out", "error 500: mailbox not created"))
        if fails and not hides:
            opened = f"The tool failed with an error, the accounts of {who} are still missing."
        with work.turn():
            work.run("form-reader", READER, form, notes)
            call = Call("create_account", {"name": who, "role": role}, result)
            work.run("account-opener", OPENER, notes, opened, calls=[call])
            mail = spin(
                rng,
                "[Welcome|Hello] {who}! {notes} {opened} [See you|Looking forward].",
                who=who,
                notes=notes,
                opened=opened,
            )
            work.run("greeter", GREETER.format(who=person(rng)), f"{notes}\n{opened}", mail)
        return dates or hides

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
    return build("onboarding", seed, 320, truth, REVIEWED, shape, script)
