"""What to tell an agent, by feature: one or two concrete lines for its prompt.

In: the blamed feature. Out: lines to add, or why the prompt is not the place. Next: `patch`.
"""

from pipeline.traits import RULE

_LINES: dict[str, tuple[str, ...]] = {
    "handoff.order": (
        "Keep every event in the order in which it happened in the input. Do not group by speaker "
        "or topic when that changes the order.",
        "Where the order matters, number the events (1., 2., 3.).",
    ),
    "handoff.numbers_changed": (
        "Copy every number exactly as it stands in the input: do not round, convert, recalculate "
        "or swap digits.",
    ),
    "handoff.numbers": ("Carry over every number of the input; leave none out.",),
    "handoff.signs": (
        "Keep the sign of every amount: a loss, refund or deduction stays negative.",
    ),
    "handoff.units": (
        "Write every quantity with the unit and currency that it has in the input. Do not convert "
        "and do not leave the unit out.",
    ),
    "handoff.dates": ("Copy every date and time exactly, without changing its format.",),
    "handoff.names": ("Carry over every name of the input, spelled as it is there.",),
    "handoff.identifiers": (
        "Copy every identifier (order, account, ticket and reference numbers) character by "
        "character and in full. Never shorten one.",
    ),
    "handoff.negations": (
        "Keep every negation: what the input says did not happen, is not wanted or is not allowed "
        "must stay negated in your answer.",
    ),
    "handoff.conditions": (
        "Keep every condition and exception (if, unless, only, except) with the statement that it "
        "limits.",
    ),
    "handoff.hidden_error": (
        "When a tool returns an error or nothing, say so in your answer. Never state a result that "
        "no tool gave you.",
    ),
    "handoff.additions": (
        "State only what the input or a tool result says. If something is missing, say that it is "
        "missing.",
    ),
    "handoff.length": (
        "Do not shorten the input so far that facts are lost: every fact of the input must be in "
        "your answer.",
    ),
    "run.loop": (
        "Never make the same tool call with the same arguments twice. If a call does not help, try "
        "something else once, then say what is missing.",
    ),
    "run.truncated": (
        "Keep the answer short enough to be complete; put what the next step needs first.",
    ),
    "symptom.refusal": (
        "Do not refuse requests of the kind this application is for; if something is missing, ask "
        "for it.",
    ),
}
_NO_PROMPT_MATTER = {
    "config.model": "the cause is a model change, not the prompt: compare the two models or go back",
    "run.tool_error_text": "the cause is a failing tool, not the prompt",
    "run.span_error": "the cause is a failing call, not the prompt",
    "run.activity_retry": "the cause is a failing activity, not the prompt",
    "run.latency": "latency is no prompt matter",
    "run.tokens": "the number of tokens separates, which names no instruction to add",
    "run.n_llm": "the number of model calls separates, which names no instruction to add",
    "run.n_tools": "the number of tool calls separates, which names no instruction to add",
}


def instructions(feature: str, effect: float) -> tuple[str, ...] | str:
    """Lines to add to the prompt, or the reason why there are none."""
    stem, _, value = feature.partition("=")
    if feature.startswith("term:"):
        return _about_term(feature, effect)
    if feature.startswith(RULE):
        return "the cause is a combination, which no single line of the table speaks of"
    if stem == "run.no_tool":
        return (f"Always call the tool {value} before you answer.",)
    if stem == "run.tool":
        if effect < 0:
            return (f"Always call the tool {value} before you answer.",)
        return (f"Call the tool {value} only when the request needs it.",)
    if stem in _NO_PROMPT_MATTER:
        return _NO_PROMPT_MATTER[stem]
    return _LINES.get(stem, f"no instruction is known for {stem}")


def _about_term(feature: str, effect: float) -> tuple[str, ...]:
    _, side, term = feature.split(":", 2)
    if side == "dropped":
        return (f"If the input says “{term}”, your answer must carry that over.",)
    if effect < 0:
        return (f"Say “{term}” where it applies, as in the sessions that went well.",)
    return (f"Do not write “{term}” unless the input or a tool result says so.",)
