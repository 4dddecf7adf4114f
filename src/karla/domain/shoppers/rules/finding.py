"""Which order somebody means who knows a number and a ZIP code."""

from collections.abc import Sequence
from uuid import UUID

from karla.domain.shoppers.records import Candidate
from karla.domain.shoppers.rules.zip_codes import same_zip_code

_NOBODY = Candidate(order_id=UUID(int=0), zip_code=None, country_code=None)


def found(candidates: Sequence[Candidate], zip_code: str) -> Candidate | None:
    """The first candidate that goes there; all are compared, and one that fits nobody, so that none is work too."""
    fitting = [one for one in (*candidates, _NOBODY) if same_zip_code(one.zip_code, zip_code, one.country_code)]
    return fitting[0] if fitting else None
