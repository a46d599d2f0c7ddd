"""One request and one answer in the JSON of every provider and framework, made by hand.

In: nothing. Out: `REQUESTS`, `ANSWERS`. Next: the tests of conventions read them under many names.
"""

import json
from typing import Any

ASKED, SAID, RULES = "Where is order 4711?", "It left on 2 May.", "Be kind."
ARGUMENTS = {"order_id": "4711"}
OPENAI = [{"role": "system", "content": RULES}, {"role": "user", "content": ASKED}]
OPENAI_CALL = {
    "id": "c1",
    "type": "function",
    "function": {"name": "look_up", "arguments": json.dumps(ARGUMENTS)},
}
LANGCHAIN = [
    [
        {
            "lc": 1,
            "type": "constructor",
            "id": ["langchain", "schema", "messages", f"{who}Message"],
            "kwargs": {"content": text},
        }
        for who, text in (("System", RULES), ("Human", ASKED))
    ]
]

REQUESTS: dict[str, Any] = {
    "openai": {"model": "m-1", "messages": OPENAI},
    "openai responses": {
        "model": "m-1",
        "instructions": RULES,
        "input": [{"role": "user", "content": [{"type": "input_text", "text": ASKED}]}],
    },
    "anthropic": {
        "model": "m-1",
        "system": [{"type": "text", "text": RULES}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": ASKED}]}],
    },
    "google": {
        "model": "m-1",
        "systemInstruction": {"parts": [{"text": RULES}]},
        "contents": [{"role": "user", "parts": [{"text": ASKED}]}],
    },
    "google adk": {
        "model": "m-1",
        "config": {"system_instruction": RULES},
        "contents": [{"role": "user", "parts": [{"text": ASKED}]}],
    },
    "bedrock": {
        "modelId": "m-1",
        "system": [{"text": RULES}],
        "messages": [{"role": "user", "content": [{"text": ASKED}]}],
    },
    "langchain serialised": {"messages": LANGCHAIN},
    "langchain plain": {
        "messages": [[{"type": "system", "content": RULES}, {"type": "human", "content": ASKED}]]
    },
    "langchain dumped": [
        {"type": "system", "data": {"content": RULES, "type": "system"}},
        {"type": "human", "data": {"content": ASKED, "type": "human"}},
    ],
    "ai sdk": {"system": RULES, "prompt": ASKED},
    "parts": [
        {"role": "system", "parts": [{"type": "text", "content": RULES}]},
        {"role": "user", "parts": [{"type": "text", "content": ASKED}]},
    ],
    "pydantic-ai": [
        {
            "kind": "request",
            "parts": [
                {"part_kind": "system-prompt", "content": RULES},
                {"part_kind": "user-prompt", "content": ASKED},
            ],
        }
    ],
    "livekit": {
        "items": [
            {"type": "message", "role": "system", "content": [RULES]},
            {"type": "message", "role": "user", "content": [ASKED]},
        ]
    },
}
ANSWERS: dict[str, Any] = {
    "openai": {
        "model": "m-1",
        "choices": [
            {
                "message": {"role": "assistant", "content": SAID, "tool_calls": [OPENAI_CALL]},
                "finish_reason": "stop",
            }
        ],
    },
    "openai responses": {
        "output": [
            {"type": "reasoning", "summary": []},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": SAID}],
            },
            {
                "type": "function_call",
                "call_id": "c1",
                "name": "look_up",
                "arguments": json.dumps(ARGUMENTS),
            },
        ]
    },
    "anthropic": {
        "role": "assistant",
        "type": "message",
        "stop_reason": "tool_use",
        "content": [
            {"type": "thinking", "thinking": "hm"},
            {"type": "text", "text": SAID},
            {"type": "tool_use", "id": "c1", "name": "look_up", "input": ARGUMENTS},
        ],
    },
    "google": {
        "candidates": [
            {
                "content": {
                    "role": "model",
                    "parts": [
                        {"text": "hm", "thought": True},
                        {"text": SAID},
                        {"functionCall": {"name": "look_up", "args": ARGUMENTS}},
                    ],
                },
                "finishReason": "STOP",
            }
        ]
    },
    "google adk": {
        "content": {
            "role": "model",
            "parts": [{"text": SAID}, {"function_call": {"name": "look_up", "args": ARGUMENTS}}],
        },
        "finish_reason": "STOP",
    },
    "bedrock": {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"text": SAID},
                    {"toolUse": {"toolUseId": "c1", "name": "look_up", "input": ARGUMENTS}},
                ],
            }
        },
        "stopReason": "tool_use",
    },
    "langchain": {
        "generations": [
            [
                {
                    "text": SAID,
                    "message": {
                        "lc": 1,
                        "type": "constructor",
                        "id": ["langchain", "schema", "messages", "AIMessage"],
                        "kwargs": {
                            "content": SAID,
                            "additional_kwargs": {"tool_calls": [OPENAI_CALL]},
                            "tool_calls": [
                                {
                                    "name": "look_up",
                                    "args": ARGUMENTS,
                                    "id": "c1",
                                    "type": "tool_call",
                                }
                            ],
                        },
                    },
                }
            ]
        ]
    },
    "ai sdk": {
        "text": SAID,
        "toolCalls": [{"toolCallId": "c1", "toolName": "look_up", "input": ARGUMENTS}],
    },
    "parts": [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": SAID},
                {"type": "tool_call", "id": "c1", "name": "look_up", "arguments": ARGUMENTS},
            ],
        }
    ],
    "genkit": {
        "message": {
            "role": "model",
            "content": [
                {"text": SAID},
                {"toolRequest": {"name": "look_up", "ref": "c1", "input": ARGUMENTS}},
            ],
        },
        "finishReason": "stop",
    },
    "pydantic-ai": [
        {
            "kind": "response",
            "parts": [
                {"part_kind": "text", "content": SAID},
                {"part_kind": "tool-call", "tool_name": "look_up", "args": ARGUMENTS},
            ],
        }
    ],
}
