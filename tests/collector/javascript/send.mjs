// Sends sessions through a collector with the OpenTelemetry SDK for JavaScript.
//
// In: grpc|http, the collector's endpoint, a name, how many sessions. Out: status 0 once the
// collector has acknowledged all spans. Only the root of a trace carries the session.
import { context, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [protocol, endpoint, name, count] = process.argv.slice(2);
const exporter =
  protocol === "grpc"
    ? new GrpcExporter({ url: endpoint })
    : new HttpExporter({ url: `${endpoint}/v1/traces` });

const provider = new BasicTracerProvider({
  resource: resourceFromAttributes({ "service.name": name, "kelet.project": name }),
  spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 100_000 })],
});
const tracer = provider.getTracer(name);

for (let session = 0; session < Number(count); session++) {
  const root = tracer.startSpan("invoke_agent planner", {
    attributes: {
      "gen_ai.conversation.id": `${name}-${session}`,
      "gen_ai.agent.name": "planner",
      "gen_ai.operation.name": "invoke_agent",
    },
  });
  const inside = trace.setSpan(context.active(), root);
  for (const model of ["small", "large"]) {
    const chat = tracer.startSpan(
      `chat ${model}`,
      { attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": model } },
      inside,
    );
    chat.end();
  }
  root.end();
}
await provider.shutdown();
