"""User and metadata of a session come from its earliest span that says them."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.status_convert import SessionView, view_from_message, view_to_message
from pipeline.conventions.session_facts import MAX_CHARS, MAX_KEYS, read_metadata, read_user
from pipeline.interrogation.statistical import StatisticalInterrogator
from pipeline.model.session import EnrichResult, MergeResult, SessionRow
from tests.samples import SESSION
from tests.unit.genai_spans import span


class TestUser:
    def test_the_earliest_span_that_names_one(self):
        spans = [
            span("c", "x", 3, 4, {"user.id": "late"}),
            span("b", "x", 2, 3, {"enduser.id": "first"}),
            span("a", "x", 1, 2, {"user.id": ""}),
        ]
        assert read_user(spans) == "first"
        assert read_user(spans[2:]) is None

    def test_names_of_other_conventions(self):
        assert read_user([span("a", "x", 1, 2, {"ai.telemetry.metadata.userId": 7})]) == "7"


class TestMetadata:
    def test_keys_without_their_prefix(self):
        spans = [
            span("b", "x", 2, 3, {"metadata.plan": "free", "metadata.tier": 2}),
            span("a", "x", 1, 2, {"metadata.plan": "gold", "metadata": "no key", "metadata.": "x"}),
        ]
        assert read_metadata(spans) == {"plan": "gold", "tier": "2"}

    @given(st.integers(0, 60), st.integers(0, 500))
    def test_it_is_bounded(self, n: int, length: int):
        found = read_metadata(
            [span("a", "x", 1, 2, {f"metadata.{i}": "x" * length for i in range(n)})]
        )
        assert len(found) <= MAX_KEYS
        assert all(len(value) <= MAX_CHARS for value in found.values())

    def test_it_is_kept_with_the_session_and_shown(self):
        spans = [span("a", "x", 1, 2, {"metadata.plan": "gold", "user.id": "u"})]
        row = SessionRow(
            session_id="s",
            verdict=SESSION.verdict,
            enrich=EnrichResult(),
            merge=MergeResult(),
            interrogate=StatisticalInterrogator().interrogate((), (), spans),
        )
        view = SessionView(session=SESSION).with_row(row)
        assert (view.user, dict(view.metadata)) == ("u", {"plan": "gold"})
        assert view_from_message(view_to_message(view)) == view
