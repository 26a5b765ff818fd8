"""Checking the ledger without the ledger: what an entry is, how entries travel, and whether they hold together.

Nothing here opens a socket or asks the service that wrote the entries. It trusts a pinned root key and the
checkpoint its user kept, and nothing else.
"""
