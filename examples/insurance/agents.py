"""The two agents, as Temporal activities.

In: a transcript, or a summary. Out: a summary, or a claim type. Next: `workflow` joins the two.
"""

import asyncio
from dataclasses import dataclass

from opentelemetry.trace import Tracer
from temporalio import activity

from examples.insurance.model import Completion, complete
from examples.insurance.prompts import scorer_prompt, summarizer_prompt
from examples.insurance.scoring import read_claim_type
from examples.insurance.telemetry import agent_span, chat_span, record_chat

SUMMARIZER = "transcript-summarizer"
SCORER = "claim-scorer"


@dataclass(frozen=True)
class ClaimInput:
    """One call as the workflow gets it."""

    claim_id: str
    user_id: str
    date: str
    transcript: str


@dataclass(frozen=True)
class ScoreInput:
    """What the scorer gets: the summary, never the call."""

    claim_id: str
    user_id: str
    summary: str


class ClaimActivities:
    """The agents with what they depend on."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @activity.defn(name=SUMMARIZER)
    async def summarize_transcript(self, claim: ClaimInput) -> str:
        """A summary of the call."""
        prompt = summarizer_prompt(claim.date)
        return await self._ask(SUMMARIZER, claim.claim_id, claim.user_id, prompt, claim.transcript)

    @activity.defn(name=SCORER)
    async def score_claim(self, claim: ScoreInput) -> str:
        """The claim type that the summary leads to."""
        prompt = scorer_prompt()
        answer = await self._ask(SCORER, claim.claim_id, claim.user_id, prompt, claim.summary)
        return read_claim_type(answer)

    async def _ask(self, agent: str, session: str, user_id: str, system: str, user: str) -> str:
        with agent_span(self._tracer, agent, session, user_id):
            with chat_span(self._tracer, session) as span:
                answer = complete(system, user)
                await asyncio.sleep(_seconds(answer))
                record_chat(span, system, user, answer)
            return answer.text


def _seconds(answer: Completion) -> float:
    """How long the scripted model takes: short, but longer for longer answers."""
    return 0.002 + answer.output_tokens / 50_000
