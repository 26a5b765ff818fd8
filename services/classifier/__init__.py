"""The classifier: what in an action is sensitive, and where.

What only this service needs stands beside the shape: `analysis` (the pure parts), `taxonomy.yaml` (what labels mean),
`catalogue.yaml` (what the owners of data say about it), `lexicon` (what a word can be: a name, a place)
and `postgres_functions.txt` (which functions only read). For the command line: `given` (what a person hands in),
`explain` (why a finding is one), `cases` (an owner's examples).
"""
