"""Layers on top of each other: what a container sees, and whose facts count."""

from __future__ import annotations

import pytest

from scanner.image.arriving import visit_stream
from scanner.image.layer import LayerBuilder, LayerScan, normalize
from scanner.image.limits import DEFAULT_LIMITS, Limits
from scanner.image.squash import Walk, squash
from scanner.model import FileEntry, FileKind, GapKind

from .image_samples import Recorder, seen, tar_of


def scan(
    *items: tuple[str, object], name: str = "layer", limits: Limits = DEFAULT_LIMITS
) -> LayerScan:
    builder = LayerBuilder(name, limits)
    visit_stream(Recorder(), iter((tar_of(*items),)), builder, 0, limits)
    return builder.finish()


def squashed(*layers: list[tuple[str, object]]) -> Walk:
    return squash([scan(*layer, name=f"layer{number}") for number, layer in enumerate(layers)])


def tree(walk: Walk) -> list[str]:
    return [path for path in walk.view.paths() if path != "/"]


def test_a_deleted_file_counts_for_nothing() -> None:
    walk = squashed([("etc/", None), ("etc/a", b"A"), ("etc/b", b"B")], [("etc/.wh.a", b"")])
    assert tree(walk) == ["/etc", "/etc/b"]
    assert seen(walk.facts) == {"/etc/b": "B"}


def test_an_overwritten_file_counts_once() -> None:
    walk = squashed([("a", b"old")], [("a", b"new")])
    assert seen(walk.facts) == {"/a": "new"}
    entry = walk.view.entry("/a")
    assert entry is not None
    assert (entry.layer, entry.size) == (1, 3)


def test_a_file_that_occurs_twice_in_a_layer_counts_the_last_time() -> None:
    assert seen(squashed([("a", b"first"), ("./a", b"second")]).facts) == {"/a": "second"}


def test_gaps_of_hidden_files_vanish_too() -> None:
    walk = squashed([("a", b"gap"), ("b", b"gap")], [(".wh.a", b"")])
    assert [gap.subject for gap in walk.gaps] == ["/b"]


def test_an_opaque_directory_hides_what_was_below_it_but_not_what_comes_with_it() -> None:
    walk = squashed(
        [("d/", None), ("d/old", b"old"), ("d/sub/deep", b"deep"), ("e", b"e")],
        [("d/", None), ("d/new", b"new"), ("d/.wh..wh..opq", b"")],
    )
    assert tree(walk) == ["/d", "/d/new", "/e"]
    assert seen(walk.facts) == {"/d/new": "new", "/e": "e"}


def test_an_opaque_root_hides_everything_below() -> None:
    assert tree(squashed([("a", b"a"), ("b/c", b"c")], [(".wh..wh..opq", b""), ("d", b"d")])) == [
        "/d"
    ]


def test_a_whiteout_hides_lower_layers_only_wherever_it_stands() -> None:
    walk = squashed([("a", b"old")], [("a", b"new"), (".wh.a", b"")])
    assert seen(walk.facts) == {"/a": "new"}


def test_a_whiteout_of_a_directory_hides_its_whole_tree() -> None:
    walk = squashed([("d/e/f", b"f"), ("d2", b"2")], [(".wh.d", b"")])
    assert tree(walk) == ["/d2"]


def test_a_deleted_file_may_come_back() -> None:
    walk = squashed([("a", b"1")], [(".wh.a", b"")], [("a", b"3")])
    assert seen(walk.facts) == {"/a": "3"}


def test_a_directory_takes_the_place_of_a_file_and_the_other_way_round() -> None:
    up = squashed([("x", b"file")], [("x/y", b"y")])
    assert seen(up.facts) == {"/x/y": "y"}
    down = squashed([("x/y", b"y"), ("x/z/w", b"w")], [("x", b"file")])
    assert tree(down) == ["/x"]
    assert seen(down.facts) == {"/x": "file"}


def test_a_directory_takes_the_place_of_a_symbolic_link() -> None:
    walk = squashed([("usr/lib/a", b"a"), ("lib", "-> usr/lib")], [("lib/b", b"b")])
    assert walk.view.children("/lib") == ("/lib/b",)


def test_a_directory_again_keeps_what_is_in_it() -> None:
    walk = squashed([("d/", None), ("d/a", b"a")], [("d/", None), ("d/b", b"b")])
    assert walk.view.children("/d") == ("/d/a", "/d/b")


def test_a_hard_link_has_the_facts_and_gaps_of_its_target() -> None:
    walk = squashed([("a", b"A"), ("b", "= a"), ("c", "= ./b"), ("g", b"gap"), ("h", "= g")])
    assert seen(walk.facts) == {"/a": "A", "/b": "A", "/c": "A"}
    assert [gap.subject for gap in walk.gaps] == ["/g", "/h"]
    entry = walk.view.entry("/c")
    assert entry is not None
    assert (entry.kind, entry.size, entry.link_target) == (FileKind.HARDLINK, 1, "/b")


def test_a_hard_link_keeps_the_facts_of_a_target_that_is_deleted_or_overwritten_later() -> None:
    layer: list[tuple[str, object]] = [("a", b"A"), ("b", "= a")]
    assert seen(squashed(layer, [(".wh.a", b"")]).facts) == {"/b": "A"}
    assert seen(squashed(layer, [("a", b"new")]).facts) == {"/a": "new", "/b": "A"}
    assert seen(squashed([*layer, ("a", b"new")]).facts) == {"/a": "new", "/b": "A"}


def test_a_hard_link_to_a_file_of_a_lower_layer() -> None:
    walk = squashed([("a", b"A")], [("b", "= a")])
    assert seen(walk.facts) == {"/a": "A", "/b": "A"}


def test_a_hard_link_to_nothing_is_a_gap() -> None:
    walk = squashed([("b", "= a")])
    assert tree(walk) == []
    assert [(gap.kind, gap.subject) for gap in walk.gaps] == [(GapKind.MALFORMED, "/b")]


def test_a_file_wanted_only_under_the_name_of_a_hard_link_is_a_gap_in_a_stream() -> None:
    class ByName(Recorder):
        def wants(self, entry: FileEntry, head: bytes) -> bool:
            return entry.path == "/etc/os-release"

    builder = LayerBuilder("l", DEFAULT_LIMITS)
    data = tar_of(("objects/1", b"ID=x"), ("etc/os-release", "= objects/1"))
    visit_stream(ByName(), iter((data,)), builder, 0, DEFAULT_LIMITS)
    walk = squash([builder.finish()])
    assert [(gap.kind, gap.subject) for gap in walk.gaps] == [
        (GapKind.NOT_SUPPORTED, "/etc/os-release")
    ]


def test_the_same_layer_twice() -> None:
    layer = scan(("a", b"A"), ("bad", b"gap"), name="same")
    walk = squash([layer, scan((".wh.a", b""), name="other"), layer])
    assert seen(walk.facts) == {"/a": "A"}
    entry = walk.view.entry("/a")
    assert entry is not None
    assert entry.layer == 2


@pytest.mark.parametrize("name", ["../etc/passwd", "/a/../../b", "a/..", "..", "a/../b"])
def test_paths_that_lead_out(name: str) -> None:
    assert normalize(name, DEFAULT_LIMITS) is None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("./etc/x", "/etc/x"),
        ("/a//b/", "/a/b"),
        ("a/./b", "/a/b"),
        ("..a/b..", "/..a/b.."),
        ("", "/"),
        (".", "/"),
    ],
)
def test_paths_are_normalized(name: str, path: str) -> None:
    assert normalize(name, DEFAULT_LIMITS) == path


def reasons(layer: LayerScan) -> list[tuple[GapKind, str]]:
    return [(gap.kind, gap.reason) for gap in layer.gaps]


def test_a_path_that_leads_out_is_a_gap_and_the_rest_is_read() -> None:
    layer = scan(("../../etc/passwd", b"x"), ("ok", b"ok"))
    assert list(layer.members) == ["/ok"]
    assert [kind for kind, _ in reasons(layer)] == [GapKind.MALFORMED]
    assert "../../etc/passwd" in reasons(layer)[0][1]


def test_too_many_entries_end_a_layer_with_a_gap() -> None:
    limits = Limits(layer_entries=3)
    layer = scan(*((f"f{number}", b"x") for number in range(9)), limits=limits)
    assert len(layer.members) == 3
    assert [kind for kind, _ in reasons(layer)] == [GapKind.TOO_MANY]


def test_gaps_of_a_layer_are_counted_when_they_are_many() -> None:
    layer = scan(*(("../x", b"") for _ in range(50)), limits=Limits(layer_gaps=5))
    assert len(layer.gaps) == 6
    assert "45 more" in layer.gaps[-1].reason


def test_long_and_deep_paths_are_gaps() -> None:
    limits = Limits(path_length=50, path_depth=5)
    layer = scan(("a" * 60, b""), ("a/" * 10 + "b", b""), ("link", "-> " + "x" * 60), limits=limits)
    assert layer.members == {}
    assert [kind for kind, _ in reasons(layer)] == [
        GapKind.TOO_LARGE,
        GapKind.MALFORMED,
        GapKind.MALFORMED,
    ]


def test_the_deepest_allowed_path_can_be_squashed() -> None:
    depth = DEFAULT_LIMITS.path_depth
    walk = squashed([("a/" * depth + "b", b"x")])
    assert len(walk.view) == depth + 2


def test_a_file_too_large_to_be_held_is_a_gap() -> None:
    layer = scan(("a", b"x" * 100), ("b", b"y"), limits=Limits(buffered_file=50))
    walk = squash([layer])
    assert seen(walk.facts) == {"/b": "y"}
    assert [(gap.kind, gap.subject) for gap in walk.gaps] == [(GapKind.TOO_LARGE, "/a")]


def test_a_visitor_that_raises_costs_one_file() -> None:
    walk = squashed([("a", b"raise"), ("b", b"B")])
    assert seen(walk.facts) == {"/b": "B"}
    assert [(gap.kind, gap.subject) for gap in walk.gaps] == [(GapKind.INTERNAL, "/a")]
    assert "ValueError: on purpose" in walk.gaps[0].reason


def test_a_root_that_is_no_directory_is_left_out() -> None:
    layer = scan(("./", b"file"), ("a", b"A"))
    assert list(layer.members) == ["/a"]
    assert [kind for kind, _ in reasons(layer)] == [GapKind.MALFORMED]


def test_whiteouts_that_hide_nothing_are_gaps() -> None:
    layer = scan((".wh.", b""), (".wh...", b""), (".wh..wh.plnk", b""))
    assert layer.whiteouts == []
    assert [kind for kind, _ in reasons(layer)] == [GapKind.MALFORMED, GapKind.MALFORMED]
