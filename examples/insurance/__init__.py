"""A small insurer's claims line: a real Temporal application with two agents and one real fault.

Read in the order of the data: `claims` (which events there are and what their order means),
`wordings` and `calls` (transcripts), `prompts`, `model` (a scripted model that works on the text
it is given), `telemetry`, `agents` (activities), `workflow`, `feedback`; then `sidecar`,
`judge` and `demo`, which run all of it against a kelet-sidecar and look at the finding.

The fault: when several people talk in turns, the summarizer groups what was said by speaker and so
loses the order of events; the scorer then picks the wrong claim type, because order decides it.
"""
