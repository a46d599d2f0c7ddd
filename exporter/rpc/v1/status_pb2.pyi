import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SessionState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SESSION_STATE_UNSPECIFIED: _ClassVar[SessionState]
    SESSION_STATE_WAITING: _ClassVar[SessionState]
    SESSION_STATE_ANALYSED: _ClassVar[SessionState]
    SESSION_STATE_SKIPPED: _ClassVar[SessionState]
    SESSION_STATE_FAILED: _ClassVar[SessionState]
    SESSION_STATE_MERGED: _ClassVar[SessionState]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_FAILING: _ClassVar[Verdict]
    VERDICT_HEALTHY: _ClassVar[Verdict]
    VERDICT_UNKNOWN: _ClassVar[Verdict]

class SignalSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGNAL_SOURCE_UNSPECIFIED: _ClassVar[SignalSource]
    SIGNAL_SOURCE_HUMAN: _ClassVar[SignalSource]
    SIGNAL_SOURCE_LABEL: _ClassVar[SignalSource]
    SIGNAL_SOURCE_SYNTHETIC: _ClassVar[SignalSource]

class GateState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GATE_STATE_UNSPECIFIED: _ClassVar[GateState]
    GATE_STATE_OPEN: _ClassVar[GateState]
    GATE_STATE_BELOW_GATE: _ClassVar[GateState]
    GATE_STATE_UNCONFIRMED: _ClassVar[GateState]

class FindingState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FINDING_STATE_UNSPECIFIED: _ClassVar[FindingState]
    FINDING_STATE_OPEN: _ClassVar[FindingState]
    FINDING_STATE_UNCONFIRMED: _ClassVar[FindingState]
    FINDING_STATE_NO_SEPARATING_CAUSE: _ClassVar[FindingState]
    FINDING_STATE_RESOLVED: _ClassVar[FindingState]
    FINDING_STATE_DISMISSED: _ClassVar[FindingState]

class Basis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BASIS_UNSPECIFIED: _ClassVar[Basis]
    BASIS_CONDITIONAL: _ClassVar[Basis]
    BASIS_HANDOFF: _ClassVar[Basis]
    BASIS_NONE: _ClassVar[Basis]
SESSION_STATE_UNSPECIFIED: SessionState
SESSION_STATE_WAITING: SessionState
SESSION_STATE_ANALYSED: SessionState
SESSION_STATE_SKIPPED: SessionState
SESSION_STATE_FAILED: SessionState
SESSION_STATE_MERGED: SessionState
VERDICT_UNSPECIFIED: Verdict
VERDICT_FAILING: Verdict
VERDICT_HEALTHY: Verdict
VERDICT_UNKNOWN: Verdict
SIGNAL_SOURCE_UNSPECIFIED: SignalSource
SIGNAL_SOURCE_HUMAN: SignalSource
SIGNAL_SOURCE_LABEL: SignalSource
SIGNAL_SOURCE_SYNTHETIC: SignalSource
GATE_STATE_UNSPECIFIED: GateState
GATE_STATE_OPEN: GateState
GATE_STATE_BELOW_GATE: GateState
GATE_STATE_UNCONFIRMED: GateState
FINDING_STATE_UNSPECIFIED: FindingState
FINDING_STATE_OPEN: FindingState
FINDING_STATE_UNCONFIRMED: FindingState
FINDING_STATE_NO_SEPARATING_CAUSE: FindingState
FINDING_STATE_RESOLVED: FindingState
FINDING_STATE_DISMISSED: FindingState
BASIS_UNSPECIFIED: Basis
BASIS_CONDITIONAL: Basis
BASIS_HANDOFF: Basis
BASIS_NONE: Basis

class ListProjectsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListProjectsResponse(_message.Message):
    __slots__ = ("projects",)
    PROJECTS_FIELD_NUMBER: _ClassVar[int]
    projects: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, projects: _Optional[_Iterable[str]] = ...) -> None: ...

class GetCoverageRequest(_message.Message):
    __slots__ = ("project",)
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    project: str
    def __init__(self, project: _Optional[str] = ...) -> None: ...

class Coverage(_message.Message):
    __slots__ = ("received", "analysed", "waiting", "failed", "skipped", "below_gate", "waiting_for_spans", "waiting_for_budget", "other_agents")
    class SkippedEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    ANALYSED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    BELOW_GATE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_SPANS_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_BUDGET_FIELD_NUMBER: _ClassVar[int]
    OTHER_AGENTS_FIELD_NUMBER: _ClassVar[int]
    received: int
    analysed: int
    waiting: int
    failed: int
    skipped: _containers.ScalarMap[str, int]
    below_gate: int
    waiting_for_spans: int
    waiting_for_budget: int
    other_agents: int
    def __init__(self, received: _Optional[int] = ..., analysed: _Optional[int] = ..., waiting: _Optional[int] = ..., failed: _Optional[int] = ..., skipped: _Optional[_Mapping[str, int]] = ..., below_gate: _Optional[int] = ..., waiting_for_spans: _Optional[int] = ..., waiting_for_budget: _Optional[int] = ..., other_agents: _Optional[int] = ...) -> None: ...

class GetProgressRequest(_message.Message):
    __slots__ = ("project",)
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    project: str
    def __init__(self, project: _Optional[str] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("n_sessions_waiting", "n_agents_dirty", "n_investigations_open", "settled", "n_interrogations_open")
    N_SESSIONS_WAITING_FIELD_NUMBER: _ClassVar[int]
    N_AGENTS_DIRTY_FIELD_NUMBER: _ClassVar[int]
    N_INVESTIGATIONS_OPEN_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    N_INTERROGATIONS_OPEN_FIELD_NUMBER: _ClassVar[int]
    n_sessions_waiting: int
    n_agents_dirty: int
    n_investigations_open: int
    settled: bool
    n_interrogations_open: int
    def __init__(self, n_sessions_waiting: _Optional[int] = ..., n_agents_dirty: _Optional[int] = ..., n_investigations_open: _Optional[int] = ..., settled: _Optional[bool] = ..., n_interrogations_open: _Optional[int] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("session_id", "project", "verdict", "confidence", "verdict_sources", "confirmed", "state", "reason", "version", "analysed_version", "n_spans", "agents", "first_seen", "last_seen")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_SOURCES_FIELD_NUMBER: _ClassVar[int]
    CONFIRMED_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ANALYSED_VERSION_FIELD_NUMBER: _ClassVar[int]
    N_SPANS_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEEN_FIELD_NUMBER: _ClassVar[int]
    LAST_SEEN_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    project: str
    verdict: Verdict
    confidence: float
    verdict_sources: _containers.RepeatedScalarFieldContainer[SignalSource]
    confirmed: bool
    state: SessionState
    reason: str
    version: int
    analysed_version: int
    n_spans: int
    agents: _containers.RepeatedScalarFieldContainer[str]
    first_seen: _timestamp_pb2.Timestamp
    last_seen: _timestamp_pb2.Timestamp
    def __init__(self, session_id: _Optional[str] = ..., project: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., confidence: _Optional[float] = ..., verdict_sources: _Optional[_Iterable[_Union[SignalSource, str]]] = ..., confirmed: _Optional[bool] = ..., state: _Optional[_Union[SessionState, str]] = ..., reason: _Optional[str] = ..., version: _Optional[int] = ..., analysed_version: _Optional[int] = ..., n_spans: _Optional[int] = ..., agents: _Optional[_Iterable[str]] = ..., first_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_seen: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListSessionsRequest(_message.Message):
    __slots__ = ("project", "state", "verdict", "session_id", "page_size", "page_token")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    project: str
    state: SessionState
    verdict: Verdict
    session_id: str
    page_size: int
    page_token: str
    def __init__(self, project: _Optional[str] = ..., state: _Optional[_Union[SessionState, str]] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., session_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListSessionsResponse(_message.Message):
    __slots__ = ("sessions", "next_page_token")
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    next_page_token: str
    def __init__(self, sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("project", "session_id")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    project: str
    session_id: str
    def __init__(self, project: _Optional[str] = ..., session_id: _Optional[str] = ...) -> None: ...

class Located(_message.Message):
    __slots__ = ("text", "span_id", "field")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    text: str
    span_id: str
    field: str
    def __init__(self, text: _Optional[str] = ..., span_id: _Optional[str] = ..., field: _Optional[str] = ...) -> None: ...

class StepOutline(_message.Message):
    __slots__ = ("agent", "step", "order", "n_occurrences", "span_id", "upstream", "external", "sample_in", "sample_out")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    N_OCCURRENCES_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_IN_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_OUT_FIELD_NUMBER: _ClassVar[int]
    agent: str
    step: str
    order: int
    n_occurrences: int
    span_id: str
    upstream: _containers.RepeatedScalarFieldContainer[str]
    external: bool
    sample_in: Located
    sample_out: Located
    def __init__(self, agent: _Optional[str] = ..., step: _Optional[str] = ..., order: _Optional[int] = ..., n_occurrences: _Optional[int] = ..., span_id: _Optional[str] = ..., upstream: _Optional[_Iterable[str]] = ..., external: _Optional[bool] = ..., sample_in: _Optional[_Union[Located, _Mapping]] = ..., sample_out: _Optional[_Union[Located, _Mapping]] = ...) -> None: ...

class Signal(_message.Message):
    __slots__ = ("identity", "session_id", "trace_id", "kind", "source", "trigger_name", "score", "value", "confidence", "metadata", "timestamp")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_NAME_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    identity: str
    session_id: str
    trace_id: str
    kind: str
    source: SignalSource
    trigger_name: str
    score: float
    value: str
    confidence: float
    metadata: _containers.ScalarMap[str, str]
    timestamp: _timestamp_pb2.Timestamp
    def __init__(self, identity: _Optional[str] = ..., session_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., kind: _Optional[str] = ..., source: _Optional[_Union[SignalSource, str]] = ..., trigger_name: _Optional[str] = ..., score: _Optional[float] = ..., value: _Optional[str] = ..., confidence: _Optional[float] = ..., metadata: _Optional[_Mapping[str, str]] = ..., timestamp: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Vote(_message.Message):
    __slots__ = ("source", "negative", "weight", "name", "family")
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    NEGATIVE_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    source: SignalSource
    negative: bool
    weight: float
    name: str
    family: str
    def __init__(self, source: _Optional[_Union[SignalSource, str]] = ..., negative: _Optional[bool] = ..., weight: _Optional[float] = ..., name: _Optional[str] = ..., family: _Optional[str] = ...) -> None: ...

class Trait(_message.Message):
    __slots__ = ("name", "family", "role", "agent", "step", "span_id", "value", "confidence", "detail", "passages")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PASSAGES_FIELD_NUMBER: _ClassVar[int]
    name: str
    family: str
    role: str
    agent: str
    step: str
    span_id: str
    value: float
    confidence: float
    detail: str
    passages: _containers.RepeatedCompositeFieldContainer[Located]
    def __init__(self, name: _Optional[str] = ..., family: _Optional[str] = ..., role: _Optional[str] = ..., agent: _Optional[str] = ..., step: _Optional[str] = ..., span_id: _Optional[str] = ..., value: _Optional[float] = ..., confidence: _Optional[float] = ..., detail: _Optional[str] = ..., passages: _Optional[_Iterable[_Union[Located, _Mapping]]] = ...) -> None: ...

class Hypothesis(_message.Message):
    __slots__ = ("agent", "step", "sentence", "traits", "passages")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    TRAITS_FIELD_NUMBER: _ClassVar[int]
    PASSAGES_FIELD_NUMBER: _ClassVar[int]
    agent: str
    step: str
    sentence: str
    traits: _containers.RepeatedScalarFieldContainer[str]
    passages: _containers.RepeatedCompositeFieldContainer[Located]
    def __init__(self, agent: _Optional[str] = ..., step: _Optional[str] = ..., sentence: _Optional[str] = ..., traits: _Optional[_Iterable[str]] = ..., passages: _Optional[_Iterable[_Union[Located, _Mapping]]] = ...) -> None: ...

class SessionDetail(_message.Message):
    __slots__ = ("session", "steps", "votes", "traits", "hypotheses", "signals", "cluster_ids", "user", "metadata", "proposals")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SESSION_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    VOTES_FIELD_NUMBER: _ClassVar[int]
    TRAITS_FIELD_NUMBER: _ClassVar[int]
    HYPOTHESES_FIELD_NUMBER: _ClassVar[int]
    SIGNALS_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_IDS_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    session: Session
    steps: _containers.RepeatedCompositeFieldContainer[StepOutline]
    votes: _containers.RepeatedCompositeFieldContainer[Vote]
    traits: _containers.RepeatedCompositeFieldContainer[Trait]
    hypotheses: _containers.RepeatedCompositeFieldContainer[Hypothesis]
    signals: _containers.RepeatedCompositeFieldContainer[Signal]
    cluster_ids: _containers.RepeatedScalarFieldContainer[str]
    user: str
    metadata: _containers.ScalarMap[str, str]
    proposals: _containers.RepeatedCompositeFieldContainer[Proposal]
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., steps: _Optional[_Iterable[_Union[StepOutline, _Mapping]]] = ..., votes: _Optional[_Iterable[_Union[Vote, _Mapping]]] = ..., traits: _Optional[_Iterable[_Union[Trait, _Mapping]]] = ..., hypotheses: _Optional[_Iterable[_Union[Hypothesis, _Mapping]]] = ..., signals: _Optional[_Iterable[_Union[Signal, _Mapping]]] = ..., cluster_ids: _Optional[_Iterable[str]] = ..., user: _Optional[str] = ..., metadata: _Optional[_Mapping[str, str]] = ..., proposals: _Optional[_Iterable[_Union[Proposal, _Mapping]]] = ...) -> None: ...

class Rate(_message.Message):
    __slots__ = ("k", "n", "low", "high")
    K_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    k: int
    n: int
    low: float
    high: float
    def __init__(self, k: _Optional[int] = ..., n: _Optional[int] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class HealthyRate(_message.Message):
    __slots__ = ("confirmed_n", "presumed_n", "k", "n", "low", "high")
    CONFIRMED_N_FIELD_NUMBER: _ClassVar[int]
    PRESUMED_N_FIELD_NUMBER: _ClassVar[int]
    K_FIELD_NUMBER: _ClassVar[int]
    N_FIELD_NUMBER: _ClassVar[int]
    LOW_FIELD_NUMBER: _ClassVar[int]
    HIGH_FIELD_NUMBER: _ClassVar[int]
    confirmed_n: int
    presumed_n: int
    k: int
    n: int
    low: float
    high: float
    def __init__(self, confirmed_n: _Optional[int] = ..., presumed_n: _Optional[int] = ..., k: _Optional[int] = ..., n: _Optional[int] = ..., low: _Optional[float] = ..., high: _Optional[float] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("agent", "step", "trait", "threshold", "below")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    TRAIT_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    BELOW_FIELD_NUMBER: _ClassVar[int]
    agent: str
    step: str
    trait: str
    threshold: float
    below: bool
    def __init__(self, agent: _Optional[str] = ..., step: _Optional[str] = ..., trait: _Optional[str] = ..., threshold: _Optional[float] = ..., below: _Optional[bool] = ...) -> None: ...

class Rule(_message.Message):
    __slots__ = ("conditions",)
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class Proposal(_message.Message):
    __slots__ = ("session_id", "agent", "step", "about", "sentence", "evidence", "rule")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    agent: str
    step: str
    about: str
    sentence: str
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    rule: Rule
    def __init__(self, session_id: _Optional[str] = ..., agent: _Optional[str] = ..., step: _Optional[str] = ..., about: _Optional[str] = ..., sentence: _Optional[str] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., rule: _Optional[_Union[Rule, _Mapping]] = ...) -> None: ...

class Cluster(_message.Message):
    __slots__ = ("id", "project", "agent", "label", "rule", "noise", "failing", "healthy", "n_blocks", "p_value", "q_value", "gate", "reason", "session_ids", "n_hypotheses", "revision", "content_digest", "proposals", "n_proposed")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    LABEL_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    NOISE_FIELD_NUMBER: _ClassVar[int]
    FAILING_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    N_BLOCKS_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    Q_VALUE_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    N_HYPOTHESES_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROPOSALS_FIELD_NUMBER: _ClassVar[int]
    N_PROPOSED_FIELD_NUMBER: _ClassVar[int]
    id: str
    project: str
    agent: str
    label: str
    rule: Rule
    noise: bool
    failing: Rate
    healthy: Rate
    n_blocks: int
    p_value: float
    q_value: float
    gate: GateState
    reason: str
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    n_hypotheses: int
    revision: int
    content_digest: str
    proposals: _containers.RepeatedCompositeFieldContainer[Proposal]
    n_proposed: int
    def __init__(self, id: _Optional[str] = ..., project: _Optional[str] = ..., agent: _Optional[str] = ..., label: _Optional[str] = ..., rule: _Optional[_Union[Rule, _Mapping]] = ..., noise: _Optional[bool] = ..., failing: _Optional[_Union[Rate, _Mapping]] = ..., healthy: _Optional[_Union[Rate, _Mapping]] = ..., n_blocks: _Optional[int] = ..., p_value: _Optional[float] = ..., q_value: _Optional[float] = ..., gate: _Optional[_Union[GateState, str]] = ..., reason: _Optional[str] = ..., session_ids: _Optional[_Iterable[str]] = ..., n_hypotheses: _Optional[int] = ..., revision: _Optional[int] = ..., content_digest: _Optional[str] = ..., proposals: _Optional[_Iterable[_Union[Proposal, _Mapping]]] = ..., n_proposed: _Optional[int] = ...) -> None: ...

class ListClustersRequest(_message.Message):
    __slots__ = ("project", "agent", "gate", "page_size", "page_token")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    project: str
    agent: str
    gate: GateState
    page_size: int
    page_token: str
    def __init__(self, project: _Optional[str] = ..., agent: _Optional[str] = ..., gate: _Optional[_Union[GateState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListClustersResponse(_message.Message):
    __slots__ = ("clusters", "next_page_token")
    CLUSTERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    clusters: _containers.RepeatedCompositeFieldContainer[Cluster]
    next_page_token: str
    def __init__(self, clusters: _Optional[_Iterable[_Union[Cluster, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetClusterRequest(_message.Message):
    __slots__ = ("project", "id")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    project: str
    id: str
    def __init__(self, project: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("session_id", "span_id", "field", "quote", "verified")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    QUOTE_FIELD_NUMBER: _ClassVar[int]
    VERIFIED_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    span_id: str
    field: str
    quote: str
    verified: bool
    def __init__(self, session_id: _Optional[str] = ..., span_id: _Optional[str] = ..., field: _Optional[str] = ..., quote: _Optional[str] = ..., verified: _Optional[bool] = ...) -> None: ...

class PromptPatch(_message.Message):
    __slots__ = ("agent", "system_prompt_hash", "diff")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_PROMPT_HASH_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    agent: str
    system_prompt_hash: str
    diff: str
    def __init__(self, agent: _Optional[str] = ..., system_prompt_hash: _Optional[str] = ..., diff: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("id", "project", "state", "title", "root_cause", "trigger", "blamed_agent", "blamed_step", "surfaced_agent", "feature", "basis", "n_sessions", "session_ids", "failing", "healthy", "p_value", "q_value", "n_tests", "verdict_sources", "evidence", "tags", "prompt_patch", "prompt_patch_reason", "engine", "engine_version", "cluster_id", "revision", "created_at", "source_cluster_ids", "healthy_evidence", "tried", "explanation")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    ROOT_CAUSE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    BLAMED_AGENT_FIELD_NUMBER: _ClassVar[int]
    BLAMED_STEP_FIELD_NUMBER: _ClassVar[int]
    SURFACED_AGENT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    N_SESSIONS_FIELD_NUMBER: _ClassVar[int]
    SESSION_IDS_FIELD_NUMBER: _ClassVar[int]
    FAILING_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    Q_VALUE_FIELD_NUMBER: _ClassVar[int]
    N_TESTS_FIELD_NUMBER: _ClassVar[int]
    VERDICT_SOURCES_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PATCH_FIELD_NUMBER: _ClassVar[int]
    PROMPT_PATCH_REASON_FIELD_NUMBER: _ClassVar[int]
    ENGINE_FIELD_NUMBER: _ClassVar[int]
    ENGINE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CLUSTER_IDS_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    TRIED_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    id: str
    project: str
    state: FindingState
    title: str
    root_cause: str
    trigger: str
    blamed_agent: str
    blamed_step: str
    surfaced_agent: str
    feature: str
    basis: Basis
    n_sessions: int
    session_ids: _containers.RepeatedScalarFieldContainer[str]
    failing: Rate
    healthy: HealthyRate
    p_value: float
    q_value: float
    n_tests: int
    verdict_sources: _containers.RepeatedScalarFieldContainer[SignalSource]
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    tags: _containers.RepeatedScalarFieldContainer[str]
    prompt_patch: PromptPatch
    prompt_patch_reason: str
    engine: str
    engine_version: str
    cluster_id: str
    revision: int
    created_at: _timestamp_pb2.Timestamp
    source_cluster_ids: _containers.RepeatedScalarFieldContainer[str]
    healthy_evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    tried: _containers.RepeatedScalarFieldContainer[str]
    explanation: ModelExplanation
    def __init__(self, id: _Optional[str] = ..., project: _Optional[str] = ..., state: _Optional[_Union[FindingState, str]] = ..., title: _Optional[str] = ..., root_cause: _Optional[str] = ..., trigger: _Optional[str] = ..., blamed_agent: _Optional[str] = ..., blamed_step: _Optional[str] = ..., surfaced_agent: _Optional[str] = ..., feature: _Optional[str] = ..., basis: _Optional[_Union[Basis, str]] = ..., n_sessions: _Optional[int] = ..., session_ids: _Optional[_Iterable[str]] = ..., failing: _Optional[_Union[Rate, _Mapping]] = ..., healthy: _Optional[_Union[HealthyRate, _Mapping]] = ..., p_value: _Optional[float] = ..., q_value: _Optional[float] = ..., n_tests: _Optional[int] = ..., verdict_sources: _Optional[_Iterable[_Union[SignalSource, str]]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., tags: _Optional[_Iterable[str]] = ..., prompt_patch: _Optional[_Union[PromptPatch, _Mapping]] = ..., prompt_patch_reason: _Optional[str] = ..., engine: _Optional[str] = ..., engine_version: _Optional[str] = ..., cluster_id: _Optional[str] = ..., revision: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source_cluster_ids: _Optional[_Iterable[str]] = ..., healthy_evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., tried: _Optional[_Iterable[str]] = ..., explanation: _Optional[_Union[ModelExplanation, _Mapping]] = ...) -> None: ...

class ModelExplanation(_message.Message):
    __slots__ = ("model", "mechanism", "n_verified", "n_claims", "reason", "cost_usd", "cost_tokens", "trial", "trial_reason", "root_cause", "rivals")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MECHANISM_FIELD_NUMBER: _ClassVar[int]
    N_VERIFIED_FIELD_NUMBER: _ClassVar[int]
    N_CLAIMS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    COST_USD_FIELD_NUMBER: _ClassVar[int]
    COST_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TRIAL_FIELD_NUMBER: _ClassVar[int]
    TRIAL_REASON_FIELD_NUMBER: _ClassVar[int]
    ROOT_CAUSE_FIELD_NUMBER: _ClassVar[int]
    RIVALS_FIELD_NUMBER: _ClassVar[int]
    model: str
    mechanism: _containers.RepeatedCompositeFieldContainer[MechanismStep]
    n_verified: int
    n_claims: int
    reason: str
    cost_usd: float
    cost_tokens: int
    trial: PatchTrial
    trial_reason: str
    root_cause: str
    rivals: _containers.RepeatedCompositeFieldContainer[RivalCause]
    def __init__(self, model: _Optional[str] = ..., mechanism: _Optional[_Iterable[_Union[MechanismStep, _Mapping]]] = ..., n_verified: _Optional[int] = ..., n_claims: _Optional[int] = ..., reason: _Optional[str] = ..., cost_usd: _Optional[float] = ..., cost_tokens: _Optional[int] = ..., trial: _Optional[_Union[PatchTrial, _Mapping]] = ..., trial_reason: _Optional[str] = ..., root_cause: _Optional[str] = ..., rivals: _Optional[_Iterable[_Union[RivalCause, _Mapping]]] = ...) -> None: ...

class RivalCause(_message.Message):
    __slots__ = ("says", "why_not", "agent", "feature", "failing", "healthy", "p_value", "separates")
    SAYS_FIELD_NUMBER: _ClassVar[int]
    WHY_NOT_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    FAILING_FIELD_NUMBER: _ClassVar[int]
    HEALTHY_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    SEPARATES_FIELD_NUMBER: _ClassVar[int]
    says: str
    why_not: str
    agent: str
    feature: str
    failing: Rate
    healthy: Rate
    p_value: float
    separates: bool
    def __init__(self, says: _Optional[str] = ..., why_not: _Optional[str] = ..., agent: _Optional[str] = ..., feature: _Optional[str] = ..., failing: _Optional[_Union[Rate, _Mapping]] = ..., healthy: _Optional[_Union[Rate, _Mapping]] = ..., p_value: _Optional[float] = ..., separates: _Optional[bool] = ...) -> None: ...

class MechanismStep(_message.Message):
    __slots__ = ("says", "evidence")
    SAYS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    says: str
    evidence: Evidence
    def __init__(self, says: _Optional[str] = ..., evidence: _Optional[_Union[Evidence, _Mapping]] = ...) -> None: ...

class PatchTrial(_message.Message):
    __slots__ = ("fixed", "broken")
    FIXED_FIELD_NUMBER: _ClassVar[int]
    BROKEN_FIELD_NUMBER: _ClassVar[int]
    fixed: Rate
    broken: Rate
    def __init__(self, fixed: _Optional[_Union[Rate, _Mapping]] = ..., broken: _Optional[_Union[Rate, _Mapping]] = ...) -> None: ...

class ListFindingsRequest(_message.Message):
    __slots__ = ("project", "state", "page_size", "page_token")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    project: str
    state: FindingState
    page_size: int
    page_token: str
    def __init__(self, project: _Optional[str] = ..., state: _Optional[_Union[FindingState, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListFindingsResponse(_message.Message):
    __slots__ = ("findings", "next_page_token")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    next_page_token: str
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetFindingRequest(_message.Message):
    __slots__ = ("project", "id")
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    project: str
    id: str
    def __init__(self, project: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class ExportCanonicalRequest(_message.Message):
    __slots__ = ("project",)
    PROJECT_FIELD_NUMBER: _ClassVar[int]
    project: str
    def __init__(self, project: _Optional[str] = ...) -> None: ...

class ExportCanonicalResponse(_message.Message):
    __slots__ = ("lines",)
    LINES_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, lines: _Optional[_Iterable[str]] = ...) -> None: ...
