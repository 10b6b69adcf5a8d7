//! The one table of verbs: every form of a line, and what may be added to it after a comma. What is not here is an error.

/// What a line is about. The four kinds are told apart by where a line may stand and by who carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    // What there is.
    Skill,
    Channel,
    Status,
    Queue,
    Button,
    Agent,
    // What is done.
    ComeOnline,
    LoseConnection,
    ComeBack,
    Go,
    Bring,
    Accept,
    Race,
    Decline,
    Ask,
    Transfer,
    Cancel,
    Pick,
    Leave,
    End,
    EndFor,
    Write,
    Whisper,
    WriteFor,
    WhisperFor,
    SetPresence,
    Assign,
    Move,
    RaiseFlag,
    LowerFlag,
    LowerFlagOf,
    CompleteWrapUp,
    ExtendWrapUp,
    Attach,
    Remove,
    Restart,
    Delete,
    Without,
    Try,
    Apply,
    // What an agent is told.
    See,
    CutOff,
    NeverMind,
    // How things stand.
    With,
    WithNobody,
    Wait,
    Offered,
    OfferedToNobody,
    WasOffered,
    Kept,
    NobodyKept,
    Over,
    CameBy,
    Hold,
    Is,
    HasWaiting,
    HasNobodyWaiting,
    IsFor,
    GetsNothing,
    WouldGo,
    WouldWait,
    Log,
    Flagged,
    FlaggedByNobody,
    ExpectedWait,
    Events,
    Records,
    NoRecords,
    ReadOlder,
}

/// A form of lines.
#[derive(Debug)]
pub struct Form {
    pub verb: Verb,
    pub words: &'static str,
    /// What may follow after a comma, in any order.
    pub options: &'static [&'static [&'static str]],
}

const fn form(verb: Verb, words: &'static str, options: &'static [&'static [&'static str]]) -> Form {
    Form { verb, words, options }
}

const NONE: &[&[&str]] = &[];
/// Of whatever is done: that it is refused, and for which fields.
pub const REFUSED: &[&str] = &["refused: <WORD>", "refused: <WORD> at <words>"];
const DONE: &[&[&str]] = &[REFUSED];
/// Of what an agent does.
const ACTED: &[&[&str]] = &[REFUSED, &["from the former session"]];
pub const ROUTING: &[&str] = &[
    "mode <WORD>",
    "model <WORD>",
    "priority <number>",
    "over capacity",
    "within capacity",
    "not before <time>",
    "accept by <time>",
    "waves of <number> every <time>",
];
const ASKED: &[&[&str]] = &[REFUSED, &["from the former session"], ROUTING];
const CHANGES: &[&str] = &["creates <number>", "changes <number>", "removes <number>", "warns at <words>"];

/// What there is.
pub const THERE: &[Form] = &[
    form(Verb::Skill, "skill/skills <new>", NONE),
    form(
        Verb::Channel,
        "channel <new>",
        &[&[
            "weight <number>",
            "interruptible",
            "push time-out <time>",
            "wrap-up <time>",
            "auto-accept",
            "no conferences",
            "at most <number> agents",
            "lost work is queued again",
            "asked again never",
            "asked again after <time>",
            "a decline sets <word>",
            "an expiry sets <word>",
        ]],
    ),
    form(Verb::Status, "status <new>", &[&["takes <channels>", "away", "offline", "draining"]]),
    form(
        Verb::Queue,
        "queue <new>",
        &[&[
            "model <WORD>",
            "priority <number>",
            "weight <number>",
            "at most <number> wait",
            "overflow to <target>",
            "by deadline",
            "earmark after <time>",
        ]],
    ),
    form(
        Verb::Button,
        "button <new>",
        &[&["skill/skills <skills>", "all of them", "model <WORD>", "<number> reroutes"]],
    ),
    form(
        Verb::Agent,
        "agent/agents <new>",
        &[&[
            "<number> unit/units",
            "<number> interruptible",
            "at most <number> <channel>",
            "queue/queues <queues>",
            "no queue",
            "may see <words>",
            "scope/scopes <words>",
            "unknown skill <word>",
            "<skill> <level>",
        ]],
    ),
];

/// What is done.
pub const DOES: &[Form] = &[
    form(
        Verb::ComeOnline,
        "<agents> comes/come online",
        &[REFUSED, &["console <WORD>", "status <status>", "shown older conversations"]],
    ),
    form(Verb::LoseConnection, "<agents> loses/lose the connection", NONE),
    form(Verb::ComeBack, "<agents> comes/come back", &[REFUSED, &["console <WORD>"]]),
    form(Verb::Go, "<agents> goes/go <status>", ACTED),
    form(
        Verb::Bring,
        "a/an/each <channel> <new> comes to <target>",
        &[REFUSED, ROUTING, &["customer <word>", "customer <text>", "scope <word>"]],
    ),
    form(Verb::Accept, "<agents> accepts/accept <conversations>", ACTED),
    form(Verb::Race, "<agents> race for <conversation>", NONE),
    form(
        Verb::Decline,
        "<agents> declines/decline <conversations>",
        &[REFUSED, &["from the former session", "because <text>"]],
    ),
    form(Verb::Ask, "<agent> asks <target> into <conversation>", ASKED),
    form(Verb::Transfer, "<agent> transfers <conversation> to <target>", ASKED),
    form(Verb::Cancel, "<agent> cancels the request in <conversation>", ACTED),
    form(Verb::Pick, "<agents> picks/pick <conversations>", ACTED),
    form(Verb::Leave, "<agents> leaves/leave <conversations>", ACTED),
    form(Verb::End, "<agents> ends/end <conversations>", ACTED),
    form(Verb::EndFor, "the customer/platform/supervisor ends <conversations>", DONE),
    form(Verb::Write, "<agents> writes/write <text> in <conversation>", ACTED),
    form(Verb::Whisper, "<agents> whispers/whisper <text> in <conversation>", ACTED),
    form(Verb::WriteFor, "the customer/platform/supervisor writes <text> in <conversation>", DONE),
    form(Verb::WhisperFor, "the customer/supervisor whispers <text> in <conversation>", DONE),
    form(Verb::SetPresence, "the supervisor sets <agents> to <status>", DONE),
    form(Verb::Assign, "the supervisor assigns <conversation> to <agent>", DONE),
    form(Verb::Move, "the supervisor moves <conversation> to <queue>", &[REFUSED, &["priority <number>"]]),
    form(
        Verb::RaiseFlag,
        "<agents> raises/raise a flag in <conversation>",
        &[REFUSED, &["from the former session", "because <text>"]],
    ),
    form(Verb::LowerFlag, "<agents> lowers/lower the flag in <conversation>", ACTED),
    form(Verb::LowerFlagOf, "the supervisor lowers the flag of <agent> in <conversation>", DONE),
    form(Verb::CompleteWrapUp, "<agents> completes/complete the wrap-up of <conversations>", ACTED),
    form(Verb::ExtendWrapUp, "<agents> extends/extend the wrap-up of <conversations> by <time>", ACTED),
    form(Verb::Attach, "<agent> attaches <word> <word> <text> to <conversation>", ACTED),
    form(Verb::Remove, "<agent> removes <word> <word> from <conversation>", ACTED),
    form(Verb::Restart, "the service restarts", NONE),
    form(Verb::Delete, "the directory loses <word> <word>", DONE),
    form(Verb::Without, "without <word> <word>", NONE),
    form(Verb::Try, "the directory is tried", &[REFUSED, CHANGES]),
    form(Verb::Apply, "the directory is applied", &[REFUSED, CHANGES]),
];

/// What an agent is told. After `sees` stands what `told::sentence` makes of the notice, word by word.
pub const SEES: &[Form] = &[
    form(Verb::See, "<agents> sees/see invite <conversations>", &[&["until <time>", "accepted at once"]]),
    form(
        Verb::See,
        "<agents> sees/see invite <conversations> from <agent> to join",
        &[&["until <time>", "accepted at once"]],
    ),
    form(
        Verb::See,
        "<agents> sees/see invite <conversations> from <agent> to take over",
        &[&["until <time>", "accepted at once"]],
    ),
    form(Verb::See, "<agents> sees/see <conversations> accepted", NONE),
    form(Verb::See, "<agents> sees/see <conversations> declined", NONE),
    form(Verb::See, "<agents> sees/see <conversations> expired", NONE),
    form(Verb::See, "<agents> sees/see <conversations> rescinded", NONE),
    form(Verb::See, "<agents> sees/see <conversations> revoked", NONE),
    form(Verb::See, "<agents> sees/see <agents> join <conversations>", NONE),
    form(Verb::See, "<agents> sees/see <agents> leave <conversations>", NONE),
    form(Verb::See, "<agents> sees/see <agent> hand <conversation> to <agent>", NONE),
    form(Verb::See, "<agents> sees/see the supervisor bring <agent> into <conversation>", NONE),
    form(Verb::See, "<agents> sees/see the supervisor take <agent> out of <conversation>", NONE),
    form(Verb::See, "<agents> sees/see the supervisor hand <conversation> from <agent> to <agent>", NONE),
    form(Verb::See, "<agents> sees/see the flag of <agent> up in <conversation>", &[&["because <text>"]]),
    form(
        Verb::See,
        "<agents> sees/see the flag of <agent> down in <conversation>",
        &[&["by the supervisor"]],
    ),
    form(Verb::See, "<agents> sees/see <conversations> ended by <agent>", NONE),
    form(Verb::See, "<agents> sees/see <conversations> ended by the supervisor", NONE),
    form(Verb::See, "<agents> sees/see <conversations> ended by the customer", NONE),
    form(Verb::See, "<agents> sees/see <conversations> ended by the platform", NONE),
    form(Verb::See, "<agents> sees/see <conversations> ended by the service", NONE),
    form(Verb::See, "<agents> sees/see <text> from <agent> in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <text> from the customer in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <text> from the platform in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <text> from the supervisor in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <text> whispered by <agent> in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <text> whispered by the supervisor in <conversation>", NONE),
    form(Verb::See, "<agents> sees/see <agents> decline <conversation>", &[&["because <text>"]]),
    form(Verb::See, "<agents> sees/see <agents> let <conversation> expire", NONE),
    form(Verb::See, "<agents> sees/see the request in <conversation> fail with <WORD>", NONE),
    form(Verb::See, "<agents> sees/see status <status> set by <WORD>", NONE),
    form(Verb::See, "<agents> sees/see the wrap-up of <conversations> until <time>", NONE),
    form(Verb::See, "<agents> sees/see the end of the wrap-up of <conversations>", NONE),
    form(Verb::See, "<agents> sees/see records <texts> of <conversation>", NONE),
    form(Verb::See, "<agents> sees/see no records of <conversation>", NONE),
    form(
        Verb::See,
        "<agents> sees/see older conversations <conversations> in <conversation>",
        &[&["<number> hidden"]],
    ),
    form(Verb::See, "<agents> sees/see no older conversations in <conversation>", &[&["<number> hidden"]]),
    form(Verb::CutOff, "<agents> is/are cut off with <WORD>", NONE),
    form(Verb::NeverMind, "never mind what <agents> sees/see", NONE),
];

/// How things stand.
pub const STANDS: &[Form] = &[
    form(Verb::With, "<conversations> is/are with <agents>", NONE),
    form(Verb::WithNobody, "<conversations> is/are with nobody", NONE),
    form(Verb::Wait, "<conversations> waits/wait", NONE),
    form(Verb::Offered, "<conversations> is/are offered to <agents>", NONE),
    form(Verb::OfferedToNobody, "<conversations> is/are offered to nobody", NONE),
    form(Verb::WasOffered, "<conversation> was offered to <agents>", NONE),
    form(Verb::Kept, "<agent> is kept for <conversation>", NONE),
    form(Verb::NobodyKept, "nobody is kept for <conversation>", NONE),
    form(Verb::Over, "<conversations> is/are over", NONE),
    form(Verb::CameBy, "<conversations> came by <WORD>", NONE),
    form(
        Verb::Hold,
        "<agents> holds/hold <number> of <number>",
        &[&[
            "<number> by invite <conversation>",
            "<number> by participation <conversation>",
            "<number> by wrap-up <conversation>",
        ]],
    ),
    form(Verb::Is, "<agents> is/are <WORD>", NONE),
    form(Verb::HasWaiting, "queue/button <word> has <conversations> waiting", &[&["oldest since <time>"]]),
    form(Verb::HasNobodyWaiting, "queue/button <word> has nobody waiting", NONE),
    form(Verb::IsFor, "<agents> is/are <WORD> for <conversation>", NONE),
    form(Verb::GetsNothing, "<agents> gets/get nothing because <WORD>", NONE),
    form(Verb::WouldGo, "a/an <channel> to <target> would go to <agent>", &[ROUTING]),
    form(Verb::WouldWait, "a/an <channel> to <target> would wait", &[ROUTING]),
    form(Verb::Log, "the customer/agents reads/read in <conversation>", &[ENTRIES, &["from entry <number>"]]),
    form(Verb::Flagged, "<conversation> is flagged by <agents>", NONE),
    form(Verb::FlaggedByNobody, "<conversation> is flagged by nobody", NONE),
    form(Verb::ExpectedWait, "the expected wait of queue <queue> is <time>", NONE),
    form(Verb::Events, "the events of <conversation> are <words>", NONE),
    form(Verb::Records, "<agents> has/have records <texts> in <conversation>", NONE),
    form(Verb::NoRecords, "<agents> has/have no records in <conversation>", NONE),
    form(Verb::ReadOlder, "<agent> reads older <conversations> in <conversation>", DONE),
];

/// The entries of a chat log.
pub const ENTRIES: &[&str] = &[
    "<agent> joins",
    "<agent> leaves",
    "<agent> hands over to <agent>",
    "<agent> writes <text>",
    "<agent> whispers <text>",
    "the customer writes <text>",
    "the platform writes <text>",
    "the supervisor writes <text>",
    "the supervisor whispers <text>",
    "the supervisor brings <agent> in",
    "the supervisor takes <agent> out",
    "the supervisor hands over from <agent> to <agent>",
    "ended by <agent>",
    "ended by the customer",
    "ended by the platform",
    "ended by the service",
    "ended by the supervisor",
];
