"""Requests to one registry: retries, log-in, redirects.

Sends credentials to that registry and its token server only, and over https only (but for
loopback hosts where the user allows it).
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from scanner import __version__
from scanner.errors import RegistryError, UsageError
from scanner.image.credentials import Credentials, find_credentials
from scanner.image.reference import DEFAULT_REGISTRY

_API_HOSTS = {DEFAULT_REGISTRY: f"registry-1.{DEFAULT_REGISTRY}"}
_TIMEOUT = (10, 60)
"""Seconds to connect, and between two bytes."""
_REDIRECTS = 5
_LONGEST_WAIT = 30
"""Seconds that a registry may tell us to wait."""
_TOKEN_BYTES = 1 << 20
_SCHEME = re.compile(r"(?:^|,\s*)(Bearer|Basic)\b", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class _Retry(Retry):
    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        told = super().get_retry_after(response)
        return None if told is None else min(told, _LONGEST_WAIT)


class _Auth(AuthBase):
    """Sets the header, or none: without this, requests would look into ~/.netrc."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.pop("Authorization", None)
        if self._header:
            request.headers["Authorization"] = self._header
        return request


@dataclass
class RegistryHost:
    """A registry, and one repository in it. Can be pickled; the copy connects anew."""

    host: str
    repository: str
    insecure: bool = False
    _header: str = field(default="", repr=False)
    _credentials: Credentials | None = field(default=None, repr=False)
    _session: requests.Session | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.insecure and not is_loopback(self.host):
            raise UsageError(
                f"--insecure works for this machine's own registries only, not for '{self.host}': "
                "leave it out and use https"
            )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}

    @property
    def base(self) -> str:
        """Where the API of the repository begins."""
        scheme = "http" if self.insecure else "https"
        return f"{scheme}://{_API_HOSTS.get(self.host, self.host)}/v2/{self.repository}/"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> requests.Response:
        """The answer to a GET below `base`, its body not yet read. The caller closes it.

        Raises:
            RegistryError: the registry cannot be reached, or refuses to talk.
        """
        url = self.base + path
        response = self._send("GET", url, headers or {}, self._header)
        if response.status_code == 401 and self._log_in(response):
            response.close()
            response = self._send("GET", url, headers or {}, self._header)
        return response

    def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        auth: str,
        fields: Mapping[str, str] | None = None,
    ) -> requests.Response:
        origin = urlsplit(url)
        for _ in range(_REDIRECTS):
            self._check(url)
            here = urlsplit(url)
            same = (here.scheme, here.netloc) == (origin.scheme, origin.netloc)
            try:
                response = self._connect().request(
                    method,
                    url,
                    headers=dict(headers),
                    auth=_Auth(auth if same else ""),
                    stream=True,
                    timeout=_TIMEOUT,
                    allow_redirects=False,
                    params=fields if method == "GET" else None,
                    data=fields if method == "POST" else None,
                )
            except (requests.RequestException, ValueError) as error:
                raise self._unreachable(here.netloc, error) from None
            target = response.headers.get("Location")
            if response.status_code not in (301, 302, 303, 307, 308) or not target:
                return response
            if method != "GET":
                return response  # what was sent is not for anybody else
            response.close()
            url, fields = urljoin(url, target), None
        raise RegistryError(f"registry '{self.host}' redirects more than {_REDIRECTS} times")

    def _check(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "https":
            return
        if parts.scheme == "http" and self.insecure and is_loopback(parts.netloc):
            return
        raise RegistryError(
            f"registry '{self.host}' points to '{parts.scheme}://{parts.netloc}', which is not "
            "https: nothing was sent there"
        )

    def _connect(self) -> requests.Session:
        if self._session is None:
            session = requests.Session()
            # A proxy has no business with what stays on this machine.
            session.trust_env = not self.insecure
            session.headers.update(
                {"User-Agent": f"fips-scanner/{__version__}", "Accept-Encoding": "identity"}
            )
            retry = _Retry(
                total=5,
                connect=2,
                backoff_factor=0.5,
                status_forcelist=(429, 500, 502, 503, 504),
                allowed_methods=("GET", "HEAD"),
                raise_on_status=False,
            )
            session.mount("https://", HTTPAdapter(max_retries=retry))
            session.mount("http://", HTTPAdapter(max_retries=retry))
            self._session = session
        return self._session

    def _unreachable(self, place: str, error: Exception) -> RegistryError:
        hint = "check the name and the network"
        if isinstance(error, requests.exceptions.SSLError):
            hint = "its certificate or TLS is not accepted"
            if is_loopback(place):
                hint += "; for plain http on this machine add --insecure"
        elif isinstance(error, requests.exceptions.Timeout):
            hint = "it does not answer; try again"
        return RegistryError(f"registry '{place}' cannot be reached: {hint}")

    def _log_in(self, refusal: requests.Response) -> bool:
        """Find out what the registry wants to see, and get it. False when there is nothing new."""
        if self._credentials is None:
            self._credentials = find_credentials(self.host)
        before = self._header
        for scheme, parameters in challenges(refusal.headers.get("WWW-Authenticate", "")):
            if scheme == "bearer" and "realm" in parameters:
                self._header = f"Bearer {self._token(parameters, self._credentials)}"
                return True
            if scheme == "basic" and self._credentials.basic:
                self._header = self._credentials.basic
                return self._header != before
        return False

    def _token(self, parameters: Mapping[str, str], credentials: Credentials) -> str:
        scope = parameters.get("scope") or f"repository:{self.repository}:pull"
        fields = {"service": parameters.get("service", ""), "scope": scope}
        realm = parameters["realm"]
        if credentials.identity_token:
            fields |= {
                "grant_type": "refresh_token",
                "client_id": "fips-scanner",
                "refresh_token": credentials.identity_token,
            }
            response = self._send("POST", realm, {}, "", fields)
        else:
            response = self._send("GET", realm, {}, credentials.basic, fields)
        with response:
            if response.status_code in (401, 403):
                raise RegistryError(
                    f"registry '{self.host}' refuses the log-in for '{self.repository}': log in "
                    "again, and check that the account may read it"
                )
            body = read_at_most(response, _TOKEN_BYTES)
        try:
            answer = json.loads(body or b"")
            token = answer.get("token") or answer.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if response.status_code != 200 or not isinstance(token, str) or not token.isprintable():
            raise RegistryError(
                f"the token server of registry '{self.host}' answers with status "
                f"{response.status_code} and no token; try again"
            )
        return token


def challenges(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The schemes (in small letters) and parameters of a `WWW-Authenticate` header."""
    starts = list(_SCHEME.finditer(header))
    for position, match in enumerate(starts):
        end = starts[position + 1].start() if position + 1 < len(starts) else len(header)
        found = _PARAMETER.findall(header[match.end() : end])
        yield match[1].lower(), {name.lower(): quoted or bare for name, quoted, bare in found}


def is_loopback(host: str) -> bool:
    """Whether `host` (with or without a port) is this machine, by name or address."""
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def read_at_most(response: requests.Response, limit: int) -> bytes | None:
    """The body, or None when it is longer than `limit`."""
    data = b""
    for chunk in response.iter_content(1 << 16):
        data += chunk
        if len(data) > limit:
            return None
    return data
