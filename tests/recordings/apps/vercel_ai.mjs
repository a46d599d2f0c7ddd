// Vercel's AI SDK with its own telemetry. The argument is its major version and the API.
//
// In: chat.json, the addresses in the environment. Out: spans. `functionId` names the agent, the
// session is metadata (5 and 6) or runtime context that the app puts on its spans (7).
import { readFileSync } from "node:fs";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import * as ai from "ai";
import { z } from "zod";

const chat = JSON.parse(readFileSync(new URL("chat.json", import.meta.url)));
const { SCRIPTED_MODELS: models, RECORDED_TRACES: traces } = process.env;
const [version, api] = process.argv[2].split(" ");

const exporter = new OTLPTraceExporter({ url: `${traces}/v1/traces` });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": chat.service }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();
if (version === "7") {
  const { OpenTelemetry } = await import("@ai-sdk/otel");
  const enrichSpan = ({ runtimeContext: seen }) =>
    seen ? { "session.id": seen.sessionId, "user.id": seen.userId } : undefined;
  ai.registerTelemetry(new OpenTelemetry({ runtimeContext: true, enrichSpan }));
}

const openai = createOpenAI({ baseURL: `${models}/v1`, apiKey: "none" });
const anthropic = createAnthropic({ baseURL: `${models}/v1`, apiKey: "none" });
const model = {
  chat: () => openai.chat("gpt-4.1-mini"),
  responses: () => openai.responses("gpt-4.1-mini"),
  anthropic: () => anthropic("claude-sonnet-4-5"),
}[api]();

const tools = {
  [chat.tool.name]: ai.tool({
    description: chat.tool.description,
    inputSchema: z.object({ order_id: z.string() }),
    execute: async ({ order_id }) => chat.orders[order_id],
  }),
};

function telemetry(agent, scene) {
  const seen = { userId: chat.user, sessionId: scene.session };
  if (version !== "7") {
    return { experimental_telemetry: { isEnabled: true, functionId: agent, metadata: seen } };
  }
  return {
    runtimeContext: seen,
    telemetry: { functionId: agent, includeRuntimeContext: { userId: true, sessionId: true } },
  };
}

async function talk(agent, scene) {
  const asked = {
    model,
    system: chat.agents[agent],
    prompt: scene.said,
    maxRetries: 0,
    tools: agent === "orders" ? tools : undefined,
    stopWhen: (ai.stepCountIs ?? ai.isStepCount)(5),
    ...telemetry(agent, scene),
  };
  if (version === "7") {
    asked.instructions = asked.system;
    delete asked.system;
  }
  if (scene.name !== "stream") return ai.generateText(asked);
  const result = ai.streamText(asked);
  for await (const _ of result.textStream);
}

for (const scene of chat.scenes) {
  try {
    for (const agent of scene.agents) await talk(agent, scene);
  } catch (error) {
    if (scene.name !== "error") throw error;
  }
}
await provider.shutdown();
