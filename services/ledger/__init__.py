"""The ledger: every decision, explained, in a tree that nobody can rewrite unseen.

What only this service needs stands beside the shape: `writer` (the process around the appender), `views`, `timeline`
and `export` (what the API answers with), `live` (entries as they come), `client` (the commands' way to the API) and
`fsck` (the database derived again from its entries).
"""
