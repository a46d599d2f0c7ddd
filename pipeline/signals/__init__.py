"""Signals: what speaks for or against a session.

In the order of the data: `text` (plain text analysis), `detectors` (pure, one file a family),
`enrich` (steps -> detections and synthetic votes), `merge` (received signals -> votes), `verdict`
(votes -> verdict), `contracts`, `activities`, `workflows`.
"""
