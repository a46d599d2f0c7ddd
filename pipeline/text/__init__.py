"""What words say: word lists, items (numbers, dates, ids, names), clauses, complaints.

In the order of the data: `words`, `units`, `signs`, `items`, `analysed`, `provisos`, `excerpts`,
`complaints`. Pure, standard library only.
"""
