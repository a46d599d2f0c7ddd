"""The two agents, as Temporal activities.

In: a transcript, or a summary. Out: a summary, or a claim type. Next: `workflow` joins the two.
"""

import asyncio
from dataclasses import dataclass

import kelet_temporal as kelet
from temporalio import activity

from examples.insurance.model import Completion, complete
from examples.insurance.prompts import scorer_prompt, summarizer_prompt
from examples.insurance.scoring import read_claim_type
from examples.insurance.telemetry import chat_span, record_chat

SUMMARIZER = "transcript-summarizer"
SCORER = "claim-scorer"


@dataclass(frozen=True)
class ClaimInput:
    """One call as the workflow gets it."""

    date: str
    transcript: str


@activity.defn(name=SUMMARIZER)
@kelet.agent(name=SUMMARIZER)
async def summarize_transcript(claim: ClaimInput) -> str:
    """A summary of the call."""
    return await _ask(summarizer_prompt(claim.date), claim.transcript)


@activity.defn(name=SCORER)
@kelet.agent(name=SCORER)
async def score_claim(summary: str) -> str:
    """The claim type that the summary leads to; the scorer never sees the call."""
    return read_claim_type(await _ask(scorer_prompt(), summary))


async def _ask(system: str, user: str) -> str:
    with chat_span() as span:
        answer = complete(system, user)
        await asyncio.sleep(_seconds(answer))
        record_chat(span, system, user, answer)
    return answer.text


def _seconds(answer: Completion) -> float:
    """How long the scripted model takes: short, but longer for longer answers."""
    return 0.002 + answer.output_tokens / 50_000
