"""The name under which the doors know `exporter.metrics`."""

from exporter.metrics import Metrics as Tally

__all__ = ["Tally"]
