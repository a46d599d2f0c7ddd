"""Words to write with: a tiny template language and banks of names, places and figures.

In: a seeded generator. Out: `spin` and formatters. Next: the applications.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def bank(text: str) -> list[str]:
    """A list of words, or of what stands between bars."""
    return text.split("|") if "|" in text else text.split()


FIRST = bank(
    "Dana Omar Lucia Pieter Aiko Tomasz Grace Idris Helen Marco Nadia Felix Ruth Samuel Ines Viktor "
    "Amara Jonas Priya Carmen Leon Sofia Ahmed Bridget Noor Stefan Talia Hugo Yuki Marta"
)
LAST = bank(
    "Whitfield Haddad Moreno Janssen Tanaka Kowalski Osei Bello Marsh Ricci Petrov Lindqvist Adler "
    "Okafor Duarte Novak Mensah Brandt Raman Vega Fischer Almeida Farouk Doyle Aziz Keller Rosen "
    "Lefevre Mori Zielinska"
)
CITIES = bank(
    "Lisbon Oslo Denver Nairobi Osaka Toronto Krakow Valencia Dublin Hamburg Seattle Lima Boston "
    "Geneva Austin Prague Helsinki Chicago Marseille Porto"
)
COMPANIES = bank(
    "Northgate Supplies|Halden & Sons|Brightwater Ltd|Kestrel Logistics|Ophir Metals|Juniper Foods|"
    "Marlow Print|Tessera Labs|Quayside Motors|Fenwick Timber|Alder Systems|Pinecrest Media|"
    "Solano Energy|Rivet Tools|Caldera Coffee|Vantage Optics"
)
WEEKDAYS = bank("Monday Tuesday Wednesday Thursday Friday")
MONTHS = bank(
    "January February March April May June July August September October November December"
)


def spin(rng: Random, template: str, /, **slots: object) -> str:
    """Choose one of each `[a|b|c]`, then fill the `{slots}`."""
    while _CHOICE.search(template):
        template = _CHOICE.sub(lambda found: rng.choice(found[1].split("|")), template)
    return template.format(**slots)


def person(rng: Random) -> str:
    """First and last name."""
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def some(rng: Random, items: Sequence[str], low: int, high: int) -> list[str]:
    """Between low and high different items, in random order."""
    return rng.sample(list(items), rng.randint(low, high))


def day(rng: Random) -> date:
    """Some day of the coming months."""
    return date(2025, 10, 1) + timedelta(days=rng.randrange(240))


def long_date(value: date) -> str:
    """4 March 2026."""
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def american(amount: float) -> str:
    """1,234.50."""
    return f"{amount:,.2f}"


def european(amount: float) -> str:
    """1.234,50."""
    return american(amount).translate(str.maketrans(",.", ".,"))


def listing(items: Sequence[str], last: str = "and") -> str:
    """a, b and c."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
