"""`import modelward` in a fresh process, and the first use that brings the rest with it; medians."""

import json
import statistics
import subprocess
import sys

STATEMENTS = {
    "import modelward": "import modelward",
    "import modelward, then modelward.compare": "import modelward; modelward.compare",
    "import modelward.stats": "import modelward.stats",
}
_CLOCK = (
    "import time; wall, used = time.perf_counter(), time.process_time(); {statement}; "
    "print(time.perf_counter() - wall, time.process_time() - used)"
)


def measure(statement: str, runs: int) -> dict[str, float]:
    """Milliseconds by the clock and of the processor, after one run that fills the disk's cache."""
    command = [sys.executable, "-c", _CLOCK.format(statement=statement)]
    said = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(runs + 1)]
    wall, used = zip(*(map(float, line) for line in said[1:]), strict=True)
    return {"wall_ms": round(1000 * statistics.median(wall), 1), "cpu_ms": round(1000 * statistics.median(used), 1)}


def main() -> None:
    results = {name: measure(statement, 7) for name, statement in STATEMENTS.items()}
    print(json.dumps({"benchmark": "import", "results": results}, indent=2))


if __name__ == "__main__":
    main()
