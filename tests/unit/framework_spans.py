"""One model call and one tool call in the attributes of every framework, made by hand.

In: the shapes of `provider_shapes`. Out: `MODEL_CALLS`, `TOOLS`: (span name, attributes). Next: the
tests of conventions read the same step from each.
"""

import json
from typing import Any

from tests.unit.provider_shapes import ARGUMENTS, ASKED, LANGCHAIN, OPENAI, REQUESTS, RULES, SAID

CHAT = {"in": json.dumps(OPENAI), "out": SAID}
MODEL_CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "OpenInference": (
        "ChatCompletion",
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "m-1",
            "llm.system": "openai",
            "llm.input_messages.0.message.role": "system",
            "llm.input_messages.0.message.content": RULES,
            "llm.input_messages.1.message.role": "user",
            "llm.input_messages.1.message.contents.0.message_content.type": "text",
            "llm.input_messages.1.message.contents.0.message_content.text": ASKED,
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": SAID,
            "llm.token_count.prompt": 7,
            "llm.token_count.completion": 5,
        },
    ),
    "OpenLLMetry, older": (
        "openai.chat",
        {
            "llm.request.type": "chat",
            "gen_ai.request.model": "m-1",
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": RULES,
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": json.dumps([{"type": "text", "text": ASKED}]),
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": SAID,
            "gen_ai.usage.prompt_tokens": 7,
            "gen_ai.usage.completion_tokens": 5,
        },
    ),
    "Vercel AI SDK": (
        "ai.generateText.doGenerate",
        {
            "ai.operationId": "ai.generateText.doGenerate",
            "ai.model.id": "m-1",
            "ai.prompt.messages": json.dumps(OPENAI),
            "ai.response.text": SAID,
            "ai.usage.promptTokens": 7,
            "ai.usage.completionTokens": 5,
        },
    ),
    "Langfuse": (
        "answer",
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "m-1",
            "langfuse.observation.input": CHAT["in"],
            "langfuse.observation.output": SAID,
            "langfuse.observation.usage_details": '{"input": 7, "output": 5}',
        },
    ),
    "MLflow": (
        "ChatModel",
        {
            "mlflow.spanType": '"CHAT_MODEL"',
            "mlflow.llm.model": "m-1",
            "mlflow.spanInputs": json.dumps({"messages": OPENAI}),
            "mlflow.spanOutputs": json.dumps(
                {"choices": [{"message": {"role": "assistant", "content": SAID}}]}
            ),
            "mlflow.chat.tokenUsage": '{"input_tokens": 7, "output_tokens": 5}',
        },
    ),
    "LangSmith": (
        "ChatOpenAI",
        {
            "langsmith.span.kind": "llm",
            "gen_ai.request.model": "m-1",
            "gen_ai.prompt": json.dumps({"messages": LANGCHAIN}),
            "gen_ai.completion": json.dumps(
                {"generations": [[{"text": SAID, "type": "ChatGeneration"}]]}
            ),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "Google ADK": (
        "call_llm",
        {
            "gen_ai.system": "gcp.vertex.agent",
            "gen_ai.request.model": "m-1",
            "gcp.vertex.agent.llm_request": json.dumps(REQUESTS["google adk"]),
            "gcp.vertex.agent.llm_response": json.dumps(
                {"content": {"parts": [{"text": SAID}], "role": "model"}}
            ),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "Logfire": (
        "Chat Completion with 'm-1'",
        {
            "logfire.msg": "x",
            "request_data": json.dumps(REQUESTS["openai"]),
            "gen_ai.request.model": "m-1",
            "response_data": json.dumps(
                {"message": {"role": "assistant", "content": SAID}, "usage": {}}
            ),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "Logfire events": (
        "chat m-1",
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "m-1",
            "events": json.dumps(
                [
                    {"event.name": "gen_ai.system.message", "content": RULES, "role": "system"},
                    {"event.name": "gen_ai.user.message", "content": ASKED, "role": "user"},
                    {
                        "event.name": "gen_ai.choice",
                        "index": 0,
                        "message": {"role": "assistant", "content": SAID},
                    },
                ]
            ),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "Braintrust": (
        "Chat",
        {
            "braintrust.span_attributes": '{"type": "llm"}',
            "braintrust.metadata": '{"model": "m-1"}',
            "braintrust.input_json": CHAT["in"],
            "braintrust.output_json": json.dumps(
                [{"message": {"role": "assistant", "content": SAID}}]
            ),
            "braintrust.metrics": '{"prompt_tokens": 7, "completion_tokens": 5}',
        },
    ),
    "Genkit": (
        "m-1",
        {
            "genkit:type": "action",
            "genkit:metadata:subtype": "model",
            "genkit:name": "m-1",
            "genkit:input": json.dumps(
                {
                    "messages": [
                        {"role": "system", "content": [{"text": RULES}]},
                        {"role": "user", "content": [{"text": ASKED}]},
                    ]
                }
            ),
            "genkit:output": json.dumps(
                {
                    "message": {"role": "model", "content": [{"text": SAID}]},
                    "usage": {"inputTokens": 7, "outputTokens": 5},
                }
            ),
        },
    ),
    "Laminar": (
        "openai.chat",
        {
            "lmnr.span.type": "LLM",
            "gen_ai.request.model": "m-1",
            "lmnr.span.input": CHAT["in"],
            "lmnr.span.output": json.dumps(SAID),
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "LiveKit": (
        "llm_node",
        {
            "lk.chat_ctx": json.dumps(REQUESTS["livekit"]),
            "lk.response.text": SAID,
            "gen_ai.request.model": "m-1",
            "gen_ai.usage.input_tokens": 7,
            "gen_ai.usage.output_tokens": 5,
        },
    ),
    "Haystack": (
        "haystack.component.run",
        {
            "haystack.component.type": "OpenAIChatGenerator",
            "haystack.component.name": "llm",
            "haystack.model": "m-1",
            "haystack.component.input": json.dumps({"messages": OPENAI}),
            "haystack.component.output": json.dumps(
                {"replies": [SAID], "usage": {"prompt_tokens": 7, "completion_tokens": 5}}
            ),
        },
    ),
    "unknown": (
        "do_it",
        {
            "acme.spanType": "LLM",
            "acme.modelName": "m-1",
            "acme.promptMessages": CHAT["in"],
            "acme.completion": SAID,
            "acme.usage.inputTokens": 7,
            "acme.usage.outputTokens": 5,
        },
    ),
    "unknown without a type": (
        "do_it",
        {
            "model": "m-1",
            "system_prompt": RULES,
            "user_prompt": ASKED,
            "response": SAID,
            "prompt_tokens": 7,
            "completion_tokens": 5,
        },
    ),
}

TOOLS: dict[str, tuple[str, dict[str, Any]]] = {
    "GenAI": (
        "execute_tool look_up",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look_up",
            "gen_ai.tool.call.arguments": json.dumps(ARGUMENTS),
            "gen_ai.tool.call.result": SAID,
        },
    ),
    "OpenInference": (
        "look_up",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "look_up",
            "input.value": json.dumps(ARGUMENTS),
            "output.value": SAID,
        },
    ),
    "OpenLLMetry": (
        "look_up.tool",
        {
            "traceloop.span.kind": "tool",
            "traceloop.entity.name": "look_up",
            "traceloop.entity.input": json.dumps({"args": [], "kwargs": ARGUMENTS}),
            "traceloop.entity.output": json.dumps(SAID),
        },
    ),
    "Vercel AI SDK": (
        "ai.toolCall",
        {
            "ai.operationId": "ai.toolCall",
            "ai.toolCall.name": "look_up",
            "ai.toolCall.args": json.dumps(ARGUMENTS),
            "ai.toolCall.result": json.dumps(SAID),
        },
    ),
    "Langfuse": (
        "look_up",
        {
            "langfuse.observation.type": "tool",
            "langfuse.observation.input": json.dumps(ARGUMENTS),
            "langfuse.observation.output": SAID,
        },
    ),
    "LangChain": (
        "look_up",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "look_up",
            "input.value": json.dumps(ARGUMENTS),
            "output.value": json.dumps(
                {
                    "content": SAID,
                    "type": "tool",
                    "name": "look_up",
                    "tool_call_id": "c",
                    "status": "success",
                }
            ),
        },
    ),
    "MCP": (
        "look_up",
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "look_up",
            "input.value": json.dumps(ARGUMENTS),
            "output.value": json.dumps(
                {"content": [{"type": "text", "text": SAID}], "isError": False}
            ),
        },
    ),
    "Google ADK": (
        "execute_tool look_up",
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "look_up",
            "gcp.vertex.agent.tool_call_args": json.dumps(ARGUMENTS),
            "gcp.vertex.agent.tool_response": SAID,
        },
    ),
    "pydantic-ai, older": (
        "running tool",
        {
            "gen_ai.tool.name": "look_up",
            "tool_arguments": json.dumps(ARGUMENTS),
            "tool_response": SAID,
        },
    ),
    "OpenAI Agents in Logfire": (
        "Function: {name}",
        {"name": "look_up", "input": ARGUMENTS, "output": SAID, "logfire.msg": "x"},
    ),
    "Spring AI": (
        "tool_call look_up",
        {
            "spring.ai.kind": "tool_call",
            "spring.ai.tool.definition.name": "look_up",
            "spring.ai.tool.call.arguments": json.dumps(ARGUMENTS),
            "spring.ai.tool.call.result": SAID,
        },
    ),
    "LiveKit": (
        "function_tool",
        {
            "lk.function_tool.name": "look_up",
            "lk.function_tool.arguments": json.dumps(ARGUMENTS),
            "lk.function_tool.output": SAID,
        },
    ),
    "Genkit": (
        "look_up",
        {
            "genkit:metadata:subtype": "tool.v2",
            "genkit:name": "look_up",
            "genkit:input": json.dumps(ARGUMENTS),
            "genkit:output": json.dumps(SAID),
        },
    ),
    "unknown": (
        "work",
        {
            "acme.kind": "tool",
            "acme.tool.name": "look_up",
            "acme.tool_input": json.dumps(ARGUMENTS),
            "acme.toolOutput": SAID,
        },
    ),
    "unknown without a type": (
        "work",
        {"tool_name": "look_up", "arguments": json.dumps(ARGUMENTS), "result": SAID},
    ),
}
