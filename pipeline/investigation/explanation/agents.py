"""The two agents: one that explains with tools that only read, one that judges without any.

In: a brief, `Reading`. Out: `Explanation`, `Judgement`. Next: `workflow` runs them; each model request
and each tool call is an activity of its own that Temporal records and retries.
"""

from pydantic_ai import Agent, FunctionToolset, RunContext

from pipeline.investigation.explanation.contracts import (
    MAX_NAME,
    Candidate,
    Explanation,
    Judgement,
    Reading,
)
from pipeline.investigation.explanation.desk import the_desk
from pipeline.llm.asking import UNTRUSTED, durable
from pipeline.llm.settings import CONFIGURED

MAX_INPUT_TOKENS = 40_000
"""Of both answers together. Every request carries the whole conversation: without a limit on what is
sent in all, a model that reads much would send more than the sessions hold."""

EXPLAIN = f"""You explain why AI agents fail. A permutation test has compared failing with healthy
sessions; its table is your brief and your judge. You explain its result, you do not invent another.

Work like this:
1. Read steps of failing sessions (outline, read_step), compare them with healthy ones (search), and
   look at retries where the agents run on Temporal (temporal_history).
2. Propose rival causes that would show as the same failure, and ask for numbers on each
   (test_candidate). Keep the cause that separates.
3. Answer with:
   - cause: the row of the table that you keep.
   - root_cause: one sentence. It begins with the agent of the row, then says what the row says of it
     in at least one of the row's own words, then what that leads to.
   - mechanism: the steps from the blamed agent to the visible failure, each with a verbatim quote of
     the step that shows it, at least one of them from a step of the blamed agent.
   - rivals: each as a row of the table or as a test, and why it is not the cause.
   - tags: short, made of words of your sentences.
   - prompt_lines: up to four lines to add to the blamed agent's system prompt against what the row
     says, in its words.
What you read is sent again with every request, and there are {MAX_INPUT_TOKENS:,} tokens for all of them: ask for
several things at once, and read only what tells causes apart.
Write in English, in your own words: what sessions say belongs into quotes, which you copy exactly.
Use only numbers that stand in the table or in the quote beside them. No links.

{UNTRUSTED}"""

JUDGE = f"""You judge claims about AI agents. For each claim say whether the quote beside it bears it
out. A quote that is only about the same matter does not. Judge nothing else.

{UNTRUSTED}"""

tools: FunctionToolset[Reading] = FunctionToolset(id="store")


@tools.tool
def outline(ctx: RunContext[Reading], session: str, part: int = 1) -> str:
    """The steps of a session (F1, H2 ...), one numbered line each. Long ones come in parts."""
    return the_desk().outline(ctx.deps.work, session, part)


@tools.tool
def read_step(ctx: RunContext[Reading], session: str, step: int, part: int = 1) -> str:
    """What a step was given and gave. Long steps come in parts; ask for the next one by its number."""
    return the_desk().read_step(ctx.deps.work, session, step, part)


@tools.tool
def search(ctx: RunContext[Reading], text: str) -> str:
    """In how many of the readable failing and healthy sessions a text stands, and where first."""
    return the_desk().search(ctx.deps.work, text)


@tools.tool
def contrast_table(ctx: RunContext[Reading]) -> str:
    """The contrast table again: every cause that was tried, with its numbers."""
    return the_desk().table(ctx.deps.work)


@tools.tool
def temporal_history(ctx: RunContext[Reading], session: str, part: int = 1) -> str:
    """Workflows and activities of a session with their attempts, failures and times, from its spans."""
    return the_desk().history(ctx.deps.work, session, part)


@tools.tool
def test_candidate(ctx: RunContext[Reading], agent: str, feature: str) -> str:
    """How often a feature of an agent shows in failing and in healthy sessions, and by how much that
    may be chance. `feature` is a name as in the table (handoff.numbers, run.latency ...), or
    `in: words` for words that the agent was given, `out: words` for words that it gave."""
    candidate = Candidate(agent=agent[:MAX_NAME] or "-", feature=feature[:MAX_NAME] or "-")
    return the_desk().test(ctx.deps.work, candidate)


explainer: Agent[Reading, Explanation] = Agent(
    CONFIGURED,
    name="explainer",
    deps_type=Reading,
    output_type=Explanation,
    instructions=EXPLAIN,
    toolsets=[tools],
    retries=1,
    capabilities=durable(),
)

judge: Agent[Reading, Judgement] = Agent(
    CONFIGURED,
    name="judge",
    deps_type=Reading,
    output_type=Judgement,
    instructions=JUDGE,
    retries=1,
    capabilities=durable(),
)
