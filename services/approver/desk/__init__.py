"""The desk: carries people's votes to settle and shows what they vote on. It decides nothing and signs nothing.

Reading, pure: `model` (what settle's tables hold), `text` and `values` (hostile text made legible), `card` (what a
review says), `standing` (who may do what, and why not), `timeline`, `clock`.
Asking: `people`, `sessions`, `identity` (who is asking), `voting` (a vote's way to settle and back), `step_up`
(its way by the identity provider), `live` and
`stream` (what changed). At the edge: `shield` (every request), `problems` (every refusal), `api` and its `documents`,
`console`, `doors` and their `pages`, `wanted` (what routes ask for), `app`, `desk` (the parts together), `main` (the
process).
"""
