"""Where a run is started, and what it can write to: working directory, home, temporary files, disk."""

from tests.hostile.environment import Ends, Environment
from tests.hostile.words import (
    anybody,
    full_lacking,
    modes_lacking,
    mounted,
    mounts_lacking,
    obedient,
    sh,
    users_lacking,
)

# Generated values are kept in the user's cache.
GENERATED = ("TTL-0[235]", "--endpoint", "path")
TINY = """
mount -t tmpfs -o size=16k none {folder} && cd {folder}
cat /dev/zero >filled 2>/dev/null
"""
HOME = {"HOME": "{folder}", "XDG_CACHE_HOME": "", "XDG_STATE_HOME": ""}
FULL = "not __import__('shutil').disk_usage('.').free"


def full(name: str, **variables: str) -> Environment:
    """A row about a disk that is full: the working directory, and what `variables` put there."""
    return Environment(
        name,
        variables,
        within=mounted(TINY),
        report_to_output=True,
        clauses=GENERATED,
        shown_by=FULL,
        lacking=mounts_lacking,
    )


FOLDERS = [
    Environment(
        "a folder with a space and other letters",
        within=sh("mkdir 'a b \u00e9 \uac00' && cd 'a b \u00e9 \uac00'"),
        shown_by="os.getcwd().endswith('a b \\u00e9 \\uac00')",
        launched=True,
    ),
    Environment(
        "a folder whose name is not text",
        within=sh("mkdir \"$(printf 'a\\377')\" && cd \"$(printf 'a\\377')\""),
        shown_by="os.getcwdb().endswith(b'a\\xff')",
    ),
    Environment(
        "a working directory that was removed",
        within=sh("mkdir gone && cd gone && rmdir ../gone"),
        shown_by="os.readlink('/proc/self/cwd').endswith(' (deleted)')",
        launched=True,
    ),
    Environment(
        "a read-only working directory",
        within=(*sh("chmod 555 ."), *obedient()),
        shown_by="not os.access('.', os.W_OK)",
        report_to_output=True,
        clauses=GENERATED,
        lacking=modes_lacking,
        launched=True,
    ),
    Environment(
        "a working directory that can't be searched",
        within=(*sh("chmod 0 ."), *obedient()),
        shown_by="not os.access('.', os.X_OK)",
        lacking=modes_lacking,
        ends=Ends(
            conforms=2,
            broken=2,
            judged=False,
            says="can't be searched for relayauth-contract.toml",
            why="a configuration file that was not seen could have changed the verdict",
        ),
    ),
    Environment(
        "HOME unset",
        unset=("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"),
        shown_by="'HOME' not in os.environ",
        launched=True,
    ),
    Environment("a home that does not exist", HOME | {"HOME": "/dev/null/nowhere"}, clauses=GENERATED),
    Environment("a home that is a relative path", HOME | {"HOME": "there"}, clauses=GENERATED),
    Environment(
        "a read-only home",
        HOME,
        within=(*sh("chmod 555 ."), *obedient()),
        lacking=modes_lacking,
        shown_by="not os.access(os.environ['HOME'], os.W_OK)",
        clauses=GENERATED,
    ),
    Environment(
        "a user without a home and a name",
        unset=("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"),
        within=anybody(),
        lacking=users_lacking,
        shown_by="os.getuid() == 54321",
        clauses=GENERATED,
    ),
    Environment(
        "relative XDG folders",
        {
            "XDG_CACHE_HOME": "cache",
            "XDG_STATE_HOME": "state",
            "XDG_CONFIG_HOME": "config",
            "XDG_RUNTIME_DIR": "run",
        },
        clauses=GENERATED,
    ),
    Environment(
        "XDG folders that are files",
        {"XDG_CACHE_HOME": "/dev/null", "XDG_STATE_HOME": "/dev/null", "XDG_CONFIG_HOME": "/dev/null"},
        clauses=GENERATED,
    ),
    Environment(
        "TMPDIR that does not exist", {"TMPDIR": "/dev/null/nowhere"}, clauses=GENERATED, launched=True
    ),
    Environment(
        "TMPDIR with a space",
        {"TMPDIR": "{folder}/a b"},
        files={"a b/file": ""},
        clauses=GENERATED,
        shown_by="__import__('tempfile').gettempdir().endswith('a b')",
        launched=True,
    ),
    Environment(
        "a read-only disk",
        HOME,
        within=mounted("mount -o remount,bind,ro / && cd {folder}"),
        report_to_output=True,
        clauses=GENERATED,
        shown_by="not os.access('/tmp', os.W_OK)",
        lacking=mounts_lacking,
    ),
    full("a full disk"),
    full("a full disk that holds the home", **HOME),
    full("a full disk that holds temporary files", TMPDIR="{folder}", **HOME),
    Environment(
        "no file may grow",
        within=sh("ulimit -f 0"),
        report_to_output=True,
        clauses=GENERATED,
        shown_by="__import__('resource').getrlimit(1) == (0, 0)",
    ),
    Environment(
        "a report on a full disk",
        within=sh("ln -s /dev/full ../report.json"),
        lacking=full_lacking,
        ends=Ends(
            conforms=2,
            judged=False,
            says="report.json: can't be written: No space left on device",
            why="the verdict is printed, but a report that was asked for is missing",
        ),
    ),
    Environment("umask 0", within=sh("umask 0"), shown_by="os.umask(0) == 0", clauses=GENERATED),
    Environment("umask 077", within=sh("umask 077"), shown_by="os.umask(0) == 0o77", launched=True),
    Environment(
        "umask 0777",
        within=(*sh("umask 0777"), *obedient()),
        shown_by="os.umask(0) == 0o777",
        report_to_output=True,
        lacking=modes_lacking,
    ),
]
