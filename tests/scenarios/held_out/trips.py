"""Three applications that arrange things: negations, dates and party sizes that do not survive.

In: a seed. Out: `travel`, `offsite`, `tables`. Next: `catalogue`.
"""

from datetime import date
from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import (
    CITIES,
    MONTHS,
    day,
    listing,
    long_date,
    person,
    some,
    spin,
)
from tests.scenarios.held_out.tracing import Call, Recorder, Said, Shape
from tests.scenarios.held_out.truth import (
    LAZY,
    SILENT,
    THUMBS_BOTH_WAYS,
    Application,
    Fault,
    Truth,
)

BANS = (
    ("I don't want to leave before {hour}", "not before {hour}", "departure around {hour}"),
    ("no connection in {city}, please", "no connection in {city}", "connection in {city}"),
    ("we can't fly on a {weekday}", "not on a {weekday}", "on a {weekday}"),
    ("never an overnight stop", "no overnight stop", "overnight stop"),
    ("I won't take a window seat", "no window seat", "window seat"),
    ("not with a low cost carrier", "no low cost carrier", "low cost carrier"),
)
WISHES = (
    ("an aisle seat would be great", "aisle seat"),
    ("one piece of hand luggage", "hand luggage"),
    ("a vegetarian meal if possible", "vegetarian meal"),
    ("arrival in daylight", "daytime arrival"),
    ("lounge access would be nice", "lounge access"),
    ("I collect miles with the alliance", "alliance miles"),
)
BRIEFER = """You condense travel requests into a brief for the search.
The agency is open until {hour} today.
Use key words separated by semicolons."""
FINDER = "Search flights that fit the brief and give the best one."
ITINERARY = "Write a friendly itinerary for the traveller."
TRIP = (
    "[Hi there|Hello|Hey], [I need to get|could you get me|looking to go] from {start} to {end} "
    "on {leave}. {wanted}. [Thanks|Cheers|Thank you]!"
)
BRIEF = "[{start} to {end}|from {start}, to {end}]; {leave}; {keys}"
FLIGHT = "[Best match|Best fit|I would take] {flight}, {start} to {end} on {leave}: {keys}."
SEND_OFF = "[Good news|All set|Here you go]! {found} [Safe travels|Enjoy]."


def travel(seed: int) -> Application:
    """With two or more bans in a request, half of the briefs turn them into wishes."""
    truth = Truth(
        (Fault("brief-writer", ("handoff.negations",), "bans become wishes"),),
        ("flight-finder", "itinerary-writer"),
    )
    shape = Shape("travel-desk", "agents", "POST /trips", users=150)
    return build("travel", seed, 320, truth, LAZY, shape, _book_flight)


def _book_flight(work: Recorder, index: int) -> bool:
    rng = work.rng
    start, end, via = rng.sample(CITIES, 3)
    bans = _bans(rng, via)
    wishes = rng.sample(WISHES, rng.randint(1, 3))
    wrong = len(bans) >= 2 and rng.random() < 0.5
    wanted = [ban[0] for ban in bans] + [wish[0] for wish in wishes]
    rng.shuffle(wanted)
    leave = day(rng)
    trip = {"start": start, "end": end, "leave": long_date(leave)}
    request = spin(rng, TRIP, wanted=". ".join(w[0].upper() + w[1:] for w in wanted), **trip)
    keys = [ban[2 if wrong else 1] for ban in bans] + [wish[1] for wish in wishes]
    rng.shuffle(keys)
    brief = spin(rng, BRIEF, keys="; ".join(keys), **trip)
    flight = f"{rng.choice(('KX', 'QN', 'VR'))}{rng.randint(100, 999)}"
    found = spin(rng, FLIGHT, flight=flight, keys=", ".join(keys), **trip)
    on = leave.isoformat()
    asked = {"from": start, "to": end, "date": on}
    call = Call("search_flights", asked, f"{flight} {on} {start}-{end}")
    with work.turn():
        work.run("brief-writer", BRIEFER.format(hour=16 + index % 3), request, brief)
        work.run("flight-finder", FINDER, brief, found, calls=[call])
        work.run("itinerary-writer", ITINERARY, found, spin(rng, SEND_OFF, found=found))
    return wrong


def _bans(rng: Random, city: str) -> list[tuple[str, ...]]:
    hour, weekday = rng.choice(("8", "9", "10:30", "noon")), rng.choice(("Friday", "Sunday"))
    n_bans = rng.choice((0, 0, 1, 1, 2, 2, 3))
    return [
        tuple(text.format(hour=hour, city=city, weekday=weekday) for text in ban)
        for ban in rng.sample(BANS, n_bans)
    ]


SCOUT = "Find {what} for the offsite. Answer in one or two sentences with all dates."
PLANNER = "Join what the scouts found into one plan for the team."
OFFSITE = (
    "[We plan|I am organising|Please prepare] an offsite for {size} people in {city}, "
    "[starting|beginning] {when}. [Somewhere quiet|With daylight|Near a station] would be good."
)
HOUSES = ("Mill House", "Old Depot", "Garden Hall", "Pier Nine", "The Foundry")
VENUE = "{house} in {city} [is free|has room|can be had] from {said} for {size} people."
TRAIN = "[The group|All {size}|Everybody] can [reach|get to] {city} by train on {when}."
PLAN = "[Here is the plan|The plan]: {venue} {train}"


def offsite(seed: int) -> Application:
    """Of two parallel scouts, the one for venues swaps day and month of numeric dates."""
    truth = Truth(
        (Fault("venue-scout", ("handoff.dates", "handoff.names"), "3/4 becomes 4 March"),),
        ("transport-scout", "offsite-planner"),
        f"numeric dates are day first; {MONTHS[3]} is month 4",
    )
    shape = Shape("offsite", "agents_io", "POST /offsites")
    return build("offsite", seed, 240, truth, THUMBS_BOTH_WAYS, shape, _scout)


def _scout(work: Recorder, _index: int) -> bool:
    rng = work.rng
    numeric = rng.random() < 0.45
    when = _ambiguous_day(rng)
    wrong = numeric and rng.random() < 0.6
    place = {"city": rng.choice(CITIES), "size": rng.randint(8, 60)}
    written = when.strftime("%d/%m/%Y") if numeric else long_date(when)
    request = spin(rng, OFFSITE, when=written, **place)
    said = when.replace(day=when.month, month=when.day) if wrong else when
    venue = spin(rng, VENUE, house=rng.choice(HOUSES), said=long_date(said), **place)
    train = spin(rng, TRAIN, when=long_date(when), **place)
    with work.turn():
        began = work.now
        work.run("venue-scout", SCOUT.format(what="a venue"), request, venue)
        ended, work.now = work.now, began + 5_000_000
        work.run("transport-scout", SCOUT.format(what="trains"), request, train)
        work.now = max(work.now, ended)
        joined = f"{request}\n\nVenue: {venue}\nTransport: {train}"
        work.run("offsite-planner", PLANNER, joined, spin(rng, PLAN, venue=venue, train=train))
    return wrong


def _ambiguous_day(rng: Random) -> date:
    """Day and month can be taken for each other, and that makes a difference."""
    while True:
        when = day(rng).replace(day=rng.randint(1, 12))
        if when.day != when.month:
            return when


HOST = "You are the host of {house}. Take the request and pass it to reservations in one sentence."
RESERVATIONS = "You book tables with the tool and confirm."
EXTRAS = ("a high chair", "a quiet corner", "the terrace", "a cake at ten")
ASKS = (
    "[Hi|Good evening|Hello], [a table|could I book a table|I need a table] for {size} on {when} "
    "at {hour}, name {guest}.{extras}"
)
ORDER = (
    "[Please reserve|Reserve|Book] for {guest}: {noted} [guests|people], {when}, {hour}{extras}."
)
CONFIRMED = "[Booked|Done|Reserved]: {guest}, {noted} [guests|people] on {when} at {hour}."


def tables(seed: int) -> Application:
    """The host changes the party size; nobody votes, some guests correct in the next turn."""
    truth = Truth(
        (Fault("host", ("handoff.numbers",), "the party size changes"),),
        ("reservations",),
        "no signals at all: users correct in a later turn",
    )
    shape = Shape("tables", "agents", "POST /chat", users=120)
    return build("tables", seed, 240, truth, SILENT, shape, _reserve)


def _reserve(work: Recorder, _index: int) -> bool:
    rng = work.rng
    size, hour = rng.randint(3, 14), rng.choice(("18:30", "19:00", "19:45", "20:15"))
    wrong = rng.random() < 0.3
    guest, when = person(rng), long_date(day(rng))
    extras = listing(some(rng, EXTRAS, 0, 2))
    table = {"when": when, "hour": hour, "guest": guest}
    asks = spin(rng, ASKS, size=size, extras=extras and f" With {extras}, please.", **table)
    noted = size + rng.choice((-2, -1, 1, 2)) if wrong else size
    order = spin(rng, ORDER, noted=noted, extras=extras and f", {extras}", **table)
    confirmed = spin(rng, CONFIRMED, noted=noted, **table)
    house = HOST.format(house=rng.choice(("Trattoria Lido", "Cafe Nord", "The Anchor")))
    with work.turn():
        work.run("host", house, asks, order)
        call = Call("reserve", {"name": guest, "covers": noted, "at": hour}, "ok")
        work.run("reservations", RESERVATIONS, order, confirmed, calls=[call])
    talk = [("user", asks), ("assistant", confirmed)]
    _second_turn(work, house, talk, size if wrong else None)
    return wrong


THANKS = (
    "[Great, thank you!|Perfect, see you then|Lovely|Thanks, is there parking nearby?]",
    "[You're welcome!|See you soon!|With pleasure.]",
)
CORRECTION = (
    "[No, that's wrong, I said {missed}|That is not what I asked, we are {missed}|"
    "Wrong number, I told you {missed} people|No. It should be {missed}, not that]",
    "[Sorry about that, I have changed it.|My apologies, corrected.]",
)


def _second_turn(work: Recorder, house: str, talk: list[Said], missed: int | None) -> None:
    rng = work.rng
    if rng.random() > (0.75 if missed is not None else 0.4):
        return
    says, answer = (spin(rng, text) for text in THANKS)
    if missed is not None:
        says, answer = (spin(rng, text, missed=missed) for text in CORRECTION)
    work.wait(40)
    work.new_trace()
    with work.turn():
        work.run("host", house, [*talk, ("user", says)], answer)
