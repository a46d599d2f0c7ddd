"""Handoff traits find planted losses and stay quiet on faithful answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.conventions.quotes import read_field
from pipeline.text.items import read_items
from tests.unit.genai_spans import agent, enriched, handed, loss, root

TRANSCRIPT = """Customer: I was driving home on Maple Street on 12 March 2024 when it started to hail.
Agent: Could you tell me your policy number please?
Customer: The hail cracked the windshield of my Toyota first.
Agent: I noted that the policy POL-88213 covers glass damage.
Customer: Then I braked hard and slid into the guardrail near exit 14.
Agent: The adjuster will check whether the guardrail was damaged.
Customer: A tow truck pulled my car to Miller Garage, which charged 240 EUR.
Agent: Towing is reimbursed only if the invoice arrives within 30 days."""

FAITHFUL = (
    "On 12 March 2024 the customer was driving home on Maple Street when hail started. The hail cracked "
    "the Toyota's windshield; policy POL-88213 covers glass damage. He then braked and slid into the "
    "guardrail near exit 14; the adjuster will check guardrail damage. A tow truck took the car to Miller "
    "Garage for 240 EUR, reimbursed only if the invoice arrives within 30 days."
)
GROUPED = (
    "Customer: driving home on Maple Street on 12 March 2024 when hail started; hail cracked the Toyota "
    "windshield; braked hard and slid into the guardrail near exit 14; tow truck pulled the car to Miller "
    "Garage for 240 EUR. Agent: asked for the policy number; policy POL-88213 covers glass damage; adjuster "
    "will check guardrail damage; towing reimbursed only if the invoice arrives within 30 days."
)
RECORD = (
    "Patient Anna Kowalski (ID PT-55812) received 120 mg of ibuprofen on 3 May 2024. Her balance is -45.20 "
    "USD. She is not allergic to penicillin. Do not discharge unless the fever drops below 38 degrees. The "
    "account 99120045 holds $1,250."
)
NOTE = (
    "Anna Kowalski (PT-55812) got 120 mg ibuprofen on May 3, 2024. Balance: -45.20 USD. Not allergic to "
    "penicillin. Do not discharge unless fever drops below 38 degrees. Account 99120045 holds $1,250."
)
LOSSES = ["order", "numbers", "numbers_changed", "signs", "units", "dates", "names", "identifiers",
          "negations", "conditions", "hidden_error", "additions"]  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("given_", "answer"),
    [(TRANSCRIPT, FAITHFUL), (TRANSCRIPT, TRANSCRIPT), (RECORD, NOTE), (RECORD, RECORD)],
)
def test_faithful_answers_lose_nothing(given_: str, answer: str, name: str):
    assert loss(given_, answer, name) == 0.0


class TestOrder:
    def test_grouping_by_speaker_loses_the_order(self):
        found = handed(TRANSCRIPT, GROUPED)["handoff.order"]
        assert 0.1 < found.value < 0.6
        assert found.confidence > 0.5
        assert "changed their order" in found.detail
        assert len(found.passages) == 4

    def test_a_transcript_as_compact_json(self):
        spoken = [line.partition(": ") for line in TRANSCRIPT.splitlines()]
        given_ = json.dumps([{"speaker": who, "text": text} for who, _, text in spoken])
        assert handed(given_, GROUPED)["handoff.order"].value > 0.1
        assert loss(given_, FAITHFUL, "order") == 0.0

    def test_reversal_is_the_worst(self):
        lines = [
            "The alarm rang at the pharmacy.",
            "A nurse opened the cabinet.",
            "Somebody spilled the antiseptic bottle.",
            "Security locked the corridor.",
            "Police photographed the broken window.",
        ]
        assert loss("\n".join(lines), " ".join(reversed(lines)), "order") == 1.0
        assert loss("\n".join(lines), " ".join(lines), "order") == 0.0

    def test_too_little_in_common_says_so(self):
        found = handed(
            TRANSCRIPT, "A rather unfortunate evening with weather and repair costs, in short."
        )
        assert (found["handoff.order"].value, found["handoff.order"].confidence) == (0.0, 0.1)

    def test_words_within_a_sentence_may_move(self):
        given_ = "Alpha beta.\nGamma delta.\nEpsilon zeta.\nTheta kappa.\nSigma omega."
        answer = "Beta alpha. Delta gamma. Zeta epsilon. Kappa theta. Omega sigma."
        assert loss(given_, answer, "order") == 0.0


class TestExactItems:
    @pytest.mark.parametrize(
        ("name", "old", "new", "said"),
        [
            ("numbers_changed", "120 mg", "210 mg", "120 mg became 210 mg"),
            ("numbers_changed", "120 mg", "12 mg", "120 mg became 12 mg"),
            ("numbers_changed", "$1,250", "$1,300", "$1,250 became $1,300"),
            ("units", "120 mg", "120 g", "120 mg became 120 g"),
            ("units", "$1,250", "€1,250", "$1,250 became €1,250"),
            ("signs", "-45.20 USD", "45.20 USD", "-45.20 USD became 45.20 USD"),
            ("identifiers", "PT-55812", "PT-5581", "PT-55812 became PT-5581"),
            ("identifiers", "99120045", "99120054", "99120045 became 99120054"),
            ("names", "Anna Kowalski", "The patient", "Anna Kowalski"),
            ("dates", "May 3, 2024", "May 5, 2024", "3 May 2024"),
            ("numbers", "120 mg ", "", "120 mg"),
            ("negations", "Not allergic", "Allergic", "She is not allergic"),
            (
                "conditions",
                "Do not discharge unless fever",
                "Do not discharge, fever",
                "unless the fever",
            ),
        ],
    )
    def test_a_planted_fault_is_found(self, name: str, old: str, new: str, said: str):
        found = handed(RECORD, NOTE.replace(old, new))[f"handoff.{name}"]
        assert found.value > 0
        assert said in found.detail
        assert found.passages

    def test_json_is_compared_key_by_key(self):
        old = {"claim": {"id": "CL-99231", "amount": 1200, "currency": "EUR", "approved": False}}
        new = {"claim": {"id": "CL-9923", "amount": 1020, "currency": "USD", "approved": True}}
        found = handed(json.dumps(old), json.dumps(new))
        for name in ("identifiers", "numbers_changed", "units", "negations"):
            assert found[f"handoff.{name}"].value > 0, name
        same = handed(json.dumps(old), json.dumps(old, indent=2))
        assert all(d.value == 0 for n, d in same.items() if n.startswith("handoff."))

    def test_computed_values_are_neither_changed_nor_added(self):
        given_ = "The rent costs 450 EUR and heating costs 130 EUR."
        answer = "Rent and heating cost 580 EUR in total."
        assert loss(given_, answer, "numbers_changed") == 0.0
        assert loss(given_, answer, "additions") == 0.0

    def test_additions_have_no_source_anywhere(self):
        answer = "Your order ships on Friday; track it as TRK-77120 for 19.99 EUR."
        assert loss("Where is my order?", answer, "additions") == 1.0
        source = [("track", '{"tracking": "TRK-77120", "price": 19.99}')]
        assert loss("Where is my order?", answer, "additions", source) == 0.0

    def test_minus_may_be_said_in_words(self):
        assert (
            loss("The balance is -45 EUR.", "The account is overdrawn by 45 EUR.", "signs") == 0.0
        )
        assert (
            loss("The balance is -45 EUR.", "The balance of the account is 45 EUR.", "signs") == 1.0
        )

    def test_pounds_are_money_or_weight(self):
        assert loss("He asked for £850 at once.", "He asks for 850 pounds at once.", "units") == 0.0
        assert loss("He asked for £850 at once.", "He asks for 850 euros at once.", "units") > 0.0

    def test_spellings_are_equal(self):
        given_ = "Pay 1,234.50 EUR for two tickets on 2024-05-20 at 18:00, ref #A-4471."
        answer = "Payment of €1234.5 for 2 tickets on May 20th at 6 PM (reference A-4471) is due."
        for name in ("numbers", "dates", "identifiers", "numbers_changed", "units", "additions"):
            assert loss(given_, answer, name) == 0.0, name


class TestPolarity:
    def test_a_paraphrased_negation_is_none_lost(self):
        assert (
            loss(
                "The brakes of the truck did not work.",
                "The truck's brakes failed to work.",
                "negations",
            )
            == 0
        )

    def test_a_left_out_sentence_is_no_dropped_negation(self):
        given_ = "The roof leaks badly. The owner was not informed about the roof by the tenant."
        assert loss(given_, "The roof leaks badly and needs repair.", "negations") == 0.0

    @pytest.mark.parametrize(
        ("given_", "answer"),
        [
            ("Der Schaden am Dach ist nicht versichert.", "Der Schaden am Dach ist versichert."),
            ("Le contrat ne couvre jamais les inondations.", "Le contrat couvre les inondations."),
            (
                "El seguro no cubre daños por inundaciones.",
                "El seguro cubre daños por inundaciones.",
            ),
        ],
    )
    def test_other_languages(self, given_: str, answer: str):
        assert loss(given_, answer, "negations") == 1.0
        assert loss(given_, given_, "negations") == 0.0

    @pytest.mark.parametrize(
        ("given_", "dropped", "kept"),
        [
            ("Never an overnight stop.", "overnight stop", "no overnight stop"),
            ("I won't take a window seat.", "window seat", "no window seat"),
            ("Please do not cancel the hotel.", "Please cancel the hotel.", "Keep the hotel."),
            (
                "There was no problem with the engine.",
                "Problem with the engine.",
                "Engine is fine.",
            ),
            (
                "The serial label is not missing.",
                "The serial label is missing.",
                "The label is on.",
            ),
            ("We never issued the invoice to Acme.", "Issued the invoice to Acme.", "No invoice."),
        ],
    )
    def test_a_negated_everyday_noun(self, given_: str, dropped: str, kept: str):
        assert loss(given_, dropped, "negations") == 1
        assert loss(given_, kept, "negations") == 0

    @pytest.mark.parametrize(
        "answer",
        [
            "The brakes of the truck stopped working.",
            "The brakes of the truck had some issues.",
            "The truck's brakes were unavailable.",
            "The truck lacked brakes that work.",
        ],
    )
    def test_negative_words_stand_for_a_negation(self, answer: str):
        assert loss("The brakes of the truck did not work.", answer, "negations") == 0


class TestConditions:
    GIVEN = "1. The Supplier shall deliver the goods within 5 days{0}.\n2. The warranty lasts 24 months{1}."

    @pytest.mark.parametrize(
        "proviso",
        [
            ", unless Acme Foods has agreed otherwise in writing",
            ", provided that notice was given to Acme Foods",
            " only if the fault lies with Acme Foods",
            ", except in case of gross negligence",
            ", if the delay exceeds the agreed period",
        ],
    )
    def test_a_dropped_one_is_seen_by_its_main_part(self, proviso: str):
        for given_ in (self.GIVEN.format(proviso, ""), self.GIVEN.format("", proviso)):
            dropped = "- Supplier delivers within 5 days\n- warranty of 24 months"
            assert loss(given_, dropped, "conditions") == 1
            assert loss(given_, given_, "conditions") == 0

    @pytest.mark.parametrize(
        "answer",
        [
            "- Supplier delivers within 5 days, unless Acme Foods agreed otherwise",
            "- Supplier delivers within 5 days (exception: agreement of Acme Foods)",
            "- Supplier delivers within 5 days\n- this holds unless agreed in writing",
            '{"duty": "Supplier delivers within 5 days", "condition": "no agreement by Acme Foods"}',
            "- warranty of 24 months",
        ],
    )
    def test_in_other_words_it_is_kept(self, answer: str):
        proviso = ", unless Acme Foods has agreed otherwise in writing"
        assert loss(self.GIVEN.format(proviso, ""), answer, "conditions") == 0

    @pytest.mark.parametrize(
        ("given_", "answer"),
        [
            (
                "The customer asked us if the roof was insured.",
                "The customer asked about the roof.",
            ),
            ("Send the red folder to Anna, if possible.", "Send the red folder to Anna."),
            ("Can you move the flight if it rains?", "Move the flight."),
        ],
    )
    def test_politeness_and_questions_set_no_condition(self, given_: str, answer: str):
        assert loss(given_, answer, "conditions") == 0

    def test_in_front_of_its_sentence(self):
        given_ = "If the patient runs a fever above 38 degrees, call the doctor on duty."
        assert loss(given_, "Call the doctor on duty.", "conditions") == 1


class TestHiddenErrors:
    ERROR = [("stock", '{"error": "timeout after 30s"}')]
    ASKED = "What is the stock of item 4711?"

    def test_a_hidden_error_and_an_admitted_one(self):
        hidden = handed(self.ASKED, "The stock of item 4711 is fine.", self.ERROR)[
            "handoff.hidden_error"
        ]
        assert (hidden.value, hidden.passages[0].text) == (1.0, self.ERROR[0][1])
        assert (
            loss(self.ASKED, "Sorry, the stock system is down.", "hidden_error", self.ERROR) == 0.0
        )

    def test_a_later_success_heals(self):
        healed = [*self.ERROR, ("stock", "12 pieces")]
        assert loss(self.ASKED, "There are 12 pieces of item 4711.", "hidden_error", healed) == 0.0

    def test_a_retry_that_fails_too_does_not(self):
        answer = "There are 12 pieces of item 4711."
        assert loss(self.ASKED, answer, "hidden_error", self.ERROR * 3) == 1.0
        again = [("stock", "12 pieces"), *self.ERROR]
        assert loss(self.ASKED, answer, "hidden_error", again) == 1.0


def test_bare_labels_show_no_losses_that_differ_by_input():
    for given_ in (TRANSCRIPT, RECORD, "Short."):
        for answer in ("collision", '{"claim_type": "theft", "confidence": 0.87}', "Yes."):
            values = {
                n: d.value for n, d in handed(given_, answer).items() if n.startswith("handoff.")
            }
            assert values.pop("handoff.length", 1.0) == 1.0
            assert not any(values.values()), (answer, values)


def test_handoffs_never_vote():
    assert (
        enriched([root(), *agent(1, "a", RECORD, "Anna got 210 mg, twice the 99 mg.")]).votes == ()
    )


texts = st.text(
    alphabet=st.sampled_from("ab Z09.,:-–$€%{}[]\"'\n\\/#@non tifs") | st.characters(), max_size=200
)


@given(texts, texts, texts)
def test_any_text_gives_values_in_range_and_verbatim_passages(
    given_: str, answer: str, result: str
):
    spans = [root(), *agent(1, "a", given_, answer, [("t", result)])]
    found = enriched(spans)
    assert found == enriched(list(reversed(spans)))
    by_id = {s.span_id: s for s in spans}
    for detection in found.detections:
        assert detection.family != "handoff" or 0 <= detection.value <= 1
        for passage in detection.passages:
            assert len(passage.text) <= 300
            assert passage.text in (read_field(by_id[passage.span_id], passage.field) or "")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_items_stand_where_they_say(text: str):
    assert all(text[i.start : i.end] == i.text and i.text for i in read_items(text))
