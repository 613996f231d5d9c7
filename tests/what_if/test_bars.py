"""Bars stand in proportion to their amounts from one zero, and say their numbers."""

from __future__ import annotations

from workflow.what_if.bars import LEFT, RIGHT, WIDTH, bars

ROOM = WIDTH - LEFT - RIGHT


def test_the_longest_bar_fills_the_room_and_the_others_are_in_proportion() -> None:
    drawing = bars("t", [("甲", 400_00, 800_00), ("乙", None, 200_00)])
    assert drawing is not None
    first, second = (row.parts for row in drawing.rows)
    assert [part.length for part in first] == [ROOM // 2, ROOM] and [part.x for part in first] == [LEFT, LEFT]
    assert [part.length for part in second] == [ROOM // 4] and second[0].kind == "tried"
    assert "400.00" in drawing.said and "800.00" in drawing.said and drawing.kinds == ["decided", "tried"]


def test_what_is_owed_goes_the_other_way() -> None:
    drawing = bars("t", [("甲", 300_00, -100_00)])
    assert drawing is not None
    more, less = drawing.rows[0].parts
    assert more.x == less.x + less.length == drawing.zero and more.length == 3 * less.length
    assert less.negative and less.text_x > drawing.zero


def test_nothing_to_draw_is_no_drawing() -> None:
    assert bars("t", []) is None and bars("t", [("甲", 0, None)]) is None


def test_a_small_amount_is_still_seen_and_a_long_name_is_cut() -> None:
    drawing = bars("t", [("长" * 60, 1, 10**13)])
    assert drawing is not None
    assert drawing.rows[0].parts[0].length == 1 and drawing.rows[0].label == "长" * 31 + "…"
