"""Serves a GGUF file as an OpenAI-compatible endpoint on loopback.

In: `python server.py MODEL.gguf [PORT]`, within the environment of `requirements.lock`. Out: the
base URL on the first line of standard output, then answers until it is ended. Next: `KELET_MODEL_URL`.
"""

import importlib
import json
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

if __package__:
    from tests.local_model.calls import Json, bounded, called
else:
    from calls import Json, bounded, called

CONTEXT = 8192
N_THREADS = 1
"""Two wait for one another at every layer, which is slow where the machine has other work."""


def load(model: Path) -> Any:
    """llama.cpp with this model; its own endpoint, on a port of its choice, is not used."""
    llama: Any = importlib.import_module("xllamacpp")
    params = llama.CommonParams()
    params.model.path = str(model)
    params.port = 0
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = N_THREADS
    # Threads that spin between two tokens take the other one's core.
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    params.verbosity = 0
    return llama.Server(params)


class LocalModel(ThreadingHTTPServer):
    """One request at a time: a small machine gains nothing from two."""

    daemon_threads = True

    def __init__(self, llama: Any, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._llama = llama
        self._lock = Lock()

    def answer(self, request: Json) -> Json:
        """The model's answer, or an object with `error`."""
        with self._lock:
            answer: Json = self._llama.handle_chat_completions(bounded(request))
        return answer if "error" in answer else called(request, answer)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, LocalModel)
        length = int(self.headers["Content-Length"])
        answer = self.server.answer(json.loads(self.rfile.read(length)))
        body = json.dumps(answer).encode()
        # A client that has given up is not here any more.
        with suppress(BrokenPipeError, ConnectionResetError):
            self._send(answer, body)

    def log_message(self, format: str, *args: object) -> None:
        """Standard output is for the URL alone, standard error for llama.cpp."""

    def _send(self, answer: Json, body: bytes) -> None:
        self.send_response(answer.get("error", {}).get("code", 200))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until ended."""
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = LocalModel(load(Path(sys.argv[1])), port)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
