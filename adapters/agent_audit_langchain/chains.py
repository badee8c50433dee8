"""Hooks of chains, agents and graphs. Only agents and roots have events, nodes are scopes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from agent_audit import AuditEventType, Outcome, Run, after_the_fact
from agent_audit_langchain import messages
from agent_audit_langchain.approvals import BROKEN_OFF, Node, Resume
from agent_audit_langchain.graph import Command, GraphInterrupt, ParentCommand, handoff_target, outcome_of
from agent_audit_langchain.hooks import begins_run, name_of, takes_run
from agent_audit_langchain.identity import is_generic
from agent_audit_langchain.models import ModelHooks
from agent_audit_langchain.talks import Talk, begin_talk, begins_talk, talk_of

_CREATE_AGENT = "langchain_create_agent"

_MODEL = "llm"
"""The type of run that LangChain calls a model which is told as a chain: one that decides."""

_AGENT_NAME = "lc_agent_name"
"""In the metadata of what an agent made by `create_agent` does, and in the state of the agent: its name."""

_RESUMED = "resumed"
"""In the state of a root: something below it was resumed with an answer."""

_WAITS = "waits"
"""In the state of a graph or chain: the threads in it that wait for an answer."""

_STEP = "step"
"""In the state of a chain inside another one: it is a step of a sequence."""

_BROKEN_OFF_BELOW = "broken off below"
"""In the state of a root: the run ids of what has ended by an exception in it, itself included."""

_BY_MIDDLEWARE, _BY_NODE = "middleware, not the tool", "the node that asked for it"

_UNNAMED = "LangGraph"
"""What LangGraph calls a graph, and so an agent, that was given no name."""

_UPDATES_STATE = "UpdateState"
"""How the name ends that LangGraph gives to a change of a graph's state from outside, which is no run of the graph."""


class ChainHooks(ModelHooks):
    """Starts and ends of chains, agents, graphs and their nodes, and of what LangChain tells as such."""

    @begins_run
    def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        """A chain, an agent, a graph or one of its nodes starts."""
        if not self._starts(run_id, parent_run_id):
            return
        metadata = metadata or {}
        name = name or name_of(serialized, "chain")
        if kwargs.get("run_type") == _MODEL:
            self._decision_begins(inputs, run_id, parent_run_id, metadata, name)
            return
        parent = self._parent(parent_run_id)
        is_root = parent is None and (parent_run_id is None or not _is_step(kwargs.get("tags")))
        if is_root:
            self._start_agent(name, inputs, metadata, run_id, parent)
        elif _is_nested_agent(name, metadata, parent):
            self._start_agent(_own_name(name, metadata, parent), inputs, metadata, run_id, parent)
        else:
            run = self._enter(name, inputs, metadata, run_id, parent)
            run.state[_STEP] = _is_of_sequence(kwargs.get("tags"))

    def _enter(self, name: str, inputs: Any, metadata: Mapping[str, Any], run_id: UUID, parent: Run | None) -> Run:
        if parent is None:
            run = self._serves(self._tracker.enter(run_id, **self._who.of_root(metadata, given=self._given(run_id))))
        else:
            told = self._who.of_inner(metadata, parent)
            begins = _begins_talk(metadata, parent)
            if begins:
                self._who.learn(parent)
            run = self._tracker.enter(run_id, parent=parent, **told)
            if told or begins:
                self._who.may_differ(run, metadata)
            if begins:
                self._begin_talk(run, name, inputs, metadata)
        self._resumed_with(run, inputs, metadata)
        namespace = metadata.get("langgraph_checkpoint_ns")
        if namespace and metadata.get("langgraph_node") == name:
            run.state["node"] = node = Node(name, namespace, inputs, metadata.get("langgraph_step"))
            if _RESUMED in run.root.state:
                node.resume = _resume_of(run)
                self.recording.approvals.node_started(run, node)
        return run

    def _start_agent(
        self, name: str, inputs: Any, metadata: Mapping[str, Any], run_id: UUID, parent: Run | None
    ) -> None:
        who = self._who
        # A name that LangChain gives by itself is no better than the agent_id the logger was given.
        named = None if is_generic(name) and self.recording.logger.identity.agent_id else name
        if parent is None:
            facts: dict[str, Any] = who.of_root(metadata, named, given=self._given(run_id))
        else:
            who.learn(parent)
            facts = {**who.of_inner(metadata, parent), **who.of_nested(name, parent)}
        # What an inner agent is given may be the state of the graph around it: take the conversation alone.
        whole = parent is None or isinstance(inputs, Command) or messages.messages_of(inputs)
        run = self._tracker.start(
            AuditEventType.AGENT_START,
            run_id,
            parent=parent,
            hook="on_chain_start",
            action=f"agent.{name}",
            parameters=messages.asked(inputs) if whole else None,
            **facts,
        )
        if parent is None:
            self._serves(run)
        run.state["graph"] = "ls_integration" in metadata
        # Such an agent executes by tools alone, so that each execution is seen.
        run.state["executes"] = metadata.get("ls_integration") == _CREATE_AGENT
        run.state[_AGENT_NAME] = metadata.get(_AGENT_NAME)
        self._begin_talk(run, name, inputs, metadata)
        if parent is not None:
            who.may_differ(run, metadata)
        self._resumed_with(run, inputs, metadata)

    def _begin_talk(self, run: Run, name: str, inputs: Any, metadata: Mapping[str, Any]) -> None:
        made_as = metadata.get(_AGENT_NAME, name)
        if name != f"{made_as}{_UPDATES_STATE}":
            name = made_as  # what a run of it is called may change from one to the next
        thread = (name, metadata["thread_id"]) if "thread_id" in metadata else None
        namespace = metadata.get("langgraph_checkpoint_ns") or ""
        talk = Talk(self._who.decider(metadata), thread, inputs is None, namespace=namespace)
        begin_talk(run, talk)
        # A task that runs again gives its own agents and graphs again what it gave them before.
        goes_on = talk.goes_on or isinstance(inputs, Command) or bool(namespace)
        self.recording.approvals.begun(talk, anew=not goes_on)

    def _resumed_with(self, run: Run, inputs: Any, metadata: Mapping[str, Any]) -> None:
        """Remember the answer that a graph is resumed with, for the nodes below that asked."""
        if isinstance(inputs, Command) and inputs.resume is not None:
            run.state["resume"] = Resume.of(inputs.resume, self._who.decider(metadata))
            run.root.state[_RESUMED] = True

    @takes_run
    def on_chain_end(self, outputs: Any, run: Run, **kwargs: Any) -> None:
        """A chain, agent, graph or node is done. One that streams tells only now what its inputs were."""
        if run.start_type is AuditEventType.LLM_REQUEST:
            self._decided(outputs, run)
            return
        _tell_chains_around(run)
        if run.start_type is not None:
            outcome = _outcome_of_end(run, streams="inputs" in kwargs)
            done = outcome is Outcome.SUCCESS
            if done and run.state["executes"]:
                self._left_over(run, Outcome.CANCELLED, "on_chain_end", "the agent went on without it")
            self._talk_ended(run, outcome)
            answer = messages.answered(outputs, graph=run.state["graph"]) if done else None
            self._tracker.finish(run, outcome, hook="on_chain_end", result=answer, parameters=_streamed(run, kwargs))
            self._all_over(run)
            return
        if "node" in run.state:
            self._node_ended(run, outputs)
        self._talk_ended(run, _outcome_of_end(run, streams="inputs" in kwargs))
        self._tracker.finish(run, Outcome.SUCCESS)
        self._all_over(run)

    def _all_over(self, run: Run) -> None:
        """When the run at the top ends, no more is remembered of what has broken off in it than what was where."""
        if run.parent is None:
            for key in run.state.get(_BROKEN_OFF_BELOW, ()):
                broken_off = self.recording.broken_off.pop(key)
                if broken_off is not None:
                    self.recording.broken_off[key] = broken_off.outline()

    @takes_run
    def on_chain_error(self, error: BaseException, run: Run, **kwargs: Any) -> None:
        """An exception, or LangGraph's control flow, passes through a chain, agent, graph or node."""
        if run.start_type is AuditEventType.LLM_REQUEST:
            self._end_with_error(run, error, "on_chain_error", metadata={"model": run.state["model"]})
            return
        self.recording.broken_off[run.key] = run
        run.root.state.setdefault(_BROKEN_OFF_BELOW, []).append(run.key)
        self._passes_through(run, error)
        outcome = outcome_of(error)
        if run.state.get("executes") and outcome in BROKEN_OFF:
            self._left_over(run, outcome, "on_chain_error", "the run ended before")
        self._talk_ended(run, outcome)
        self._end_with_error(run, error, "on_chain_error", parameters=_streamed(run, kwargs))
        self._all_over(run)

    def _talk_ended(self, run: Run, outcome: Outcome) -> None:
        if begins_talk(run) and outcome is not Outcome.SUCCESS:
            self.recording.approvals.interrupted_talk(talk_of(run), broken_off=outcome in BROKEN_OFF)

    def _passes_through(self, run: Run, error: BaseException) -> None:
        if isinstance(error, GraphInterrupt):
            self._interrupted(run, error, "on_chain_error")
            if run.parent is not None:
                _waits(run.parent)
        elif isinstance(error, ParentCommand):
            self._hand_off(run, error)
        if "node" in run.state:
            self.recording.approvals.node_ended(run, run.state["node"], None, outcome_of(error))
        if run.start_type is None and outcome_of(error) is Outcome.FAILURE:
            self._tracker.error(error, under=run, hook="on_chain_error")

    def _hand_off(self, run: Run, error: ParentCommand) -> None:
        """Recorded at the deepest level: the same exception then passes through the levels above."""
        seen: list[BaseException] = run.root.state.setdefault("handoffs", [])
        if any(error is other for other in seen):
            return
        seen.append(error)
        self.recording.note(
            AuditEventType.AGENT_HANDOFF,
            run,
            "on_chain_error",
            after_effect=True,
            action="handoff",
            resource=handoff_target(error),
            outcome=Outcome.SUCCESS,
        )

    def _node_ended(self, run: Run, outputs: Any) -> None:
        node: Node = run.state["node"]
        self.recording.approvals.node_ended(run, node, outputs)
        calls = {call.get("id"): call for call in node.calls}
        talk = talk_of(run)
        if not calls and not (talk.requested and messages.ends_with_answer(outputs)):
            return
        no_form = messages.lacks_form(outputs)
        for message in messages.tool_messages(outputs):
            call_id = message.tool_call_id
            call = calls.get(call_id) or talk.requested.get(call_id)
            if call is not None and call_id not in talk.answered:
                talk.answered.add(call_id)
                if call_id in calls:
                    self._not_executed(run, call, message, _BY_MIDDLEWARE, failed=message.status == "error")
                else:
                    self._not_executed(run, call, message, _BY_NODE, failed=message.status == "error" or no_form)

    def _not_executed(self, run: Run, call: Mapping[str, Any], message: Any, answered_by: str, *, failed: bool) -> None:
        """A tool call was answered though no tool ran: nobody knows the tool, or something stood in its place."""
        unknown = failed and messages.UNKNOWN_TOOL_TEXT in str(message.content)
        self.recording.note(
            AuditEventType.ACTION_FAILED if failed else AuditEventType.ACTION_EXECUTED,
            run,
            "on_chain_end",
            after_effect=True,
            outcome=Outcome.FAILURE if failed else Outcome.SUCCESS,
            action=f"tool.{call['name']}",
            call_id=message.tool_call_id,
            parameters=call["args"],
            result=None if failed else message.content,
            error=str(message.content) if failed else None,
            error_type=("UnknownTool" if unknown else "NotExecuted") if failed else None,
            metadata=None if unknown else {"answered_by": answered_by},
        )

    def _left_over(self, run: Run, outcome: Outcome, hook: str, reason: str) -> None:
        """An agent ends: the calls that its model asked for and it has not executed."""
        for call in talk_of(run).not_executed():
            self.recording.note(
                AuditEventType.ACTION_FAILED,
                run,
                hook,
                after_effect=True,
                outcome=outcome,
                action=f"tool.{call['name']}",
                call_id=call["id"],
                parameters=call["args"],
                error=reason,
                error_type="NotExecuted",
            )

    # -- LangGraph's own hooks -------------------------------------------------------------------------

    @after_the_fact
    def on_interrupt(self, event: Any) -> None:
        """A graph has stopped: at a breakpoint, or for questions that its nodes have told of already."""
        run = self._tracker.get(event.run_id)
        if run is None:
            return
        _waits(run)
        if event.interrupts:
            self.recording.approvals.interrupted(run, event.interrupts, "on_interrupt")
        else:
            self.recording.approvals.at_breakpoint(run, event)

    @after_the_fact
    def on_resume(self, event: Any) -> None:
        """A graph goes on from a checkpoint."""
        run = self._tracker.get(event.run_id)
        if run is not None:
            self.recording.approvals.continued(run, event)

    @after_the_fact
    def on_graph_settings(self, run_id: Any, settings: Mapping[str, Any]) -> None:
        """What `enable()` learns of a graph that has started: its `configurable`. No hook of LangGraph's."""
        run = self._tracker.get(run_id)
        if run is not None:
            self._who.learn(run, settings)
            talk = talk_of(run)
            talk.settings = talk.settings or settings


def _resume_of(run: Run | None) -> Resume | None:
    """What the graph was resumed with that a task belongs to, or the one around that."""
    while run is not None and "resume" not in run.state:
        run = run.parent
    return None if run is None else run.state["resume"]


def _begins_talk(metadata: Mapping[str, Any], parent: Run) -> bool:
    """Whether a run inside another one is a conversation of its own: a graph below a chain, anything below a tool."""
    return "request" in parent.state or ("ls_integration" in metadata and "langgraph_node" not in metadata)


def _streamed(run: Run, told: Mapping[str, Any]) -> Any:
    """The inputs of a chain that streams: they were not told when it started."""
    return messages.asked(told["inputs"]) if run.start_type is not None and "inputs" in told else None


def _waits(run: Run) -> None:
    """A graph stops, for an answer or at a breakpoint; it is known by its thread when it goes on."""
    run.state.setdefault(_WAITS, set()).add(talk_of(run).thread)


def _tell_chains_around(run: Run) -> None:
    """A chain waits when the graph in it waits, until that goes on; a node or tool with a graph of its own goes on."""
    waiting = run.state.get(_WAITS)
    if waiting is None and not begins_talk(run):
        return
    around = run.parent
    if waiting and around is not None and _is_plain(around):
        around.state[_WAITS] = around.state.get(_WAITS, set()) | waiting
    while not waiting and around is not None and _is_plain(around):
        around.state.get(_WAITS, set()).discard(talk_of(run).thread)
        around = around.parent


def _is_plain(run: Run) -> bool:
    return "node" not in run.state and "request" not in run.state


def _outcome_of_end(run: Run, *, streams: bool) -> Outcome:
    """A graph that waits for an answer ends without an exception, and so does a chain whose stream was closed."""
    if run.state.get(_WAITS):
        return Outcome.SUSPENDED
    return Outcome.CANCELLED if streams and _is_busy_below(run) else Outcome.SUCCESS


def _is_busy_below(run: Run) -> bool:
    """Whether something below has not ended: an operation, or a step of a sequence, for one streams to the next."""
    return any(
        child.start_type is not None or child.state.get(_STEP) or _is_busy_below(child) for child in list(run.children)
    )


def _is_step(tags: Sequence[str] | None) -> bool:
    """Whether a run is a step of another one, though that is not known: its start was before recording began."""
    return any(tag.startswith(("graph:", "seq:", "map:", "branch:", "condition:", "retry:")) for tag in tags or ())


def _is_of_sequence(tags: Sequence[str] | None) -> bool:
    return any(tag.startswith("seq:step:") for tag in tags or ())


def _is_nested_agent(name: str, metadata: Mapping[str, Any], parent: Run | None) -> bool:
    """Whether a run inside another is an agent made by `create_agent`, not one of its nodes."""
    if metadata.get("ls_integration") != _CREATE_AGENT:
        return False
    if name == _UNNAMED or _is_another(metadata, parent):
        return True
    within_itself = parent is not None and parent.fields.get("action") == f"agent.{name}"
    return name == metadata.get(_AGENT_NAME) and not within_itself


def _is_another(metadata: Mapping[str, Any], parent: Run | None) -> bool:
    """Whether a run belongs to an agent of another name than what is around it: its first run is the agent's own."""
    if parent is None:  # recording began within the agent
        return False
    around: Run | None = parent
    while around is not None and _AGENT_NAME not in around.state:
        around = around.parent
    return metadata.get(_AGENT_NAME) not in (None, None if around is None else around.state[_AGENT_NAME])


def _own_name(name: str, metadata: Mapping[str, Any], parent: Run | None) -> str:
    """What an agent was called when it was made, whatever a run of it is called (`run_name`)."""
    return str(metadata[_AGENT_NAME]) if _is_another(metadata, parent) else name
