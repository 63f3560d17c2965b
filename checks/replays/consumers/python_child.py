"""Runs a Python consumer in a process of its own; started as `python -P python_child.py FILE:FUNCTION`.

Standard input: one JSON document a line, `{"event": …, "url": …, "reply": wanted or not}`. File descriptor REPLIES_FD
(environment): one JSON line for readiness and one a delivery, `{"error": null | sentence, "reply": …}`. What the
consumer returns is waited for: a coroutine on one loop that lasts as long as the process, a future on the loop or
thread that it is of. The consumer's own standard input is empty. When the harness goes away (standard input ends, even
while the consumer hangs), the process group ends.
"""

import asyncio
import concurrent.futures
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

    def reply(error: BaseException | None, answer: object = None) -> None:
        replies.write(json.dumps({"error": None if error is None else sentence(error), "reply": answer}) + "\n")

    try:
        handle = load(sys.argv[1])
    except BaseException as error:
        reply(error)
        return
    reply(None)
    with asyncio.Runner() as loop:
        while True:
            order = json.loads(orders.get())
            try:
                result = finished(handle(order["event"], order["url"]), loop)
                answer = json.loads(json.dumps(result)) if order["reply"] else None
            except BaseException as error:
                reply(error)
            else:
                reply(None, answer)


def finished(result: Any, loop: asyncio.Runner) -> Any:
    """What `result` comes to, once it has."""
    if isinstance(result, asyncio.Future) and result.get_loop().is_running():
        return asyncio.run_coroutine_threadsafe(_awaited(result), result.get_loop()).result()
    if isinstance(result, asyncio.Future):
        return result.get_loop().run_until_complete(result)
    if isinstance(result, concurrent.futures.Future):
        return result.result()
    return loop.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


if __name__ == "__main__":
    main()
