"""A support chat on Temporal: one workflow a conversation, one update a turn. Nothing traces it."""

import asyncio
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker


@activity.defn
async def answer(question: str) -> str:
    return f"You asked: {question}"


@workflow.defn
class Chat:
    def __init__(self) -> None:
        self._closed = False

    @workflow.update
    async def ask(self, question: str) -> str:
        timeout = timedelta(seconds=30)
        return await workflow.execute_activity(answer, question, start_to_close_timeout=timeout)

    @workflow.signal
    def close(self) -> None:
        self._closed = True

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._closed and workflow.all_handlers_finished())


async def main(address: str, chat_id: str) -> None:
    client = await Client.connect(address)
    async with Worker(client, task_queue="chat", workflows=[Chat], activities=[answer]):
        chat = await client.start_workflow(Chat.run, id=f"chat-{chat_id}", task_queue="chat")
        for question in ("Where is my parcel?", "And the other one?"):
            await chat.execute_update(Chat.ask, question)
        await chat.signal(Chat.close)
        await chat.result()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
