"""What a list of variants means when it speaks of one of them twice."""

from collections.abc import Iterable

from karla.domain.catalog.records import VariantMembers


def settled(given: Iterable[VariantMembers]) -> list[VariantMembers]:
    """One entry a variant, the last word wins; in one order everywhere, so that two writers wait only one way."""
    last = {(variant.product_id, variant.variant_id): variant for variant in given}
    return [last[pair] for pair in sorted(last)]
