"""OpenInference for LangChain."""

from langchain_desk import desk
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor
from support_chat import USER, tracer_provider

provider = tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)
desk(lambda each: using_attributes(session_id=each["session"], user_id=USER))
provider.shutdown()
