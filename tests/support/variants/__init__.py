"""Servers that differ from the reference in what the contract leaves open."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.harness.run import Settings, TargetReport, run_contract
from contract.harness.targets import Connection, Target
from contract.harness.targets.in_process import _deployed
from reference_impl.app import create_app
from reference_impl.rules import Rules
from tests.support.deployments import App
from tests.support.variants import around, busy, edited, ruled


@dataclass(frozen=True)
class Server:
    """One server in this process: the reference with other rules, behind a wall that changes responses.

    `touched` are globs of the clauses that look at the difference; there are none where a run waits often.
    `untried` and `unjudged` are words of the reasons why a run leaves something untried on it, and why it
    can't judge something.
    """

    rules: type[Rules] = Rules
    around: Callable[[App], App] = field(default=lambda app: app)
    touched: tuple[str, ...] = ()
    untried: str = ""
    unjudged: str = ""

    @property
    def target(self) -> Target:
        """The server as a target."""

        def make(env: Mapping[str, str]) -> App:
            return self.around(create_app(env, rules=self.rules()))

        @contextlib.contextmanager
        def opened(target: Target) -> Iterator[Connection]:
            with _deployed(target.name, "reference", make) as connection:
                yield connection

        return Target("variant", "reference", opened_by=opened)

    def check(self, *clauses: str, **settings: Any) -> TargetReport:
        """Run these clauses against it, all if none is named."""
        (report,) = run_contract(Settings(targets=(self.target,), clauses=clauses, **settings))
        return report


VARIANTS = {
    "uses text that is a number as a TTL": Server(ruled.UsesText, touched=("TTL-07",)),
    "refuses an unusable TTL": Server(ruled.RefusesWhatIsUnusable, touched=("TTL-0[567]", "TTL-09")),
    "no clock skew": Server(ruled.NoSkew, touched=("CLK-0[1468]", "ROT-09", "SEC-0[14]")),
    "59 s of clock skew": Server(ruled.NearlyAMinuteOfSkew, touched=("CLK-0[1468]", "SEC-0[14]")),
    "short access tokens after a refresh": Server(
        ruled.ShortAccessAfterRefresh, touched=("CLK-0[678]", "ROT-10", "TTL-08")
    ),
    "more entries in meta": Server(ruled.MoreInMeta, touched=("META-*", "ROT-07", "ROT-10")),
    "scopes and audience in another order": Server(ruled.AnotherOrder, touched=("ROT-04", "ROT-10")),
    "refuses text beyond ASCII": Server(
        ruled.AsciiOnly, touched=("ROT-07",), untried="beyond ASCII is refused"
    ),
    "a revoked token ends its session again": Server(ruled.EndsAgain, touched=("CLK-08", "SES-04")),
    "fetches the JWKS for each bearer": Server(ruled.FetchesEachTime, touched=("JWKS-0[1-7]", "JWKS-10")),
    "asks for the JWKS every five minutes": Server(ruled.RestsLong, touched=("JWKS-*",)),
    "fetches the JWKS ahead": Server(around=around.FetchesAhead, touched=("JWKS-*",)),
    "refuses the agentId of another org": Server(ruled.RefusesForeignIdentities, touched=("SEC-08",)),
    "ends an access token alone": Server(ruled.EndsTheTokenAlone, touched=("REV-0[126]",)),
    "path sessions outlive an identity": Server(ruled.EndsNoPathSessions, touched=("REV-03",)),
    "403 for an inactive identity": Server(edited.ForbidsInactive, touched=("REV-03",)),
    "UUIDs as ids of sessions": Server(ruled.UuidsAsSessions, touched=("REV-01", "SES-04")),
    "pretty-printed JSON": Server(edited.PrettyPrinted, touched=("API-01", "SEC-07")),
    "more headers": Server(edited.MoreHeaders, touched=("API-01", "SEC-06")),
    "null for what is absent": Server(edited.NullForAbsent, touched=("API-0[123]", "ROT-09", "SEC-08")),
    "more members": Server(edited.MoreMembers, touched=("API-01", "META-*")),
    "prose in error": Server(edited.ProseInError, touched=("ROT-09", "SEC-0[578]", "SES-0[12]")),
    "codes in error alone": Server(edited.CodeInErrorAlone, touched=("SEC-0[58]", "REV-0[134]")),
    "prose and no code at refresh": Server(
        edited.ProseAtRefresh, touched=("SES-0[1237]", "ROT-09", "SEC-0[29]")
    ),
    "no route for assertions": Server(
        edited.NoAssertions,
        touched=("SEC-10",),
        untried="the deployment has no /v1/tokens/relayhistory-assertion",
    ),
    "an identity provider": Server(
        edited.NeedsASponsor,
        touched=("TTL-01", "REV-03", "SES-01", "API-02"),
        untried="sponsor_proof_required",
    ),
    "losers of a race get 409": Server(around=busy.LosersGet409, touched=("SES-0[56]", "REV-05")),
    "losers of a race get 429": Server(around=busy.LosersGet429),
    "losers of a race get 503": Server(around=busy.LosersGet503),
    "limited refreshes": Server(around=busy.LimitsRefreshes),
    "limited identities": Server(around=busy.LimitsIdentities, touched=("REV-03", "REV-01"), unjudged="429"),
    "users alone as sponsors": Server(
        around=around.TakesUsersAsSponsors, touched=("REV-03", "ROT-07", "SEC-05")
    ),
    "storage storms": Server(around=busy.StorageStorms),
    "answers to OPTIONS": Server(around=around.AnswersOptions, touched=("API-01", "API-02", "SEC-07")),
    "compressed answers": Server(around=around.Gzipped, touched=("TTL-01", "SEC-07")),
    "several published keys": Server(around=around.SeveralKeys, touched=("JWKS-0[1489]", "SEC-03")),
    "more claims": Server(around=around.MoreClaims, touched=("ROT-0[47]", "REV-06", "CLK-07")),
    "times as floats": Server(
        ruled.ReadsFloats, around.FloatTimes, touched=("TTL-0[1-4]", "CLK-0[12]", "REV-06")
    ),
}
