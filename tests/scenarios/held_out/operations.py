"""Two applications of an engineering team: the order of incidents, and a loop of one tool call.

In: a seed. Out: `incidents`, `reviews`. Next: `catalogue`.
"""

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


def incidents(seed: int) -> Application:
    """Logs in which the services alternate are summarized service by service."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        woven = rng.random() < 0.32
        services = rng.sample(SERVICES, rng.randint(2, 3))
        n = rng.randint(6, 9)
        owner = [services[i * len(services) // n] for i in range(n)]
        if woven:
            owner = [services[i % len(services)] for i in range(n)]
        events = list(zip(owner, rng.sample(EVENTS, n), strict=True))
        second, lines = rng.randint(0, 3000), list[str]()
        for service, event in events:
            second += rng.randint(2, 90)
            level = rng.choice(("ERROR", "WARN", "INFO"))
            clock = f"{8 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            lines.append(f"2025-09-{1 + index % 28:02d}T{clock}Z {level} {service} {event[0]}")
        told = sorted(events, key=lambda item: services.index(item[0])) if woven else events
        summary = " ".join(
            spin(
                rng,
                "[The {service} service|{service}] {event}.",
                service=service,
                event=event[1] if rng.random() < 0.4 else f"logged: {event[0]}",
            )
            for service, event in told
        )
        cause = spin(
            rng,
            "[Root cause|Most likely cause|It began with]: {service}, {event}.",
            service=told[0][0],
            event=told[0][1][0],
        )
        work.run("log-summarizer", SUMMARIZER.format(who=person(rng)), "\n".join(lines), summary)
        work.run("root-cause-analyst", ANALYST, summary, cause)
        return woven

    truth = Truth(
        (Fault("log-summarizer", ("handoff.order",), "groups by service"),), ("root-cause-analyst",)
    )
    shape = Shape("incident-desk", "agents", None, split=True, users=40)
    return build("incidents", seed, 260, truth, THUMBS, shape, script)


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


def reviews(seed: int) -> Application:
    """With generated files in the change, the reviewer reads the same file again and again."""

    def script(work: Recorder, index: int) -> bool:
        rng = work.rng
        module = rng.choice(MODULES)
        files = [
            f"{module}/{stem}.py"
            for stem in rng.sample(("views", "model", "tasks", "api", "forms"), 3)
        ]
        generated = rng.random() < 0.4
        if generated:
            files[1] = f"{module}/schema_{rng.choice(('pb2', 'gen'))}.py"
        wrong = generated and rng.random() < 0.7
        change = rng.choice(CHANGES)
        request = spin(
            rng,
            "PR #{number}: {change}\nAuthor: {who}\nFiles: {files}\n[+{plus} -{minus} lines|{plus} additions]",
            number=rng.randint(200, 9000),
            change=change,
            who=person(rng),
            files=", ".join(files),
            plus=rng.randint(4, 300),
            minus=rng.randint(0, 90),
        )
        described = spin(
            rng,
            "[The change wants to|This pull request will] {change}. It touches {files}.",
            change=change,
            files=", ".join(files),
        )
        read = [
            Call("read_file", {"path": path}, f"def handle():\n    return {len(path)}")
            for path in files
        ]
        if wrong:
            stuck = Call("read_file", {"path": files[1]}, "# generated, content omitted")
            read = [read[0], *([stuck] * rng.randint(5, 11))]
        verdict = spin(
            rng,
            "[Looks good to me|Approved|Fine], [the change does what it says|nothing to add|clear and small].",
        )
        if not wrong and rng.random() < 0.6:
            verdict = spin(
                rng,
                "[One remark|A question]: {path} [needs a test|repeats a check|could be simpler]. "
                "[Otherwise fine|Approved with that].",
                path=rng.choice(files),
            )
        with work.turn():
            work.run("diff-reader", READER, request, described)
            work.run("reviewer", REVIEWER.format(module=module), described, verdict, calls=read)
        return wrong

    loops = ("run.loop", "run.n_", "run.tool=", "run.latency", "run.tokens")
    truth = Truth((Fault("reviewer", loops, "reads one file again and again"),), ("diff-reader",))
    shape = Shape("pr-bot", "agents_io", "webhook pull_request", model="gpt-5-mini")
    return build("reviews", seed, 180, truth, REVIEWED, shape, script)
