"""Credentials: of the machine or of an assumed role, and what to tell people whose credentials do not let them in.

botocore finds the credentials, in its own order: environment variables, the profile (keys, SSO, a role, a process), the
container's or the machine's role. Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore import exceptions
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from skyworthy.errors import BadInput

SESSION_NAME = "skyworthy"
"""What CloudTrail shows of an assumed role's session."""
EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "ExpiredTokenFault"}
)
_NOT_ACCEPTED = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_ASSUMING = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
_SIGN_IN = "sign in again (`aws sso login`, or new keys for the profile) and repeat"


@dataclass(frozen=True)
class Role:
    """A role that is assumed with the credentials that botocore finds.

    Args:
        arn: of the role.
        external_id: that its trust policy asks for; empty: none.
    """

    arn: str
    external_id: str = ""


class _Borrowed:
    """A botocore component that takes the credentials of another session, or of a role assumed with them."""

    def __init__(self, source: Any, endpoint_url: str | None, role: Role | None) -> None:
        self._source = source
        self._client = partial(source.create_client, endpoint_url=endpoint_url)
        self._role = role

    def load_credentials(self) -> Any:
        """The credentials, refreshed before they expire; None where there are none."""
        own = self._source.get_credentials()
        if own is None or self._role is None:
            return own
        more = {"RoleSessionName": SESSION_NAME}
        if self._role.external_id:
            more["ExternalId"] = self._role.external_id
        fetcher = AssumeRoleCredentialFetcher(self._client, own, self._role.arn, extra_args=more)
        return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


def borrow(session: Any, source: Any, endpoint_url: str | None = None, role: Role | None = None) -> None:
    """Give a botocore session the credentials that another one finds.

    To assume a role, or to take part in single sign-on, is no read: a read-only session would refuse the calls by which
    botocore gets its own credentials, so that they are made by the other one.

    Args:
        session: gets them.
        source: a session that may call what its credentials take.
        endpoint_url: where STS answers; None: as botocore knows.
        role: assumed with the credentials found; None: they are used as they are.
    """
    session.register_component("credential_provider", _Borrowed(source, endpoint_url, role))


def demand_no_question(session: Any) -> None:
    """Refuse a profile that asks for an MFA code where nobody can be asked, instead of waiting for ever.

    Raises:
        BadInput: with what to do.
    """
    profile = session.get_scoped_config()
    asks = profile.get("mfa_serial") and profile.get("role_arn")
    if asks and session.get_config_variable("profile") and not sys.stdin.isatty():
        raise BadInput(
            f"profile {session.get_config_variable('profile')!r} asks for an MFA code of {profile['mfa_serial']}, and "
            "there is no terminal to ask at: run it in one, or export a session's keys first "
            "(`aws configure export-credentials --format env`)"
        )


def bad_input(error: Exception, place: str) -> BadInput | None:
    """What to tell the user where an error means that nothing at all can be read; None for any other error.

    Args:
        error: of botocore.
        place: where it was looked, for the message.
    """
    if isinstance(error, exceptions.ClientError):
        return _of_answer(error, place)
    return next(
        (BadInput(message.format(place=place, error=error)) for kinds, message in _FATAL if isinstance(error, kinds)),
        None,
    )


def _of_answer(error: exceptions.ClientError, place: str) -> BadInput | None:
    told = error.response.get("Error", {})
    code = told.get("Code", "")
    if code in EXPIRED:
        return BadInput(f"{place}: the credentials have expired; {_SIGN_IN}")
    if code in _NOT_ACCEPTED:
        return BadInput(f"{place}: the credentials are not accepted ({code}); {_SIGN_IN}")
    if error.operation_name in _ASSUMING:
        return BadInput(
            f"{place}: the role cannot be assumed ({code}: {told.get('Message', '')}); its trust policy must name the "
            "one who asks (and `external_id`, where it wants one), whose own policy must allow sts:AssumeRole on it"
        )
    return None


_FATAL: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError, exceptions.ProxyConnectionError),
        "{place}: nothing answers there ({error}); start the sandbox with `skyworthy sandbox up`, or check the network",
    ),
    (
        (exceptions.NoCredentialsError, exceptions.PartialCredentialsError),
        "{place}: no AWS credentials ({error}); set AWS_PROFILE, run `aws configure` or `aws sso login`, "
        "or look at the sandbox with --target sandbox",
    ),
    (
        (
            exceptions.SSOError,
            exceptions.TokenRetrievalError,
            exceptions.CredentialRetrievalError,
            exceptions.LoginError,
            exceptions.RefreshWithMFAUnsupportedError,
            exceptions.MetadataRetrievalError,
        ),
        "{place}: {error}; " + _SIGN_IN,
    ),
    (
        (
            exceptions.InvalidConfigError,
            exceptions.ConfigParseError,
            exceptions.InfiniteLoopConfigError,
            exceptions.UnknownCredentialError,
        ),
        "{place}: the AWS configuration cannot be used: {error}",
    ),
    ((exceptions.NoRegionError,), "no AWS region: set AWS_REGION, the profile's region, or `region` in skyworthy.toml"),
)


__all__ = ["EXPIRED", "Role", "bad_input", "borrow", "demand_no_question"]
