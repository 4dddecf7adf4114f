"""The OpenAPI document: whole, valid, and true of the application that it describes."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
from jsonschema import Draft202012Validator, FormatChecker
from litestar import Litestar
from litestar.routes import HTTPRoute

from karla.entrypoints.api.app import litestar_app
from karla.entrypoints.api.openapi import answers, examples, operations, texts
from karla.entrypoints.api.openapi.operations import operations_of
from karla.entrypoints.api.resources import RESOURCES
from karla.infra.validation import Shape
from karla.vocabulary.events import CATALOGUE, CLAIM_ACTIONS, Notice
from tests.support.documents import the_document
from tests.support.karla import Karla

NOT_SHOWN = {
    "/",
    "/docs",
    "/docs/assets/{name}",
    "/public/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
    "/.well-known/karla-domain",
}
REFS = [
    *(kind.ref for kind in CATALOGUE.values()),
    *(f"claims/{action}" for action in CLAIM_ACTIONS),
    *(notice.ref for notice in Notice),
]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    """As it is served: through JSON."""
    served: Json = msgspec.json.decode(msgspec.json.encode(the_document()))
    return served


@pytest.fixture(scope="module")
def app() -> Litestar:
    return litestar_app([*RESOURCES])


def objects(value: Any, *at: str | int) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """Every object of the document with its place."""
    if isinstance(value, dict):
        yield at, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from objects(member, *at, name)


def told_operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            yield path, method, told


def resolved(document: Json, reference: str) -> Any:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def faults(document: Json, schema: Json, value: object) -> list[str]:
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_it_is_openapi_3_1(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()


def test_its_schemas_are_json_schemas(document: Json) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_route_is_in_it(app: Litestar, document: Json) -> None:
    routed = {
        (route.path_format, method.lower())
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in route.route_handler_map
        if method != "OPTIONS"
    }
    shown = {(path, method) for path, method, _ in told_operations(document)}
    assert {path for path, _ in routed - shown} == NOT_SHOWN
    assert shown <= routed


def test_operation_ids_are_unique(document: Json) -> None:
    ids = [told["operationId"] for _, _, told in told_operations(document)]
    ids += [entry["post"]["operationId"] for entry in document["webhooks"].values()]
    assert [name for name, count in Counter(ids).items() if count > 1] == []


def test_every_reference_leads_somewhere(document: Json) -> None:
    references = {told["$ref"] for _, told in objects(document) if isinstance(told.get("$ref"), str)}
    assert references
    for reference in references:
        assert resolved(document, reference), reference


def test_every_component_is_used(document: Json) -> None:
    used = {told["$ref"] for _, told in objects(document) if isinstance(told.get("$ref"), str)}
    held = {
        f"#/components/{kind}/{name}"
        for kind, members in document["components"].items()
        if kind != "securitySchemes"
        for name in members
    }
    assert held - used == set()


def test_every_example_fits_its_schema(document: Json) -> None:
    checked = 0
    for place, told in objects(document):
        if "schema" not in told:
            continue
        values = [told["example"]] if "example" in told else []
        values += [example["value"] for example in told.get("examples", {}).values()]
        for value in values:
            checked += 1
            assert faults(document, told["schema"], value) == [], place
    assert checked > len(REFS)


def test_every_example_of_a_body_is_taken_by_its_door(app: Litestar) -> None:
    for operation in operations_of(app):
        for name, example in examples.of_body(operation.id).items():
            body = msgspec.json.encode(example["value"])
            assert Shape(operation.body).decode(body), (operation.id, name)


def test_bodies_say_what_their_doors_check(document: Json) -> None:
    upsert = resolved(document, "#/components/schemas/OrderUpsert")
    assert upsert["required"] == ["id", "trackings"]
    assert upsert["properties"]["trackings"]["maxItems"] == 100
    placed_at = resolved(document, "#/components/schemas/OrderBody")["properties"]["order_placed_at"]
    assert placed_at == {"type": ["string", "null"], "format": "date-time"}
    bulk = document["paths"]["/v1/shops/{slug}/orders/bulk"]["put"]["requestBody"]["content"]["application/json"]
    assert bulk["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/OrderUpsert"},
        "maxItems": 500,
    }


def test_images_are_sent_as_a_form(document: Json) -> None:
    body = document["paths"]["/v1/shops/{slug}/images/{image_type}"]["post"]["requestBody"]
    (content,) = body["content"].items()
    assert content[0] == "multipart/form-data"
    assert content[1]["schema"]["required"] == ["image"]


def test_every_operation_is_described(document: Json) -> None:
    tags = {tag["name"] for tag in document["tags"] if tag.get("description")}
    for path, method, told in told_operations(document):
        place = f"{method} {path}"
        assert told["summary"], place
        assert re.search(r"\b(Takes|Public)\b", told["description"]), place
        assert set(told["tags"]) <= tags, place
        assert told["responses"]["500"], place


def test_every_parameter_is_described(document: Json) -> None:
    for path, method, told in told_operations(document):
        parameters = [
            resolved(document, parameter["$ref"]) if "$ref" in parameter else parameter
            for parameter in told["parameters"]
        ]
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), f"{method} {path}"
        for parameter in parameters:
            assert parameter["description"], (path, parameter)
            assert parameter["schema"], (path, parameter)


def test_query_parameters_have_the_bounds_of_their_shape(document: Json) -> None:
    parameters = {told["name"]: told for told in document["paths"]["/v1/shops/{slug}/orders"]["get"]["parameters"][:-1]}
    assert parameters["per_page"]["schema"] == {
        "type": "integer",
        "exclusiveMinimum": 0,
        "maximum": 100,
        "default": 30,
    }
    assert parameters["order_placed_from"]["schema"] == {"type": "string", "format": "date-time"}
    assert not any(parameter.get("required") for name, parameter in parameters.items() if name != "slug")


def test_refusals_have_the_one_error_body(document: Json) -> None:
    for path, method, told in told_operations(document):
        for status, answer in told["responses"].items():
            if status < "400":
                continue
            content = resolved(document, answer["$ref"])["content"]["application/json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Error"}, f"{method} {path} {status}"


def test_refusals_follow_from_what_a_call_takes(document: Json) -> None:
    for path, method, told in told_operations(document):
        expected = {"500", "503"}
        if told.get("security") != []:
            expected |= {"400", "401", "403"}
        if "requestBody" in told:
            expected |= {"413", "422"}
        if "{" in path:
            expected.add("404")
        assert expected <= told["responses"].keys(), f"{method} {path}"


def test_special_cases_are_of_operations_that_exist(app: Litestar) -> None:
    ids = {operation.id for operation in operations_of(app)}
    named = (
        operations.BULK_ITEMS.keys()
        | operations.RATE_LIMITED
        | operations.CONFLICTS
        | operations.ALSO_ANSWERS.keys()
        | operations.ALSO_REFUSES.keys()
        | examples.OPERATIONS
    )
    assert named - ids == set()


def test_main_bodies_have_examples(document: Json) -> None:
    for operation_id in ("v1OrdersUpsert", "v1OrdersFulfillmentBulk", "v1ShipmentEventsCreate", "v1WebhooksCreate"):
        assert examples.of_body(operation_id)


def test_limits_and_pages_tell_their_headers(document: Json) -> None:
    bulk = document["paths"]["/v1/shops/{slug}/orders/bulk"]["put"]["responses"]
    assert set(answers.RATE_LIMIT_HEADERS) < bulk["200"]["headers"].keys()
    assert "Retry-After" in resolved(document, bulk["429"]["$ref"])["headers"]
    events = document["paths"]["/v1/shops/{slug}/events"]["get"]["responses"]["200"]
    assert set(answers.CURSOR_HEADERS) < events["headers"].keys()


def test_every_event_is_a_webhook(document: Json) -> None:
    assert list(document["webhooks"]) == REFS


@pytest.mark.parametrize("ref", REFS)
def test_a_webhook_shows_its_event(document: Json, ref: str) -> None:
    told = document["webhooks"][ref]["post"]
    (example,) = told["requestBody"]["content"]["application/json"]["examples"].values()
    payload = example["value"]
    assert payload["ref"] == ref
    assert payload["source"] == ref.partition("/")[0]
    assert payload["event_data"]["event_name"] == ref.rpartition("/")[2]
    assert payload["event_data"]["event_group"] == payload["event_group"]
    order = payload["context"]["order"]
    assert (order is None) == (payload["source"] == "webhooks")
    assert order is None or order["external_id"]
    assert payload["shop_id"]
    names = [resolved(document, parameter["$ref"])["name"] for parameter in told["parameters"]]
    assert {"Karla-Signature", "webhook-id", "webhook-timestamp", "webhook-signature"} <= set(names)


def test_a_webhook_tells_apart_its_events(document: Json) -> None:
    schema = document["webhooks"]["shipments/delivered/SUCCESSFULLY_DELIVERED"]["post"]["requestBody"]["content"][
        "application/json"
    ]["schema"]
    other = document["webhooks"]["shipments/in_delivery/OUT_FOR_DELIVERY"]["post"]["requestBody"]["content"][
        "application/json"
    ]["examples"]["example"]["value"]
    assert faults(document, schema, other)


def test_every_tag_of_an_event_is_in_a_group(document: Json) -> None:
    grouped = {name for group in document["x-tagGroups"] for name in group["tags"]}
    assert {tag["name"] for tag in document["tags"]} == grouped
    assert texts.TAGS.keys() <= grouped


async def test_it_is_served_to_everyone(karla: Karla) -> None:
    answer = await karla.http.get("/public/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json()["servers"][0]["url"] == "http://karla.test"


async def test_who_has_it_is_told_so(karla: Karla) -> None:
    first = await karla.http.get("/public/openapi.json")
    again = await karla.http.get("/public/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await karla.http.get("/public/openapi.json", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("offer", "coding"), [("gzip, br", "gzip"), ("*", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)]
)
async def test_it_is_compressed_for_those_who_take_it(karla: Karla, offer: str, coding: str | None) -> None:
    answer = await karla.http.get("/public/openapi.json", headers={"Accept-Encoding": offer})
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.json()["openapi"]
