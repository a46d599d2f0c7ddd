"""EnrichSignalsWorkflow and MergeSignalsWorkflow: two of a session's three children.

In: `SignalsInput`. Out: detections and votes in the store. Next: SessionWorkflow joins them and
decides the verdict.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from pipeline.signals.activities import SignalsActivities
    from pipeline.signals.contracts import SignalsInput
    from pipeline.temporal.timing import STAGE


@workflow.defn
class EnrichSignalsWorkflow:
    """Detectors over the session's steps: synthetic signals and traits."""

    @workflow.run
    async def run(self, work: SignalsInput) -> None:
        """One activity."""
        await workflow.execute_local_activity_method(
            SignalsActivities.enrich_session, work, **STAGE
        )


@workflow.defn
class MergeSignalsWorkflow:
    """Received signals to deduplicated votes."""

    @workflow.run
    async def run(self, work: SignalsInput) -> None:
        """One activity."""
        await workflow.execute_local_activity_method(SignalsActivities.merge_session, work, **STAGE)
