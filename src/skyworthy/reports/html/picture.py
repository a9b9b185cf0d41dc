"""The stack as a drawing: what traffic meets, left to right or, on a phone, from the top down."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from skyworthy.estate import Estate, Reference, Resource, Template, Undecidable, Value, references
from skyworthy.reports.html.data import Finding, worst
from skyworthy.reports.html.elements import SIGNS, Markup, numbered, tag
from skyworthy.reports.topology import INTERNET, Chart
from skyworthy.verdicts import Outcome

MOST_NODES = 80
"""A drawing of more nodes shows nobody anything."""

_OUTSIDE = "internet-out"
_LAYERS = {
    "aws_lb": 1,
    "aws_alb": 1,
    "aws_lb_target_group": 2,
    "aws_alb_target_group": 2,
    "aws_ecs_service": 3,
}
_STORES, _LAST = 4, 5
_PARTS = {
    "aws_lb": ("aws_lb_listener", "aws_lb_listener_rule", "aws_wafv2_web_acl_association", "aws_alb_listener"),
    "aws_ecs_service": ("aws_ecs_task_definition", "aws_appautoscaling_target", "aws_appautoscaling_policy"),
    "aws_db_instance": ("aws_db_parameter_group", "aws_db_subnet_group", "aws_db_option_group"),
    "aws_rds_cluster": ("aws_rds_cluster_parameter_group", "aws_db_subnet_group", "aws_rds_cluster_instance"),
    "aws_elasticache_replication_group": ("aws_elasticache_parameter_group", "aws_elasticache_subnet_group"),
    "aws_elasticache_cluster": ("aws_elasticache_parameter_group", "aws_elasticache_subnet_group"),
    "aws_secretsmanager_secret": ("aws_secretsmanager_secret_version", "aws_secretsmanager_secret_policy"),
    "aws_nat_gateway": ("aws_eip",),
}
"""What is counted with a node: types that refer to it or that it refers to."""

_WIDTH, _HEIGHT, _ROUND = 172, 54, 56
_MARGIN, _SPACE, _HEAD = 14, 16, 18
_NARROW, _BESIDE, _LANE = 146, 24, 8
"""Of the upright drawing: width of a node, margin at its sides, and where lines run down in it."""


def components_of(chart: Chart) -> dict[str, str]:
    """Address -> id of the node that it is part of, for nodes and what belongs to them."""
    parts = dict(chart.ids)
    for id, node in chart.nodes.items():
        owner = chart.estate.get(node.address)
        types = _PARTS.get(node.type, ())
        free = [part for part in chart.estate if part.type in types and not part.data and part.address not in parts]
        of = [owner] if owner is not None else []
        for one in of:  # which grows: a rule belongs to a listener, and with it to the load balancer
            found = [part for part in free if _belong(part, one, chart.estate)]
            free = [part for part in free if part not in found]
            of += found
        parts.update((part.address, id) for part in of)
    return parts


def _belong(one: Resource, other: Resource, estate: Estate) -> bool:
    return _names(one, other, estate) or _names(other, one, estate)


def _names(one: Resource, other: Resource, estate: Estate) -> bool:
    """Whether one names the other, by a reference or an identifier, anywhere in its attributes."""
    for value in one.attributes.values():
        for named in _leaves(value):
            try:
                if estate.find(named, other.type) is other:
                    return True
            except Undecidable:
                continue  # what it names is not known
    return False


def _leaves(value: Value) -> Iterator[Value]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, Template):
        yield from references(value)
    elif isinstance(value, str | Reference):
        yield value
        if isinstance(value, str) and "/" in value:
            yield value.rpartition("/")[2]  # service/<cluster>/<service>, as autoscaling names it


@dataclass(frozen=True)
class _Box:
    id: str
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True)
class Picture:
    """A drawing of a chart.

    Args:
        chart: nodes and edges.
        environment: its name.
        findings: of the environment.
        components: see :func:`components_of`.
        upright: from the top down.
    """

    chart: Chart
    environment: str
    findings: Sequence[Finding]
    components: Mapping[str, str]
    upright: bool = False

    def draw(self) -> Markup:
        """The drawing as SVG."""
        boxes, frames = self._placed
        drawn = [*boxes.values(), *(frame for frame, _ in frames)]
        widest = max(box.x + box.width for box in drawn) + _MARGIN
        width = 2.0 * _NARROW + 12 + 2 * _BESIDE if self.upright else widest
        height = max(box.y + box.height for box in drawn) + _MARGIN
        return tag(
            "svg",
            (self._frame(box, label) for box, label in frames),
            (self._edge(start, end, labels) for (start, end), labels in self.edges.items()),
            (self._node(boxes[id]) for id in boxes),
            viewBox=f"0 0 {width:.0f} {height:.0f}",
            width=round(width),
            height=round(height),
            role="group",
            aria_label=f"The stack of {self.environment} as declared",
            class_=f"stack {'upright' if self.upright else 'flat'}",
        )

    @cached_property
    def tallies(self) -> dict[str, Counter[Outcome]]:
        """Verdicts by component."""
        made: dict[str, Counter[Outcome]] = {id: Counter() for id in self.chart.nodes}
        for item in self.findings:
            id = self.components.get(item.verdict.address)
            if id is not None:
                made[id][item.verdict.outcome] += 1
        return made

    @cached_property
    def _prefix(self) -> str:
        return _common([node.name for node in self.chart.nodes.values()])

    def _called(self, name: str) -> str:
        """A name without what most of them begin with and without the environment's; the whole one is in the title."""
        own = name.removeprefix(self._prefix) or name
        return own.removeprefix(f"{self.environment}-").removesuffix(f"-{self.environment}")

    @cached_property
    def edges(self) -> dict[tuple[str, str], list[str]]:
        """Edges in which the way out leads to an internet of its own, so that no line goes back."""
        return {
            (start, _OUTSIDE if end == INTERNET else end): list(labels)
            for (start, end), labels in self.chart.edges.items()
        }

    @cached_property
    def _layers(self) -> list[list[str]]:
        layers: list[list[str]] = [[] for _ in range(_LAST + 1)]
        for id, node in self.chart.nodes.items():
            layers[_LAYERS.get(node.type, _STORES)].append(id)
        ends = {end for edge in self.edges for end in edge}
        layers[0] += [INTERNET] if INTERNET in ends else []
        layers[_LAST] += [_OUTSIDE] if _OUTSIDE in ends else []
        for number in range(1, len(layers)):
            layers[number].sort(key=lambda node: (self._group_rank(node), self._pull(node, layers)))
        return [layer for layer in layers if layer]

    def _pull(self, id: str, layers: list[list[str]]) -> float:
        """Where the nodes before it stand: near them there are fewer crossings."""
        places = {other: place for layer in layers for place, other in enumerate(layer)}
        before = [places[start] for start, end in self.edges if end == id and start in places]
        return sum(before) / len(before) if before else 99.0

    def _group_rank(self, id: str) -> int:
        labels = list(self.chart.groups)
        return next((labels.index(label) for label in labels if id in self.chart.groups[label]), len(labels))

    def _group(self, id: str) -> str:
        return next((label for label, ids in self.chart.groups.items() if id in ids), "")

    @cached_property
    def _placed(self) -> tuple[dict[str, _Box], list[tuple[_Box, str]]]:
        return self._from_the_top() if self.upright else self._from_the_left()

    def _runs(self, layer: Sequence[str]) -> list[tuple[str, list[str]]]:
        """Neighbours of one group; each run gets a frame."""
        runs: list[tuple[str, list[str]]] = []
        for id in layer:
            label = self._group(id)
            if runs and runs[-1][0] == label:
                runs[-1][1].append(id)
            else:
                runs.append((label, [id]))
        return runs

    def _size(self, id: str) -> tuple[float, float]:
        return (_ROUND, _ROUND) if id in (INTERNET, _OUTSIDE) else (_WIDTH, _HEIGHT)

    def _tall(self, layer: Sequence[str]) -> float:
        total = 0.0
        for label, ids in self._runs(layer):
            total += sum(self._size(id)[1] + _SPACE for id in ids) + (_HEAD + _SPACE if label else 0)
        return total

    def _from_the_left(self) -> tuple[dict[str, _Box], list[tuple[_Box, str]]]:
        boxes: dict[str, _Box] = {}
        frames: list[tuple[_Box, str]] = []
        tallest = max(self._tall(layer) for layer in self._layers)
        x = float(_MARGIN)
        for number, layer in enumerate(self._layers):
            x += self._gap(number) if number else 0
            y = _MARGIN + (tallest - self._tall(layer)) / 2
            wide = max(self._size(id)[0] for id in layer)
            for label, ids in self._runs(layer):
                top = y
                y += _HEAD + _SPACE / 2 if label else 0
                for id in ids:
                    width, height = self._size(id)
                    boxes[id] = _Box(id, x + (wide - width) / 2, y, width, height)
                    y += height + _SPACE
                if label:
                    frames.append((_Box("", x - 10, top, wide + 20, y - top - _SPACE / 2), label))
                    y += _SPACE / 2
            x += wide
        return boxes, frames

    def _gap(self, number: int) -> float:
        """Room between a layer and the one before it, for the longest text on a line between them."""
        ids = set(self._layers[number])
        texts = [
            len(label)
            for (_, end), labels in self.edges.items()
            if end in ids and self._on_line(end)
            for label in labels
        ]
        return float(min(max(68, max(texts, default=0) * 5.9 + 34), 150))

    def _on_line(self, end: str) -> bool:
        """Whether labels stand on the line; those of target groups, host names, stand in the node."""
        return not (end in self.chart.nodes and self.chart.nodes[end].type.endswith("target_group"))

    def _from_the_top(self) -> tuple[dict[str, _Box], list[tuple[_Box, str]]]:
        boxes: dict[str, _Box] = {}
        frames: list[tuple[_Box, str]] = []
        total = 2.0 * _NARROW + 12
        y = float(_MARGIN)
        for layer in self._layers:
            for label, ids in self._runs(layer):
                top = y
                y += _HEAD + _SPACE / 2 if label else 0
                for first in range(0, len(ids), 2):
                    pair = ids[first : first + 2]
                    for place, id in enumerate(pair):
                        width, height = (_ROUND, _ROUND) if self._size(id)[0] == _ROUND else (_NARROW, _HEIGHT)
                        left = _BESIDE + (place * (_NARROW + 12) if len(pair) == 2 else (total - width) / 2)
                        boxes[id] = _Box(id, left, y, width, height)
                    y += max(boxes[id].height for id in pair) + _SPACE
                if label:
                    frames.append((_Box("", _BESIDE - 8, top, total + 16, y - top - _SPACE / 2), label))
                    y += _SPACE / 2
            y += 22
        return boxes, frames

    def _frame(self, box: _Box, label: str) -> Markup:
        return tag(
            "g",
            tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=10),
            tag("text", _short(label, box.width / 6), x=box.x + 10, y=box.y + 15),
            class_="frame",
        )

    def _edge(self, start: str, end: str, labels: Sequence[str]) -> Markup:
        boxes, _ = self._placed
        one, other = boxes[start], boxes[end]
        hop = self.chart.blocked.get((start, INTERNET if end == _OUTSIDE else end))
        x1, y1, x2, y2, path, head = self._upright_line(one, other) if self.upright else _flat_line(one, other)
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        told = list(labels) if self._on_line(end) and not self.upright else []
        high = middle[1] - 6 - 12 * (len(told) - 1)
        return tag(
            "g",
            tag("title", f"blocked: {hop}") if hop else None,
            tag("path", d=path, class_="line"),
            tag("path", d=head, class_="head"),
            (tag("text", label, x=middle[0], y=high + 12 * row, class_="on-line") for row, label in enumerate(told)),
            tag("text", "✕", x=middle[0], y=middle[1] + 5, class_="cross") if hop else None,
            class_="edge blocked" if hop else "edge",
        )

    def _upright_line(self, one: _Box, other: _Box) -> "_Line":
        """Straight down to the next row; past other rows it runs at the side, so that it does not touch their nodes."""
        boxes, _ = self._placed
        x1, y1, x2, y2 = one.middle[0], one.y + one.height, other.middle[0], other.y
        if not any(y1 < box.y and box.y + box.height < y2 for box in boxes.values()):
            bend = max(18.0, (y2 - y1) / 2)
            path = f"M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} {x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2 - 5:.0f}"
            return x1, y1, x2, y2, path, f"M{x2 - 4:.0f} {y2 - 7:.0f}L{x2:.0f} {y2:.0f}L{x2 + 4:.0f} {y2 - 7:.0f}z"
        total = 2 * _NARROW + 12 + 2 * _BESIDE
        beside = x2 if x2 != total / 2 else x1
        left = beside < total / 2
        lane = _LANE if left else total - _LANE
        side, back = (other.x, -7) if left else (other.x + other.width, 7)
        middle = other.middle[1]
        path = f"M{x1:.0f} {y1:.0f}V{y1 + 9:.0f}H{lane:.0f}V{middle:.0f}H{side + back / 2:.0f}"
        head = f"M{side + back:.0f} {middle - 4:.0f}L{side:.0f} {middle:.0f}L{side + back:.0f} {middle + 4:.0f}z"
        return lane, y1, lane, middle, path, head

    def _node(self, box: _Box) -> Markup:
        if box.id in (INTERNET, _OUTSIDE):
            x, y = box.middle
            return tag(
                "g",
                tag("circle", cx=x, cy=y, r=_ROUND / 2),
                tag("text", "internet", x=x, y=y + 4),
                class_="internet",
            )
        node, tally = self.chart.nodes[box.id], self.tallies[box.id]
        bad = worst(tally)
        hosts = [
            label
            for (_, end), labels in self.edges.items()
            if end == box.id and not self._on_line(end)
            for label in labels
        ]
        said = ", ".join(numbered(outcome, tally[outcome]) for outcome in Outcome if tally[outcome]) or "nothing judged"
        room = (box.width - 44) / 7.6
        detail = hosts[0] if hosts else f"{node.kind}{node.more}"
        return tag(
            "a",
            tag("title", f"{node.kind} {node.name}: {said}{''.join(f', {host}' for host in hosts)} ({node.address})"),
            tag("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=8),
            tag("rect", x=box.x, y=box.y, width=5, height=box.height, rx=2.5, class_="edge-mark"),
            tag(
                "text",
                _short(self._called(node.name), room),
                x=box.x + 16,
                y=box.y + 22,
                class_="name",
                aria_hidden="true",
            ),
            tag(
                "text",
                _short(detail, (box.width - 24) / 6.4),
                x=box.x + 16,
                y=box.y + 40,
                class_="detail",
                aria_hidden="true",
            ),
            tag(
                "text",
                SIGNS[bad] if bad else "",
                x=box.x + box.width - 14,
                y=box.y + 22,
                class_="sign",
                aria_hidden="true",
            ),
            href="#findings",
            data_component=box.id,
            data_name=node.name,
            data_env=self.environment,
            data_said=said,
            class_=f"node v-{bad.value if bad else 'none'}",
        )


def _common(names: Sequence[str]) -> str:
    """The longest beginning, up to a hyphen, that most of the names that begin alike share."""
    starts = Counter(name[: place + 1] for name in names for place, letter in enumerate(name) if letter == "-")
    enough = max(3, 0.6 * max(starts.values(), default=0))
    shared = [start for start, count in starts.items() if count >= enough]
    return max(shared, key=lambda start: (len(start), start), default="")


_Line = tuple[float, float, float, float, str, str]
"""From where to where, x and y each, and the paths of the line and its head."""


def _flat_line(one: _Box, other: _Box) -> _Line:
    x1, y1, x2, y2 = one.x + one.width, one.middle[1], other.x, other.middle[1]
    bend = max(18.0, (x2 - x1) / 2)
    path = f"M{x1:.0f} {y1:.0f}C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2 - 5:.0f} {y2:.0f}"
    return x1, y1, x2, y2, path, f"M{x2 - 7:.0f} {y2 - 4:.0f}L{x2:.0f} {y2:.0f}L{x2 - 7:.0f} {y2 + 4:.0f}z"


def _short(words: str, room: float) -> str:
    """As much of a text as there is room for; the whole one is in the title."""
    return words if len(words) <= room else f"{words[: max(1, int(room) - 1)]}…"
