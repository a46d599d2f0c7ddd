"""Vectors and their clusters. `NOISE` is the label of what fits nowhere."""

NOISE = -1
