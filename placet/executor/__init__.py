"""The side that holds the privileged credential: `Executor`, what its functions may return, what it raises."""

from placet.executor.executor import Executor
from placet.executor.report import BadArgumentsError, Execution, ExecutionError, FunctionError, RefusedError, Result

__all__ = ["BadArgumentsError", "Execution", "ExecutionError", "Executor", "FunctionError", "RefusedError", "Result"]
