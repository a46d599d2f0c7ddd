"""Word lists in English, German, French and Spanish; the one place to add a language.

In: nothing. Out: sets of lower-case words and patterns made of them. Next: items, clauses, symptoms.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar jänner janvier enero ene",
            "february feb februar février févr febrero",
            "march mar märz mars marzo",
            "april apr avril avr abril abr",
            "may mai mayo",
            "june jun juni juin junio",
            "july jul juli juillet julio",
            "august aug août agosto ago",
            "september sep sept septembre septiembre",
            "october oct oktober okt octobre octubre",
            "november nov novembre noviembre",
            "december dec dezember dez décembre déc diciembre dic",
        ),
        start=1,
    )
    for name in names.split()
}

WEEKDAYS = _words(
    "monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag "
    "freitag samstag sonntag lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes "
    "miércoles jueves viernes sábado domingo"
)

NUMBER_WORDS = {
    word: value
    for value, words in enumerate(
        (
            "zero null zéro cero", "", "two zwei deux dos", "three drei trois tres",
            "four vier quatre cuatro", "five fünf cinq cinco", "six sechs seis",
            "seven sieben sept siete", "eight acht huit ocho", "nine neun neuf nueve",
            "ten zehn dix diez", "eleven elf onze once", "twelve zwölf douze doce",
        )
    )
    for word in words.split()
}  # fmt: skip
"""Without "one" and its likes, which are mostly articles."""

NEGATIONS = _words(
    "not no never without nor none neither nobody nothing nowhere cannot cant can't don't doesn't "
    "didn't won't wouldn't isn't aren't wasn't weren't hasn't haven't hadn't shouldn't couldn't "
    "mustn't ain't except excluding "
    "nicht kein keine keinen keinem keiner keines nie niemals ohne weder niemand nichts außer "
    "ne n' pas jamais sans aucun aucune rien sauf ni "
    "sin nunca jamás ningún ninguna ninguno nadie nada excepto tampoco"
)
NEGATIVE = re.compile(
    r"\b(?:un(?:able|paid|known|related|available|successful\w*|likely|insured|damaged|harmed|"
    r"confirmed|injured|affected|changed|covered|resolved|authori[sz]ed)|"
    r"fail\w*|lack\w*|den(?:y|ied|ies)|refus\w*|reject\w*|declin\w*|missing|absent|absence|avoid\w*|"
    r"prohibit\w*|exclu\w*|prevent\w*|stopp(?:ed|ing)|stops? \w+ing|imposs\w*|inel\w*|invalid\w*|no-\w+|non-?\w+|"
    r"(?:ha[sd]|have|having|with|due to|reports?|reported) (?:\w+ ){0,2}(?:issue|problem)s?|unavailab\w*|"
    r"remov\w*|waive\w*|cancel\w*|free of|rather than|instead of|other than|disput\w*|contradict\w*|"
    r"(?!(?:un|b|wire|regard|nevertheless|nonetheless)less)\w+less)\b",
    re.IGNORECASE,
)
"""Words that can stand for a negation, so that a paraphrase of one is no loss."""

CONDITIONS = _words(
    "if unless only until whether provided providing otherwise once when wherever whenever as-long-as "
    "falls wenn sofern außer nur bis solange "
    "si sauf seulement uniquement jusqu'à lorsque "
    "salvo solo sólo solamente hasta siempre-que cuando"
)
STRICT_CONDITIONS = CONDITIONS - _words("when once wherever whenever wenn lorsque cuando whether")

STOP = _words(
    "the a an and or of to in on at for with from by as is are was were be been being am it its this "
    "that these those i you he she they we me him her them us my your his their our mine yours who "
    "whom which what where when why how do does did done doing have has had having will would can "
    "could shall should may might must there here then than so such too very just also about into "
    "over under out up down off again more most other some any each all both few own same s t d ll "
    "m re ve one if but because until while between through during before after above below not no "
    "nor only said says say told please yes okay ok thank thanks hello hi "
    "der die das den dem des ein eine einen einem einer und oder von zu im in am an auf für mit bei "
    "ist sind war waren sein ich du er sie es wir ihr mein dein unser dass als wie auch aber nach aus "
    "hat habe haben hatte wird werden kann nicht kein "
    "le la les un une des du de et ou à au aux en dans sur pour par avec est sont était il elle nous "
    "vous ils elles je tu mon ton son que qui ce cette ces ne pas "
    "el los las una unos unas y o del al por para con es son era yo tú él ella nosotros su sus que "
    "se lo como más pero"
)

GERMAN = _words("der die das und ist nicht ein eine ich mit auf für wird wurde dass bei auch sich")

NOT_NAMES = _words(
    "i i'm i'd i'll i've the a an and or but if so yes no ok okay please thanks thank hello hi hey "
    "dear sir madam mr mrs ms dr note total summary order date time name amount status type result "
    "true false null none error json usd eur gbp chf jpy est edt utc gmt pst cet am pm id ids "
    "customer agent user assistant system speaker caller operator however also then first second "
    "finally next after before when this that these those there here we you he she it they my your "
    "our his her their what which who why how where all any each in on at for with from to of by as "
    "is are was were be can could would should will may not"
)

FAILURE = re.compile(
    r"\b(?:error\w*|fail\w*|unable|unsuccessful\w*|unavailab\w*|not (?:available|possible|found|able|"
    r"enough|sufficient|valid|allowed|complete|add up|work)|could ?n[o'’]t|couldn[’']t|can ?not|can[’']t|"
    r"unfortunately|sorry|apolog\w*|problem\w*|issue\w*|time[d ]?-?out|insufficient|invalid|declin\w*|"
    r"reject\w*|exceed\w*|try again|retry|denied|missing|incorrect|exception|went wrong|"
    r"oversight|mistake|actually|discrepan\w*|unexpected\w*|"
    r"do(?:es)? not|did not|don[’']t|doesn[’']t|didn[’']t|wasn[’']t|isn[’']t|"
    r"no (?:\w+ ){0,3}(?:found|exist\w*|available)|"
    r"fehler\w*|fehlgeschlagen|leider|nicht|konnte|erreur|échou\w*|malheureusement|impossible|"
    r"désolé\w*|lamentablemente|fall[óo]\w*|lo siento|no se pudo|no pude)\b",
    re.IGNORECASE,
)
"""Words by which an answer admits that something failed."""

LANGUAGES = {
    "en": _words("the and is are was of to that you for with have this not it"),
    "de": GERMAN,
    "fr": _words("le la les et est une des du que qui dans pour pas avec vous je"),
    "es": _words("el los las y es una que en para con por no se lo mi su"),
    "it": _words("il gli di e che una per non con sono del della mi si"),
    "pt": _words("o os as e que uma para não com por do da em se"),
}
"""Function words by which a text's language is told."""
