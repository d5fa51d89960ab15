"""The dashboard asks for metrics, labels and values that there are, and shows each of them."""

from __future__ import annotations

import json
import re

from dragoman.metrics.series import ALL, Kind
from tests.deploy.reading import DEPLOY
from tests.metrics.test_one_process import CLOSED

DASHBOARD = json.loads((DEPLOY / "grafana" / "dragoman.json").read_text(encoding="utf-8"))
KNOWN = {one.name: one for one in ALL}
_ASKED = re.compile(r"(dragoman_\w+)(?:\{([^}]*)\})?")
_PROMETHEUS_OWN = {"job", "le"}


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def name_of(asked: str) -> str:
    """A histogram is asked for by its buckets."""
    bare = asked.removesuffix("_bucket")
    return bare if bare in KNOWN and KNOWN[bare].kind is Kind.HISTOGRAM else asked


def test_each_metric_and_label_and_value_asked_for_exists():
    for expression in expressions():
        found = _ASKED.findall(expression)
        assert found, expression
        for asked, matchers in found:
            series = KNOWN[name_of(asked)]
            for label, value in re.findall(r'(\w+)(?:=~|!=|=)"([^"]*)"', matchers):
                assert label in {*series.labels, *_PROMETHEUS_OWN}
                assert label in _PROMETHEUS_OWN or value in CLOSED[label]
            for labels in re.findall(r"by \(([^)]*)\)", expression):
                assert set(labels.split(", ")) <= {*series.labels, *_PROMETHEUS_OWN}


def test_each_metric_is_shown():
    assert {name_of(asked) for expression in expressions() for asked, _ in _ASKED.findall(expression)} == set(KNOWN)


def test_the_dashboard_is_one_that_can_be_imported():
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= DASHBOARD.keys()
    assert "id" not in DASHBOARD  # the number of another installation
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            assert all(label in target["expr"] for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))


def test_no_panel_lies_over_another():
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
