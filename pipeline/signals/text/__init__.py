"""Plain text analysis for the detectors: word lists, items (numbers, dates, ids, names), clauses.

In the order of the data: `words`, `units`, `signs`, `items`, `analysed`, `provisos`, `excerpts`. Pure,
standard library only.
"""
