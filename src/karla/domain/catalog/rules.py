"""What a list of variants means that speaks of one twice, which one a line of an order means, and its names."""

from collections.abc import Iterable, Mapping

from karla.domain.catalog.records import Translations, VariantKey, VariantMembers
from karla.vocabulary.events import language_code


def settled(given: Iterable[VariantMembers]) -> list[VariantMembers]:
    """One entry a variant, the last word wins; in one order everywhere, so that two writers wait only one way."""
    last = {(variant.product_id, variant.variant_id): variant for variant in given}
    return [last[pair] for pair in sorted(last)]


def variant_key(line: Mapping[str, object]) -> VariantKey | None:
    """The variant that a line of an order means, if it names one; a product without variants is its own."""
    product_id, variant_id = line.get("product_id"), line.get("variant_id")
    if not (isinstance(product_id, str) and product_id):
        return None
    return product_id, variant_id if isinstance(variant_id, str) and variant_id else product_id


def title_in(translations: Translations, language: str) -> str | None:
    """The title in a language (ISO 639): that of the language alone, else the first of a region's."""
    if title := _title(translations, language):
        return title
    regions = (code for code in sorted(translations) if language_code(code) == language)
    return next((title for code in regions if (title := _title(translations, code))), None)


def _title(translations: Translations, code: str) -> str | None:
    return translations.get(code, {}).get("title", "").strip() or None
