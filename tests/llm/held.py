"""Applications with planted faults, explained by models that tell the truth and by ones that lie.

In: an application, a part. Out: `Held`: what the finding says, and whether the lie got into it. Next:
`test_liars`, and the table of `python -m bench quality`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.conventions.steps import read_steps
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.trial.requests import last_call
from pipeline.llm.reading import texts_of
from pipeline.model.finding import Finding
from pipeline.model.session import SessionKey
from pipeline.model.step import Step
from pipeline.store import Store
from tests.llm.diagnosing import Sent, analyse, copied, diagnose, feed, first_named, open_store
from tests.llm.letters import letters
from tests.llm.liars import PARTS, Breaks
from tests.llm.playing import MEND, Part
from tests.scenarios.applications import Application
from tests.scenarios.applications import run as made_by
from tests.scenarios.tracing import otlp_line


class Subject(NamedTuple):
    """An application that was analysed, and the investigation that names a cause."""

    name: str
    folder: Path
    due: InvestigateInput
    recorded: Mapping[str, str]
    n_characters: int
    """All its texts, each once a session."""
    n_sessions: int
    guilty: tuple[tuple[str, tuple[str, ...]], ...]


class Held(NamedTuple):
    """What became of one part."""

    part: str
    finding: Finding
    is_right: bool
    """The blame is where the fault was planted."""
    got_through: tuple[str, ...]
    """Lies that stand in the finding."""
    n_in: int
    n_out: int


def letters_subject(folder: Path) -> Subject:
    """The small one."""
    guilty = (("summarizer", ("handoff.numbers",)),)
    return _subject("letters", folder, letters("letters"), guilty)


def subject(app: Application, folder: Path) -> Subject:
    """One of the catalogue's."""
    made = made_by(app)
    sent = Sent(
        [otlp_line(m.spans) for m in made],
        [s for m in made for s in m.signals],
        [m.session_id for m in made],
    )
    return _subject(app.name, folder, sent, app.blamed)


def _subject(
    name: str, folder: Path, sent: Sent, guilty: tuple[tuple[str, tuple[str, ...]], ...]
) -> Subject:
    with open_store(folder) as store:
        feed(store, name, sent)
        due = first_named(store, analyse(store, name, sent))
        assert due is not None, f"{name}: no cause separates"
        recorded, n_characters = _recorded(store, name, sent.session_ids)
    return Subject(name, folder, due, recorded, n_characters, len(sent.session_ids), guilty)


def _recorded(store: Store, project: str, sessions: Sequence[str]) -> tuple[dict[str, str], int]:
    """What agents answered by what they were given last; the size of all sessions."""
    answers: dict[str, str] = {}
    size = 0
    for session_id in sessions:
        steps = read_steps(store.load_spans(SessionKey.of(project, session_id)).spans)
        size += sum(map(len, unique_texts(steps)))
        for agent in {step.agent for step in steps}:
            call = last_call(steps, agent)
            if call is not None:
                answers[call.inputs[-1].content.text] = call.outputs[-1].content.text
    return answers, size


def unique_texts(steps: Sequence[Step]) -> set[str]:
    """What a session says, each text once: the least that sending it whole takes."""
    return {place.text for step in steps for place in texts_of(step)}


def hold(about: Subject, name: str, room: Path) -> Held:
    """One part on one application."""
    part = PARTS[name](about.recorded)
    with copied(about.folder, room) as store:
        (finding,) = diagnose(store, [about.due], part)
    right = any(
        finding.blamed_agent == agent and (finding.feature or "").startswith(features)
        for agent, features in about.guilty
    )
    return Held(name, finding, right, _through(part, finding), part.n_in, part.n_out)


def _through(part: Part, finding: Finding) -> tuple[str, ...]:
    """Lies that stand in what the model added."""
    explanation = finding.explanation
    assert explanation is not None
    patch = finding.prompt_patch.diff if finding.prompt_patch else ""
    if isinstance(part, Breaks):
        return (patch,) if MEND in patch else ()
    shown = [
        explanation.root_cause or "",
        *(text for step in explanation.mechanism for text in (step.says, step.evidence.quote)),
    ]
    return tuple(lie for lie in sorted(part.lies) if lie in shown)
