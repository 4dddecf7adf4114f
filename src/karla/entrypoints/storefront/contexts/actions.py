"""What a shopper may do with an order, as forms that work without JavaScript."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from karla.client.errors import Fault
from karla.client.storefront import answers
from karla.entrypoints.storefront.contexts.parcels import Sight
from karla.entrypoints.storefront.views import Actions, AddressForm, Cancel, Field, Hidden
from karla.entrypoints.storefront.words.catalogues import Words

CHANGE = "change"
"""The query of the page that asks for one of its forms: `change=address`."""
_LONGEST = 300

InputMode = Literal["text", "numeric", "tel", "email"]


class _Manner(msgspec.Struct, frozen=True):
    """How browsers help to fill a field."""

    autocomplete: str
    inputmode: InputMode = "text"


_MANNERS = {
    "name": _Manner("name"),
    "company": _Manner("organization"),
    "street": _Manner("street-address"),
    "address_line_1": _Manner("address-line1"),
    "address_line_2": _Manner("address-line2"),
    "zip_code": _Manner("postal-code"),
    "city": _Manner("address-level2"),
    "province": _Manner("address-level1"),
    "province_code": _Manner("address-level1"),
    "country": _Manner("country-name"),
    "country_code": _Manner("country"),
    "phone": _Manner("tel", "tel"),
    "email": _Manner("email", "email"),
}
_UNKNOWN = _Manner("off")


def actions(sight: Sight, address: AddressForm | None, *, asks_to_cancel: bool) -> Actions:
    """What is allowed now; nothing while the order is shown as it was."""
    if sight.is_stale:
        return Actions()
    allowed, reader = sight.order.allowed, sight.reader
    gates = (allowed.cancel, allowed.change_address)
    if not reader.identity.token:
        return Actions(token_needed=any(gate.reason == "token_needed" for gate in gates))
    can_change = allowed.change_address.allowed
    return Actions(
        cancel=Cancel(action=f"{reader.place.below}/cancel", hidden=carried(sight), open=asks_to_cancel)
        if allowed.cancel.allowed
        else None,
        address=address if can_change else None,
        address_url=reader.here(**{CHANGE: "address"}) + "#address" if can_change and address is None else None,
    )


def carried(sight: Sight) -> list[Hidden]:
    """What a form brings along, so that its answer finds back to the same page."""
    query = {**sight.reader.identity.query, **sight.reader.manner}
    return [Hidden(name=name, value=value) for name, value in query.items() if value]


def address_form(
    sight: Sight,
    form: answers.AddressForm,
    typed: Mapping[str, str] | None = None,
    faults: Sequence[Fault] = (),
) -> AddressForm:
    """The form for another address: filled with the present one, or with what was typed and what is wrong with it."""
    words = sight.reader.words
    wrong = {_field_of(fault): fault_text(words, fault.type) for fault in reversed(faults)}
    values = form.address if typed is None else typed
    called = labels(words)
    fields = [
        _field(field, called.get(field.label_key, field.label_key), values.get(field.name, ""), wrong.get(field.name))
        for field in form.fields
    ]
    # With its faults the page opens where the form is.
    return AddressForm(
        action=f"{sight.reader.place.below}/address#address", hidden=carried(sight), fields=fields, open=True
    )


def typed_address(form: answers.AddressForm, given: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the fields of the form; others are not heard."""
    return {field.name: given.get(field.name, "").strip()[:_LONGEST] for field in form.fields}


def _field_of(fault: Fault) -> str:
    return str(fault.loc[-1]) if fault.loc else fault.field


def _field(field: answers.AddressField, label: str, value: str, fault: str | None) -> Field:
    manner = _MANNERS.get(field.name, _UNKNOWN)
    options = [(option.value, option.label) for option in field.options]
    known = {value for value, _ in options}
    if options and (not field.required or value not in known):
        # A region may be stored by its name.
        value = next((code for code, name in options if name == value), value)
        options.insert(0, ("", "–"))
    return Field(
        name=field.name,
        label=label,
        value=value,
        required=field.required,
        autocomplete=manner.autocomplete,
        inputmode=manner.inputmode,
        options=options,
        fault=fault,
    )


def fault_text(words: Words, kind: str) -> str:
    """What is wrong with a field, by the type of the API's fault."""
    match kind:
        case "missing":
            return words.gettext("Please fill this in.")
        case "zip_code_invalid":
            return words.gettext("This is no postal code of the country it goes to.")
        case "province_invalid":
            return words.gettext("Please choose a region of the country it goes to.")
    return words.gettext("Please check this.")


def labels(words: Words) -> dict[str, str]:
    """What fields of an address are called, by the API's `label_key`."""
    return {
        "name": words.gettext("Name"),
        "company": words.gettext("Company"),
        "address_line_1": words.gettext("Street and number"),
        "address_line_2": words.gettext("Apartment, floor, c/o"),
        "phone": words.gettext("Phone"),
        "zip_code": words.gettext("Postal code"),
        "zip": words.gettext("ZIP code"),
        "eircode": words.gettext("Eircode"),
        "pin": words.gettext("PIN code"),
        "city": words.gettext("City"),
        "post_town": words.gettext("Post town"),
        "suburb": words.gettext("Suburb"),
        "district": words.gettext("District"),
        "province": words.gettext("Province"),
        "state": words.gettext("State or region"),
        "county": words.gettext("County"),
        "prefecture": words.gettext("Prefecture"),
        "area": words.gettext("Area"),
        "department": words.gettext("Department"),
        "emirate": words.gettext("Emirate"),
        "island": words.gettext("Island"),
        "parish": words.gettext("Parish"),
        "oblast": words.gettext("Oblast"),
        "do_si": words.gettext("Do or si"),
    }
