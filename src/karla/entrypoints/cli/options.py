"""Options that belong together: a function makes one thing of them, and commands take that."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeAlias, TypeVar

R = TypeVar("R")
Maker: TypeAlias = Callable[..., Any]


def taking(**makers: Maker) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """A command whose parameters of these names are made of the options that each maker takes."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @wraps(command)
        def run(**options: Any) -> R:
            return command(**made_of(options, makers))

        spread(run, command, makers)
        return run

    return decorate


def made_of(options: dict[str, Any], makers: Mapping[str, Maker]) -> dict[str, Any]:
    """The options, and in place of those that a maker takes what it makes of them."""
    rest = dict(options)
    made = {name: maker(**{one: rest.pop(one) for one in _options_of(maker)}) for name, maker in makers.items()}
    return rest | made


def spread(run: Callable[..., Any], command: Callable[..., Any], makers: Mapping[str, Maker]) -> None:
    """Tell Typer that `run` takes the command's options with the makers' in their places, else at the end."""
    own = inspect.signature(command).parameters
    parts = {name: _options_of(makers[name]) if name in makers else {name: one} for name, one in own.items()}
    parts |= {name: _options_of(maker) for name, maker in makers.items()}
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in parts.values() for one in part.values()]
    run.__signature__ = inspect.Signature(parameters, return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in parameters}


def _options_of(maker: Maker) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(maker).parameters
