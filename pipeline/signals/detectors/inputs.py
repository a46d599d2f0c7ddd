"""Input traits: the shape of what an invocation was given from outside the agents.

In: invocations and the authorship of their inputs. Out: `input.*` detections, the candidates for a
trigger. Next: `enrich`.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from pipeline.conventions.authorship import Authorship
from pipeline.conventions.invocations import Invocation
from pipeline.model.detection import Detection
from pipeline.model.evidence import Located
from pipeline.signals.detectors.made import trait
from pipeline.text.analysed import analyse, leading_label
from pipeline.text.excerpts import beginning
from pipeline.text.items import Item
from pipeline.text.units import CURRENCIES
from pipeline.text.words import LANGUAGES

_STAMP = re.compile(r"\A[^\w]*[\[(]?\d[\d:.\-T ]*(?:[ap]m)?[\])]?\s*[-–|]?\s*", re.IGNORECASE)
_JSON_SPEAKER = re.compile(r'"(?:speaker|role|author|from|sender|who|by)"\s*:\s*"([^"\n]{1,40})"')
_INLINE = re.compile(r"(?<=[.!?] )(?=[A-Z][\w ]{0,20}: )")
_LIST = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)
_CODE = re.compile(
    r"```|^\s*(?:def|class|import|function|SELECT|#include|public|const)\b", re.MULTILINE
)

WORDS = {
    "input.length": "the input is {n:g} characters long",
    "input.n_lines": "the input has {n:g} lines",
    "input.n_sentences": "the input has {n:g} sentences",
    "input.n_questions": "the input asks {n:g} questions",
    "input.n_messages": "{n:g} messages were handed in",
    "input.n_numbers": "the input holds {n:g} numbers",
    "input.n_dates": "the input holds {n:g} dates and times",
    "input.n_identifiers": "the input holds {n:g} identifiers",
    "input.n_names": "the input holds {n:g} names",
    "input.n_negative": "the input holds {n:g} negative numbers",
    "input.n_signs_behind": "{n:g} amounts of the input have their minus behind or in brackets",
    "input.n_currencies": "the input mixes {n:g} currencies",
    "input.n_units": "the input uses {n:g} units",
    "input.n_negations": "the input says no in {n:g} sentences",
    "input.n_conditions": "the input sets conditions in {n:g} sentences",
    "input.n_labels": "the input has {n:g} different leading labels",
    "input.label_switches": "the leading label (speaker) changes {n:g} times between lines",
    "input.date_inversions": "dates or times step back {n:g} times",
    "input.non_ascii": "{n:.0%} of the input's letters are not ASCII",
    "input.has_list": "the input holds a list",
    "input.has_code": "the input holds code",
    "input.has_json": "the input is JSON",
}


def read_inputs(
    invocations: Sequence[Invocation], authorship: Mapping[str, Authorship]
) -> list[Detection]:
    """The shape of every invocation's external input."""
    return [d for i in invocations for d in _inputs(i, authorship[i.span_id].external)]


def _inputs(invocation: Invocation, external: Sequence[Located]) -> Iterator[Detection]:
    if not external:
        return
    where = (invocation.agent, invocation.step, invocation.span_id)
    shape = _shape(external)
    passage = [beginning(max(external, key=lambda e: len(e.text)))]
    for name, value in shape.items():
        if value:
            said = passage if name == "input.label_switches" else ()
            yield trait(name, where, value, detail=WORDS[name].format(n=value), passages=said)
    language = _language(external)
    if language:
        yield trait(f"input.language={language}", where, 1.0, detail=f"the input is in {language}")


def _shape(external: Sequence[Located]) -> dict[str, float]:
    texts = [analyse(e.text) for e in external]
    segments = [(a, s) for a in texts for s in a.segments]
    items = [i for a in texts for i in a.items]
    labels = [label for e in external for label in speaker_labels(e.text)]
    letters = "".join(e.text for e in external)
    return {
        "input.length": float(len(letters)),
        "input.n_lines": float(
            sum(1 for e in external for line in e.text.splitlines() if line.strip())
        ),
        "input.n_sentences": float(len(segments)),
        "input.n_questions": float(letters.count("?")),
        "input.n_messages": float(len(external)),
        "input.n_negations": float(sum(s.negated for _, s in segments)),
        "input.n_conditions": float(sum(s.conditional for _, s in segments)),
        "input.n_labels": float(len(set(labels))),
        "input.label_switches": float(label_switches(labels)),
        "input.date_inversions": float(_inversions(items)),
        "input.non_ascii": round(sum(ord(c) > 127 for c in letters) / max(1, len(letters)), 2),
        "input.has_list": float(any(len(_LIST.findall(e.text)) > 1 for e in external)),
        "input.has_code": float(any(_CODE.search(e.text) for e in external)),
        "input.has_json": float(any(a.is_json for a in texts)),
        **_item_counts(items),
    }


def _item_counts(items: Sequence[Item]) -> dict[str, float]:
    kinds = Counter(i.kind for i in items)
    units = {i.unit for i in items if i.unit}
    return {
        "input.n_numbers": float(kinds["number"]),
        "input.n_dates": float(kinds["date"] + kinds["time"]),
        "input.n_identifiers": float(kinds["id"]),
        "input.n_names": float(len({i.key for i in items if i.kind == "name"})),
        "input.n_negative": float(sum(i.negative for i in items)),
        "input.n_signs_behind": float(sum(i.negative and i.text[-1] in "-−)rR" for i in items)),
        "input.n_currencies": float(len(units & CURRENCIES)),
        "input.n_units": float(len(units - CURRENCIES)),
    }


def speaker_labels(text: str) -> list[str]:
    """Leading labels in the order of the lines: `Customer: ...`, `[10:02] Agent: ...`, JSON speakers."""
    spoken = _JSON_SPEAKER.findall(text)
    if len(spoken) > 1:
        return [s.lower() for s in spoken]
    lines = text.splitlines()
    if len(lines) < 3 and len(text) > 80:
        lines = [part for line in lines for part in _INLINE.split(line)]
    labels = (leading_label(_STAMP.sub("", line)) for line in lines)
    return [label for label in labels if label]


def label_switches(labels: Sequence[str]) -> int:
    """How often the label changes, counting only labels that come back (speakers, not field names)."""
    counts = Counter(labels)
    speakers = [label for label in labels if counts[label] > 1]
    return sum(a != b for a, b in pairwise(speakers))


def _inversions(items: Sequence[Item]) -> int:
    """How often a time is earlier than the time before it; likewise for dates of one form."""
    n = 0
    for kind in ("time", "date"):
        keys = [_ordered(i) for i in items if i.kind == kind]
        n += sum(b < a for a, b in pairwise(keys))
    return n


def _ordered(item: Item) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", item.key))


def _language(external: Sequence[Located]) -> str | None:
    """The language with the most function words, if it is clear and not English."""
    words = [w for e in external for w in analyse(e.text).words[:300]]
    scores = {name: sum(w in marks for w in words) for name, marks in LANGUAGES.items()}
    best = max(sorted(scores), key=lambda n: scores[n])
    return best if best != "en" and scores[best] >= 3 and scores[best] * 8 > len(words) else None
