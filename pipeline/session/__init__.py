"""A session from the first span to its verdict.

In the order of reading: `contracts` (what crosses Temporal), `debounce` (pure: how long to wait),
`workflow` (the order of things), `activities` (shells over the store and `pipeline.signals`).
"""
