"""The words in which a shopper is told of a parcel: how it is, the stages of its way, and what may be claimed of it."""

from typing import Literal, TypeAlias

Situation: TypeAlias = Literal[
    "expected",
    "announced",
    "on_the_way",
    "out_for_delivery",
    "waiting",
    "delivered",
    "delayed",
    "failed",
    "lost",
    "damaged",
    "returning",
    "returned",
    "cancelled",
]
StageKey: TypeAlias = Literal[
    "ordered", "packed", "on_the_way", "out_for_delivery", "waiting", "delivered", "returned", "cancelled"
]
StageState: TypeAlias = Literal["done", "current", "upcoming", "failed"]
Flow: TypeAlias = Literal["notReceived", "defective", "return"]
