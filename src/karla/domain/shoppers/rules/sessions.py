"""How a session is written and read: nothing is stored of it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from karla.domain.shoppers.records import Holder, Session
from karla.domain.shoppers.rules.signatures import Form, SigningKeys

LIFETIME = timedelta(hours=12)

FORM = Form("ks1_", 36)
"""`ks` for what it is and 1 for its version; it holds order, order token (zeros: none) and end in Unix seconds."""

_NO_TOKEN = UUID(int=0)


def session_by_zip_code(order_id: UUID, now: datetime) -> Session:
    """The session of one who knows an order's number and ZIP code."""
    return Session(order_id=order_id, token_id=None, expires_at=_whole_seconds(now + LIFETIME))


def session_by_token(holder: Holder, now: datetime) -> Session:
    """The session of one who holds an order token; it ends with the token."""
    end = now + LIFETIME
    if holder.expires_at is not None:
        end = min(end, holder.expires_at)
    return Session(order_id=holder.order_id, token_id=holder.token_id, expires_at=_whole_seconds(end))


def session_text(keys: SigningKeys, shop_id: UUID, session: Session) -> str:
    """The session as it is sent, signed by the newest key."""
    content = (
        session.order_id.bytes
        + (session.token_id or _NO_TOKEN).bytes
        + int(session.expires_at.timestamp()).to_bytes(4, "big")
    )
    return FORM.written(keys, keys.newest, shop_id, content)


def session_from(keys: SigningKeys, shop_id: UUID, text: str, now: datetime) -> Session | None:
    """The session in a text; None where it is over, of another shop, signed by a key that is gone, or none at all."""
    content = FORM.read(keys, shop_id, text)
    if content is None:
        return None
    expires_at = datetime.fromtimestamp(int.from_bytes(content[32:], "big"), UTC)
    token_id = UUID(bytes=content[16:32])
    session = Session(
        order_id=UUID(bytes=content[:16]), token_id=None if token_id == _NO_TOKEN else token_id, expires_at=expires_at
    )
    return session if now < expires_at else None


def _whole_seconds(moment: datetime) -> datetime:
    """What fits into a session's text."""
    return moment.replace(microsecond=0)
