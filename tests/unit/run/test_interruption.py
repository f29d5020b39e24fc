"""A run knows that it was interrupted, even if pytest fails to describe where."""

import os
import signal

import pluggy
import pytest
from _pytest import hookspec

from contract.harness.run import Settings, interruptible, shielded
from contract.harness.run.plugin import OwnRun
from contract.harness.run.state import ContractRun


class _Choked:
    """As pytest's terminal reporter on a traceback with an entry that has no line."""

    @pytest.hookimpl
    def pytest_keyboard_interrupt(self) -> None:
        raise TypeError("unsupported operand type(s) for -: 'NoneType' and 'int'")


def test_an_interruption_is_heard_where_pytest_can_not_tell_it() -> None:
    """The run goes on to its clearing up and its report."""
    contract_run = ContractRun(Settings())
    manager = pluggy.PluginManager("pytest")
    manager.add_hookspecs(hookspec)
    manager.register(OwnRun(contract_run))
    manager.register(_Choked())
    with pytest.raises(KeyboardInterrupt) as excinfo:
        raise KeyboardInterrupt
    manager.hook.pytest_keyboard_interrupt(excinfo=excinfo)
    assert contract_run.interrupted


def test_a_process_that_is_forked_in_a_shielded_block_is_not_shielded() -> None:
    """It never comes to the end of that block, where a signal would take effect."""
    with shielded():
        child = os.fork()
        if not child:
            status = 1
            try:
                with interruptible():
                    signal.raise_signal(signal.SIGTERM)
            except KeyboardInterrupt:
                status = 0
            finally:
                os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
