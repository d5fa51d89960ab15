"""The page of metrics says all that there is, and its alerts ask for nothing else."""

import re
from pathlib import Path

import yaml
from making import metrics
from tests.metrics.test_one_process import CLOSED

from dragoman.core.errors import Refusal
from dragoman.metrics.series import ALL, LABELS

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_every_label_and_every_reason_is_explained():
    assert metrics.unexplained() == set()
    for label in ("endpoint", "looked_like_retry"):
        for value in CLOSED[label]:
            assert f"`{value}`" in LABELS[label]


def test_alerts_ask_for_metrics_labels_and_values_that_exist():
    text = PAGE.read_text(encoding="utf-8")
    rules = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])["groups"][0]["rules"]
    assert len(rules) == len({rule["alert"] for rule in rules}) > 3
    known = {one.name: one for one in ALL}
    for rule in rules:
        asked = re.findall(r"(dragoman_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert asked
        for name, matchers in asked:
            for label, value in re.findall(r'(\w+)="([^"]*)"', matchers):
                assert label in known[name].labels
                assert value in CLOSED[label]
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert f"by ({label})" in rule["expr"]
    assert set(CLOSED["outcome"]) > {refusal.value for refusal in Refusal}
