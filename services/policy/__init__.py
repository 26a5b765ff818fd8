"""The policy service: allow, deny or review, by Cedar rules that anybody can read.

The shape of a service: `__main__` starts it, `wiring` builds it, `handle` gathers, asks `decide` and returns what to
publish; `decide` is pure. What only this service needs stands beside: `rulebook` (files in, rules out), `question`
(what the engine is asked), `reviews` (annotations in, requirement out), `cases` (a pack's own tests), `pack/` (the
rules it ships with).
"""
