"""``make bench [ONLY=roc]``: prints one Markdown table."""

import importlib
import os
import pkgutil
import sys
import traceback
from dataclasses import astuple, fields

from .report import Row


def main():
    only = os.environ.get("ONLY", "")
    modules = [m.name for m in pkgutil.iter_modules(importlib.import_module("benchmarks").__path__)]
    failed = False
    names = [field.name for field in fields(Row)]
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)
    for name in modules:
        if not name.startswith("bench_") or only not in name:
            continue
        try:
            for row in importlib.import_module(f"benchmarks.{name}").benchmarks():
                print(f"| {' | '.join(astuple(row))} |", flush=True)
        except Exception:
            failed = True
            traceback.print_exc()
    sys.exit(failed)


if __name__ == "__main__":
    main()
