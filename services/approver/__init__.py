"""The approver: when an action is settled, and how, by policy's verdict or by named people.

Two processes of one package. `__main__` starts either; settle is what stands here, the other is `desk`. `wiring` builds
settle, `handle` takes what the stream brings, `decide` judges reviews and is pure. What only this service needs:
- `electorate` (who may vote), `evidence` (which signatures and bytes must agree), `arrivals` (what an event asks for);
- `record` (grants, outcomes and steps, sealed) and `parts` (what the acts share, and the one way a review ends);
- `step_up` (what proves a passkey), `passkeys` (asks for it), `tokens` and `discovery` (the identity provider's tokens,
  and what it says of itself; the desk reads both there too);
- `votes` and `timers`: the acts beside the stream; `background` runs them, and the relay that alone publishes.
"""
