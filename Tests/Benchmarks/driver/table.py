"""The results as people read them, and as JSON."""

import json
import os
import platform
import subprocess
from fractions import Fraction
from pathlib import Path

from support.servers import ETCD_35, PRODUCT


def render(bench):
    """Returns a Markdown table."""
    lines = [
        machine(),
        "",
        "| work | unit | isthmus | etcd 3.5 | ratio | goal | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for row in bench.rows:
        other = number(row["other"]) if row["against"] == "etcd" else f"({number(row['other'])})"
        mark = {None: "", True: "reached", False: "**missed**"}[row["reached"]]
        lines.append(
            f"| {row['work']} | {row['unit']} | {number(row['isthmus'])} | {other} | {ratio(row['ratio'])} "
            f"| {goal(row)} | {mark} |"
        )
    return "\n".join(lines)


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def ratio(value):
    if value is None or value == 0:
        return ""
    return f"1/{1 / value:.1f}" if value < 1 else f"{value:.2f}"


def goal(row):
    if row["goal"] is None:
        return ""
    fraction = Fraction(row["goal"]).limit_denominator(100)
    text = str(fraction) if fraction.numerator == 1 else f"{row['goal']:g}"
    return f"{'≤' if row['lower'] else '≥'} {text}"


def machine():
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    kibibytes = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{os.cpu_count()} x {model}, {kibibytes / (1 << 20):.0f} GiB, Linux {platform.release()}"


def version(binary, *arguments):
    run = subprocess.run([str(binary), *arguments], capture_output=True, text=True)
    return (run.stdout or run.stderr).strip().splitlines()[:1]


def write_json(bench, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "machine": machine(),
        "etcd": version(ETCD_35, "--version"),
        "isthmus": version(PRODUCT, "version"),
        "quick": bench.quick,
        "rounds": bench.rounds,
        "rows": bench.rows,
        "reports": bench.reports,
    }
    path.write_text(json.dumps(result, indent=1) + "\n")
