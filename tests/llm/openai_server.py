"""An OpenAI-compatible server on loopback that plays a script and fails as it is told.

In: chat completion requests, a list of faults. Out: answers; what was asked, by content. Next:
`KELET_MODEL_URL` points a worker at it.
"""

import hashlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.llm import questioned

SLOW_SECONDS = 1.0
RETRY_AFTER = "4"
"""Longer than Temporal's first backoff, so that one can tell which of them was kept."""
RIVAL = {
    "says": "It takes too long over it.",
    "test": {"agent": "summarizer", "feature": "in: dollars"},
    "why_not": "All of them are given the same.",
}


class ScriptedServer(ThreadingHTTPServer):
    """`faults` are used up one a request; `asked` counts contents that were asked for.

    A request is either let pass, and answered soon, or held until the door is open: each counts once.
    """

    daemon_threads = True

    def __init__(self, faults: list[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = list(faults)
        self.asked: Counter[str] = Counter()
        self.asked_at: list[tuple[str, float]] = []
        self.n_answered = 0
        self.n_passed = 0
        self.n_held = 0
        self._door = threading.Lock()
        self._room: int | None = None
        self._open = threading.Event()

    @property
    def url(self) -> str:
        """What `KELET_MODEL_URL` is set to."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def hold_after(self, n_passed: int) -> None:
        """Requests wait as soon as so many have passed."""
        with self._door:
            self._room = n_passed

    def release(self) -> None:
        """Those that wait are answered, and those that come."""
        with self._door:
            self._room = None
            self._open.set()

    def wait_for_door(self) -> None:
        """Of one request."""
        with self._door:
            passes = self._room is None or self.n_passed < self._room
            self.n_passed += passes
            self.n_held += not passes
        if not passes:
            self._open.wait(120)

    def next_fault(self) -> str | None:
        """The fault of this request."""
        return self.faults.pop(0) if self.faults else None


@contextmanager
def serving(*faults: str) -> Generator[ScriptedServer]:
    """A server for the length of a block."""
    server = ScriptedServer(list(faults))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.release()
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def _script(self) -> ScriptedServer:
        assert isinstance(self.server, ScriptedServer)
        return self.server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on the terminal."""

    def do_POST(self) -> None:
        body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._script.asked[_content(body)] += 1
        self._script.asked_at.append((_content(body), time.monotonic()))
        self._script.wait_for_door()
        fault = self._script.next_fault()
        if fault == "429":
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": RETRY_AFTER})
        elif fault == "401":
            self._send(401, {"error": {"message": "no such key"}})
        elif fault == "500":
            self._send(500, {"error": {"message": "broken"}})
        elif fault == "wrong json":
            self._raw(200, b'{"choices": [')
        elif fault == "cut":
            self._cut()
        elif fault == "refusal":
            self._send(200, _completion({"role": "assistant", "refusal": "I cannot."}, "stop"))
        elif fault == "filtered":
            self._send(200, _completion({"role": "assistant", "content": ""}, "content_filter"))
        elif fault == "truncated":
            self._send(200, _completion({"role": "assistant", "content": "It"}, "length"))
        elif fault == "wrong shape":
            name = [tool["function"]["name"] for tool in body.get("tools", ())][-1]
            self._send(200, _call(name, {"nonsense": 1}))
        else:
            if fault == "slow":
                time.sleep(SLOW_SECONDS)
            self._script.n_answered += 1
            self._send(200, answer(body))

    def _send(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(body).encode(), headers)

    def _raw(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _cut(self) -> None:
        """Half an answer, then the connection ends."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b'{"choices"')
        self.wfile.flush()
        self.close_connection = True


def _content(body: dict[str, Any]) -> str:
    said = json.dumps([body["messages"], body.get("tools")], sort_keys=True)
    said = re.sub(r'"(?:id|tool_call_id)": "[^"]*"', "", said)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """The script: read a step, explain, judge; a plain question is answered with its first sentence."""
    names = [tool["function"]["name"] for tool in body.get("tools", ())]
    results = [m for m in body["messages"] if m["role"] == "tool"]
    prompt = str(body["messages"][-1].get("content") or "")
    if "features" in names:
        return _interrogated(body, names, n_read=len(results))
    if not names:
        return _completion({"role": "assistant", "content": prompt.split(". ")[0] + "."}, "stop")
    if "read_step" not in names:
        numbers = re.findall(r"^Claim (\d+)", prompt, re.MULTILINE)
        return _call(
            names[-1], {"rulings": [{"claim": int(n), "supported": True} for n in numbers]}
        )
    if not results:
        return _call("read_step", {"session": "F1", "step": 2})
    given = re.search(r"\[in user\] ([^.\n]*)", str(results[-1]["content"]))
    claim = {"says": "Here it is given the figures.", "session": "F1", "step": 2}
    quote = given[1] if given else "nothing"
    return _call(
        next(n for n in names if n.startswith("final")),
        {
            "cause": "C1",
            "root_cause": "The summarizer drops numbers.",
            "mechanism": [{**claim, "quote": quote}],
            "rivals": [RIVAL],
            "prompt_lines": ["Carry over every number and figure."],
        },
    )


def _interrogated(body: dict[str, Any], names: list[str], n_read: int) -> dict[str, Any]:
    """Read the agent's last step again, then tell the truth about it."""
    text = "\n".join(str(m.get("content")) for m in body["messages"] if m["role"] == "user")
    if not n_read:
        return _call("read_step", {"step": questioned.step_number(text)})
    final = next(n for n in names if n.startswith("final"))
    return _call(final, {"hypotheses": questioned.honest(text)})


def _call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    call = {"name": name, "arguments": json.dumps(arguments)}
    made = [{"id": f"call_{time.monotonic_ns()}", "type": "function", "function": call}]
    return _completion({"role": "assistant", "content": None, "tool_calls": made}, "tool_calls")


def _completion(message: dict[str, Any], reason: str) -> dict[str, Any]:
    return {
        "id": f"c{time.monotonic_ns()}",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }
