"""Codes of countries by ISO 3166-1."""

from collections.abc import Mapping
from types import MappingProxyType

ALPHA_2: Mapping[str, str] = MappingProxyType(
    {
        "AUS": "AU",
        "AUT": "AT",
        "BEL": "BE",
        "BGR": "BG",
        "BRA": "BR",
        "CAN": "CA",
        "CHE": "CH",
        "CYP": "CY",
        "CZE": "CZ",
        "DEU": "DE",
        "DNK": "DK",
        "ESP": "ES",
        "EST": "EE",
        "FIN": "FI",
        "FRA": "FR",
        "GBR": "GB",
        "GRC": "GR",
        "HRV": "HR",
        "HUN": "HU",
        "IRL": "IE",
        "ITA": "IT",
        "JPN": "JP",
        "LIE": "LI",
        "LTU": "LT",
        "LUX": "LU",
        "LVA": "LV",
        "MCO": "MC",
        "MEX": "MX",
        "MLT": "MT",
        "NLD": "NL",
        "NOR": "NO",
        "POL": "PL",
        "PRI": "PR",
        "PRT": "PT",
        "ROU": "RO",
        "SVK": "SK",
        "SVN": "SI",
        "SWE": "SE",
        "TUR": "TR",
        "USA": "US",
    }
)
"""By alpha-3 code, of the countries where parcels of Europe's shops mostly go."""
