"""Applications written without sight of the detectors: does the engine find faults it never met?

In: a name and a seed. Out: OTLP/JSON lines, signal lines and the truth. Next: `run` pushes them
through the pure stages and compares findings with the truth.
"""
