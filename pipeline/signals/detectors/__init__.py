"""Detectors: pure functions from steps and invocations to detections, one file a family.

`made` writes detections; `symptoms` vote; `run`, `config`, `inputs` and the handoff files
(`exchanges`, `order`, `coverage`, `changes`, `polarity`, `additions`, `handoff`) are only tested.
"""
