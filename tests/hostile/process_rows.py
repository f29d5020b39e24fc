"""How Python is started, which variables are set, and what limits and signals a process inherits."""

from tests.hostile.environment import Ends, Environment
from tests.hostile.words import FAKETIME, faketime_lacking, sh, signals_lacking

DEAD_PROXY = "http://127.0.0.1:9"
# A developer's settings of a deployment of their own.
DEPLOYMENT = {
    "RELAYAUTH_SIGNING_KEY_PEM": "not a key",
    "RELAYAUTH_SIGNING_KEY_PEM_PUBLIC": "not a key either",
    "RELAYAUTH_DB_PATH": "/dev/null/nowhere/relayauth.db",
    "RELAYAUTH_CONTRACT_API_KEY": "rak_of_a_deployment",
    "BASE_URL": "https://auth.example.com",
    "INTERNAL_SECRET": "a secret",
    "PORT": "80",
}


def proxies(**variables: str) -> dict[str, str]:
    """Both spellings of each variable."""
    return {name: text for key, text in variables.items() for name in (key, key.lower())}


def started_with(flag: str, shown_by: str, *more: str) -> Environment:
    """A row about a flag of Python."""
    return Environment(f"python {flag}", python=(*flag.split(), *more), shown_by=shown_by)


PROCESSES = [
    started_with("-O", "not __debug__"),
    started_with("-OO", "sys.flags.optimize == 2"),
    started_with("-W error", "sys.warnoptions == ['error']"),
    started_with("-bb", "sys.flags.bytes_warning == 2"),
    started_with("-I", "sys.flags.isolated == 1"),
    started_with("-X dev", "sys.flags.dev_mode"),
    Environment("PYTHONOPTIMIZE=1", {"PYTHONOPTIMIZE": "1"}, shown_by="not __debug__"),
    Environment("PYTHONOPTIMIZE=2", {"PYTHONOPTIMIZE": "2"}, shown_by="sys.flags.optimize == 2"),
    Environment(
        "PYTHONWARNINGS=error",
        {"PYTHONWARNINGS": "error"},
        shown_by="sys.warnoptions == ['error']",
        launched=True,
    ),
    Environment(
        "PYTHONDONTWRITEBYTECODE", {"PYTHONDONTWRITEBYTECODE": "1"}, shown_by="sys.dont_write_bytecode"
    ),
    Environment("PYTHONHASHSEED=0", {"PYTHONHASHSEED": "0"}, shown_by="not sys.flags.hash_randomization"),
    Environment("PYTHONSAFEPATH", {"PYTHONSAFEPATH": "1"}, shown_by="sys.flags.safe_path"),
    Environment(
        "PYTHONINTMAXSTRDIGITS",
        {"PYTHONINTMAXSTRDIGITS": "640"},
        shown_by="sys.get_int_max_str_digits() == 640",
    ),
    Environment(
        "another package named contract",
        {"PYTHONPATH": "{folder}"},
        files={"contract/__init__.py": "raise RuntimeError('foreign')\n"},
        shown_by="os.path.exists('contract')",
        ends=Ends(
            conforms=2,
            broken=2,
            judged=False,
            says="another package `contract`",
            why="which of the two is meant can't be known",
        ),
    ),
    Environment(
        "a foreign contract in the working directory alone",
        files={"contract/__init__.py": "raise RuntimeError('foreign')\n"},
    ),
    Environment(
        "the C locale",
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        shown_by="__import__('locale').getencoding().lower() in ('ascii', 'ansi_x3.4-1968')",
        launched=True,
    ),
    Environment(
        "a locale that is not installed", {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"}
    ),
    *(
        Environment(
            f"PYTHONIOENCODING={name}",
            {"PYTHONIOENCODING": name},
            shown_by=f"sys.stdout.encoding.lower() == {name!r}",
        )
        for name in ("ascii", "cp949", "utf-16")
    ),
    Environment(
        "a proxy that nobody runs",
        proxies(HTTP_PROXY=DEAD_PROXY, HTTPS_PROXY=DEAD_PROXY, ALL_PROXY=DEAD_PROXY),
        launched=True,
    ),
    Environment("a SOCKS proxy", proxies(ALL_PROXY="socks5://127.0.0.1:9"), launched=True),
    Environment(
        "a proxy that is no address", proxies(HTTP_PROXY="http://[", HTTPS_PROXY="://"), launched=True
    ),
    Environment(
        "NO_PROXY=[::1],fe80::/10", proxies(HTTP_PROXY=DEAD_PROXY, NO_PROXY="[::1],fe80::/10"), launched=True
    ),
    Environment("NO_PROXY=*", proxies(HTTP_PROXY=DEAD_PROXY, NO_PROXY="*")),
    Environment(
        "no certificates",
        {
            "SSL_CERT_FILE": "/dev/null/nowhere.pem",
            "SSL_CERT_DIR": "/dev/null/nowhere",
            "REQUESTS_CA_BUNDLE": "/dev/null/nowhere.pem",
        },
        launched=True,
    ),
    Environment("settings of a deployment", DEPLOYMENT, launched=True),
    Environment(
        "CI",
        {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITLAB_CI": "true",
            "TF_BUILD": "True",
            "GITHUB_STEP_SUMMARY": "{folder}/summary.md",
        },
        clauses=("TTL-0[235]", "--endpoint", "path"),
    ),
    Environment(
        "a step summary that can't be written",
        {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/dev/null/nowhere/summary.md"},
        ends=Ends(
            conforms=2, says="the step summary can't be written", why="a report that was due is missing"
        ),
    ),
    Environment(
        "TZ with daylight saving",
        {"TZ": "America/New_York"},
        shown_by="__import__('time').daylight",
        launched=True,
    ),
    Environment(
        "TZ half an hour off", {"TZ": "Australia/Lord_Howe"}, shown_by="__import__('time').timezone % 3600"
    ),
    Environment("TZ that does not exist", {"TZ": "Mars/Phobos"}),
    Environment(
        "FAKETIME without its library", {"FAKETIME": "-1000d", "FAKETIME_NO_CACHE": "1"}, launched=True
    ),
    Environment(
        "a faked clock",
        {"LD_PRELOAD": FAKETIME, "FAKETIME": "-1000d"},
        shown_by="__import__('time').time() < os.stat(sys.executable).st_ctime",
        lacking=faketime_lacking,
        launched=True,
    ),
    Environment(
        "no variables at all", within=("env", "-i"), shown_by="'PATH' not in os.environ", launched=True
    ),
    Environment(
        "few open files",
        within=sh("ulimit -n 64"),
        shown_by="__import__('resource').getrlimit(7) == (64, 64)",
        launched=True,
    ),
    Environment("the lowest priority", within=("nice", "-n", "19"), shown_by="os.nice(0) == 19"),
    Environment(
        "SIGCHLD ignored",
        within=("env", "--ignore-signal=CHLD"),
        lacking=signals_lacking,
        shown_by="__import__('signal').getsignal(17) == 1",
        launched=True,
    ),
    Environment(
        "SIGHUP ignored, as by nohup",
        within=("env", "--ignore-signal=HUP"),
        lacking=signals_lacking,
        shown_by="__import__('signal').getsignal(1) == 1",
    ),
    Environment(
        "SIGINT ignored, as in the background",
        within=("env", "--ignore-signal=INT,QUIT"),
        lacking=signals_lacking,
        shown_by="__import__('signal').getsignal(2) == 1",
        launched=True,
    ),
    Environment(
        "signals blocked",
        within=("env", "--block-signal=TERM,INT,CHLD,ALRM"),
        lacking=signals_lacking,
        shown_by="len(__import__('signal').pthread_sigmask(0, [])) == 4",
        launched=True,
    ),
]
