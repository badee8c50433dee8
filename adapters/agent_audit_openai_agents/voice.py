"""Voice: `AuditVoicePipeline` in place of `VoicePipeline` records what is transcribed and what is spoken.

The agents in between are recorded by `enable()`, which also says what their `context` and `modifies` are: a workflow
runs them with `Runner`. They get the pipeline's user, session and trace.
"""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from agents.voice import StreamedTranscriptionSession, STTModel, TTSModel, VoiceModelProvider, VoicePipeline

from agent_audit import AdapterSettings, AuditEventType, AuditLogger, Outcome, get_logger, identify, outcome_of
from agent_audit_openai_agents.recording import Recording


class AuditVoicePipeline(VoicePipeline):
    """A `VoicePipeline` whose models are recorded: each transcription and each text that is spoken is an `llm.request`
    and an `llm.response`, with the text; of audio only the size. A turn of streamed audio begins with listening.

    Args:
        logger: the default logger when left out.
        agent_id: else the `workflow_name` of the config.
        user_id: for whom.
        session_id: else the `group_id` of the config, which the SDK makes up where none is set.
        **pipeline: as for `VoicePipeline`.
    """

    def __init__(
        self,
        *,
        logger: AuditLogger | None = None,
        agent_id: str | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        **pipeline: Any,
    ) -> None:
        super().__init__(**pipeline)
        given = AdapterSettings(agent_id, session_id, user_id).given
        self._identity = {
            "agent_id": given.get("agent_id") or self.config.workflow_name,
            "session_id": given.get("session_id") or str(self.config.group_id),
            "user_id": given.get("user_id"),
        }
        calls = Calls(logger, self._identity)
        self.config = copy.copy(self.config)  # the user's own may serve other pipelines
        self.config.model_provider = AuditModelProvider(self.config.model_provider, calls)
        if self.stt_model is not None:
            self.stt_model = AuditSTTModel(self.stt_model, calls)
        if self.tts_model is not None:
            self.tts_model = AuditTTSModel(self.tts_model, calls)

    async def run(self, audio_input: Any) -> Any:
        """Like `VoicePipeline.run`."""
        whose = {name: self._identity[name] for name in ("session_id", "user_id")}  # agents have names of their own
        with identify(trace_id=uuid4().hex, **whose):
            return await super().run(audio_input)


class Calls:
    """Records calls of speech models."""

    def __init__(self, logger: AuditLogger | None, identity: dict[str, str | None]) -> None:
        self._logger = logger
        self._identity: dict[str, Any] = {name: value for name, value in identity.items() if value is not None}

    @contextmanager
    def recorded(self, model: Any, kind: str, hook: str, asked: Any = None, **facts: Any) -> Iterator[dict[str, Any]]:
        """A call around a block: `result` and metadata are put into the dict that it gets."""
        tracker = Recording.of(self._logger or get_logger()).tracker
        key = uuid4().hex
        facts = {"model": model.model_name, "kind": kind, **facts}
        tracker.start(
            AuditEventType.LLM_REQUEST,
            key,
            hook=hook,
            action=f"llm.{model.model_name}",
            parameters=asked,
            metadata=facts,
            **self._identity,
        )
        told: dict[str, Any] = {}
        try:
            yield told
        except BaseException as error:
            tracker.end(key, outcome_of(error), hook=hook, exception=error, metadata={**facts, **told})
            raise
        outcome = told.pop("outcome", Outcome.SUCCESS)
        tracker.end(key, outcome, hook=hook, result=told.pop("result", None), metadata={**facts, **told})


class AuditSTTModel(STTModel):
    """A speech-to-text model that is recorded."""

    def __init__(self, inner: STTModel, calls: Calls) -> None:
        self.inner = inner
        self._calls = calls

    @property
    def model_name(self) -> str:
        return self.inner.model_name

    async def transcribe(self, input: Any, *args: Any, **kwargs: Any) -> str:
        size = getattr(getattr(input, "buffer", None), "nbytes", None)
        with self._calls.recorded(self.inner, "transcription", "transcribe", audio_bytes=size) as told:
            told["result"] = await self.inner.transcribe(input, *args, **kwargs)
            return str(told["result"])

    async def create_session(self, *args: Any, **kwargs: Any) -> StreamedTranscriptionSession:
        session = await self.inner.create_session(*args, **kwargs)
        return AuditTranscription(session, self.inner, self._calls)


class AuditTranscription(StreamedTranscriptionSession):
    """A stream of transcriptions that is recorded turn by turn."""

    def __init__(self, inner: StreamedTranscriptionSession, model: STTModel, calls: Calls) -> None:
        self.inner = inner
        self._model = model
        self._calls = calls

    async def transcribe_turns(self) -> AsyncIterator[str]:
        turns = self.inner.transcribe_turns().__aiter__()
        while True:
            text: str | None = None
            with self._calls.recorded(self._model, "transcription", "transcribe_turns") as told:
                try:
                    text = told["result"] = await turns.__anext__()
                except StopAsyncIteration:
                    told["outcome"] = Outcome.CANCELLED  # nobody has said anything more
            if text is None:
                return
            yield text

    async def close(self) -> None:
        await self.inner.close()


class AuditTTSModel(TTSModel):
    """A text-to-speech model that is recorded."""

    def __init__(self, inner: TTSModel, calls: Calls) -> None:
        self.inner = inner
        self._calls = calls

    @property
    def model_name(self) -> str:
        return self.inner.model_name

    async def run(self, text: str, settings: Any) -> AsyncIterator[bytes]:
        with self._calls.recorded(self.inner, "speech", "run", {"text": text}) as told:
            told["audio_bytes"] = 0
            async for chunk in self.inner.run(text, settings):
                told["audio_bytes"] += len(chunk)
                yield chunk


class AuditModelProvider(VoiceModelProvider):
    """Models that are asked for by name are recorded as well."""

    def __init__(self, inner: VoiceModelProvider, calls: Calls) -> None:
        self.inner = inner
        self._calls = calls

    def get_stt_model(self, model_name: str | None) -> STTModel:
        return AuditSTTModel(self.inner.get_stt_model(model_name), self._calls)

    def get_tts_model(self, model_name: str | None) -> TTSModel:
        return AuditTTSModel(self.inner.get_tts_model(model_name), self._calls)
