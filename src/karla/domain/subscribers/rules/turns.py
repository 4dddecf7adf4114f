"""Which of the deliveries that wait are taken, and when it is a lane's turn again."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from karla.domain.subscribers.records.lanes import DueLane, LaneTurn, Move, Rooms, SharedOut, Waiting
from karla.domain.subscribers.rules.lanes import LEASE, PUT_OFF


def share_out(
    lanes: Sequence[DueLane], waiting: Sequence[Waiting], limit: int, now: datetime, rooms: Rooms | None = None
) -> SharedOut:
    """Take up to `limit`: the first of each lane, then the second of each, and so on, as long as there is room.

    Of each lane `waiting` has the next ones to be due, one more than it says are seen if there are so many. One
    that waits for another is put off until after that one, so that no claim looks at it twice.
    """
    of_lane: defaultdict[UUID, list[Waiting]] = defaultdict(list)
    for row in waiting:
        of_lane[row.webhook_id].append(row)
    for rows in of_lane.values():
        rows.sort(key=lambda row: row.due_at)
    ready = {
        lane.webhook_id: [row for row in of_lane[lane.webhook_id] if row.due_at <= now and not row.behind][: lane.room]
        for lane in lanes
    }
    taken = _round_robin(lanes, ready, limit, rooms)
    moves: list[Move] = []
    turns: list[LaneTurn] = []
    for lane in lanes:
        rows, ours = of_lane[lane.webhook_id], taken[lane.webhook_id]
        moved = [Move(row, now + LEASE, taken=True, probe=lane.probe) for row in ours]
        moved += [
            Move(row, _put_off(row, now), taken=False, probe=False) for row in rows if row.behind and row.due_at <= now
        ]
        moves += moved
        turn = _turn(lane, rows, moved, now)
        # As long as all that are due get their turn, one that stays due need not be written down as such. Nor need
        # one that there was no room for: it keeps its place, and is passed over until there is room.
        in_vain = bool(ready[lane.webhook_id]) and not ours
        if turn.probed_until or turn.due_at is None or turn.due_at > now or (len(lanes) >= limit and not in_vain):
            turns.append(turn)
    return SharedOut(moves, turns)


def _put_off(row: Waiting, now: datetime) -> datetime:
    # One that was tried keeps to a schedule of its own, and so isn't let go by the one before it: it looks often.
    return now + LEASE if row.tried or row.behind is None else max(row.behind, now) + PUT_OFF


def _round_robin(
    lanes: Sequence[DueLane], ready: dict[UUID, list[Waiting]], limit: int, rooms: Rooms | None
) -> dict[UUID, list[Waiting]]:
    """By lane what is taken, room by room: each one taken leaves less for the next, of whatever lane."""
    taken: dict[UUID, list[Waiting]] = {lane.webhook_id: [] for lane in lanes}
    left, in_turn = limit, _shop_by_shop([lane for lane in lanes if ready[lane.webhook_id]])
    while in_turn and left:
        further: list[DueLane] = []
        for lane in in_turn:
            if not left:
                break
            if rooms and not rooms.take(lane.shop_id, lane.webhook_id, lane.standing):
                continue
            left -= 1
            rows, ours = ready[lane.webhook_id], taken[lane.webhook_id]
            ours.append(rows[len(ours)])
            if len(ours) < len(rows):
                further.append(lane)
        in_turn = further
    return taken


def _shop_by_shop(lanes: Sequence[DueLane]) -> Sequence[DueLane]:
    """The first lane of each shop, then the second of each, and so on."""
    places: Counter[UUID] = Counter()
    placed: list[tuple[int, DueLane]] = []
    for lane in lanes:
        placed.append((places[lane.shop_id], lane))
        places[lane.shop_id] += 1
    return [lane for _, lane in sorted(placed, key=lambda one: one[0])]


def _turn(lane: DueLane, rows: Sequence[Waiting], moved: Sequence[Move], now: datetime) -> LaneTurn:
    """A lane that was served comes after the other ones that are due, however old its rows are."""
    moved_to = {move.row.id: move.due_at for move in moved}
    moments = [moved_to.get(row.id, row.due_at) for row in rows]
    if len(rows) > lane.seen:
        moments.append(rows[-1].due_at)  # there may be more behind it
    probing = lane.probe and any(move.taken for move in moved)
    return LaneTurn(
        lane.shop_id,
        lane.webhook_id,
        due_at=max(min(moments), now) if moments else None,
        probed_until=now + LEASE if probing else None,
    )
