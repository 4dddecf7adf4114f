"""Whose tracking pages stand on a host."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec

from karla.vocabulary.carriers.catalogue import CARRIERS

_TRACKER_HOSTS: Final = (
    "17track.com 17track.net aftership.com globaltracktrace.ptc.post ordertracker.com packagetrackr.com"
    " packlink.com packlink.de packlink.es packlink.fr packlink.it paketda.de parcelmonitor.com"
    " parcelsapp.com parcello.org parcelperform.com postal.ninja sendcloud.com sendcloud.sc sendcloud.de"
    " ship24.com shippypro.com track24.net track718.com trackingmore.com upu.int"
)
_NO_CARRIER_HOSTS: Final = frozenset({"ebay.com", "facebook.com"})
_FURTHER_HOSTS: Final = {
    host: line.split()[0]
    for line in (
        "amz amazon.co.uk amazon.de amazon.es amazon.fr amazon.it amazon.nl amazon.pl amazon.se amazon.com.be",
        "brt bartolini.it",
        "colissimo colissimo.fr coliposte.net",
        "ctt_express tourlineexpress.com",
        "dhl_benelux dhlparcel.be",
        "dhl_ecommerce_us dhlecs.com",
        "dhl_es dhlparcel.es",
        "dhl_nl dhl.nl",
        "dhl_pl dhl24.com.pl dhl.com.pl",
        "dhlexp mydhl.express.dhl",
        "dpd dpd.de",
        "dpd_be dpd.be",
        "dpd_cz dpd.cz",
        "dpd_fr exapaq.com",
        "dpd_hu dpd.hu",
        "dpd_local dpdlocal.co.uk interlinkexpress.com",
        "dpd_pl dpd.pl",
        "dpdn dpd.nl",
        "dpduk dpd.co.uk",
        "evri hermes-europe.co.uk hermesworld.co.uk myhermes.co.uk",
        "gls gls-pakete.de",
        "gls_cz gls-czech.com",
        "gls_es asmred.com",
        "gls_hr gls-croatia.com",
        "gls_hu gls-hungary.com",
        "gls_nl gls-info.nl gls-netherlands.com",
        "gls_ro gls-romania.ro",
        "gls_si gls-slovenia.com",
        "gls_sk gls-slovakia.sk",
        "hrs hermesworld.com",
        "itella smartpost.ee",
        "mondial_relay mondialrelay.be mondialrelay.com",
        "mondial_relay_es puntopack.es",
        "packeta zasielkovna.sk zasilkovna.cz",
        "posti itella.fi",
        "postnl tntpost.nl",
        "postnl_inter internationalparceltracking.com",
        "postnord_dk postdanmark.dk",
        "postnord_se posten.se",
        "yodel myyodel.co.uk yodeldirect.co.uk",
    )
    for host in line.split()[1:]
}
"""Hosts that the catalogue's columns `website` and `tracking_url` don't hold."""


class Place(msgspec.Struct, frozen=True):
    """A carrier's claim on a host; `home` is false where only its tracking template stands there."""

    reference: str
    home: bool
    path: tuple[str, ...]


@cache
def carrier_hosts() -> Mapping[str, tuple[Place, ...]]:
    """Map a host (without `www.`) to the carriers that track on it; aggregators map to nobody."""
    hosts: dict[str, list[Place]] = defaultdict(list)
    for carrier in CARRIERS.values():
        template = urlsplit(carrier.tracking_url.split("{number}")[0])
        place = Place(carrier.reference, False, path_words(template.path))
        site = carrier.website.removeprefix("www.")
        host = (template.hostname or "").removeprefix("www.")
        if host:
            hosts[host].append(msgspec.structs.replace(place, home=host == site))
        if site and site != host:
            hosts[site].append(Place(carrier.reference, True, ()))
    hosts.update({host: [Place(reference, True, ())] for host, reference in _FURTHER_HOSTS.items()})
    for tracker in _TRACKER_HOSTS.split():
        # Some carriers have nothing of their own and send people to a tracker.
        hosts.update({host: [] for host in hosts if host.endswith(f".{tracker}")})
        hosts[tracker] = []
    return MappingProxyType({k: tuple(v) for k, v in hosts.items() if k not in _NO_CARRIER_HOSTS})


def path_words(path: str) -> tuple[str, ...]:
    """Return the parts of a URL's path, in lower case."""
    return tuple(part.lower() for part in path.split("/") if part)
