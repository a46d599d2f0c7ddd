"""Rules and what a language model proposed as messages of `exporter.rpc.v1`, and back.

In: models of `pipeline.model`, or messages. Out: the other of the two. Next: sessions
(`exporter.status_convert`) and clusters (`exporter.status_convert_findings`) hold them.
"""

from exporter.rpc.v1 import status_pb2 as pb
from exporter.status_convert_parts import evidence_from_message, evidence_to_message
from exporter.status_wire import text
from pipeline.model.cluster import Condition, Proposal, Rule


def rule_to_message(rule: Rule) -> pb.Rule:
    """Rule -> message."""
    conditions = [
        pb.Condition(
            agent=text(c.agent),
            step=text(c.step),
            trait=text(c.trait),
            threshold=c.threshold,
            below=c.below,
        )
        for c in rule.conditions
    ]
    return pb.Rule(conditions=conditions)


def rule_from_message(message: pb.Rule) -> Rule:
    """Message -> rule."""
    conditions = (
        Condition(agent=c.agent, step=c.step, trait=c.trait, threshold=c.threshold, below=c.below)
        for c in message.conditions
    )
    return Rule(conditions=tuple(conditions))


def proposal_to_message(proposal: Proposal) -> pb.Proposal:
    """Proposal -> message."""
    return pb.Proposal(
        session_id=text(proposal.session_id),
        agent=text(proposal.agent),
        step=text(proposal.step),
        about=text(proposal.about),
        sentence=text(proposal.sentence),
        evidence=evidence_to_message(proposal.evidence),
        rule=rule_to_message(proposal.rule),
    )


def proposal_from_message(message: pb.Proposal) -> Proposal:
    """Message -> proposal."""
    return Proposal(
        session_id=message.session_id,
        agent=message.agent,
        step=message.step,
        about=message.about,
        sentence=message.sentence,
        evidence=evidence_from_message(message.evidence),
        rule=rule_from_message(message.rule),
    )
