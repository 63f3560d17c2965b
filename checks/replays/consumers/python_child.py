"""Runs a Python consumer in a process of its own; started as `python -P python_child.py FILE:FUNCTION`.

Standard input: one JSON document a line, `{"event": …, "url": …}`. File descriptor REPLIES_FD (environment):
one JSON line for readiness and one a delivery, `{"error": null | sentence}`. The consumer's own standard
input is empty. When the harness goes away (standard input ends, even while the consumer hangs), the process
group ends.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any


def load(spec: str) -> Callable[..., Any]:
    """The function that FILE.py:FUNCTION or MODULE:FUNCTION names."""
    place, _, name = spec.rpartition(":")
    if place.endswith(".py"):
        file = Path(place).resolve()
        sys.path.insert(0, str(file.parent))
        found = importlib.util.spec_from_file_location(file.stem, file)
        if found is None or found.loader is None or not file.is_file():
            raise FileNotFoundError(f"no file {place}")
        module = importlib.util.module_from_spec(found)
        sys.modules[file.stem] = module
        found.loader.exec_module(module)
    else:
        sys.path.insert(0, str(Path.cwd()))
        module = importlib.import_module(place)
    handle: Callable[..., Any] = getattr(module, name)
    if not callable(handle):
        raise TypeError(f"{name} in {place} is not a function")
    return handle


def reading(orders: "queue.Queue[str]", source: int) -> None:
    """Passes lines on; at their end nobody waits for an answer any more."""
    with os.fdopen(source, encoding="utf-8") as lines:
        for line in lines:
            orders.put(line)
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def sentence(error: BaseException) -> str:
    """The error on one line, at most 300 characters."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def main() -> None:
    """Imports the consumer once, then handles one event a line."""
    source = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    replies = os.fdopen(int(os.environ.pop("REPLIES_FD")), "w", encoding="utf-8", buffering=1)
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=reading, args=(orders, source), daemon=True).start()

    def reply(error: BaseException | None) -> None:
        replies.write(json.dumps({"error": None if error is None else sentence(error)}) + "\n")

    try:
        handle = load(sys.argv[1])
    except BaseException as error:
        reply(error)
        return
    reply(None)
    while True:
        order = json.loads(orders.get())
        try:
            result = handle(order["event"], order["url"])
            if inspect.isawaitable(result):
                asyncio.run(_awaited(result))
        except BaseException as error:
            reply(error)
        else:
            reply(None)


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


if __name__ == "__main__":
    main()
