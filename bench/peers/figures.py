"""What was measured, as JSON and as one table."""

import os
import platform
import statistics

# The engine that the others are compared with.
BASE = "steadflow"


class Figures:
    """Runs of each measure of each engine."""

    def __init__(self):
        load = os.getloadavg()[0]
        self.machine = {"cores": os.cpu_count(), "system": platform.platform(), "load_at_start": round(load, 2)}
        self.measures = {}
        self.engines = {}
        self.failures = []

    def add(self, measure, engine, unit, runs, *, more_is_better=False, is_detail=False):
        """Adds runs of a measure; a detail is in the JSON, but not in the table."""
        entry = {"unit": unit, "more_is_better": more_is_better, "is_detail": is_detail, "runs": {}}
        self.measures.setdefault(measure, entry)["runs"].setdefault(engine, []).extend(runs)

    def fail(self, engine, what, error):
        self.failures.append({"engine": engine, "measure": what, "error": str(error)})

    def json(self):
        return {"machine": self.machine, "engines": self.engines, "measures": self.measures, "failures": self.failures}

    def text(self):
        """Returns everything for people, in Markdown."""
        parts = [_table(["measure", "engine", "median", "min – max", "unit", f"{BASE} is better by"], self._rows())]
        head = ["engine", "version", "settings", "syncs per node execution, one at a time", "disk: syncs/s before"]
        parts.append(_table(head, [[name, *facts.values()] for name, facts in self.engines.items()]))
        parts.append(", ".join(f"{name.replace('_', ' ')}: {fact}" for name, fact in self.machine.items()))
        parts += [f"{fail['engine']}, {fail['measure']}: {fail['error']}" for fail in self.failures]
        return "\n\n".join(parts)

    def _rows(self):
        for measure, entry in self.measures.items():
            if entry["is_detail"]:
                continue
            base = entry["runs"].get(BASE)
            for engine, runs in entry["runs"].items():
                middle = statistics.median(runs)
                spread = f"{_short(min(runs))} – {_short(max(runs))}" if len(runs) > 1 else ""
                ratio = "" if engine == BASE or not base else _better(statistics.median(base), middle, entry)
                yield [measure, engine, _short(middle), spread, entry["unit"], ratio]


def _better(base, other, entry):
    """Returns how many times better the base is; below 1 it is worse."""
    if base <= 0 or other <= 0:
        return ""
    return f"{_short(base / other if entry['more_is_better'] else other / base)} ×"


def _short(value):
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _table(head, rows):
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
    line = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([line(head), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(line, rows)])
