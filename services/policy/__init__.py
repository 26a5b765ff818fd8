"""The policy service: allow, deny or review, by Cedar rules that anybody can read.

The shape of a service: `__main__` starts it, `wiring` builds it, `handle` gathers, asks `decide` and returns what to
publish; `decide` is pure. What only this service needs stands beside it:
- `standing` (who asks), `question` (what the engine is asked) and `needs` (how much of it its rules can look at);
- `cost`: how long a decision may take, bounded before the engine is asked;
- `rulebook`, `entities` and `reviews`: files in, rules and requirements out;
- `sample`, `cases` and `explain`: actions as people describe them, a pack's own tests, a decision taken apart;
- `pack`: the rules it ships with.
"""
