"""Entries written through symbolic links, of their own layer and of lower ones.

What is expected is what the engine of `tests/integration/test_unpacking.py` makes of it.
"""

from __future__ import annotations

import time

from scanner.image.layer import LayerScan
from scanner.image.limits import Limits
from scanner.image.squash import squash
from scanner.model import FileKind, Gap, GapKind

from .image_samples import seen
from .test_squash import scan, squashed, tree

USRMERGE: list[tuple[str, object]] = [
    ("usr/", None),
    ("usr/lib/", None),
    ("usr/lib/a", b"A"),
    ("lib", "-> usr/lib"),
]


def test_a_file_is_put_where_the_links_of_its_layer_lead() -> None:
    walk = squashed(
        [
            *USRMERGE,
            ("lib/x", b"X"),
            ("abs", "-> /usr/lib"),
            ("abs/y", b"Y"),
            ("up/l", "-> ../usr/lib"),
            ("up/l/sub/z", b"Z"),
            ("out", "-> ../../../usr"),
            ("out/lib/w", b"W"),
            ("top", "-> /"),
            ("top/r", b"R"),
        ]
    )
    assert seen(walk.facts) == {
        "/r": "R",
        "/usr/lib/a": "A",
        "/usr/lib/sub/z": "Z",
        "/usr/lib/w": "W",
        "/usr/lib/x": "X",
        "/usr/lib/y": "Y",
    }
    assert walk.view.resolve("/lib/x") == "/usr/lib/x"
    assert walk.gaps == ()


def test_a_file_stays_where_it_was_put_when_its_link_moves_on() -> None:
    walk = squashed([*USRMERGE, ("lib/x", b"X"), ("lib", "-> opt"), ("lib/y", b"Y")])
    assert seen(walk.facts) == {"/opt/y": "Y", "/usr/lib/a": "A", "/usr/lib/x": "X"}


def test_a_directory_named_in_the_place_of_a_link_ends_it() -> None:
    walk = squashed([*USRMERGE, ("lib/", None), ("lib/x", b"X")])
    assert seen(walk.facts) == {"/lib/x": "X", "/usr/lib/a": "A"}
    assert walk.gaps == ()


def test_a_link_takes_a_directory_away_with_what_is_in_it() -> None:
    walk = squashed([("lib/x", b"X"), ("lib", "-> usr/lib"), ("lib/y", b"Y")])
    assert seen(walk.facts) == {"/usr/lib/y": "Y"}


def test_hard_links_through_links() -> None:
    walk = squashed([*USRMERGE, ("lib/h", "= lib/a"), ("lib2", "= lib"), ("lib2/x", b"X")])
    assert seen(walk.facts) == {"/usr/lib/a": "A", "/usr/lib/h": "A", "/usr/lib/x": "X"}
    entry = walk.view.entry("/lib2")
    assert entry is not None
    assert entry.kind is FileKind.SYMLINK


def test_a_whiteout_through_a_link_of_its_layer() -> None:
    walk = squashed(
        [("usr/lib/a", b"A"), ("usr/lib/b", b"B")], [*USRMERGE[-1:], ("lib/.wh.a", b"")]
    )
    assert seen(walk.facts) == {"/usr/lib/b": "B"}


def test_a_circle_is_a_gap_and_not_a_hang() -> None:
    layer = scan(("a", "-> b"), ("b", "-> a"), ("a/x", b"X"), ("c", "-> c/c"), ("c/x", b"X"))
    assert [gap.kind for gap in layer.gaps] == [GapKind.MALFORMED, GapKind.MALFORMED]
    assert "circle" in layer.gaps[0].reason
    assert list(layer.members) == ["/a", "/b", "/c"]


def test_links_that_are_made_to_be_costly_end_in_gaps() -> None:
    def climb(count: int) -> LayerScan:
        items: list[tuple[str, object]] = [("l0", "-> " + "d/" * 100)]
        items += [(f"l{n}", f"-> l{n - 1}/" + "d/" * 100) for n in range(1, count)]
        for n in range(2000):
            items += [("l0", f"-> {n}"), (f"l{count - 1}/{n}", b"x")]
        return scan(*items, limits=Limits(link_steps=10_000))

    start = time.monotonic()
    assert climb(30).gaps
    assert time.monotonic() - start < 20


def link_gaps(*layers: list[tuple[str, object]]) -> tuple[Gap, ...]:
    return squashed(*layers).gaps


def test_a_directory_in_the_place_of_a_lower_layers_link_is_said_and_caps() -> None:
    walk = squashed(USRMERGE, [("lib/x", b"X")])
    assert seen(walk.facts) == {"/lib/x": "X", "/usr/lib/a": "A"}
    (gap,) = walk.gaps
    assert (gap.kind, gap.subject, gap.caps) == (GapKind.NOT_SUPPORTED, "/lib", True)
    assert "'/usr/lib'" in gap.reason


def test_a_directory_that_the_layer_names_is_not_in_doubt() -> None:
    assert link_gaps(USRMERGE, [("lib/", None), ("lib/x", b"X")]) == ()
    assert link_gaps(USRMERGE, [("lib/", None), ("lib/.wh.a", b"")]) == ()


def test_where_nothing_is_told_on_either_side_it_does_not_cap() -> None:
    layer: list[tuple[str, object]] = [("run/", None), ("var/run", "-> ../run"), ("a", b"A")]
    (gap,) = link_gaps(layer, [("var/run/ko/page", b"skip")])
    assert (gap.subject, gap.caps) == ("/var/run", False)


def test_whiteouts_below_a_lower_layers_link() -> None:
    for whiteout in ("lib/.wh.a", "lib/.wh..wh..opq", "lib/deep/er/.wh.x"):
        walk = squashed(USRMERGE, [(whiteout, b"")])
        assert tree(walk) == ["/lib", "/usr", "/usr/lib", "/usr/lib/a"]
        entry = walk.view.entry("/lib")
        assert entry is not None
        assert entry.kind is FileKind.DIRECTORY
        assert [gap.subject for gap in walk.gaps] == ["/lib"]


def test_many_replaced_links_are_counted() -> None:
    lower = scan(*((f"l{n}", "-> x") for n in range(9)))
    upper = scan(*((f"l{n}/f", b"F") for n in range(9)))
    gaps = squash([lower, upper], Limits(link_gaps=4)).gaps
    assert len(gaps) == 5
    assert gaps[-1].reason.startswith("5 more")
    assert gaps[-1].caps
