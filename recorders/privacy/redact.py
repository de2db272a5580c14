"""Redaction: no secret of a trace reaches a disk.

All trees of one trace are redacted together, in two passes: find what is secret, by the name it stands under or by its
own form; then replace it where it was found, wherever a leaf equals it (6 characters or more) and wherever a longer
text or bytes contain it (8 or more), also in its JSON, percent, hexadecimal and base64 spellings. A replacement always
has the length of what it replaces (see `pseudonyms`), so documents keep their layout and offsets.

**Names** are split into lower-case words (`HTTP_X_API_KEY`, `apiKey`, `x-api-key`). Sensitive is a name with

- a secret word anywhere (`password`, `token`, `cookie`, ...), or a word that ends in one (`csrfmiddlewaretoken`);
- a secret pair of adjacent words anywhere: `api key`, `session id`, `card number`, ...; a bare `key` is not sensitive;
- an ambiguous word at the end: `auth`, `card`, `pin`, `pan`, `pass`, ... (`auth_user`, `map_pin_color` are not);

unless the last word says that it only describes one (`token_type`, `page_token_count`, `password_changed_at`), the
first that it asks or counts (`has_password`, `max_tokens`), or the token is a cursor (`next_page_token`). Whole words:
`author`, `passenger`, `tokenizer_name`, `keyboard`, `monkey`, `primary_key` are not sensitive.

**Under a sensitive name** every leaf is secret, except None, booleans, integers of one or two digits (versions, flags,
counts: no secret has a hundred values), dates and times, and members of enumerations. Keys inside stay. A value that
is itself a sensitive name (`{"grant": "password"}`) is replaced only where it stands: as a word it is everywhere. Below
a bare `token` or `tokens` only what looks random is secret, and objects under these and the ambiguous words are not:
parsers have tokens, and games have cards. A name that is kept (`keep`) makes its leaves public, whatever their form.

Not found, knowingly: a secret under an innocent name and of no known form, in a trace that does not name it elsewhere;
parameters of an `INSERT` into columns that are not known, unless they look random; secrets inside compressed or
encrypted bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ..model.value_tree import (
    AnchorNode,
    BytesNode,
    DictNode,
    EnumNode,
    ListNode,
    ObjectNode,
    OpaqueNode,
    RefNode,
    StandardNode,
    Tree,
    TupleNode,
    children,
    with_children,
)
from .find_secrets import spots_in_text, spots_under_name
from .known_secrets import MIN_EQUAL, Known, Patch, decoded, paint
from .pseudonyms import Pseudonyms, is_card_number
from .secret_patterns import spots_by_form
from .sensitive_names import PUBLIC, SCALAR, TOKEN, Names, combined

if TYPE_CHECKING:
    from .secret_parts import Locker

SECRET_PART: Final = "<secret>"
"""Stands in the name of an entry for a part of its path."""

DEPTH_LIMIT: Final = 220
"""Trees are built at most 200 deep; what lies deeper becomes an opaque mark, because it is not looked at."""


_LEAVES: Final = frozenset({type(None), bool, int, float})
"""Scalars beside texts: most parts of a tree, of which few are looked at."""

_LEAST_CARD: Final = 10**12
"""Smaller numbers are no card's (ISO/IEC 7812: at least 13 digits here)."""

_REPLACED_KINDS: Final = frozenset({"decimal", "uuid", "path"})

_LIBRARIES: Final = ("numpy.", "pandas.")
_VALUE_LAST: Final = frozenset({"numpy.array", "numpy.scalar"})
"""Kinds of values of libraries that hold elements in parts; of these, in the last one."""

REMEMBERED: Final = 10_000
"""Secrets that are remembered over all traces: a megabyte or two. A service that sees more sees those of its users, and
these do not stand in its settings."""


class Redaction:
    """The two passes over the trees of one trace: `collect` all of them, then `replace` each."""

    def __init__(self, pseudonyms: Pseudonyms, names: Names) -> None:
        self._pseudonyms = pseudonyms
        self._names = names
        self.known = Known(pseudonyms)
        self._found: dict[tuple[str, int], list[Patch]] = {}
        self._has_numbers = False
        self.replaced = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that is to be replaced: then no tree has to be gone through again."""
        return not (self.known or self._has_numbers or any(self._found.values()))

    def collect(self, tree: Tree, care: int) -> dict[int, int]:
        """Find the secrets of a tree. Returns the care for each anchor that a sensitive name refers to."""
        anchors: dict[int, Tree] = {}
        cares: dict[int, int] = {}
        stack = [(tree, care)]
        while stack:
            part, care = stack.pop()
            kind = type(part)
            if kind is str:
                self._collect_text(part, care)  # type: ignore[arg-type]  # a text
            elif kind in _LEAVES:
                if care > PUBLIC or (kind is int and not -_LEAST_CARD < part < _LEAST_CARD):  # type: ignore[operator]  # it is
                    self._collect_leaf(part, care)
            else:
                if kind is AnchorNode:
                    anchors[part.number] = part.value  # type: ignore[union-attr]  # an anchor
                elif kind is RefNode:
                    if care > cares.get(part.number, PUBLIC):  # type: ignore[union-attr]  # a reference
                        cares[part.number] = care  # type: ignore[union-attr]  # a reference
                elif kind is BytesNode or kind is StandardNode:
                    self._collect_leaf(part, care)
                stack.extend(self._parts(part, care))
                if kind is ObjectNode and part.fields:  # type: ignore[union-attr]  # an object
                    stack.extend(self._items(part, care))  # type: ignore[arg-type]  # an object
            if not stack:  # all anchors are known now: look again below those that a sensitive name shares
                stack = [(anchors.pop(number), cares[number]) for number in cares if number in anchors]
        return cares

    def _collect_leaf(self, tree: Tree, care: int) -> None:
        if isinstance(tree, str):
            self._collect_text(tree, care)
        elif isinstance(tree, BytesNode):
            text, encoding = decoded(tree.data)
            if care > PUBLIC and encoding == "latin-1":
                self._collect_binary(tree.data, text, care)
            else:
                self._collect_text(text, care)
        elif isinstance(tree, StandardNode) and tree.kind == "int":
            self._collect_leaf(int(str(tree.parts[0]), 16), care)
        elif isinstance(tree, int | float) and self._is_secret_number(tree, care):
            text = str(tree)
            self._has_numbers = True
            self.known.add(text, self._pseudonyms.text(text))

    def _is_secret_number(self, value: float, care: int) -> bool:
        if isinstance(value, bool):
            return False
        if isinstance(value, int):
            least = 10**5 if care == TOKEN else 100
            return abs(value) >= least if care > PUBLIC else abs(value) >= _LEAST_CARD and is_card_number(str(value))
        return care > TOKEN

    def _collect_text(self, text: str, care: int) -> None:
        if (text, care) in self._found or (care <= PUBLIC and len(text) < MIN_EQUAL):
            return
        names = self._names
        spots = spots_under_name(text, names, care) if care > PUBLIC else spots_in_text(text, names, care)
        self._found[text, care] = [
            (start, end, self.known.replacement(text[start:end], spelling))
            for start, end, spelling in spots
            if start < end
        ]

    def _collect_binary(self, data: bytes, text: str, care: int) -> None:
        replaced = self._pseudonyms.binary(data)
        self.known.add(text, replaced.decode("latin-1"))
        self.known.add(data.hex(), replaced.hex())
        self._found[text, care] = [(0, len(text), replaced.decode("latin-1"))]

    def _parts(self, tree: Tree, care: int) -> list[tuple[Tree, int]]:
        """The direct parts of a tree, in the order of `children`, each with the care it asks for."""
        match tree:
            case DictNode(keys=keys, values=values):
                cares = [combined(care, self._names.of(key)) for key in keys]
                if "value" in keys and "name" in keys:  # {"name": "password", "value": "..."}
                    at = keys.index("value")
                    cares[at] = combined(cares[at], self._names.of(values[keys.index("name")]))
                return [*((key, PUBLIC) for key in keys), *zip(values, cares, strict=True)]
            case TupleNode(items=[name, value]) | ListNode(items=[BytesNode() as name, value]):  # a header
                return [(name, care), (value, combined(care, self._names.of(name)))]
            case ObjectNode(content=content, names=names, values=values):
                care = PUBLIC if care in (TOKEN, SCALAR) else care  # an object of such a name is something else
                cares = [combined(care, self._names.care(name)) for name in names]
                return [(content, care), *zip(values, cares, strict=True)]
            case StandardNode(kind="int"):
                return []  # one value, looked at as a whole
            case StandardNode(kind=kind, parts=parts) if kind.startswith(_LIBRARIES):
                # Types, units and names of classes are texts beside the values, or stand before them.
                last = len(parts) - 1 if kind in _VALUE_LAST else None
                return [
                    (part, care if at == last or (last is None and type(part) is not str) else PUBLIC)
                    for at, part in enumerate(parts)
                ]
            case StandardNode(kind=kind):
                care = care if kind in _REPLACED_KINDS else PUBLIC
            case EnumNode():
                care = PUBLIC
        return [(part, care) for part in children(tree)]

    def _items(self, tree: ObjectNode, care: int) -> list[tuple[Tree, int]]:
        """The items of a named tuple, each with the care that the name of its field asks for."""
        care = PUBLIC if care in (TOKEN, SCALAR) else care
        items = tree.content.items if isinstance(tree.content, TupleNode) else []
        return [(item, combined(care, self._names.care(name))) for name, item in zip(tree.fields, items, strict=False)]

    def replace(self, tree: Tree, care: int, cares: dict[int, int], depth: int = 0) -> Tree:
        """The tree without its secrets; the same object when it has none."""
        if isinstance(tree, str | BytesNode | int | float):
            redacted = self._replace_leaf(tree, care)
            self.replaced += redacted is not tree
            return redacted
        if isinstance(tree, StandardNode) and tree.kind == "int":
            return self._replace_wide(tree, care)
        if isinstance(tree, AnchorNode):
            care = max(care, cares.get(tree.number, care))
        parts = self._parts(tree, care)
        if not parts:
            return tree
        if depth >= DEPTH_LIMIT:
            return OpaqueNode(type(tree).__name__, "it lies too deep to be redacted")
        replaced = [self.replace(part, part_care, cares, depth + 1) for part, part_care in parts]
        if isinstance(tree, ObjectNode) and tree.fields and isinstance(replaced[0], TupleNode):
            items = zip(replaced[0].items, self._items(tree, care), strict=False)
            named = [self.replace(item, item_care, cares, depth + 2) for item, (_, item_care) in items]
            if not all(new is old for new, old in zip(named, replaced[0].items, strict=False)):
                replaced[0] = TupleNode([*named, *replaced[0].items[len(named) :]])
        if all(new is old for new, (old, _) in zip(replaced, parts, strict=True)):
            return tree
        return with_children(tree, replaced)

    def _replace_wide(self, tree: StandardNode, care: int) -> Tree:
        """An integer of more than 64 bits, which lies as hexadecimal text: its pseudonym is an integer too."""
        value = int(str(tree.parts[0]), 16)
        other = self._replace_leaf(value, care)
        if other is value or not isinstance(other, int):
            return tree
        self.replaced += 1
        return StandardNode("int", [hex(other)])

    def _replace_leaf(self, tree: str | BytesNode | float, care: int) -> Tree:
        if isinstance(tree, str):
            return self._replace_text(tree, care)
        if isinstance(tree, BytesNode):
            text, encoding = decoded(tree.data)
            replaced = self._replace_text(text, care)
            return tree if replaced is text else BytesNode(replaced.encode(encoding, "replace"))
        if isinstance(tree, bool):
            return tree
        if self._is_secret_number(tree, care) or str(tree) in self.known.exact:
            other = self._pseudonyms.integer(tree) if isinstance(tree, int) else self._pseudonyms.floating(tree)
            return tree if other == tree else other
        return tree

    def _replace_text(self, text: str, care: int) -> str:
        patches = [*self._found.get((text, care), ()), *self.known.patches(text)]
        if not patches:
            return text
        replaced = paint(text, patches)
        return text if replaced == text else replaced


class Redactor:
    """Redaction with one key, for one recording session; the key is random, and stored for nobody but those who may
    read what is replaced.

    `names` are further sensitive names, matched as whole words inside a name; `keep` are names never taken for
    sensitive, matched as a whole. Both in any case and with any separators.
    """

    def __init__(
        self, key: bytes, *, names: Sequence[str] = (), keep: Sequence[str] = (), locker: Locker | None = None
    ) -> None:
        """`locker` keeps, encrypted, what is replaced in traces; without one nothing is kept."""
        self.locker = locker
        self._pseudonyms = Pseudonyms(key)
        self.found = Known(self._pseudonyms)
        """The secrets of the traces so far: one may stand under an innocent name in the session's settings."""
        self._names = Names(names, keep)

    def apart(self) -> Redactor:
        """The same redaction, with the same pseudonyms, for another thread: it remembers and keeps nothing of what this
        one finds."""
        other = Redactor(b"")
        other._pseudonyms, other._names, other.found = self._pseudonyms, self._names, Known(self._pseudonyms)
        return other

    def is_sensitive(self, name: str) -> bool:
        """Whether values under the name are secret."""
        return self._names.care(name) > PUBLIC

    def entry_name(self, name: str, beside: Sequence[tuple[str, Tree]] = ()) -> str:
        """The name of an entry that no framework gave: what is secret in its path by form, or in what is named `beside`
        it, is no part of it."""
        shown = name
        for spot in sorted(spots_by_form(name), reverse=True):
            if spot.end <= len(shown):
                shown = shown[: spot.start] + SECRET_PART + shown[spot.end :]
        if beside:
            known = self.redact_together(beside)[1].known
            shown = "/".join(part if known.text(part) == part else SECRET_PART for part in shown.split("/"))
        return shown

    def redact(self, trees: Sequence[tuple[str, Tree]]) -> tuple[list[Tree], int]:
        """The trees of one trace without their secrets, in the same order, and the number of values replaced.

        Each comes with the name of its context (`"HTTP_AUTHORIZATION"`, `"environ.API_KEY"`, `""` for none). A tree
        without a secret is returned itself. Linear in the size of the trees; never raises.
        """
        redacted, redaction = self.redact_together(trees)
        if len(self.found.exact) < REMEMBERED:
            self.found.learn(redaction.known)
        return redacted, redaction.replaced

    def redact_together(
        self, trees: Sequence[tuple[str, Tree]], beside: Sequence[tuple[str, Tree]] = ()
    ) -> tuple[list[Tree], Redaction]:
        """The same, and what was found. Secrets of the trees `beside` are replaced too, wherever they stand."""
        redaction = Redaction(self._pseudonyms, self._names)
        for name, tree in beside:
            redaction.collect(tree, self._names.care(name))
        cares = [self._names.care(name) for name, _ in trees]
        anchored = [redaction.collect(tree, care) for (_, tree), care in zip(trees, cares, strict=True)]
        if redaction.is_empty:
            return [tree for _, tree in trees], redaction
        redacted = [
            redaction.replace(tree, care, anchors)
            for (_, tree), care, anchors in zip(trees, cares, anchored, strict=True)
        ]
        return redacted, redaction
