"""The demo: a bar to look at every state, theme and language."""

from karla.client.storefront.answers import StorefrontOrder
from karla.entrypoints.storefront.contexts.frame import names_of_languages
from karla.entrypoints.storefront.identity import LANGUAGE, STATE, THEME, link
from karla.entrypoints.storefront.source import Source
from karla.entrypoints.storefront.views import Link, Switch
from karla.entrypoints.storefront.visits import Visit
from karla.entrypoints.storefront.words.catalogues import Words
from karla.vocabulary.themes import THEME_NAMES

THEMES: dict[str, str] = {name: name.capitalize() for name in THEME_NAMES}


async def demo_order(source: Source, visit: Visit) -> StorefrontOrder:
    """The made-up order in the asked state, in the asked theme. The client's errors; NotAnswering."""
    state, theme = visit.reader.demo[STATE] or None, visit.reader.demo[THEME] or None
    return await source.demo(visit.slug, visit.reader.tongue, state, theme)


def switches(visit: Visit, order: StorefrontOrder) -> list[Switch]:
    """The bar's rows: each leads to the same demo with one thing changed."""
    words = visit.reader.words
    asked = visit.reader.demo
    state, theme = asked[STATE] or order.state, asked[THEME] or order.shop.brand.theme
    now = {**asked, LANGUAGE: visit.reader.asked}
    address = f"{visit.reader.place.below}/demo"

    def choices(name: str, labels: dict[str, str], current: str) -> list[Link]:
        return [
            Link(url=link(address, {**now, name: key}), label=label, current=key == current)
            for key, label in labels.items()
        ]

    tongue = visit.reader.tongue.code
    return [
        Switch(label=words.gettext("State"), choices=choices(STATE, states(words), state)),
        Switch(label=words.gettext("Theme"), choices=choices(THEME, THEMES, theme)),
        Switch(label=words.gettext("Language"), choices=choices(LANGUAGE, names_of_languages(), tongue)),
    ]


def states(words: Words) -> dict[str, str]:
    """What the demo shows, by name: the states that an order may be in, and ways that a parcel may be handed over."""
    return {
        "placed": words.gettext("Placed"),
        "preparing": words.gettext("Being prepared"),
        "multi": words.gettext("Several parcels"),
        "partially_shipped": words.gettext("Partly shipped"),
        "on_the_way": words.gettext("On the way"),
        "out_for_delivery": words.gettext("Out for delivery"),
        "waiting": words.gettext("Waiting for pickup"),
        "locker": words.gettext("Parcel locker"),
        "partially_delivered": words.gettext("Partly delivered"),
        "delivered": words.gettext("Delivered"),
        "neighbour": words.gettext("With a neighbour"),
        "letterbox": words.gettext("In the letterbox"),
        "delayed": words.gettext("Delayed"),
        "failed": words.gettext("Delivery failed"),
        "lost": words.gettext("Lost"),
        "returning": words.gettext("On its way back"),
        "returned": words.gettext("Returned"),
        "cancelled": words.gettext("Cancelled"),
    }
