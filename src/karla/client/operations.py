"""How the description of an operation becomes a method: written once, it serves the sync and the async client.

A function of a resource says only what is to be sent. As a method of a `Karla` it makes the call and gives the answer,
as one of an `AsyncKarla` it gives a coroutine of the same, or an async iterator where the other gives an iterator.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar, overload

import msgspec

from karla.client.calls import Call, Endpoint, Given
from karla.client.paging import Pages, numbered, one_by_one
from karla.client.sessions import AsyncSession, Session
from karla.client.streams import Following

P = ParamSpec("P")
T = TypeVar("T")
S = TypeVar("S", bound=Session | AsyncSession)
Sync = TypeVar("Sync")
Async = TypeVar("Async")


class Options(msgspec.Struct, frozen=True):
    """What holds for all calls of a client: the shop of the paths, and the language of texts."""

    shop: str | None = None
    language: str | None = None


class Resource(Generic[S]):
    """A group of operations on one session."""

    def __init__(self, session: S, options: Options) -> None:
        self.session = session
        self.options = options

    def call(self, endpoint: Endpoint[T], given: Given) -> Call[T]:
        """The call of an endpoint, the client's shop in its path unless another is given."""
        return endpoint.call(given, {"slug": self.options.shop}, self.options.language)


class Method(Generic[P, Sync, Async]):
    """A described operation; what it gives depends on the session of the resource that it is taken from."""

    def __init__(
        self, endpoint: Endpoint[Any], described: Callable[..., Any], run: Callable[[Any, Endpoint[Any], Any], Any]
    ) -> None:
        self.endpoint = endpoint
        self.described = described
        self._run = run
        self.__doc__ = described.__doc__

    @overload
    def __get__(self, resource: None, owner: type) -> "Method[P, Sync, Async]": ...
    @overload
    def __get__(self, resource: Resource[Session], owner: type) -> Callable[P, Sync]: ...
    @overload
    def __get__(self, resource: Resource[AsyncSession], owner: type) -> Callable[P, Async]: ...
    def __get__(self, resource: Any, owner: type) -> Any:
        if resource is None:
            return self

        def method(*args: Any, **kwargs: Any) -> Any:
            return self._run(resource, self.endpoint, self.described(resource, *args, **kwargs))

        return update_wrapper(method, self.described)


Operation: TypeAlias = Method[P, T, Coroutine[Any, Any, T]]
Listing: TypeAlias = Method[P, Iterator[T], AsyncIterator[T]]


def operation(
    name: str, route: str, answer: type[T]
) -> Callable[[Callable[Concatenate[Any, P], Given]], Operation[P, T]]:
    """Decorates what one call is to send; `route` is method and path, `answer` what comes back."""

    def run(resource: Resource[Any], endpoint: Endpoint[T], given: Given) -> Any:
        return resource.session.perform(resource.call(endpoint, given))

    return lambda described: Method(_endpoint(name, route, answer), described, run)


def listing(
    name: str, route: str, item: type[T], pages: Callable[[Call[list[Any]]], Pages[Any]] = numbered
) -> Callable[[Callable[Concatenate[Any, P], Given]], Listing[P, T]]:
    """Decorates what the first call of a list is to send; `pages` says how it goes on, as far as one iterates."""

    def run(resource: Resource[Any], endpoint: Endpoint[list[T]], given: Given) -> Any:
        return resource.session.each(pages(resource.call(endpoint, given)))

    return lambda described: Method(_endpoint(name, route, _list_of(item)), described, run)


def gathering(
    name: str, route: str, item: type[T]
) -> Callable[[Callable[Concatenate[Any, P], Iterable[Given]]], Operation[P, list[T]]]:
    """Decorates what call upon call is to send, each answered by a list; the answers of all become one list."""

    def run(resource: Resource[Any], endpoint: Endpoint[list[T]], given: Iterable[Given]) -> Any:
        return resource.session.gather(one_by_one(resource.call(endpoint, chunk) for chunk in given))

    return lambda described: Method(_endpoint(name, route, _list_of(item)), described, run)


class Place(msgspec.Struct, frozen=True):
    """Where following begins, and how many seconds it bears to hear nothing; None is for ever."""

    given: Given
    after: str | None
    patience: float | None


def stream(
    name: str, route: str, item: type[T], follow: Callable[[Call[T], str | None, float | None], Following[T]]
) -> Callable[[Callable[Concatenate[Any, P], Place]], Listing[P, T]]:
    """Decorates what says where a stream begins; `follow` says how it goes on, by call, place and patience."""

    def run(resource: Resource[Any], endpoint: Endpoint[T], place: Place) -> Any:
        return resource.session.follow(follow(resource.call(endpoint, place.given), place.after, place.patience))

    return lambda described: Method(_endpoint(name, route, item), described, run)


def _endpoint(name: str, route: str, answer: type[T]) -> Endpoint[T]:
    method, _, path = route.partition(" ")
    return Endpoint(name, method, path, answer)


def _list_of(item: type[T]) -> type[list[T]]:
    return list[item]  # type: ignore[valid-type]
