"""The data flow of a session, its terms and its candidates."""

import json
import re
from pathlib import Path

from pipeline.conventions.steps import read_steps
from pipeline.interrogation.flow import outline
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.interrogation.terms import step_terms
from pipeline.interrogation.texts import terms
from pipeline.model.detection import DetectorRole
from pipeline.model.evidence import Located
from pipeline.model.session import StepOutline
from pipeline.model.step import Message, Role, Step, StepKind
from pipeline.signals import detectors
from pipeline.traits import meaning
from tests.scenarios.rows import trait
from tests.unit.genai_spans import chat, conversation, message, root, span

LETTER = "Dear team, the blue pump in hall four stopped twice on Monday and nobody may touch it."
NOTES = "The pump in hall four stopped twice. Staff report that it was touched by nobody."
PLAN = "Order a new seal for that machine and inform the shift lead before noon today."


def step(
    agent: str,
    given: str,
    said: str,
    start: int,
    end: int,
    kind: StepKind = StepKind.AGENT,
    parent: str | None = None,
) -> Step:
    span = f"{start:016d}"
    return Step(
        kind=kind,
        key=f"{kind.value}:{agent}",
        name=agent,
        agent=agent,
        span_id=span,
        parent_span_id=parent,
        start=start,
        end=end,
        inputs=(Message(role=Role.USER, content=Located(text=given, span_id=span, field="in")),),
        outputs=(
            Message(role=Role.ASSISTANT, content=Located(text=said, span_id=span, field="out")),
        ),
        system=(Located(text="You plan repairs.", span_id=span, field="sys"),),
    )


def by_agent(steps: list[Step]) -> dict[str, StepOutline]:
    return {o.agent: o for o in outline(steps)}


def test_an_output_that_becomes_an_input_orders_the_agents():
    found = by_agent([step("reader", LETTER, NOTES, 0, 10), step("planner", NOTES, PLAN, 11, 20)])
    assert (found["reader"].order, found["planner"].order) == (0, 1)
    assert found["planner"].upstream == ("reader|agent:reader",)
    assert (found["reader"].external, found["planner"].external) == (True, False)


def test_without_shared_text_time_orders_them():
    other = "Something else entirely was handed over to this one by code."
    found = by_agent([step("reader", LETTER, NOTES, 0, 10), step("planner", other, PLAN, 11, 20)])
    assert found["planner"].order == 1


def test_two_readers_of_one_letter_stand_side_by_side():
    found = by_agent([step("one", LETTER, NOTES, 0, 10), step("two", LETTER, PLAN, 11, 20)])
    assert (found["one"].order, found["two"].order) == (0, 0)


def test_an_agent_around_others_stands_below_them():
    around = step("chief", LETTER, PLAN, 0, 50)
    inner = step("reader", "Read: " + LETTER, NOTES, 5, 20, parent=around.span_id)
    found = by_agent([around, inner])
    assert found["chief"].order > found["reader"].order
    assert found["chief"].external


def test_the_order_of_the_steps_does_not_matter():
    steps = [step("reader", LETTER, NOTES, 0, 10), step("planner", NOTES, PLAN, 11, 20)]
    assert outline(steps) == outline(steps[::-1])
    assert step_terms(steps) == step_terms(steps[::-1])


def test_terms_say_what_came_from_outside_what_was_added_and_what_was_dropped():
    reader, planner = sorted(
        step_terms([step("reader", LETTER, NOTES, 0, 10), step("planner", NOTES, PLAN, 11, 20)]),
        key=lambda t: t.agent != "reader",
    )
    assert "pump" in reader.external
    assert "blue" in reader.dropped
    assert "report" in reader.added
    assert "pump" not in planner.external
    assert "seal" in planner.added


def test_candidates_are_sentences_without_verdict_or_numbers_and_symptoms_make_none():
    detections = [
        trait("reader", "handoff.order", 0.4),
        trait("reader", "handoff.units", 0.0),
        trait("reader", "symptom.user_corrects", 1.0, DetectorRole.SYMPTOM),
    ]
    result = StatisticalInterrogator().interrogate(
        [step("reader", LETTER, NOTES, 0, 10)], detections, []
    )
    (only,) = result.candidates
    assert only.sentence == "reader changes the order of events and facts of its input."
    assert only.traits == ("handoff.order",)
    assert result.prompts[0].agent == "reader"
    assert result.first_user_message is not None


def test_unknown_traits_are_worded_from_their_name():
    assert meaning("run.no_plan=x").clause == "shows no plan (x)"
    assert meaning("run.tool=search").clause == "calls the tool search"
    assert (
        meaning("handoff.order").rank < meaning("handoff.length").rank < meaning("run.tokens").rank
    )


def test_a_long_session_leaves_no_agent_out():
    many = [step("worker", LETTER, NOTES, 10 * i, 10 * i + 5) for i in range(450)]
    found = by_agent([*many, step("reviewer", NOTES, PLAN, 9000, 9001)])
    assert found["worker"].n_occurrences == 450
    assert found["reviewer"].upstream == ("worker|agent:worker",)


def test_terms_end_with_the_first_complaint():
    spans = conversation(
        "Move my flight", "It is moved now.", "No, that's wrong.", "Sorry, a slip."
    )
    (found,) = step_terms(read_steps(spans))
    assert "moved" in found.added
    assert not {"wrong", "sorry", "slip"} & {*found.external, *found.added, *found.dropped}


def test_an_agent_around_a_whole_chat_speaks_by_its_calls_before_the_complaint():
    talk = ["Move my flight", "It is moved now.", "No, that's wrong."]
    roles = ("user", "assistant", "user")
    said = [message(role, text) for role, text in zip(roles, talk, strict=True)]
    whole = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "desk"}
    messages = {
        "gen_ai.input.messages": json.dumps(said),
        "gen_ai.output.messages": json.dumps([message("assistant", "Sorry, a slip.")]),
    }
    spans = [
        root(),
        span("a", "invoke_agent desk", 1, 90, whole | messages),
        chat("c1", 2, said[:1], talk[1], parent="a", agent="desk"),
        chat("c2", 10, said, "Sorry, a slip.", parent="a", agent="desk"),
    ]
    (found,) = step_terms(read_steps(spans))
    assert found.step == "agent:desk"
    assert "moved" in found.added
    assert not {"wrong", "sorry", "slip"} & {*found.external, *found.added}


def test_terms_are_words_that_bear_meaning():
    text = "For this I'd like it here: you must never leave the Oberstadt unless it's paid."
    assert terms(text) == {"must", "never", "leave", "oberstadt", "unless", "paid"}


def test_every_trait_of_the_detectors_is_put_into_words():
    """Names are read from the detectors' source, so that a new trait without words fails here."""
    source = "".join(path.read_text() for path in Path(detectors.__path__[0]).glob("*.py"))
    names = set(re.findall(r"\b(?:input|run|handoff|config)\.[a-z_]+\b", source))
    names -= {"run.shape", "run.py"}
    assert len(names) > 40
    assert {name for name in names if meaning(name).clause.startswith("shows ")} == set()
