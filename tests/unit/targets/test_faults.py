"""The faults of the proxy are found by themselves: a new one is one class in one file."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.harness.targets import faults as package
from contract.harness.targets.faults import faults

MODULE = '''
from contract.harness.targets.faults import Call, Fault, Reply

class _Base(Fault):
    """No fault itself."""

class AnswersTeapot(_Base):
    """Every response is a 418."""

    breaks = frozenset({"TTL-01"})

    def on_response(self, call: Call, reply: Reply) -> Reply:
        return Reply(418)
'''


@pytest.fixture
def with_a_new_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The package has one module more."""
    (tmp_path / "teapots.py").write_text(MODULE)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    faults.cache_clear()
    yield
    faults.cache_clear()
    sys.modules.pop(f"{package.__name__}.teapots", None)


@pytest.mark.usefixtures("with_a_new_module")
def test_a_fault_in_a_new_module_is_found() -> None:
    """No list names it, and base classes are no faults."""
    assert faults()["AnswersTeapot"].breaks == {"TTL-01"}
    assert not any(name.startswith("_") or name in ("Fault", "Resigning") for name in faults())


def test_without_it_there_is_none_of_that_name() -> None:
    """What was found is what the package holds."""
    assert "AnswersTeapot" not in faults()
    assert len(faults()) > 20
