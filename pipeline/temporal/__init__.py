"""What every workflow folder shares of Temporal, and nothing of what they compute.

In the order of use: `client` connects, `ids` names executions, `nudges` wakes them, `timing` says
how long and how often, `failures` is the one table from our errors to Temporal's, `heartbeat` keeps
a long activity alive, `priority` says whose turn it is to ask a model, `embedded` knows how
to start the development server.
"""
