"""Units and currencies as they stand beside a number, each with one canonical name.

In: nothing. Out: `UNITS`, `UNIT_PATTERN`, `CURRENCY_SIGNS`, `CURRENCIES`. Next: `items` reads numbers with them.
"""

import re

CURRENCY_SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "US$": "usd"}
CURRENCIES = frozenset({"usd", "eur", "gbp", "chf", "jpy", "inr"})

_SPELLINGS = {
    "usd": "usd dollar dollars bucks",
    "eur": "eur euro euros",
    "gbp": "gbp pound-sterling pounds-sterling quid",
    "pound": "pound pounds",
    "chf": "chf franken francs",
    "jpy": "jpy yen",
    "inr": "inr rupees",
    "%": "% percent prozent pct pourcent",
    "kg": "kg kilo kilos kilogram kilograms kilogramm",
    "g": "g gram grams gramm",
    "mg": "mg milligram milligrams",
    "µg": "µg mcg microgram micrograms",
    "lb": "lb lbs",
    "oz": "oz ounce ounces",
    "t": "tonne tonnes tons",
    "km": "km kilometer kilometers kilometre kilometres",
    "m": "m meter meters metre metres",
    "cm": "cm centimeter centimeters",
    "mm": "mm millimeter millimeters",
    "mi": "mi mile miles meilen",
    "ft": "ft feet foot",
    "in": "inch inches",
    "yd": "yd yard yards",
    "l": "l liter liters litre litres",
    "ml": "ml milliliter milliliters",
    "gal": "gal gallon gallons",
    "h": "h hr hrs hour hours stunde stunden heures horas",
    "min": "min mins minute minutes minuten minutos",
    "s": "sec secs second seconds sekunden segundos",
    "ms": "ms millisecond milliseconds",
    "day": "day days tag tage tagen jour jours día días",
    "week": "week weeks woche wochen semaine semaines semana semanas",
    "month": "month months monat monate monaten mois mes meses",
    "year": "year years jahr jahre jahren an ans año años",
    "mph": "mph",
    "km/h": "km/h kmh kph",
    "°c": "°c celsius",
    "°f": "°f fahrenheit",
    "kw": "kw",
    "kwh": "kwh",
    "mb": "mb",
    "gb": "gb",
}
UNITS = {word: name for name, words in _SPELLINGS.items() for word in words.split()}
UNIT_PATTERN = "|".join(re.escape(w) for w in sorted(UNITS, key=lambda w: (-len(w), w)))


def same_unit(one: str, other: str) -> bool:
    """Equal, or a bare "pound", which is money as well as weight."""
    return one == other or ("pound" in (one, other) and {one, other} <= {"pound", "gbp", "lb"})
