"""The two agents: one that explains with tools that only read, one that judges without any.

In: a brief, `Reading`. Out: `Explanation`, `Judgement`. Next: `workflow` runs them; each model request
and each tool call is an activity of its own that Temporal records and retries.
"""

from pydantic_ai import Agent, FunctionToolset, RunContext
from pydantic_ai.durable_exec.temporal import TemporalDurability

from pipeline.investigation.explanation.contracts import Explanation, Judgement, Reading
from pipeline.investigation.explanation.desk import the_desk
from pipeline.llm.asking import ASK, READ, UNTRUSTED
from pipeline.llm.door import resolver
from pipeline.llm.settings import CONFIGURED

EXPLAIN = f"""You explain why AI agents fail. A permutation test has compared failing with healthy
sessions; its table is your brief and your judge. You explain its result, you do not invent another.

Work like this: read steps of failing sessions (outline, read_step), compare them with healthy ones,
consider rival causes of the table and say why they are not it. Then answer with the cause's row, one
sentence of root cause, the mechanism from the blamed step to the visible failure, each claim with a
verbatim quote of the step that shows it, and up to four lines to add to the blamed agent's system
prompt. Copy quotes exactly. Use only numbers that stand in the table or in your quotes.

{UNTRUSTED}"""

JUDGE = f"""You judge claims about AI agents. For each claim say whether the quote beside it bears it
out. A quote that is only about the same matter does not. Judge nothing else.

{UNTRUSTED}"""

tools: FunctionToolset[Reading] = FunctionToolset(id="store")


@tools.tool
def outline(ctx: RunContext[Reading], session: str) -> str:
    """The steps of a session (F1, H2 ...), one numbered line each."""
    return the_desk().outline(ctx.deps.work, session)


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
def test_candidate(ctx: RunContext[Reading], agent: str, side: str, text: str) -> str:
    """How often `text` stands in what an agent was given (side `in`) or gave (side `out`), failing
    against healthy, over the readable sessions. For thinking only: a cause is a row of the table."""
    return the_desk().count(ctx.deps.work, agent, side, text)


explainer: Agent[Reading, Explanation] = Agent(
    CONFIGURED,
    name="explainer",
    deps_type=Reading,
    output_type=Explanation,
    instructions=EXPLAIN,
    toolsets=[tools],
    retries=1,
    capabilities=[
        resolver(),
        TemporalDurability(activity_config=READ, model_activity_config=ASK),
    ],
)

judge: Agent[Reading, Judgement] = Agent(
    CONFIGURED,
    name="judge",
    deps_type=Reading,
    output_type=Judgement,
    instructions=JUDGE,
    retries=1,
    capabilities=[
        resolver(),
        TemporalDurability(activity_config=READ, model_activity_config=ASK),
    ],
)
