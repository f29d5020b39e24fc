"""What a user of pytest may have: conftest files, ini files, variables, and installed plugins."""

from tests.hostile.environment import Environment

DROPS = "def pytest_collection_modifyitems(items):\n    items[:] = []\n"
PASSES = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    return True
"""
RAISES = "raise RuntimeError('a conftest of the user')\n"
# Hooks alone pass everything, whatever the version of pytest.
INFO = {
    "user-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: user\nVersion: 1.0\n",
    "user-1.0.dist-info/entry_points.txt": "[pytest11]\nuser = user_plugin\n",
}
NONE_LEFT = "addopts = -k nothing\npython_files = nothing_*\n"
IN_PATH = {"PYTHONPATH": "{folder}"}
STARTS_COVERAGE = "import coverage\ncoverage.process_startup()\n"


def plugin(name: str, plain: str, *, files: dict[str, str] | None = None, **variables: str) -> Environment:
    """A row about a plugin that is really installed, and asked for in a way that reaches a plain pytest."""
    return Environment(f"pytest-{name}", variables, files=files or {}, plugins=True, plain_pytest=plain)


def options(words: str) -> dict[str, str]:
    """Options in an ini file."""
    return {"pytest.ini": f"[pytest]\naddopts = {words}\n"}


PYTESTS = [
    Environment(
        "a conftest drops all",
        IN_PATH,
        files={"conftest.py": DROPS},
        plugins=True,
        plain_pytest="no tests ran",
    ),
    Environment(
        "a conftest lets all pass",
        IN_PATH,
        files={"conftest.py": PASSES},
        plugins=True,
        plain_pytest="2 passed",
    ),
    Environment(
        "a conftest raises",
        IN_PATH,
        files={"conftest.py": RAISES},
        plugins=True,
        plain_pytest="a conftest of the user",
    ),
    Environment(
        "pytest.ini", files={"pytest.ini": f"[pytest]\n{NONE_LEFT}"}, plain_pytest="configfile: pytest.ini"
    ),
    Environment("tox.ini", files={"tox.ini": f"[pytest]\n{NONE_LEFT}"}, plain_pytest="configfile: tox.ini"),
    Environment(
        "setup.cfg", files={"setup.cfg": f"[tool:pytest]\n{NONE_LEFT}"}, plain_pytest="configfile: setup.cfg"
    ),
    Environment(
        "pyproject.toml",
        files={"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--co -k nothing"\n'},
        plain_pytest="configfile: pyproject.toml",
    ),
    Environment(
        "PYTEST_ADDOPTS", {"PYTEST_ADDOPTS": "--collect-only -k nothing"}, plain_pytest="2 deselected"
    ),
    Environment(
        "PYTEST_PLUGINS",
        {"PYTEST_PLUGINS": "user_plugin", **IN_PATH},
        files={"user_plugin.py": DROPS},
        plain_pytest="no tests ran",
    ),
    Environment(
        "PYTEST_PLUGINS that does not exist", {"PYTEST_PLUGINS": "nowhere.at_all"}, plain_pytest="nowhere"
    ),
    Environment(
        "a plugin of the user's own",
        IN_PATH,
        files={"user_plugin.py": DROPS, **INFO},
        plain_pytest="no tests ran",
    ),
    Environment(
        "a plugin of the user's own that raises",
        IN_PATH,
        files={"user_plugin.py": RAISES, **INFO},
        plain_pytest="a conftest of the user",
    ),
    Environment(
        "inside a worker of pytest-xdist",
        {
            "PYTEST_XDIST_WORKER": "gw1",
            "PYTEST_XDIST_WORKER_COUNT": "2",
            "PYTEST_XDIST_TESTRUNUID": "0",
            "PYTEST_CURRENT_TEST": "test_sample.py::test_that_passes (call)",
        },
        plugins=True,
    ),
    plugin("xdist", "2 workers", PYTEST_ADDOPTS="-n 2"),
    plugin("randomly", "Using --randomly-seed=1", PYTEST_ADDOPTS="--randomly-seed=1"),
    plugin(
        "cov",
        "Required test coverage of 100%",
        PYTEST_ADDOPTS="--cov --cov-fail-under=100",
        COV_CORE_SOURCE="contract",
        COV_CORE_CONFIG=":",
        COV_CORE_DATAFILE="{folder}/.coverage",
    ),
    plugin("timeout", "timeout: 0.01s", PYTEST_TIMEOUT="0.01"),
    plugin("asyncio", "asyncio: mode=Mode.AUTO", files={"pytest.ini": "[pytest]\nasyncio_mode = auto\n"}),
    plugin("django", "could not find a Django project", DJANGO_SETTINGS_MODULE="nowhere.settings"),
    plugin("rerunfailures", "2 rerun", files=options("--reruns 2")),
    Environment(
        "coverage of child processes",
        {"COVERAGE_PROCESS_START": "{folder}/.coveragerc", **IN_PATH},
        files={
            "sitecustomize.py": STARTS_COVERAGE,
            ".coveragerc": "[run]\nsource = contract\nparallel = true\n",
        },
        shown_by="'coverage' in sys.modules",
        plugins=True,
        launched=True,
    ),
]
