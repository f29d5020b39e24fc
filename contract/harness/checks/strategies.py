"""Generated values: hypothesis with a bound and a seed, and without time limits."""

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contract.harness.errors import Violation
from contract.harness.spec import ACCESS_TTL, CLOCK_SKEW, DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP


def values_by_type() -> Mapping[str, Any]:
    """Return a strategy for each type of JSON value, numbers near the limits among them."""
    from hypothesis import strategies as st

    bounds = (0, 1, CLOCK_SKEW, ACCESS_TTL, DEFAULT_REFRESH_TTL, REFRESH_TTL_CAP, 2**31, 2**32, 2**53, 2**63)
    near = st.sampled_from(bounds).flatmap(lambda bound: st.integers(bound - 2, bound + 2))
    floats = st.floats(allow_nan=False, allow_infinity=False)
    scalars = near | floats | st.booleans() | st.none() | st.text(max_size=12)
    return {
        "number near a limit": near,
        "integer": st.integers(),
        "fraction": st.floats(0, 1, exclude_min=True, exclude_max=True) | near.map(lambda each: each + 0.5),
        "float": floats,
        "text": st.text(max_size=12),
        "text that begins with a number": st.tuples(near.map(str), st.text(max_size=4)).map("".join),
        "list": st.lists(scalars, max_size=2),
        "object": st.dictionaries(st.text(max_size=6), scalars, max_size=2),
    }


def json_values() -> Any:
    """Return a strategy of JSON values of every type."""
    from hypothesis import strategies as st

    return st.one_of(st.none(), st.booleans(), *values_by_type().values())


@functools.cache
def _storage() -> Path:
    """Return the folder for hypothesis's tables: one in the user's cache, never the current folder.

    The tables take a second to make, so they are kept; without a cache that can be written they are not.
    Where nothing can be written at all they are only made.
    """
    # XDG Base Directory Specification: a relative path is invalid and ignored.
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        cache = named if named.is_absolute() else Path.home() / ".cache"
        folder = cache / "relayauth-contract" / "hypothesis"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        pass
    try:
        folder = Path(tempfile.mkdtemp(prefix="relayauth-contract-"))
    except OSError:
        return Path(os.devnull) / "hypothesis"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _without_local_constants() -> Iterator[None]:
    """Draw none of the constants that hypothesis collects from the modules outside site-packages.

    With them one seed gives other values from a checkout than from an installed package, and it takes half a
    second to collect them. Older versions of hypothesis collect none.
    """
    try:
        from hypothesis.internal.conjecture import providers
        from hypothesis.internal.constants_ast import Constants

        # What was drawn before in this process is kept with the constants that were known then.
        own = {"_get_local_constants": Constants, "CONSTANTS_CACHE": type(providers.CONSTANTS_CACHE)(1024)}
        plain = {name: getattr(providers, name) for name in own}
    except (ImportError, AttributeError):
        yield
        return
    vars(providers).update(own)
    try:
        yield
    finally:
        vars(providers).update(plain)


def for_all(
    values: Callable[[], Any],
    judge: Callable[[Any], None],
    *,
    first: Iterable[Any] = (),
    examples: int,
    seed: int,
    shrink: bool,
) -> None:
    """Call `judge` with the `first` values and up to `examples` of `values()`; what it raises is raised.

    The same `seed` gives the same values. With `shrink` a failing value is reduced, which takes more calls.
    A value that failed and holds when it is judged again, as hypothesis does, is a failure all the same.
    """
    for value in first:
        judge(value)
    if not examples:
        return
    import hypothesis
    import hypothesis.configuration
    import hypothesis.errors

    hypothesis.configuration.set_hypothesis_home_dir(_storage())
    phases = [hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shrink else [])]
    # No deadline, no health checks: time may be frozen. No database: no run depends on an earlier one.
    bounded = hypothesis.settings(
        max_examples=examples,
        phases=phases,
        deadline=None,
        database=None,
        derandomize=False,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(hypothesis.HealthCheck),
    )

    failed: list[Violation] = []

    def case(value: Any) -> None:
        try:
            judge(value)
        except Violation as violation:
            failed.append(violation)
            raise

    run: Callable[[], None] = hypothesis.seed(seed)(bounded(hypothesis.given(values())(case)))  # type: ignore[no-untyped-call]
    try:
        with _without_local_constants():
            run()
    except hypothesis.errors.Flaky:
        if not failed:
            raise
        raise Violation(f"{failed[0]}; sent again, it was answered as it must be") from None
