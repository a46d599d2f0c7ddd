"""The interrogating agent, with tools that only read one session.

In: a brief, `Reading`. Out: `Answer`. Next: `workflow` runs it; each model request and each tool call
is an activity of its own that Temporal records and retries.
"""

from pydantic_ai import Agent, FunctionToolset, RunContext

from pipeline.interrogation.questioning.contracts import Answer, Reading
from pipeline.interrogation.questioning.desk import the_session_desk
from pipeline.llm.asking import UNTRUSTED, durable
from pipeline.llm.settings import CONFIGURED

INTERROGATE = f"""You find out what went wrong with one AI agent in one session. Put yourself in its
place: it knew only what its step was given. Ask why it did what it did, what it lacked, and what it
was told; read further steps where you need them. There is room for three parts: ask for them at once.

Answer with up to three hypotheses, each one plain sentence in your own words that begins with the
agent's name and speaks of this session only, with verbatim quotes of the steps that show it (copied
exactly, at least one from a step of this agent, without links) and a rule that recognises other
sessions in which the same happens. A rule has one to four conditions, which must all
hold, over features of this agent:
- a name from its list of features, compared with a number;
- run.tool=<tool>: how often it calls a tool (at_least 1: it does, below 1: it does not);
- term:added:<word>: a single lower-case word that it writes and that neither its input nor its prompt
  holds; term:dropped:<word>: one that its input holds and its output lacks; term:external:<word>: one
  that comes in from outside the agents. at_least 1: the word is there, below 1: it is not.
The rule will be tested on sessions that you do not see: one that fits only this session is worthless,
and so is one that fits every session. Say what you see, not what you guess; no hypothesis is better
than a wrong one.

{UNTRUSTED}"""

tools: FunctionToolset[Reading] = FunctionToolset(id="session")


@tools.tool
def outline(ctx: RunContext[Reading], part: int = 1) -> str:
    """The steps of the session, one numbered line each, in parts."""
    return the_session_desk().outline(ctx.deps.work, part)


@tools.tool
def read_step(ctx: RunContext[Reading], step: int, part: int = 1) -> str:
    """What a step was given and gave. Long steps come in parts; ask for the next one by its number."""
    return the_session_desk().read_step(ctx.deps.work, step, part)


@tools.tool
def search(ctx: RunContext[Reading], text: str) -> str:
    """In which steps of the session a text stands."""
    return the_session_desk().search(ctx.deps.work, text)


@tools.tool
def features(ctx: RunContext[Reading], part: int = 1) -> str:
    """The features of the agent in this session that a rule may use, in parts."""
    return the_session_desk().features(ctx.deps.work, part)


interrogator: Agent[Reading, Answer] = Agent(
    CONFIGURED,
    name="interrogator",
    deps_type=Reading,
    output_type=Answer,
    instructions=INTERROGATE,
    toolsets=[tools],
    retries=1,
    capabilities=durable(),
)
