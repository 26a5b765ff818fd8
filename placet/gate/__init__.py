"""The agent's side of Placet: `Gate`, `AsyncGate`, `Pending`."""

from placet.gate.aio import AsyncGate, AsyncPending
from placet.gate.gate import Gate
from placet.gate.pending import Pending
from placet.gate.proposal import ProposalError

__all__ = ["AsyncGate", "AsyncPending", "Gate", "Pending", "ProposalError"]
