"""The two webhooks that everything here is delivered to."""

from typing import Any

from tests.chaos.caller import Call, Caller
from tests.chaos.subscriber import Subscriber

IN_ORDER = "in-order"
# Their secrets are of either kind: one that Karla makes, and one as the vendor makes them.
_WEBHOOKS: dict[str, dict[str, Any]] = {
    "unordered": {},
    IN_ORDER: {"ordering": "shipment", "secret": "41013bd9-9072-42cd-9902-66da38361be9"},
}


async def subscribed(caller: Caller, subscriber: Subscriber) -> dict[str, str]:
    """Make the webhooks; their uuids by path. A release that knows no order gets the one without."""
    uuids = {}
    for path, members in _WEBHOOKS.items():
        body = {"url": f"{subscriber.url}/{path}", **members}
        answer = await caller.send(Call(method="POST", path="/webhooks", body=body))
        if answer.status == 201 and answer.body.get("ordering", "none") == members.get("ordering", "none"):
            subscriber.secrets[path] = answer.body["secret"]
            uuids[path] = str(answer.body["uuid"])
        else:
            assert path == IN_ORDER, answer
    return uuids
