"""The JSON form of what inspection shows: a contract, fields are only ever added at the end; pure.

In: models of `pipeline.model`. Out: plain dicts ready for `json.dumps`. Next: the command line and
the HTTP API print them.
"""

from typing import Any

from exporter.status_convert import SessionView
from pipeline.model.cluster import Cluster
from pipeline.model.coverage import Coverage
from pipeline.model.finding import Finding
from pipeline.model.session import Session

Json = dict[str, Any]

_HEALTHY_FIELDS = ("confirmed_n", "presumed_n", "k", "n", "low", "high")


def coverage_json(coverage: Coverage) -> Json:
    """`received, analysed, waiting, failed, skipped, below_gate, waiting_for_spans, ...`."""
    return coverage.model_dump(mode="json")


def session_json(session: Session) -> Json:
    """A session with its verdict's parts beside it."""
    plain = session.model_dump(mode="json")
    verdict = plain.pop("verdict")
    head = {
        "session_id": plain.pop("session_id"),
        "project": plain.pop("project"),
        "verdict": verdict["label"],
        "confidence": verdict["confidence"],
        "verdict_sources": verdict["sources"],
    }
    return head | plain | {"confirmed": verdict["confirmed"]}


def view_json(view: SessionView) -> Json:
    """A session, then `steps, votes, traits, hypotheses`."""
    plain = view.model_dump(mode="json", exclude={"session"})
    return session_json(view.session) | plain


def cluster_json(cluster: Cluster) -> Json:
    """A cluster; `rule` is null for noise."""
    plain = cluster.model_dump(mode="json")
    last = {name: plain.pop(name) for name in ("session_ids", "proposals", "n_proposed")}
    return plain | last


def finding_json(finding: Finding) -> Json:
    """A finding; what is not known is null."""
    plain = finding.model_dump(mode="json")
    healthy = plain["healthy"]
    plain["healthy"] = {field: healthy[field] for field in _HEALTHY_FIELDS}
    return plain
