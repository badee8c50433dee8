"""Voice pipelines with scripted speech models."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from agents.voice import (
    AudioInput,
    SingleAgentVoiceWorkflow,
    StreamedAudioInput,
    TTSModelSettings,
    VoiceModelProvider,
    VoicePipelineConfig,
)
from agents.voice.testing import ScriptedSTTModel, ScriptedTTSModel, ScriptedVoiceWorkflow, pcm16_samples
from openai_scripts import ASKED_TO_ADD, Record, add, agent, lines

from agent_audit import ConfigurationError, WriteError
from agent_audit.testing import FailingBackend
from agent_audit_openai_agents import AuditVoicePipeline

AUDIO = AudioInput(buffer=np.zeros(100, dtype=np.int16))


async def listen(result: Any) -> bytes:
    heard = b""
    async for event in result.stream():
        if event.type == "voice_stream_event_audio" and event.data is not None:
            heard += event.data.tobytes()
    return heard


def pipeline(record: Record, **parts: Any) -> AuditVoicePipeline:
    parts.setdefault("tts_model", ScriptedTTSModel([[pcm16_samples([1, 2])]]))
    parts.setdefault("config", VoicePipelineConfig(group_id="call-1"))
    return AuditVoicePipeline(logger=record.logger, user_id="alice", **parts)


def test_an_id_that_is_no_text_is_refused_when_the_pipeline_is_made(record: Record) -> None:
    number: Any = 7
    with pytest.raises(ConfigurationError, match="session_id is of the type int"):
        pipeline(record, session_id=number, workflow=SingleAgentVoiceWorkflow(agent("It is three.")))


async def test_a_turn_is_a_transcription_a_run_and_speech_in_one_trace(record: Record) -> None:
    workflow = SingleAgentVoiceWorkflow(agent(ASKED_TO_ADD, "It is three.", tools=[add]))
    one = pipeline(record, workflow=workflow, stt_model=ScriptedSTTModel("one plus two?"))
    assert len(await listen(await one.run(AUDIO))) == 4
    told = record.told()
    assert told[:3] == lines("""
        llm.request - llm.scripted-stt -
        llm.response success llm.scripted-stt -
        agent.start - agent.A -
    """)
    # The answer is spoken while the agent comes to its end.
    assert sorted(told[3:]) == lines("""
        action.request - tool.add c1
        agent.stop success agent.A -
        llm.request - llm.ScriptedModel -
        llm.request - llm.ScriptedModel -
        llm.request - llm.scripted-tts -
        llm.response success llm.ScriptedModel -
        llm.response success llm.ScriptedModel -
        llm.response success llm.scripted-tts -
        tool.call - tool.add c1
        tool.response success tool.add c1
    """)
    assert len({event.trace_id for event in record.events()}) == 1
    assert {(event.user_id, event.session_id) for event in record.events()} == {("alice", "call-1")}
    heard = record.one("llm.response", action="llm.scripted-stt")
    assert (heard.result, heard.metadata) == (
        "one plus two?",
        {"model": "scripted-stt", "kind": "transcription", "audio_bytes": 200},
    )
    assert record.one("llm.request", action="llm.scripted-tts").parameters == {"text": "It is three."}
    assert record.one("llm.response", action="llm.scripted-tts").metadata["audio_bytes"] == 4
    assert record.events()[0].agent_id == "Voice Agent"


async def test_the_agents_of_a_pipeline_are_in_its_session_whatever_group_the_sdk_makes_up(record: Record) -> None:
    one = AuditVoicePipeline(
        logger=record.logger,
        user_id="alice",
        session_id="call-7",
        workflow=SingleAgentVoiceWorkflow(agent("It is three.")),
        stt_model=ScriptedSTTModel("hi"),
        tts_model=ScriptedTTSModel([[b"\0\0"]]),
    )
    await listen(await one.run(AUDIO))
    assert record.events("agent.start")
    assert {(event.user_id, event.session_id) for event in record.events()} == {("alice", "call-7")}


async def test_streamed_audio_is_recorded_turn_by_turn(record: Record) -> None:
    one = pipeline(
        record,
        workflow=ScriptedVoiceWorkflow(["Hello.", "Bye."]),
        stt_model=ScriptedSTTModel(sessions=[["hi", "bye"]]),
        tts_model=ScriptedTTSModel([[b"\0\0"], [b"\0\0"]]),
    )
    await listen(await one.run(StreamedAudioInput()))
    assert [event.result for event in record.events("llm.response") if event.action == "llm.scripted-stt"] == [
        "hi",
        "bye",
        None,
    ]
    assert record.told("llm.response")[-1] == "llm.response cancelled llm.scripted-stt -"
    spoken = [e.parameters["text"] for e in record.events("llm.request") if e.action == "llm.scripted-tts"]
    assert spoken == ["Hello.", "Bye."]


async def test_a_speech_model_that_fails_has_failed(record: Record) -> None:
    one = pipeline(record, workflow=ScriptedVoiceWorkflow(), stt_model=ScriptedSTTModel([OSError("no line")]))
    with pytest.raises(OSError, match="no line"):
        await listen(await one.run(AUDIO))
    response = record.one("llm.response")
    assert (response.outcome, response.error_type, response.error) == ("failure", "OSError", "no line")


async def test_speech_that_is_broken_off_is_cancelled(record: Record) -> None:
    one = pipeline(record, workflow=ScriptedVoiceWorkflow(), tts_model=ScriptedTTSModel([[b"\0\0", b"\0\0"]]))
    speech = one.tts_model.run("Hello.", TTSModelSettings())
    assert await anext(speech) == b"\0\0"
    await speech.aclose()
    response = record.one("llm.response")
    assert (response.outcome, response.metadata["audio_bytes"]) == ("cancelled", 2)


async def test_models_asked_for_by_name_are_recorded_and_the_user_s_config_is_not_changed(record: Record) -> None:
    class Provider(VoiceModelProvider):
        def get_stt_model(self, model_name: str | None) -> Any:
            return ScriptedSTTModel("hi", model_name=str(model_name))

        def get_tts_model(self, model_name: str | None) -> Any:
            return ScriptedTTSModel([[b"\0\0"]], model_name=str(model_name))

    config = VoicePipelineConfig(model_provider=Provider())
    provider = config.model_provider
    one = pipeline(record, workflow=ScriptedVoiceWorkflow("Hello."), stt_model="ears", tts_model="mouth", config=config)
    await listen(await one.run(AUDIO))
    assert record.told("llm.request") == ["llm.request - llm.ears -", "llm.request - llm.mouth -"]
    assert config.model_provider is provider


async def test_nothing_is_transcribed_that_cannot_be_recorded(strict: Record, backend: FailingBackend) -> None:
    ears = ScriptedSTTModel("hi")
    one = AuditVoicePipeline(logger=strict.logger, workflow=ScriptedVoiceWorkflow(), stt_model=ears)
    backend.failing = True
    with pytest.raises(WriteError):
        await one.stt_model.transcribe(AUDIO, None, True, True)
    backend.failing = False
    assert not ears.calls
