"""A client of Omniroute in another language, over nothing but the public API.

Generates its stubs from `proto/` as any platform would, then plays through a service: a directory, sessions, a routed chat, a race
for a conference from two threads, the chat log, the event stream from its first position, refusals with their details.

    python client.py --addr 127.0.0.1:50051 [--wait SECONDS] [--org ID] [--ca FILE, with a token in OMNIROUTE_TOKEN]

Prints a line a check and ends with `N passed, 0 failed`; the exit code says the same.
"""

import argparse
import glob
import os
import queue
import sys
import tempfile
import threading
import uuid

import grpc
import grpc_tools
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from grpc_tools import protoc

HERE = os.path.dirname(os.path.abspath(__file__))
PROTO = os.path.normpath(os.path.join(HERE, "..", "..", "..", "proto"))
PATIENCE_S = 10


def generate(out):
    """Makes the stubs of the whole public API and lets Python find them."""
    files = sorted(glob.glob(os.path.join(PROTO, "omniroute", "v1", "*.proto")))
    well_known = os.path.join(os.path.dirname(grpc_tools.__file__), "_proto")
    command = ["protoc", f"-I{PROTO}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}", *files]
    if protoc.main(command) != 0:
        sys.exit("the stubs could not be generated")
    sys.path.insert(0, out)


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, found, expected, rule):
        if found == expected:
            self.passed += 1
            print(f"ok    {rule}", flush=True)
        else:
            self.failed += 1
            print(f"FAIL  {rule}: expected {expected!r}, found {found!r}", flush=True)


def reason_of(error):
    """The machine-readable reason of a refusal, and the fields that it names."""
    reason, fields = None, []
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(request):
            fields += [violation.field for violation in request.field_violations]
    return reason, fields


def refused(call, request):
    """Makes a call that must be refused; answers the gRPC code, the reason and the fields."""
    try:
        call(request, timeout=PATIENCE_S)
    except grpc.RpcError as error:
        return (error.code(), *reason_of(error))
    return None, None, []


class Stream:
    """Reads a server stream in a thread of its own, so that whoever waits for a message can give up."""

    def __init__(self, call):
        self.call = call
        self.messages = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for message in self.call:
                self.messages.put(message)
        except grpc.RpcError as error:
            self.messages.put(error)
        self.messages.put(None)

    def wait(self, picks, what):
        """The first message from here on that `picks` picks."""
        while True:
            try:
                message = self.messages.get(timeout=PATIENCE_S)
            except queue.Empty:
                raise TimeoutError(f"waited {PATIENCE_S} s for {what}") from None
            if message is None or isinstance(message, grpc.RpcError):
                raise ConnectionError(f"the stream ended before {what}: {message!r}")
            if picks(message):
                return message

    def rest(self):
        """What comes until the service ends the stream."""
        messages = []
        while (message := self.messages.get(timeout=PATIENCE_S)) is not None:
            messages.append(message)
        return messages


class Agent:
    """An agent with a session on a connection of its own."""

    def __init__(self, api, connect, org, agent_id):
        self.api, self.org, self.agent_id = api, org, agent_id
        self.channel = connect()
        self.agents = api.agent_grpc.AgentServiceStub(self.channel)
        self.conversations = api.conversation_grpc.ConversationServiceStub(self.channel)
        self.stream = Stream(
            self.agents.OpenSession(
                api.agent.OpenSessionRequest(
                    org_id=org,
                    request_id=new_id(),
                    agent_id=agent_id,
                    console=api.types.CONSOLE_LIGHTNING,
                    presence_status_id="here",
                )
            )
        )
        self.opened = self.stream.wait(lambda it: it.HasField("opened"), "the session").opened

    @property
    def session(self):
        return self.api.types.AgentSession(agent_id=self.agent_id, epoch=self.opened.epoch)

    def common(self):
        return {"org_id": self.org, "request_id": new_id(), "session": self.session}

    def invited(self, conversation_id):
        told = self.stream.wait(
            lambda it: it.HasField("invited") and it.invited.conversation_id == conversation_id,
            f"an invite of {self.agent_id}",
        )
        return told.invited

    def acceptance(self, invite):
        return self.api.agent.AcceptInviteRequest(invite_id=invite.invite_id, **self.common())

    def accept(self, request):
        return self.agents.AcceptInvite(request, timeout=PATIENCE_S)

    def ended(self, invite):
        told = self.stream.wait(
            lambda it: it.HasField("invite_ended") and it.invite_ended.invite_id == invite.invite_id,
            f"the end of an invite of {self.agent_id}",
        )
        return told.invite_ended.outcome


class Api:
    """The generated modules by short names."""

    def __init__(self):
        from omniroute.v1 import agent_service_pb2 as agent
        from omniroute.v1 import agent_service_pb2_grpc as agent_grpc
        from omniroute.v1 import conversation_service_pb2 as conversation
        from omniroute.v1 import conversation_service_pb2_grpc as conversation_grpc
        from omniroute.v1 import directory_service_pb2 as directory
        from omniroute.v1 import directory_service_pb2_grpc as directory_grpc
        from omniroute.v1 import event_service_pb2 as event
        from omniroute.v1 import event_service_pb2_grpc as event_grpc
        from omniroute.v1 import pipeline_service_pb2 as pipeline
        from omniroute.v1 import pipeline_service_pb2_grpc as pipeline_grpc
        from omniroute.v1 import types_pb2 as types

        self.agent, self.agent_grpc = agent, agent_grpc
        self.conversation, self.conversation_grpc = conversation, conversation_grpc
        self.directory, self.directory_grpc = directory, directory_grpc
        self.event, self.event_grpc = event, event_grpc
        self.pipeline, self.pipeline_grpc = pipeline, pipeline_grpc
        self.types = types


def new_id():
    return str(uuid.uuid4())


def a_directory(api, skill_of_ben="repairs"):
    d = api.directory
    return d.Directory(
        skills=[d.Skill(id="sales"), d.Skill(id="repairs")],
        channels=[
            d.Channel(id="chat", weight=2, push_timeout_ms=30_000, wrap_up_ms=60_000, conference_allowed=True)
        ],
        presence_statuses=[d.PresenceStatus(id="here", kind=d.PRESENCE_KIND_ONLINE, channel_ids=["chat"])],
        capacity_profiles=[d.CapacityProfile(id="desk", units=6)],
        agents=[
            d.AgentResource(
                id=agent_id,
                capacity_profile_id="desk",
                skills=[d.AgentSkill(skill_id=skill, level_hundredths=800)],
            )
            for agent_id, skill in [("ada", "sales"), ("ben", skill_of_ben), ("cem", "repairs")]
        ],
    )


def applies_a_directory(api, checks, channel, org):
    stub = api.directory_grpc.DirectoryServiceStub(channel)
    request = api.directory.ApplyDirectoryRequest
    wrong = request(org_id=org, request_id=new_id(), directory=a_directory(api, skill_of_ben="magic"))
    code, reason, fields = refused(stub.ApplyDirectory, wrong)
    checks.equal(code, grpc.StatusCode.INVALID_ARGUMENT, "a directory with a dangling reference is refused")
    checks.equal(reason, "DIRECTORY_INVALID", "with its reason")
    checks.equal([it.endswith("agents[1].skills[0].skill_id") for it in fields], [True], "and the path of the mistake")

    right = a_directory(api)
    dry = stub.ApplyDirectory(request(org_id=org, directory=right, dry_run=True), timeout=PATIENCE_S)
    checks.equal(len(dry.changes), 8, "a dry run says what would change")
    done = stub.ApplyDirectory(request(org_id=org, request_id=new_id(), directory=right), timeout=PATIENCE_S)
    checks.equal(done.created_count, 8, "and applied, it is created")
    found = stub.GetDirectory(api.directory.GetDirectoryRequest(org_id=org), timeout=PATIENCE_S).directory
    checks.equal(sorted(it.id for it in found.agents), ["ada", "ben", "cem"], "and can be read back")


def routes_a_chat(api, checks, agents, platform, org):
    ada = agents["ada"]
    target = api.types.Target(
        requirements=api.types.Requirements(
            skills=[api.types.SkillRequirement(skill_id="sales", level_hundredths=500)]
        )
    )
    create = api.conversation.CreateConversationRequest(
        org_id=org, request_id=new_id(), channel_id="chat", customer_id="c-1", routing=api.types.Routing(target=target)
    )
    created = platform.CreateConversation(create, timeout=PATIENCE_S)
    checks.equal(
        platform.CreateConversation(create, timeout=PATIENCE_S), created, "a repeated request gets the first answer"
    )
    invite = ada.invited(created.conversation_id)
    checks.equal(invite.kind, api.types.REQUEST_KIND_NEW, "the chat is offered to the agent with the skill")
    answer = ada.accept(ada.acceptance(invite))
    checks.equal(answer.conversation_id, created.conversation_id, "who accepts it and is in")
    checks.equal(ada.ended(invite), api.agent.INVITE_OUTCOME_ACCEPTED, "and is told so on the stream")
    return created.conversation_id


def races(api, checks, agents, conversation_id):
    """Two agents accept at once, from two threads. Answers who won and who lost."""
    ada, racers = agents["ada"], [agents["ben"], agents["cem"]]
    ada.conversations.RequestConference(
        api.conversation.RequestConferenceRequest(
            conversation_id=conversation_id,
            routing=api.types.Routing(target=api.types.Target(skill_id="repairs")),
            **ada.common(),
        ),
        timeout=PATIENCE_S,
    )
    invites = {it.agent_id: it.invited(conversation_id) for it in racers}
    start, results = threading.Barrier(len(racers)), {}

    def race(agent):
        request = agent.acceptance(invites[agent.agent_id])
        start.wait()
        try:
            results[agent.agent_id] = (agent.accept(request), request)
        except grpc.RpcError as error:
            results[agent.agent_id] = (error, request)

    threads = [threading.Thread(target=race, args=(agent,)) for agent in racers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    won = [it for it in racers if not isinstance(results[it.agent_id][0], grpc.RpcError)]
    lost = [it for it in racers if it not in won]
    checks.equal((len(won), len(lost)), (1, 1), "of two acceptances at once exactly one wins")
    winner, loser = won[0], lost[0]
    error = results[loser.agent_id][0]
    checks.equal(error.code(), grpc.StatusCode.FAILED_PRECONDITION, "the other is refused")
    checks.equal(reason_of(error)[0], "INVITE_RESCINDED", "because its invite was rescinded")
    outcomes = [it.ended(invites[it.agent_id]) for it in (winner, loser)]
    expected = [api.agent.INVITE_OUTCOME_ACCEPTED, api.agent.INVITE_OUTCOME_RESCINDED]
    checks.equal(outcomes, expected, "and both are told so on their streams")
    answer, request = results[winner.agent_id]
    checks.equal(winner.accept(request), answer, "to repeat the acceptance that won is to get the same answer")
    joined = ada.stream.wait(
        lambda it: it.HasField("update")
        and it.update.entry.kind == api.types.LOG_ENTRY_KIND_AGENT_JOINED
        and it.update.entry.agent_id != "ada",
        "the notice that somebody joined",
    )
    checks.equal(joined.update.entry.agent_id, winner.agent_id, "the agent who asked is told who joined")
    return winner, loser


def leaves_and_ends(api, checks, ada, winner, conversation_id):
    leave, end = api.conversation.LeaveConversationRequest, api.conversation.EndConversationRequest

    def by_ada():
        actor = api.types.Actor(agent=ada.session)
        return end(org_id=ada.org, request_id=new_id(), actor=actor, conversation_id=conversation_id)

    reason = refused(ada.conversations.EndConversation, by_ada())[1]
    checks.equal(reason, "CONFERENCE_IN_PROGRESS", "while another is in, an agent cannot end it")
    text = "It was the fuse."
    actor = api.types.Actor(agent=winner.session)
    winner.conversations.PostMessage(
        api.conversation.PostMessageRequest(
            org_id=winner.org, request_id=new_id(), actor=actor, conversation_id=conversation_id, text=text
        ),
        timeout=PATIENCE_S,
    )
    winner.conversations.LeaveConversation(leave(conversation_id=conversation_id, **winner.common()), timeout=PATIENCE_S)
    reason = refused(ada.conversations.LeaveConversation, leave(conversation_id=conversation_id, **ada.common()))[1]
    checks.equal(reason, "LAST_AGENT_MUST_END", "the last agent cannot leave")
    ada.conversations.EndConversation(by_ada(), timeout=PATIENCE_S)


def reads_the_chat_log(api, checks, platform, org, conversation_id, winner):
    types = api.types
    log = platform.ReadChatLog(
        api.conversation.ReadChatLogRequest(org_id=org, conversation_id=conversation_id), timeout=PATIENCE_S
    )
    checks.equal(
        [(it.kind, it.agent_id) for it in log.entries],
        [
            (types.LOG_ENTRY_KIND_AGENT_JOINED, "ada"),
            (types.LOG_ENTRY_KIND_AGENT_JOINED, winner.agent_id),
            (types.LOG_ENTRY_KIND_MESSAGE, winner.agent_id),
            (types.LOG_ENTRY_KIND_AGENT_LEFT, winner.agent_id),
            (types.LOG_ENTRY_KIND_ENDED, "ada"),
        ],
        "the chat log tells who joined, wrote, left and ended",
    )
    checks.equal([it.number for it in log.entries], [1, 2, 3, 4, 5], "numbered without gaps")
    watched = Stream(
        platform.WatchChatLog(
            api.conversation.WatchChatLogRequest(
                org_id=org, conversation_id=conversation_id, reader=api.conversation.LOG_READER_CUSTOMER
            )
        )
    ).rest()
    checks.equal(len(watched), 5, "the customer's stream has what concerns it, and ends after the end")


def watches_events(api, checks, channel, org, conversation_id):
    stub = api.event_grpc.EventServiceStub(channel)
    stream = Stream(stub.WatchEvents(api.event.WatchEventsRequest(org_id=org, from_position=1)))
    seen = []

    def is_the_end(it):
        if it.HasField("event"):
            seen.append(it)
        return it.event.conversation_ended.conversation_id == conversation_id

    stream.wait(is_the_end, "the event that the conversation ended")
    positions = [it.event.position for it in seen]
    checks.equal(positions, list(range(1, len(seen) + 1)), "events come from position 1 on without a gap")
    kinds = [it.event.WhichOneof("event") for it in seen]
    checks.equal(kinds[0], "directory_changed", "the first is the directory")
    checks.equal(kinds.count("invite_accepted"), 2, "two acceptances are in the journal, one a request")
    rescinded = [
        list(it.event.invites_ended.agent_ids)
        for it in seen
        if it.event.invites_ended.outcome == api.agent.INVITE_OUTCOME_RESCINDED
    ]
    checks.equal(len(rescinded), 1, "and who lost the race was rescinded once")
    middle = seen[len(seen) // 2]
    resumed = Stream(stub.WatchEvents(api.event.WatchEventsRequest(org_id=org, from_position=middle.next_position)))
    after = resumed.wait(lambda it: it.HasField("event"), "the event to resume with")
    checks.equal(after.event.position, middle.event.position + 1, "a watcher resumes where it stopped")
    for watcher in (stream, resumed):
        watcher.call.cancel()


def pipelines(api, checks, channel, org):
    """Many commands on one stream, none waiting for another; one of them is wrong."""
    target = api.types.Routing(target=api.types.Target(skill_id="sales"))
    creates = [
        api.pipeline.SubmitRequest(
            correlation_id=number,
            create_conversation=api.conversation.CreateConversationRequest(
                org_id=org, request_id=new_id(), channel_id="chat", customer_id=f"p-{number}", routing=target
            ),
        )
        for number in range(100)
    ]
    creates[42].create_conversation.customer_id = ""
    stub = api.pipeline_grpc.PipelineServiceStub(channel)
    answers = {it.correlation_id: it for it in stub.Submit(iter(creates), timeout=PATIENCE_S)}
    checks.equal(sorted(answers), list(range(100)), "each pipelined command is answered")
    refusal = status_pb2.Status.FromString(answers.pop(42).refusal.status)
    info = error_details_pb2.ErrorInfo()
    checks.equal([info.reason for it in refusal.details if it.Unpack(info)], ["INVALID_FIELDS"], "the wrong one is refused")
    created = [answers[number].create_conversation.conversation_id for number in sorted(answers)]
    checks.equal(created == sorted(created) and len(set(created)) == 99, True, "the others are created in their order")


def connector(addr, ca, token):
    """How a channel is opened: with TLS and a token, or without both."""
    if ca is None:
        return lambda: grpc.insecure_channel(addr)
    with open(ca, "rb") as file:
        credentials = grpc.ssl_channel_credentials(file.read())
    if token:
        credentials = grpc.composite_channel_credentials(credentials, grpc.access_token_call_credentials(token))
    return lambda: grpc.secure_channel(addr, credentials)


def play(api, checks, connect, token, org):
    with connect() as channel:
        platform = api.conversation_grpc.ConversationServiceStub(channel)
        applies_a_directory(api, checks, channel, org)
        if not token:
            stub = api.directory_grpc.DirectoryServiceStub(channel)
            sample = stub.GetDirectory(api.directory.GetDirectoryRequest(org_id="sample"), timeout=PATIENCE_S).directory
            checks.equal(len(sample.agents), 12, "the sample org is loaded")
        agents = {it: Agent(api, connect, org, it) for it in ("ada", "ben", "cem")}
        checks.equal({it.opened.epoch for it in agents.values()}, {1}, "three agents have a session each")
        conversation_id = routes_a_chat(api, checks, agents, platform, org)
        winner, _ = races(api, checks, agents, conversation_id)
        leaves_and_ends(api, checks, agents["ada"], winner, conversation_id)
        reads_the_chat_log(api, checks, platform, org, conversation_id, winner)
        watches_events(api, checks, channel, org, conversation_id)
        pipelines(api, checks, channel, org)
        code, reason, _ = refused(
            platform.GetConversation,
            api.conversation.GetConversationRequest(org_id=org, conversation_id=10**9),
        )
        checks.equal((code, reason), (grpc.StatusCode.NOT_FOUND, "CONVERSATION_NOT_FOUND"), "what never was is not found")
        for agent in agents.values():
            agent.channel.close()


def is_kept_out(api, connect, org):
    """How a call is refused that may not be made."""
    ask = api.conversation.ListConversationsRequest(org_id=org)
    with connect() as channel:
        code, reason, _ = refused(api.conversation_grpc.ConversationServiceStub(channel).ListConversations, ask)
        return code, reason


def is_serving(connect, wait_s):
    """Whether the service says, within this time, that it serves."""
    with connect() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=wait_s, wait_for_ready=True)
        return answer.status == health_pb2.HealthCheckResponse.SERVING


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--addr", default="127.0.0.1:50051", help="where the service listens")
    parser.add_argument("--wait", type=float, default=PATIENCE_S, help="seconds to wait for the service")
    parser.add_argument("--org", default=f"python-{uuid.uuid4().hex[:12]}", help="the org that the story is played in")
    parser.add_argument("--ca", help="TLS, with the authority of the service's certificate in this file")
    args = parser.parse_args()
    token = os.environ.get("OMNIROUTE_TOKEN")
    connect = connector(args.addr, args.ca, token)
    checks = Checks()
    with tempfile.TemporaryDirectory() as out:
        generate(out)
        try:
            checks.equal(is_serving(connect, args.wait), True, "the service says that it serves")
            api = Api()
            if token:
                nobody = connector(args.addr, args.ca, None)
                denied = (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED")
                checks.equal(is_kept_out(api, nobody, args.org), (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"), "without a token")
                checks.equal(is_kept_out(api, connect, "elsewhere"), denied, "with a token for another org")
            play(api, checks, connect, token, args.org)
        except (grpc.RpcError, TimeoutError, ConnectionError, IndexError) as error:
            checks.failed += 1
            print(f"FAIL  the story stops here: {error!r}", flush=True)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
