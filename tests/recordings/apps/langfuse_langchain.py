"""Langfuse's SDK with its callback for LangChain."""

from contextlib import ExitStack
from typing import Any

from langchain_desk import desk
from langfuse import Langfuse, propagate_attributes
from langfuse.langchain import CallbackHandler
from support_chat import TRACES, USER

langfuse = Langfuse(public_key="pk-lf-scripted", secret_key="sk-lf-scripted", base_url=TRACES)


def session(each: dict[str, Any]) -> ExitStack:
    stack = ExitStack()
    stack.enter_context(langfuse.start_as_current_observation(as_type="span", name="support"))
    stack.enter_context(propagate_attributes(session_id=each["session"], user_id=USER))
    return stack


desk(session, callbacks=[CallbackHandler()])
langfuse.flush()
langfuse.shutdown()
