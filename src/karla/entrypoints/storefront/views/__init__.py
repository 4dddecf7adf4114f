"""What the templates read: frozen, complete, in the reader's language. Whoever fills them has decided everything.

Dates, windows, counts of money and labels of fields come as words that are ready to be shown; what is the same on every
page (headings, buttons, names of steps and states) is in the templates, by gettext. A URL is absolute or begins with a
slash. A `key` is a word of the storefront API.
"""

from karla.entrypoints.storefront.views.frame import (
    Assets,
    BrandStyle,
    Chrome,
    Hidden,
    Image,
    Language,
    Link,
    Notice,
    Switch,
    Time,
)
from karla.entrypoints.storefront.views.orders import Actions, AddressForm, Cancel, Field, Offer, Order, Slot, Slots
from karla.entrypoints.storefront.views.pages import TEMPLATES, ErrorPage, FinderPage, Live, OrderPage, Page
from karla.entrypoints.storefront.views.parcels import (
    Carrier,
    Claim,
    Day,
    Entry,
    Item,
    Parcel,
    Pickup,
    Proof,
    Step,
    Tone,
    Window,
    fold,
)

__all__ = [
    "TEMPLATES",
    "Actions",
    "AddressForm",
    "Assets",
    "BrandStyle",
    "Cancel",
    "Carrier",
    "Chrome",
    "Claim",
    "Day",
    "Entry",
    "ErrorPage",
    "Field",
    "FinderPage",
    "Hidden",
    "Image",
    "Item",
    "Language",
    "Link",
    "Live",
    "Notice",
    "Offer",
    "Order",
    "OrderPage",
    "Page",
    "Parcel",
    "Pickup",
    "Proof",
    "Slot",
    "Slots",
    "Step",
    "Switch",
    "Time",
    "Tone",
    "Window",
    "fold",
]
