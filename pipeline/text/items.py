"""Items: the exact things a text carries, which a handoff must not lose or change.

In: a text. Out: dates and times, identifiers, numbers with sign and unit, names, each with a
canonical key and its place. Next: `analysed` keeps them beside words and clauses.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from pipeline.text.signs import signed_place
from pipeline.text.units import CURRENCIES, CURRENCY_SIGNS, UNIT_PATTERN, UNITS
from pipeline.text.words import MONTHS, NOT_NAMES, NUMBER_WORDS, STOP, WEEKDAYS

_MONTH = "|".join(sorted(MONTHS, key=lambda w: (-len(w), w)))
_NUM = r"\d{1,3}(?:[,.'’ ]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d+(?:[.,]\d+)?"
_MONTH_DATE = re.compile(
    r"\b(?P<month>[^\W\d_]{3,10})\.? \d{1,2}(?:st|nd|rd|th)?\b(?!:)(?:,? \d{4}\b)?", re.IGNORECASE
)
_DAY_DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)? (?:of |de )?(?:{_MONTH})\b\.?(?:,? (?:de )?\d{{4}}\b)?",
    re.IGNORECASE,
)
_DIGIT_DATE = re.compile(
    r"\b(?P<iso>\d{4}-\d{2}-\d{2})(?:[T ](?P<isotime>\d{2}:\d{2}))?(?::\d{2}(?:\.\d+)?)?"
    r"(?:Z|[+-]\d\d:?\d\d)?(?![\w])"
    r"|(?<![\w./-])\d{1,2}(?P<sep>[/.])\d{1,2}(?P=sep)(?:\d{4}|\d{2})(?![\w/])"
)
_TIME = re.compile(
    r"(?<![\w:.])\d{1,2}(?::\d{2}(?::\d{2})?(?: ?[ap]\.?m\b\.?)?| ?[ap]\.?m\b\.?)(?![\w:])",
    re.IGNORECASE,
)
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_CODE = re.compile(
    r"(?<![\w@.-])(?:#?[^\W\d_][\w-]*\d(?:[\w-]*\w)?|#\d{2,}|\d[\w-]*[^\W_](?=\W|\Z))"
)
_NUMBER = re.compile(
    rf"""(?P<sign>(?<![\w)\]])[-−–])?(?:(?P<cur>US\$|[$€£¥₹]|(?<!\w)(?:USD|EUR|GBP|CHF|JPY))(?P<sign2>-)?\ ?)?
      (?<![\w.,])(?P<digits>{_NUM})
      (?P<mult>\ ?(?:k|bn|million|thousand|billion|Mio|Tsd)\b)?
      (?:\ ?(?P<cur2>[$€£¥₹])|[\ -]?(?P<unit>{UNIT_PATTERN})(?![\w]))?(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][^\W\d_]*(?:['’][^\W\d_]+)*(?!\w)")
_NUMBERED = re.compile(r"\d+(?:st|nd|rd|th|x)\Z", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"\d+(?:[.,]\d+)?-?(?:{UNIT_PATTERN}|k|bn|am|pm)\Z|\d+-\d+\Z(?<!\d{{4}})", re.IGNORECASE
)
_NEVER_NAMES = NOT_NAMES | WEEKDAYS | STOP | MONTHS.keys() | NUMBER_WORDS.keys()
_MULTIPLIERS = {
    "k": 1e3, "thousand": 1e3, "tsd": 1e3, "million": 1e6, "mio": 1e6, "billion": 1e9, "bn": 1e9
}  # fmt: skip
_LIST_MARK = re.compile(r"[.)]\s")


class Item(NamedTuple):
    """`kind` is date, time, id, number or name. `key` is equal for equal things.

    A number's key is its absolute value; `negative` and `unit` stand beside it. `spelled` marks a
    number written as a word.
    """

    kind: str
    key: str
    text: str
    start: int
    end: int
    unit: str = ""
    negative: bool = False
    spelled: bool = False
    value: float = 0.0


def read_items(text: str, *, german: bool = False) -> tuple[Item, ...]:
    """All items in the order they stand; where two readings overlap the more exact one wins."""
    found: list[Item] = []
    taken = bytearray(len(text))
    if any(c.isdigit() for c in text):
        for read in (_read_dates, _read_times, _read_mails, _read_codes, _read_numbers):
            for item in read(text):
                if not any(taken[item.start : item.end]):
                    taken[item.start : item.end] = b"\1" * (item.end - item.start)
                    found.append(item)
    elif "@" in text:
        found.extend(_read_mails(text))
    found.extend(i for i in _read_names(text, german) if not any(taken[i.start : i.end]))
    found.extend(_read_spelled(text))
    return tuple(sorted(found, key=lambda i: (i.start, i.end)))


def _read_dates(text: str) -> Iterator[Item]:
    for match in _DIGIT_DATE.finditer(text):
        yield Item("date", _digit_date_key(match), match[0], *match.span())
    for match in _MONTH_DATE.finditer(text):
        if match["month"].lower() in MONTHS:
            yield Item("date", _word_date_key(match[0].lower()), match[0], *match.span())
    for match in _DAY_DATE.finditer(text):
        yield Item("date", _word_date_key(match[0].lower()), match[0], *match.span())


def _read_times(text: str) -> Iterator[Item]:
    for match in _TIME.finditer(text):
        key = _time_key(match[0])
        if key:
            yield Item("time", key, match[0], *match.span())


def _read_mails(text: str) -> Iterator[Item]:
    for match in _MAIL.finditer(text) if "@" in text else ():
        yield Item("id", match[0].lower(), match[0], *match.span())


def _read_codes(text: str) -> Iterator[Item]:
    for match in _CODE.finditer(text):
        code = match[0]
        if len(code) > 3 and not (
            _NUMBERED.match(code) or code.isdecimal() or _QUANTITY.match(code)
        ):
            yield Item("id", code.lower().lstrip("#"), code, *match.span())


def _read_spelled(text: str) -> Iterator[Item]:
    """Numbers written as words."""
    for word in sorted(NUMBER_WORDS.keys() & set(text.lower().split())):
        value = NUMBER_WORDS[word]
        for match in re.finditer(rf"\b{word}\b", text, re.IGNORECASE):
            yield Item("number", str(value), match[0], *match.span(), spelled=True, value=value)


def _read_numbers(text: str) -> Iterator[Item]:
    for match in _NUMBER.finditer(text):
        item = _number(text, match)
        if item is not None:
            yield item


def _number(text: str, match: re.Match[str]) -> Item | None:
    digits = match["digits"]
    start, end = match.start(), match.end()
    if _is_list_mark(text, start, end, digits):
        return None
    plain = digits.replace(" ", "").replace("'", "").replace("’", "")
    if plain.isdecimal() and (len(plain) >= 7 or (plain[0] == "0" and len(plain) > 2)):
        return Item("id", plain, match[0].strip(), start, end)
    value = _value(plain) * _MULTIPLIERS.get((match["mult"] or "").strip().lower(), 1.0)
    currency = match["cur"] or match["cur2"] or match["unit"] or ""
    unit = CURRENCY_SIGNS.get(currency, "") or UNITS.get(currency.lower(), "")
    negative = (match["sign"] or match["sign2"] or "") in ("-", "−", "–")
    if not negative:
        money = bool(CURRENCY_SIGNS.get(currency)) or unit in CURRENCIES
        place = signed_place(text, start, end, digits, money=money)
        negative, (start, end) = place is not None, place or (start, end)
    said = text[start:end].strip()
    return Item("number", f"{value:.10g}", said, start, end, unit, negative, value=value)


def _is_list_mark(text: str, start: int, end: int, digits: str) -> bool:
    before = text[max(0, start - 4) : start]
    at_line_start = start == 0 or ("\n" in before and not before.rpartition("\n")[2].strip(" -*#"))
    return len(digits) <= 2 and at_line_start and bool(_LIST_MARK.match(text, end))


def _value(digits: str) -> float:
    """1,234.5 and 1.234,5 and 1234,5; three digits after one comma are thousands."""
    last = max(digits.rfind(","), digits.rfind("."))
    if last < 0:
        return float(digits)
    whole, fraction = digits[:last], digits[last + 1 :]
    repeated = digits.count(digits[last]) > 1
    if len(fraction) == 3 and (digits[last] == "," or repeated) and whole.lstrip("0"):
        return float(digits.replace(",", "").replace(".", ""))
    return float(f"{whole.replace(',', '').replace('.', '')}.{fraction}")


def _digit_date_key(match: re.Match[str]) -> str:
    """Month and day in ascending order: 05/20 and 20.05. are one date. The year is left out."""
    if match["iso"]:
        return _date_key(int(match["iso"][5:7]), int(match["iso"][8:10]))
    first, second = re.split(r"[/.]", match[0])[:2]
    return _date_key(int(first), int(second))


def _word_date_key(said: str) -> str:
    month = next(MONTHS[w] for w in re.findall(r"[^\W\d_]+", said) if w in MONTHS)
    return _date_key(month, int(re.findall(r"\d+", said)[0]))


def _date_key(month: int, day: int) -> str:
    return f"{min(month, day)}-{max(month, day)}"


def _time_key(said: str) -> str:
    numbers = [int(n) for n in re.findall(r"\d+", said)]
    hour, minute = numbers[0], numbers[1] if len(numbers) > 1 else 0
    half = re.sub(r"[^apm]", "", said.lower())
    if half.startswith("p") and hour < 12:
        hour += 12
    elif half.startswith("a") and hour == 12:
        hour = 0
    return f"{hour:02d}:{minute:02d}" if hour < 25 and minute < 60 else ""


def _read_names(text: str, german: bool) -> Iterator[Item]:
    """Runs of capitalised words; a capital that only begins a sentence or a label is no name."""
    run: list[re.Match[str]] = []
    for match in _CAPITAL.finditer(text):
        word = match[0].lower()
        ignored = word in _NEVER_NAMES
        if run and (ignored or not _joined(text, run[-1], match)):
            yield from _name(text, run, german)
            run = []
        if not ignored:
            run.append(match)
    yield from _name(text, run, german)


def _joined(text: str, before: re.Match[str], after: re.Match[str]) -> bool:
    """Beside one another; a full stop between them only after an initial or a title."""
    between = text[before.end() : after.start()]
    return between in (" ", "-") or (between == ". " and len(before[0]) <= 2)


def _name(text: str, run: list[re.Match[str]], german: bool) -> Iterator[Item]:
    if not run:
        return
    start, end = run[0].start(), run[-1].end()
    is_label = text[end : end + 3].lstrip("*\"'").startswith(":")
    shouted = len(run) > 2 and all(m[0].isupper() for m in run)
    if is_label or shouted or (len(run) == 1 and (german or _begins_sentence(text, start))):
        return
    if end - start > 1:
        yield Item("name", text[start:end].lower(), text[start:end], start, end)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 6) : start]
    if before.endswith(('": "', '":"')):
        return False
    bare = before.rstrip(" *_#\"'“(>-•")
    return not bare or bare[-1] in ".!?:\n|" or "\n" in before
