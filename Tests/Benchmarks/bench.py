#!/usr/bin/env python3
"""What `make bench` runs: puts the same loads on our server and on real etcd 3.5, and prints what they cost.

The figure is the server's own CPU time per operation, because servers and load share the machine's cores.
Begin with `driver/works.py`, which says what each work does.
"""

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
# The tests with real clients start the same servers.
sys.path.insert(0, str(HERE.parent / "EndToEnd"))

from driver import table, works  # noqa: E402
from driver.bench import Bench  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", action="append", choices=list(works.ALL), help="only this work")
    parser.add_argument("--quick", action="store_true", help="smaller loads, one round: about two minutes")
    parser.add_argument("--rounds", type=int, help="how often the servers take turns (default 3)")
    parser.add_argument("--threads", type=int, default=1, help="event loops of the load generator")
    parser.add_argument("--json", type=Path, default=HERE / ".build/bench.json", help="the file of results")
    parser.add_argument("--loadgen", type=Path, default=HERE / ".build/release/loadgen")
    options = parser.parse_args()

    with Bench(options) as bench:
        for name in options.work or works.ALL:
            print(f"== {name}", flush=True)
            works.ALL[name](bench)
    table.write_json(bench, options.json)
    print(table.render(bench))
    return 0 if bench.rows else 1


if __name__ == "__main__":
    sys.exit(main())
