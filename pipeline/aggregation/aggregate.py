"""One agent's sessions -> clusters with membership rules, counts and raw p-values.

In: all session rows in which the agent acts. Out: clusters (noise bucket included), before the
gate. Next: `gate.gate_project` over all clusters of the project.

Unusual candidates become hypotheses, equal statements are embedded once, clusters of statements
that say the same get a rule over their trait. Nothing here sees the verdict until the counting.
What a language model proposed already is a rule (`proposed`).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.aggregation.phrases import phrases
from pipeline.aggregation.proposed import proposed_clusters
from pipeline.aggregation.settings import AggregationSettings
from pipeline.aggregation.testing import counts, hashed, ids_of, p_value
from pipeline.clustering import NOISE
from pipeline.model.cluster import Cluster, Condition, GateState, Proposal, Rule
from pipeline.model.session import SessionRow
from pipeline.population.features import Bools, Feature, Population
from pipeline.population.rules import Cut, cuts, jaccard
from pipeline.traits import meaning, sentence

Embed = Callable[[Sequence[str]], NDArray[np.float32]]


class Hypothesis(NamedTuple):
    """An unusual statement: its feature, its cut, and the sessions that it holds for."""

    feature: Feature
    cut: Cut
    members: Bools
    text: str

    @property
    def precedence(self) -> tuple[int, str, str, str]:
        """Which of several statements with the same members stands for all."""
        rank = meaning(self.feature.trait).rank
        return (rank, self.feature.step, self.feature.trait, self.cut.kind)


def aggregate(
    agent: str,
    project: str,
    rows: Sequence[SessionRow],
    settings: AggregationSettings | None = None,
    embed: Embed | None = None,
    proposals: Sequence[Proposal] = (),
) -> tuple[Cluster, ...]:
    """The clusters of one agent, sorted by id; p-values carry the looks factor, q is not set.

    Those of a model's proposals come beside the others and change nothing about them.
    """
    limits = settings or AggregationSettings()
    population = Population(agent, rows)
    found = hypotheses(population, limits)
    labels = _statement_clusters(found, limits, embed)
    groups: dict[int, list[Hypothesis]] = defaultdict(list)
    for hypothesis, label in zip(found, labels, strict=True):
        groups[label].append(hypothesis)
    noise = [*groups.pop(NOISE, []), *_rare(population, limits)]
    kept = _distinct([h for label in sorted(groups) for h in groups[label]], limits)
    clusters = [_cluster(project, population, same, limits) for same in kept]
    clusters += proposed_clusters(project, population, proposals, clusters, limits)
    return tuple(sorted([*clusters, *_noise(project, population, noise)], key=lambda c: c.id))


def hypotheses(population: Population, limits: AggregationSettings) -> list[Hypothesis]:
    """What is unusual among the agent's sessions; blind to the verdict."""
    traits = [
        Hypothesis(feature, cut, values >= cut.threshold, _text(feature))
        for feature, values in population.columns.items()
        if feature.agent == population.agent
        for cut in cuts(values, limits.min_sessions, limits.max_share, limits.same_members)
    ]
    said = phrases(population.rows, population.agent, limits.min_sessions, limits.max_phrases)
    wordings = [
        Hypothesis(Feature(*term), Cut("any", 1.0), members, _text(Feature(*term)))
        for term, members in said.items()
    ]
    return traits + wordings


def _rare(population: Population, limits: AggregationSettings) -> list[Hypothesis]:
    """Statements that too few sessions share to be anything but noise."""
    return [
        Hypothesis(feature, Cut("any", 0.0), values > 0, _text(feature))
        for feature, values in population.columns.items()
        if feature.agent == population.agent and 0 < (values > 0).sum() < limits.min_sessions
    ]


def _text(feature: Feature) -> str:
    return f"{sentence(feature.agent, feature.trait)} [{feature.step}: {feature.trait}]"


def _statement_clusters(
    found: Sequence[Hypothesis], limits: AggregationSettings, embed: Embed | None
) -> list[int]:
    """A label for each hypothesis; without an encoder equal statements only are the same."""
    weight: dict[str, int] = defaultdict(int)
    for hypothesis in found:
        weight[hypothesis.text] += int(hypothesis.members.sum())
    texts = sorted(weight)
    if embed is None or not texts:
        return [texts.index(h.text) for h in found]
    # It loads scikit-learn, which takes a second: only when there is something to cluster.
    from pipeline.clustering.clusterer import HypothesisClusterer

    clusterer = HypothesisClusterer(min_cluster_size=limits.min_sessions)
    clusterer.fit(embed(texts), sample_weight=[weight[text] for text in texts])
    label_of = dict(zip(texts, (int(x) for x in clusterer.labels_), strict=True))
    return [label_of[h.text] for h in found]


def _distinct(found: Sequence[Hypothesis], limits: AggregationSettings) -> list[list[Hypothesis]]:
    """Groups with nearly the same members; the most specific statement leads each."""
    groups: list[list[Hypothesis]] = []
    for hypothesis in sorted(found, key=lambda h: h.precedence):
        for group in groups:
            if jaccard(group[0].members, hypothesis.members) > limits.same_members:
                group.append(hypothesis)
                break
        else:
            groups.append([hypothesis])
    return groups


def _cluster(
    project: str,
    population: Population,
    same: Sequence[Hypothesis],
    limits: AggregationSettings,
) -> Cluster:
    lead = same[0]
    rule = Rule(conditions=(Condition(**lead.feature._asdict(), threshold=lead.cut.threshold),))
    labels = population.labels(lead.feature.trait)
    failing, healthy = counts(lead.members, labels)
    return Cluster(
        id=hashed(project, population.agent, *lead.feature, lead.cut.kind),
        project=project,
        agent=population.agent,
        label=sentence(population.agent, lead.feature.trait),
        rule=rule,
        noise=False,
        session_ids=ids_of(population, lead.members),
        failing=failing,
        healthy=healthy,
        n_blocks=len(set(population.block_of[lead.members & labels.failing].tolist())),
        p_value=p_value(population, lead.members, labels, limits),
        q_value=1.0,
        gate=GateState.BELOW_GATE,
        reason="not gated yet",
        content_digest=hashed(population.digest, rule.model_dump_json(exclude_defaults=True)),
        revision=0,
        n_hypotheses=sum(int(h.members.sum()) for h in same),
    )


def _noise(
    project: str, population: Population, found: Sequence[Hypothesis]
) -> tuple[Cluster, ...]:
    """The noise bucket: counted, never tested."""
    if not found:
        return ()
    members = np.any([h.members for h in found], axis=0)
    failing, healthy = counts(members, population.labels())
    return (
        Cluster(
            id=hashed(project, population.agent, "noise"),
            project=project,
            agent=population.agent,
            label="statements that too few sessions share",
            rule=None,
            noise=True,
            session_ids=ids_of(population, members),
            failing=failing,
            healthy=healthy,
            n_blocks=len(set(population.block_of[members].tolist())),
            p_value=1.0,
            q_value=1.0,
            gate=GateState.BELOW_GATE,
            reason="noise",
            content_digest=hashed(population.digest, "noise"),
            revision=0,
            n_hypotheses=sum(int(h.members.sum()) for h in found),
        ),
    )
