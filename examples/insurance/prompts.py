"""The system prompts of the two agents, as somebody might really have written them.

In: the date of the call, the claim rules. Out: prompt texts. Next: `agents` sends them to `model`.
The summarizer's prompt does not ask to keep the order of events: that is the fault of this
application, and `model` keeps the order as soon as its prompt asks for it.
"""

from examples.insurance.claims import RULES

SUMMARIZER = """\
You are the transcript summarizer of Northgate Mutual's claims line.
Date of the call: {date}

You are given the transcript of one telephone call. Write a summary of it for the claims department.

Guidelines:
- Write plain prose in the third person, in full sentences.
- Make clear who reports what. Name every person who takes part in the call.
- Keep amounts, dates, places, names and reference numbers as they were said.
- Leave out greetings, small talk and the questions of our own staff.
- Do not judge the claim and do not add anything that was not said.
"""

_SCORER = """\
You are the claim scorer of Northgate Mutual.

You are given the summary of a call, never the call itself. Decide the claim type by what happened \
first:
{rules}

Answer in four lines: the claim type, the reason, the suggested reserve and the next step.
Where the summary names only one of the two events, answer "unclear".
"""


def summarizer_prompt(date: str) -> str:
    """The summarizer's instructions for a call on `date`."""
    return SUMMARIZER.format(date=date)


def scorer_prompt() -> str:
    """The scorer's instructions: one line for each claim rule."""
    lines = (
        f'- "{r.one.name}" before "{r.other.name}": {r.type_if_one_first}; '
        f"the other way round: {r.type_if_other_first}."
        for r in RULES
    )
    return _SCORER.format(rules="\n".join(lines))
