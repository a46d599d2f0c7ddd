"""Two applications that write: names altered in translation, and owners nobody named.

In: a seed. Out: `translations`, `minutes`. Next: `catalogue`.
"""

from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import FIRST, LAST, day, long_date, spin
from tests.scenarios.held_out.tracing import Recorder, Shape
from tests.scenarios.held_out.truth import LAZY, THUMBS, Application, Fault, Truth

PLAIN = (
    ("Anna Becker", ""),
    ("Lukas Hoffmann", ""),
    ("Petra Lange", ""),
    ("Jan Wagner", ""),
    ("Eva Richter", ""),
    ("Ralf Sommer", ""),
    ("Ines Hartmann", ""),
)
UMLAUT = (
    ("Jörg Müller", "George Miller"),
    ("Käthe Schäfer", "Kate Shepherd"),
    ("Günther Weiß", "Gunter White"),
    ("Björn Köhler", "Bernard Collier"),
    ("Ursula Größ", "Ursula Great"),
    ("Sören Jäger", "Simon Hunter"),
)
GERMAN = (
    (
        "{who} hat am {day} den Vertrag mit der Nummer {n} gekündigt.",
        "On {day}, {who} cancelled contract number {n}.",
    ),
    (
        "Der Zähler von {who} zeigte am {day} einen Stand von {n}.",
        "The meter of {who} read {n} on {day}.",
    ),
    (
        "{who} bittet um Rückruf wegen der Rechnung {n} vom {day}.",
        "{who} asks for a call about invoice {n} of {day}.",
    ),
    (
        "Wir haben {who} am {day} die Mahnung {n} geschickt.",
        "We sent reminder {n} to {who} on {day}.",
    ),
    (
        "{who} zieht zum {day} um, die neue Hausnummer ist {n}.",
        "{who} moves on {day}; the new house number is {n}.",
    ),
)
TRANSLATOR = "Translate the letter from German to English. Reference {n}."
FORMATTER = "Format the translation as a letter."
SIGNED = "\n[Mit freundlichen Grüßen|Viele Grüße|Hochachtungsvoll]"
FORMATTED = (
    "[Dear Sir or Madam|To whom it may concern],\n\n{text}\n\n[Kind regards|Yours faithfully]"
)


def translations(seed: int) -> Application:
    """Names with umlauts are often put into English as well."""
    marks = ("handoff.names", "handoff.additions", "term:")
    truth = Truth((Fault("translator", marks, "names are translated"),), ("formatter",))
    shape = Shape("letters", "chats", "POST /translate", users=250, model="mistral-large")
    return build("translations", seed, 400, truth, LAZY, shape, _translate)


def _translate(work: Recorder, index: int) -> bool:
    rng = work.rng
    hard = rng.random() < 0.38
    wrong = hard and rng.random() < 0.7
    name, english = rng.choice(UMLAUT if hard else PLAIN)
    slots = {"day": day(rng).strftime("%d.%m.%Y"), "n": rng.randint(1000, 99_999)}
    pairs = rng.sample(GERMAN, rng.randint(1, 3))
    written = " ".join(text.format(who=name, **slots) for text, _ in pairs)
    letter = f"Sehr geehrte Damen und Herren,\n{written}{spin(rng, SIGNED)}"
    who = english if wrong else name
    translated = " ".join(text.format(who=who, **slots) for _, text in pairs)
    final = spin(rng, FORMATTED, text=translated)
    with work.turn():
        work.run("translator", TRANSLATOR.format(n=f"T{index:05d}"), letter, translated)
        work.run("formatter", FORMATTER, translated, final)
    return wrong


TASKS = (
    "send the offer",
    "book the room",
    "update the budget",
    "call the supplier",
    "check the backup",
    "write the job posting",
    "prepare the demo",
    "collect the feedback",
)
TAKER = "Take the minutes of the meeting: decisions and tasks."
MAILER = "Write the mail that goes out with the minutes."
REMINDER = "{who}: [We still have to|Somebody should|Don't forget to] {task}[.| soon.| this month.]"
CLOSING = "[Good|Fine|Right], [next meeting on|we meet again on] {day}."
NOTED = "[Present|Participants]: {present}\n[Tasks|To do]:\n{rows}\n{closing}"
MAIL = "[Dear all|Hello],\n[here are the minutes|please find the minutes below].\n{noted}\n[Best|Regards]"


def minutes(seed: int) -> Application:
    """In every fourth meeting the minute taker invents an owner for open tasks."""
    truth = Truth(
        (Fault("minute-taker", ("handoff.additions", "handoff.names"), "owners are invented"),),
        ("mailer",),
    )
    shape = Shape("minutes", "agents", "POST /minutes")
    return build("minutes", seed, 260, truth, THUMBS, shape, _meet)


def _meet(work: Recorder, _index: int) -> bool:
    rng = work.rng
    wrong = rng.random() < 0.27
    present = _people(rng, 3)
    tasks = rng.sample(TASKS, rng.randint(2, 4))
    talk = [spin(rng, REMINDER, who=rng.choice(present), task=task) for task in tasks]
    closing = spin(rng, CLOSING, day=long_date(day(rng)))
    talk.append(f"{present[0]}: {closing}")
    strangers = _people(rng, 4)
    rows = [
        f"- {task}" + (f" ({who})" if wrong else rng.choice(("", " (open)")))
        for task, who in zip(tasks, strangers, strict=False)
    ]
    noted = spin(rng, NOTED, present=", ".join(present), rows="\n".join(rows), closing=closing)
    mail = spin(rng, MAIL, noted=noted)
    with work.turn():
        work.run("minute-taker", TAKER, "\n".join(talk), noted)
        work.run("mailer", MAILER, noted, mail)
    return wrong


def _people(rng: Random, n: int) -> list[str]:
    """No first and no last name twice."""
    names = zip(rng.sample(FIRST, n), rng.sample(LAST, n), strict=True)
    return [f"{first} {last}" for first, last in names]
