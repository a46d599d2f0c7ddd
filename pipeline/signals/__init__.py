"""Signals: what speaks for or against a session.

In the order of the data: `detectors` (pure, one file a family), `enrich` (steps -> detections and
synthetic votes), `merge` (received signals -> votes), `contracts`, `activities`, `workflows`. What
words say is read in `pipeline.text`; all votes become the verdict in `pipeline.verdict`.
"""
