"""HTML as a strict reader sees it: what is nested, named and numbered as it must be."""

import re
from html.parser import HTMLParser

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_SELF_CLOSED = frozenset(["path", "circle", "ellipse", "rect"])
# A paragraph and a heading hold words; what is a block ends a paragraph in every browser.
_BLOCKS = frozenset(
    [
        "address",
        "aside",
        "details",
        "div",
        "dl",
        "fieldset",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "header",
        "main",
        "nav",
        "ol",
        "p",
        "section",
        "ul",
    ]
)
_APART = _BLOCKS | {"li", "br", "dt", "dd", "summary", "time", "label", "button", "option"}
_WORDS_ONLY = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "span", "label", "button"])
_LISTS = {"ul": {"li"}, "ol": {"li"}, "dl": {"div", "dt", "dd"}, "select": {"option"}, "picture": {"source", "img"}}


class Element:
    """An element with its words; `above` is what it stands in."""

    def __init__(self, tag: str, attributes: dict[str, str], above: "Element | None") -> None:
        self.tag = tag
        self.attributes = attributes
        self.above = above
        self.pieces: list[str] = []
        self.elements: list[Element] = []

    @property
    def text(self) -> str:
        """Its words, as one line."""
        return " ".join("".join(self.pieces).split())

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def around(self) -> list["Element"]:
        """What it stands in, nearest first."""
        return [self.above, *self.above.around()] if self.above else []


class Document(HTMLParser):
    """All elements of a page in their order, and everything that is wrong with it."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.html = html
        self.faults: list[str] = []
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        self.faults += [f"<{element.tag}> is never closed" for element in self._open]
        self.faults += _nesting(self) + _naming(self) + _pictures(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if len(attributes) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag in _APART:
            self._say(" ")
        element = Element(tag, attributes, self._open[-1] if self._open else None)
        self.elements.append(element)
        if self._open:
            self._open[-1].elements.append(element)
        if tag not in _VOID and tag not in _SELF_CLOSED:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SELF_CLOSED:
            return
        if not self._open or self._open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes nothing")
            return
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._say(data)

    def _say(self, words: str) -> None:
        for element in self._open:
            element.pieces.append(words)

    def all(self, tag: str | None = None, **attributes: str) -> list[Element]:
        """Elements by tag and attributes; `class_` is one of its classes, `_` in names stands for `-`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [element for element in self.elements if (tag in (None, element.tag)) and _fits(element, wanted)]

    def one(self, tag: str | None = None, **attributes: str) -> Element:
        """The only one of its kind."""
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} × {tag} {attributes}"
        return found[0]

    @property
    def text(self) -> str:
        """What a reader reads, as one line."""
        return self.one("body").text


def _fits(element: Element, wanted: dict[str, str]) -> bool:
    return all(
        value in element.classes if name == "class" else element.attributes.get(name) == value
        for name, value in wanted.items()
    )


def _nesting(document: Document) -> list[str]:
    found = []
    for element in document.elements:
        above = element.above
        if above and above.tag in _LISTS and element.tag not in _LISTS[above.tag]:
            found.append(f"<{element.tag}> stands in <{above.tag}>")
        if above and above.tag in _WORDS_ONLY and element.tag in _BLOCKS:
            found.append(f"<{element.tag}> stands in <{above.tag}>")
        if element.tag == "li" and (above is None or above.tag not in {"ul", "ol"}):
            found.append("<li> stands in no list")
        if element.tag in {"a", "button", "summary"} and any(one.tag in {"a", "button"} for one in element.around()):
            found.append(f"<{element.tag}> stands in a link or button")
    return found


def _naming(document: Document) -> list[str]:
    ids = [element.attributes["id"] for element in document.elements if "id" in element.attributes]
    found = [f"the id {name} is there twice" for name in set(ids) if ids.count(name) > 1]
    labelled = {element.attributes.get("for") for element in document.all("label")}
    for element in document.elements:
        for name in ("for", "aria-labelledby", "aria-describedby"):
            missing = set(element.attributes.get(name, "").split()) - set(ids)
            found += [f"{name} names {one}, which isn't there" for one in missing]
        visible = element.tag in {"input", "select"} and element.attributes.get("type") != "hidden"
        if visible and element.attributes.get("id") not in labelled and not _in_label(element):
            found.append(f"<{element.tag} name={element.attributes.get('name')}> has no label")
        if element.tag in {"a", "button", "summary"} and not element.text and not _described(element):
            found.append(f"<{element.tag}> has no words")
    return found


def _in_label(element: Element) -> bool:
    return any(one.tag == "label" for one in element.around())


def _described(element: Element) -> bool:
    return any(one.attributes.get("alt") or _described(one) for one in element.elements)


def _pictures(document: Document) -> list[str]:
    needed = {"src", "alt", "width", "height"}
    return [
        f"<img src={image.attributes.get('src')}> lacks {sorted(needed - set(image.attributes))}"
        for image in document.all("img")
        if needed - set(image.attributes)
    ]


def headings(document: Document) -> list[tuple[int, str]]:
    """The outline: levels and words."""
    return [
        (int(element.tag[1]), element.text) for element in document.elements if re.fullmatch(r"h[1-6]", element.tag)
    ]
