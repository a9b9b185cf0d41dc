"""A probe of Redis: PING, over TLS and with AUTH where the server wants them."""

import time
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from skyworthy.probes.results import Attempt, ProbeFailed, attempts_until, told


@dataclass(frozen=True)
class Result:
    """The answer to a PING.

    Args:
        attempts: all tries in order.
        failure: what is wrong, or an empty string.
    """

    attempts: tuple[Attempt, ...]
    failure: str

    @property
    def ok(self) -> bool:
        """Whether the last answer was PONG."""
        return not self.failure

    @property
    def seconds(self) -> float:
        """What the last attempt took, connection included."""
        return self.attempts[-1].seconds

    def require(self) -> "Result":
        """The result itself, where the answer was PONG.

        Raises:
            ProbeFailed: otherwise.
        """
        if self.failure:
            raise ProbeFailed(self.failure)
        return self


def ping(
    host: str,
    port: int = 6379,
    *,
    password: str | None = None,
    tls: bool = False,
    authorities: str | None = None,
    timeout: float = 2.0,
    deadline: float = 0.0,
) -> Result:
    """Send PING until PONG comes back, or the deadline has passed.

    Args:
        host: the server.
        port: its port.
        password: its AUTH token; it appears in no message.
        tls: whether to speak TLS; the certificate is verified.
        authorities: file of the certificate authorities to trust; None: the system's.
        timeout: seconds for connecting, and for the answer.
        deadline: seconds after which no new attempt begins; 0: a single attempt.
    """

    def ask() -> Attempt:
        start = time.monotonic()
        failure, final = _ping(host, port, password, tls, authorities, timeout)
        return Attempt(time.monotonic() - start, failure, final)

    attempts = attempts_until(ask, deadline)
    return Result(attempts, told(f"PING {host}:{port}", attempts))


def _ping(
    host: str, port: int, password: str | None, tls: bool, authorities: str | None, timeout: float
) -> tuple[str, bool]:
    """What is wrong (empty: nothing), and whether another try cannot turn out better."""
    client = redis.Redis(
        host=host,
        port=port,
        password=password,
        ssl=tls,
        ssl_ca_certs=authorities,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),  # the attempts are ours to count
    )
    try:
        with client:
            client.ping()
    except redis.AuthenticationError:
        return ("the AUTH token is refused" if password else "it demands an AUTH token"), True
    except redis.TimeoutError:
        return f"no answer within {timeout:g} s", False
    except redis.ConnectionError as error:
        return _connection_failure(error), False
    except redis.RedisError as error:
        return f"answers with an error ({type(error).__name__})", False
    return "", False


def _connection_failure(error: redis.ConnectionError) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ConnectionRefusedError):
        return "connection refused"
    return f"no connection ({type(cause).__name__ if cause else 'closed by the server'})"
