"""What an explaining agent reads besides: Temporal's attempts; tried patches."""

import io

import pytest
from rich.console import Console

from exporter.cli.render_finding import finding_page
from pipeline.investigation.explanation.history import NONE, temporal_history
from pipeline.investigation.explanation.result import unproven
from pipeline.model.finding import PatchTrial
from pipeline.model.span import Span, SpanStatus
from pipeline.population.statistics import wilson
from tests.samples import EXPLAINED


def _span(number: int, name: str, parent: int | None = None, **changes: object) -> Span:
    values: dict[str, object] = {
        "trace_id": "t",
        "span_id": str(number),
        "parent_id": None if parent is None else str(parent),
        "name": name,
        "kind": 1,
        "start": number * 1_000_000_000,
        "end": number * 1_000_000_000 + 500_000_000,
        "scope": "temporalio",
    }
    return Span.model_validate({**values, **changes})


def test_attempts_that_lost_are_told_too() -> None:
    spans = [
        _span(1, "RunWorkflow:Claim"),
        _span(
            2,
            "RunActivity:score",
            1,
            attributes={"temporalActivityID": "7", "temporal.attempt": 1, "error.type": "Timeout"},
            status=SpanStatus.ERROR,
            status_message="took too long",
        ),
        _span(3, "chat", 2, attributes={"temporalActivityID": "7", "temporal.attempt": 1}),
        _span(
            4,
            "RunActivity:score",
            1,
            attributes={"temporalActivityID": "7", "temporal.attempt": 2},
        ),
        _span(5, "chat", 4, scope="openai"),
    ]
    assert temporal_history(spans).splitlines() == [
        "+0.000 s workflow Claim: completed (0.500 s)",
        "+1.000 s activity score, attempt 1: failed Timeout took too long (0.500 s)",
        "+3.000 s activity score, attempt 2: completed (0.500 s)",
    ]
    assert temporal_history([_span(1, "chat", scope="openai")]) == NONE
    assert temporal_history([]) == NONE


@pytest.mark.parametrize(
    ("fixed", "broken", "says"),
    [
        ((5, 6), (0, 8), None),
        ((5, 6), (1, 8), None),
        ((0, 6), (0, 8), "fixes 0 of 6"),
        ((2, 8), (4, 8), "breaks 4 of 8 and fixes 2 of 8"),
        ((0, 0), (0, 8), "fixes 0 of 0"),
        ((0, 0), (3, 8), "breaks 3 of 8 and fixes 0 of 0"),
    ],
)
def test_a_patch_that_does_no_good_is_told(
    fixed: tuple[int, int], broken: tuple[int, int], says: str | None
) -> None:
    trial = PatchTrial(fixed=wilson(*fixed), broken=wilson(*broken))
    assert unproven(trial, None) == says


def test_a_patch_that_was_not_tried_is_not_proven() -> None:
    assert unproven(None, "nothing was held out") == "could not be tried (nothing was held out)"


def test_a_page_shows_what_a_model_added() -> None:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(finding_page(EXPLAINED))
    page = console.export_text()
    for shown in (
        "scripted: verified 1 of 2",
        "transcript-summarizer changes the order of what was said.",
        "It is too slow. Slow ones are answered well too.",
        "20/52 failing, 99/248 healthy, adjusted p 1, does not separate",
        "fixes 0 of 8",
        "Not proposed: the model's patch breaks 1 of 8",
        "0.2500 USD, 1,234 tokens",
    ):
        assert shown in page
