"""The demo: a bar to look at every state, theme and language."""

from karla.client.storefront.answers import StorefrontOrder
from karla.entrypoints.storefront.contexts.frame import names_of_languages
from karla.entrypoints.storefront.identity import LANGUAGE, link
from karla.entrypoints.storefront.source import Source
from karla.entrypoints.storefront.views import Link, Switch
from karla.entrypoints.storefront.visits import Visit
from karla.entrypoints.storefront.words.catalogues import Words

STATE, THEME = "state", "theme"
THEMES = {"clear": "Clear", "linen": "Linen", "nocturne": "Nocturne", "bloom": "Bloom", "slate": "Slate"}


async def demo_order(source: Source, visit: Visit) -> StorefrontOrder:
    """The made-up order in the asked state, in the asked theme. The client's errors; NotAnswering."""
    state, theme = visit.values.get(STATE) or None, visit.values.get(THEME) or None
    return await source.demo(visit.slug, visit.reader.tongue, state, theme)


def switches(visit: Visit, order: StorefrontOrder) -> list[Switch]:
    """The bar's rows: each leads to the same demo with one thing changed."""
    words = visit.reader.words
    state = visit.values.get(STATE) or order.state
    theme = visit.values.get(THEME) or order.shop.brand.theme
    now = {STATE: visit.values.get(STATE, ""), THEME: visit.values.get(THEME, ""), LANGUAGE: visit.reader.asked}
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
