"""A stage's table drawn as a diagram: states from top to bottom, steps as lines beside them. Plain numbers, no markup.

Steps to the next state down run straight; those that skip states run in lanes on the right, those that lead back in
lanes on the left. Every line leaves a state at a height of its own and is named there, before the first lane, so that
no name ever meets a line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial

from workflow.machines import STAGES, Stage

NARROWEST, BOX_HEIGHT, PORT_STEP = 168, 44, 20
STATE_WIDE, STATE_NARROW = 14, 8
GAP, GAP_LINE = 40, 17
LANE, MARGIN, LABEL_PAD = 14, 12, 10
ARROW = 7
WIDE, NARROW = 12, 7
LAST_ASCII = 0x2E80


def measure(text: str, wide: int = WIDE, narrow: int = NARROW) -> int:
    """About how wide ``text`` is drawn, in pixels: a Chinese character is a square."""
    return sum(wide if ord(one) >= LAST_ASCII else narrow for one in text)


@dataclass
class Box:
    """A state as drawn: its place, and where lines come and go on either side."""

    state: str
    label: str
    kind: str
    width: int = NARROWEST
    x: int = 0
    y: int = 0
    height: int = BOX_HEIGHT
    left: list[Line] = field(default_factory=list)
    right: list[Line] = field(default_factory=list)

    @property
    def middle(self) -> int:
        """The height of its centre."""
        return self.y + self.height // 2

    @property
    def centre(self) -> int:
        """The distance of its centre from the left."""
        return self.x + self.width // 2


@dataclass
class Line:
    """All steps from one state to another as drawn: one path, one arrow head, one name."""

    source: int
    dest: int
    label: str
    side: str
    lane: int = 0
    path: str = ""
    head: str = ""
    text_x: int = 0
    text_y: int = 0
    kind: str = ""

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last row that the line touches."""
        return min(self.source, self.dest), max(self.source, self.dest)


@dataclass
class Drawing:
    """A diagram: its size, its boxes and its lines."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]


@lru_cache(maxsize=128)
def draw(name: str, language: str, state: str = "") -> Drawing:
    """The diagram of the stage ``name`` with labels in ``language`` (which the caller speaks), ``state`` marked."""
    stage = STAGES[name]
    boxes = [Box(one, str(stage.state_labels[one]), _kind(stage, one, state)) for one in _order(stage)]
    width = max(NARROWEST, *(measure(box.label, STATE_WIDE, STATE_NARROW) + 2 * LABEL_PAD for box in boxes))
    for box in boxes:
        box.width = width
    lines = _lines(stage, {box.state: row for row, box in enumerate(boxes)}, state)
    for line in lines:
        if line.side != "down":
            for row in (line.source, line.dest):
                (boxes[row].left if line.side == "left" else boxes[row].right).append(line)
    left = _lanes([line for line in lines if line.side == "left"])
    right = _lanes([line for line in lines if line.side == "right"])
    left_zone = _zone(line.label for line in lines if line.side == "left")
    right_zone = max(_zone(line.label for line in lines if line.side == "right"), _overhang(lines, width))
    x = MARGIN + left * LANE + left_zone
    height = _place(boxes, lines, x)
    for line in lines:
        _route(line, boxes, left_zone, right_zone)
    return Drawing(x + width + right_zone + right * LANE + MARGIN, height, boxes, lines)


def _order(stage: Stage) -> list[str]:
    """The main path in its order, unbroken; below it the states beside it."""
    states = [str(one) for one in stage.states]
    main = [str(one) for one in stage.main_path] or states
    return [*main, *(one for one in states if one not in main)]


def _kind(stage: Stage, state: str, marked: str) -> str:
    words = ["state"]
    words += ["main"] if state in (stage.main_path or stage.states) else []
    words += ["final"] if stage.is_final(state) else []
    return " ".join([*words, "now"] if state == marked else words)


def _lines(stage: Stage, rows: dict[str, int], marked: str) -> list[Line]:
    labels: dict[tuple[int, int], list[str]] = defaultdict(list)
    usual: dict[tuple[int, int], bool] = defaultdict(bool)
    for step in stage.steps:
        for source in step.source:
            for dest in step.leads_to:
                if dest != source:
                    found = labels[rows[source], rows[dest]]
                    found += [str(step.label)] if str(step.label) not in found else []
                    usual[rows[source], rows[dest]] |= not step.dests
    lines = []
    for (start, end), said in sorted(labels.items()):
        side = "down" if end == start + 1 else "right" if end > start else "left"
        kind = "edge" + (" back" if side == "left" else "") + (" out" if rows.get(marked) == start else "")
        kind += "" if usual[start, end] else " returning"
        lines.append(Line(start, end, " / ".join(said), side, kind=kind))
    return lines


def _zone(labels: Iterable[str]) -> int:
    return max((measure(label) + 2 * LABEL_PAD + ARROW for label in labels), default=0)


def _overhang(lines: list[Line], width: int) -> int:
    """How far the name beside a straight arrow reaches over the right side of the boxes."""
    straight = max((measure(line.label) for line in lines if line.side == "down"), default=0)
    return max(straight + LABEL_PAD - width // 2, 0) + LABEL_PAD


def _lanes(lines: list[Line]) -> int:
    """Give each line a lane that no other uses between the same rows, the shortest nearest; returns how many."""
    taken: list[list[tuple[int, int]]] = []
    for line in sorted(lines, key=lambda one: (one.span[1] - one.span[0], one.span)):
        first, last = line.span
        free = (number for number, spans in enumerate(taken) if all(last < low or first > high for low, high in spans))
        line.lane = next(free, len(taken))
        if line.lane == len(taken):
            taken.append([])
        taken[line.lane].append((first, last))
    return len(taken)


def _place(boxes: list[Box], lines: list[Line], x: int) -> int:
    """Stack the boxes, each as high as its lines need; returns the height of the whole."""
    straight = {line.source for line in lines if line.side == "down"}
    y = MARGIN
    for row, box in enumerate(boxes):
        box.left.sort(key=partial(_other, row))
        box.right.sort(key=partial(_other, row))
        box.x, box.y = x, y
        box.height = max(BOX_HEIGHT, PORT_STEP * max(len(box.left), len(box.right)) + GAP_LINE)
        y += box.height + (GAP if row in straight else GAP - GAP_LINE)
    return y - GAP + GAP_LINE + MARGIN


def _other(row: int, line: Line) -> tuple[int, int]:
    """Lines from and to above leave a box higher than those below."""
    return (line.source if line.dest == row else line.dest), line.lane


def _port(box: Box, ports: list[Line], line: Line) -> int:
    room = (len(ports) - 1) * PORT_STEP
    return box.middle - room // 2 + ports.index(line) * PORT_STEP


def _route(line: Line, boxes: list[Box], left_zone: int, right_zone: int) -> None:
    """The path of a line, its arrow head and the place of its name."""
    source, dest = boxes[line.source], boxes[line.dest]
    if line.side == "down":
        x, top, end = source.centre, source.y + source.height, dest.y
        line.path = f"M{x} {top}V{end - ARROW}"
        line.head = f"M{x - 4} {end - ARROW}H{x + 4}L{x} {end}Z"
        line.text_x, line.text_y = x + LABEL_PAD, (top + end) // 2 + 2
        return
    if line.side == "right":
        edge, sign = source.x + source.width, 1
        turn = edge + right_zone + line.lane * LANE
        out, back = _port(source, source.right, line), _port(dest, dest.right, line)
    else:
        edge, turn, sign = source.x, source.x - left_zone - line.lane * LANE, -1
        out, back = _port(source, source.left, line), _port(dest, dest.left, line)
    line.path = f"M{edge} {out}H{turn}V{back}H{edge + sign * ARROW}"
    line.head = f"M{edge + sign * ARROW} {back - 4}V{back + 4}L{edge} {back}Z"
    line.text_x, line.text_y = edge + sign * LABEL_PAD, out - 4
