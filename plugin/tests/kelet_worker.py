"""A worker process that can be killed: `kelet_worker.py <address> <queue> <span file> <signal URL>`.

It keeps no workflow in its cache, so every task is a replay. Its spans go to the file one JSON object
a line as they end, and survive the process.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import kelet_temporal as kelet
from kelet_app import ACTIVITIES, WORKFLOWS, LibraryHandler
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from temporalio.client import Client
from temporalio.worker import Worker


class FileExporter(SpanExporter):
    def __init__(self, path: Path) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._path.open("a") as out:
            for span in spans:
                out.write(json.dumps({"name": span.name, **(span.attributes or {})}) + "\n")
        return SpanExportResult.SUCCESS


async def main(address: str, queue: str, path: Path, url: str) -> None:
    processor = SimpleSpanProcessor(FileExporter(path))
    kelet.configure(span_processor=processor, base_url=url, strict=True)
    client = await Client.connect(address, plugins=[kelet.KeletPlugin()])
    with ThreadPoolExecutor(4) as threads:
        worker = Worker(
            client,
            task_queue=queue,
            workflows=WORKFLOWS,
            activities=ACTIVITIES,
            nexus_service_handlers=[LibraryHandler()],
            activity_executor=threads,
            max_cached_workflows=0,
        )
        await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
