"""Two applications of an engineering team: the order of incidents, and a loop of one tool call.

In: a seed. Out: `incidents`, `reviews`. Next: `catalogue`.
"""

from random import Random

from tests.scenarios.held_out.building import build
from tests.scenarios.held_out.language import bank, person, spin
from tests.scenarios.held_out.tracing import Call, Recorder, Shape
from tests.scenarios.held_out.truth import REVIEWED, THUMBS, Application, Fault, Truth

SERVICES = bank("payments auth gateway inventory search mailer ledger cache")
EVENTS = (
    ("connection pool exhausted", "ran out of connections"),
    ("returning 503 to callers", "answered with 503"),
    ("leader election started", "elected a new leader"),
    ("replica lag above threshold", "fell behind on replication"),
    ("certificate rejected by peer", "had its certificate rejected"),
    ("memory limit reached, container killed", "was killed for its memory"),
    ("queue depth rising", "saw its queue grow"),
    ("deployment rolled out", "got a new deployment"),
    ("health check failing", "failed its health checks"),
    ("circuit breaker open", "opened its circuit breaker"),
    ("disk nearly full", "almost filled its disk"),
    ("retry storm detected", "was hit by retries"),
)
SUMMARIZER = """You summarize logs for the engineer on call, {who}.
Write prose of one short paragraph.
Mention each service and what happened to it."""
ANALYST = "Name the root cause of the incident in one sentence, from the summary."
HAPPENED = "[The {service} service|{service}] {event}."
CAUSE = "[Root cause|Most likely cause|It began with]: {service}, {event}."
Event = tuple[str, str]
"""In the words of the log, and in those of the summary."""


def incidents(seed: int) -> Application:
    """Logs in which the services alternate are summarized service by service."""
    truth = Truth(
        (Fault("log-summarizer", ("handoff.order",), "groups by service"),), ("root-cause-analyst",)
    )
    shape = Shape("incident-desk", "agents", None, split=True, users=40)
    return build("incidents", seed, 260, truth, THUMBS, shape, _summarize)


def _summarize(work: Recorder, index: int) -> bool:
    rng = work.rng
    woven = rng.random() < 0.32
    services = rng.sample(SERVICES, rng.randint(2, 3))
    n = rng.randint(6, 9)
    owner = [services[i % len(services) if woven else i * len(services) // n] for i in range(n)]
    events = list(zip(owner, rng.sample(EVENTS, n), strict=True))
    log = _log(rng, events, f"2025-09-{1 + index % 28:02d}")
    told = sorted(events, key=lambda item: services.index(item[0])) if woven else events
    sentences: list[str] = []
    for service, (logged, plain) in told:
        event = plain if rng.random() < 0.4 else f"logged: {logged}"
        sentences.append(spin(rng, HAPPENED, service=service, event=event))
    summary = " ".join(sentences)
    service, (logged, _) = told[0]
    cause = spin(rng, CAUSE, service=service, event=logged)
    work.run("log-summarizer", SUMMARIZER.format(who=person(rng)), log, summary)
    work.run("root-cause-analyst", ANALYST, summary, cause)
    return woven


def _log(rng: Random, events: list[tuple[str, Event]], date: str) -> str:
    second, lines = rng.randint(0, 3000), list[str]()
    for service, (logged, _) in events:
        second += rng.randint(2, 90)
        level = rng.choice(("ERROR", "WARN", "INFO"))
        clock = f"{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        lines.append(f"{date}T{clock}Z {level} {service} {logged}")
    return "\n".join(lines)


MODULES = bank("billing orders users catalog shipping reports exports quotas")
CHANGES = (
    "rename the helper and update its callers",
    "add a cache in front of the query",
    "validate the form before saving",
    "move the constants to one place",
    "handle the empty list",
    "log the reason of the refusal",
)
READER = "Describe the change of this pull request in two sentences."
REVIEWER = """You review pull requests of the {module} module.
Read the files you need with the tool, then give your review."""
STEMS: tuple[str, ...] = ("views", "model", "tasks", "api", "forms")
REQUEST = "PR #{number}: {change}\nAuthor: {who}\nFiles: {files}\n[+{plus} -{minus} lines|{plus} additions]"
DESCRIBED = "[The change wants to|This pull request will] {change}. It touches {files}."
APPROVAL = "[Looks good to me|Approved|Fine], [the change does what it says|nothing to add|clear and small]."
REMARK = (
    "[One remark|A question]: {path} [needs a test|repeats a check|could be simpler]. "
    "[Otherwise fine|Approved with that]."
)
LOOPS = ("run.loop", "run.n_", "run.tool=", "run.latency", "run.tokens")


def reviews(seed: int) -> Application:
    """With generated files in the change, the reviewer reads the same file again and again."""
    truth = Truth((Fault("reviewer", LOOPS, "reads one file again and again"),), ("diff-reader",))
    shape = Shape("pr-bot", "agents_io", "webhook pull_request", model="gpt-5-mini")
    return build("reviews", seed, 180, truth, REVIEWED, shape, _review)


def _review(work: Recorder, _index: int) -> bool:
    rng = work.rng
    module = rng.choice(MODULES)
    stems = rng.sample(STEMS, 3)
    generated = rng.random() < 0.4
    if generated:
        stems[1] = f"schema_{rng.choice(('pb2', 'gen'))}"
    files = [f"{module}/{stem}.py" for stem in stems]
    wrong = generated and rng.random() < 0.7
    change = {"change": rng.choice(CHANGES), "files": ", ".join(files)}
    number, who = rng.randint(200, 9000), person(rng)
    plus, minus = rng.randint(4, 300), rng.randint(0, 90)
    request = spin(rng, REQUEST, number=number, who=who, plus=plus, minus=minus, **change)
    described = spin(rng, DESCRIBED, **change)
    read = _reads(rng, files, stuck=wrong)
    verdict = spin(rng, APPROVAL)
    if not wrong and rng.random() < 0.6:
        verdict = spin(rng, REMARK, path=rng.choice(files))
    with work.turn():
        work.run("diff-reader", READER, request, described)
        work.run("reviewer", REVIEWER.format(module=module), described, verdict, calls=read)
    return wrong


def _reads(rng: Random, files: list[str], *, stuck: bool) -> list[Call]:
    """Each file once; stuck, the first and then the second over and over."""
    read = [
        Call("read_file", {"path": path}, f"def handle():\n    return {len(path)}")
        for path in files
    ]
    if stuck:
        again = Call("read_file", {"path": files[1]}, "# generated, content omitted")
        return [read[0], *([again] * rng.randint(5, 11))]
    return read
