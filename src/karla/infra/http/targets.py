"""Which URLs and addresses outgoing HTTP may reach: pure, no name is looked up here."""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from yarl import URL

from karla.infra.http.failures import TargetForbidden

ADDRESS_NOT_PUBLIC = "the address is not public"

_FORBIDDEN_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, Alibaba's metadata
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's platform address
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# All that is public lies in here: unspecified, loopback, ULA, link-local, multicast and NAT64 do not.
_GLOBAL_V6 = IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries any IPv4 address
        "3fff::/20",
    )
)
_INTERNAL_NAMES = ("localhost", "localdomain", "local", "internal")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_USERINFO = re.compile(r"[^/?#]*//[^/?#]*@")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*")
_NUMERIC_LABEL = re.compile(r"0x[0-9a-f]*|[0-9]+")
_NO_NAME = "the host is not a valid name"


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anyone on the internet could reach the address, and so may we."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        return address in _GLOBAL_V6 and not any(address in block for block in _FORBIDDEN_V6)
    return not any(address in block for block in _FORBIDDEN_V4)


def target_problem(url: str, allow_private: bool) -> str | None:
    """What is wrong with a URL as a target, as a short phrase for a form; None if nothing is.

    A name passes here and may still lead to a forbidden address: that is decided at each dial.
    """
    try:
        checked_target(url, allow_private)
    except TargetForbidden as forbidden:
        return forbidden.reason
    return None


def checked_target(url: str, allow_private: bool) -> URL:
    """The URL to dial, an address as host in its usual form; TargetForbidden says what is wrong."""
    parsed = _parsed(url)
    if parsed.scheme != "https" and not (allow_private and parsed.scheme == "http"):
        raise TargetForbidden("the scheme must be https")
    if _USERINFO.match(url):
        raise TargetForbidden("the URL must not hold a user name or password")
    if "#" in url:
        raise TargetForbidden("the URL must not have a fragment")
    if parsed.explicit_port == 0:
        raise TargetForbidden("the port must be between 1 and 65535")
    host = (parsed.raw_host or "").removesuffix(".")
    if not host:
        raise TargetForbidden("the host is missing")
    address = _address_meant(host)
    if address is not None:
        if not allow_private and not is_public(address):
            raise TargetForbidden(ADDRESS_NOT_PUBLIC)
        return parsed.with_host(str(address))
    if not allow_private and host.rpartition(".")[2] in _INTERNAL_NAMES:
        raise TargetForbidden("the host is an internal name")
    return parsed


def _parsed(url: str) -> URL:
    """Refuses what parsers read differently: blanks, control characters, backslashes."""
    if not _SCHEME.match(url) or "\\" in url or any(sign <= " " or sign == "\x7f" for sign in url):
        raise TargetForbidden("the URL is not valid")
    try:
        return URL(url)
    except ValueError:
        pass
    raise TargetForbidden("the URL is not valid")


def _address_meant(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host stands for, in any form a resolver takes; None for a name."""
    if ":" in host:
        return _ipv6(host)
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise TargetForbidden(_NO_NAME)
    if not _NUMERIC_LABEL.fullmatch(labels[-1]):
        return None
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        raise TargetForbidden(_NO_NAME)
    *heads, tail = (_number(label) for label in labels)
    if any(head > 255 for head in heads) or tail >= 256 ** (4 - len(heads)):
        raise TargetForbidden(_NO_NAME)
    return IPv4Address(sum(head << 8 * (3 - place) for place, head in enumerate(heads)) + tail)


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label, 16)
    return int(label, 8 if label.startswith("0") else 10)


def _ipv6(host: str) -> IPv6Address:
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if isinstance(address, IPv6Address) and address.scope_id is None:
        return address
    raise TargetForbidden(_NO_NAME)
