"""Rules that a language model proposed -> clusters, tested without the sessions that suggested them.

In: proposals, the population, the clusters that the statistics made. Out: one cluster a distinct
rule. Next: `gate.gate_project`, where every one of them counts.

A rule that was chosen after reading a failing session holds for that session by construction. So its
test leaves that session out, with all that are not independent of it (its block): on the others the
rule is a prediction. The rates that are shown count every session.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.testing import counts, hashed, ids_of, p_value
from pipeline.model.cluster import Cluster, GateState, Proposal, Rule
from pipeline.population.features import Bools, Labels, Population
from pipeline.population.rules import jaccard
from pipeline.traits import rule_name, sentence


class _Proposed(NamedTuple):
    """A distinct rule, whom it holds for, and who proposed it or one that chooses the same."""

    name: str
    rule: Rule
    members: Bools
    proposals: tuple[Proposal, ...]


def proposed_clusters(
    project: str,
    population: Population,
    proposals: Sequence[Proposal],
    known: Sequence[Cluster],
    limits: AggregationSettings,
) -> list[Cluster]:
    """The rules that choose other sessions than the `known` clusters do."""
    every = _distinct_rules(population, proposals)
    kept: list[_Proposed] = []
    chosen = [population.members(c.rule) for c in known if c.rule is not None]
    for one in every:
        if any(jaccard(one.members, other) > limits.same_members for other in chosen):
            continue
        at = _same(one, kept, limits)
        if at is None:
            kept.append(one)
        else:
            kept[at] = kept[at]._replace(proposals=(*kept[at].proposals, *one.proposals))
    return [_cluster(project, population, one, len(every), limits) for one in kept]


def _distinct_rules(population: Population, proposals: Sequence[Proposal]) -> list[_Proposed]:
    """Equal rules are one; the shortest rules first, whatever the verdicts are."""
    by_name: Mapping[str, list[Proposal]] = defaultdict(list)
    for proposal in sorted(proposals, key=lambda p: (p.session_id, p.sentence)):
        if proposal.session_id in population.session_ids:
            by_name[rule_name(proposal.rule)].append(proposal)
    return [
        _Proposed(name, of_rule[0].rule, population.members(of_rule[0].rule), tuple(of_rule))
        for name, of_rule in sorted(
            by_name.items(), key=lambda item: (len(item[1][0].rule.conditions), item[0])
        )
    ]


def _same(one: _Proposed, kept: Sequence[_Proposed], limits: AggregationSettings) -> int | None:
    alike = (i for i, k in enumerate(kept) if jaccard(k.members, one.members) > limits.same_members)
    return next(alike, None)


def _cluster(
    project: str,
    population: Population,
    one: _Proposed,
    n_proposed: int,
    limits: AggregationSettings,
) -> Cluster:
    labels = population.labels_of(one.rule)
    failing, healthy = counts(one.members, labels)
    suggested = frozenset(proposal.session_id for proposal in one.proposals)
    unread = ~population.in_blocks_of(suggested)
    held_out = Labels(labels.failing & unread, labels.healthy & unread)
    return Cluster(
        id=hashed(project, population.agent, one.name),
        project=project,
        agent=population.agent,
        label=sentence(population.agent, one.name),
        rule=one.rule,
        noise=False,
        session_ids=ids_of(population, one.members),
        failing=failing,
        healthy=healthy,
        n_blocks=len(set(population.block_of[one.members & labels.failing].tolist())),
        p_value=p_value(population, one.members, held_out, limits),
        q_value=1.0,
        gate=GateState.BELOW_GATE,
        reason="not gated yet",
        content_digest=hashed(population.digest, one.name, str(n_proposed), *sorted(suggested)),
        revision=0,
        n_hypotheses=len(one.proposals),
        proposals=one.proposals,
        n_proposed=n_proposed,
    )
