//! Every bound of the engine, with its argument. What crosses the API is checked against these before it becomes a command.

/// Characters of a resource id. Long enough for a UUID with a prefix, short enough for a label.
pub const ID_CHARS_MAX: usize = 64;
/// Bytes of a name or title.
pub const NAME_BYTES_MAX: usize = 128;
/// Bytes of a customer id: platforms put e-mail addresses and URNs here.
pub const CUSTOMER_BYTES_MAX: usize = 128;
/// Bytes of a supervisor's id, which is the platform's: as long as a customer's.
pub const SUPERVISOR_BYTES_MAX: usize = 128;
/// Bytes of a `request_id`: a UUID has 36.
pub const REQUEST_ID_BYTES_MAX: usize = 128;
/// Bytes of a message, as chat platforms have it.
pub const TEXT_BYTES_MAX: usize = 32_768;
/// Bytes of the reason that an agent gives with a decline.
pub const DECLINE_REASON_BYTES_MAX: usize = 256;
/// Bytes of the reason that an agent gives with a flag: a sentence, as with a decline.
pub const FLAG_REASON_BYTES_MAX: usize = 256;
/// Level of a skill in hundredths: 10.00.
pub const LEVEL_MAX: u16 = 1_000;
/// Capacity units of a profile, and weight of a unit of work. Sums of a thousand holds fit 32 bits with ease.
pub const UNITS_MAX: u32 = 1_000;
/// Any span of time that a directory or a command states: a day.
pub const SPAN_MS_MAX: u64 = 86_400_000;
/// How long a silence may be, and how long a conversation may stay inactive: a month. Messages are answered after days.
pub const INACTIVE_MS_MAX: u64 = 31 * 86_400_000;
/// Priority numbers.
pub const PRIORITY_MAX: u32 = 1_000_000;
/// Priority of what states none and comes by no queue that does.
pub const PRIORITY_DEFAULT: u32 = 100;

/// Skills, profiles, queues and buttons of an org, each.
pub const RESOURCES_MAX: usize = 4_096;
/// Presence statuses of an org.
pub const STATUSES_MAX: usize = 256;
/// Channels of an org: the channels that are closed to an agent are one word of bits.
pub const CHANNELS_MAX: usize = 64;
/// Agents of an org.
pub const AGENTS_MAX: usize = 1_000_000;
/// Skills of an agent.
pub const AGENT_SKILLS_MAX: usize = 64;
/// Queues of an agent.
pub const AGENT_QUEUES_MAX: usize = 64;
/// Skills that one request requires, or one button has.
pub const REQUIREMENTS_MAX: usize = 16;

/// Steps in which the requirements of a request give way: one for each skill that can drop.
pub const STEPS_MAX: usize = 16;

/// Live conversations of an org. At under 1 KB each this bounds an org's engine to a few GB.
pub const CONVERSATIONS_MAX: usize = 2_000_000;
/// Agents in a conversation, at most; a channel says less.
pub const PARTICIPANTS_MAX: u32 = 32;
/// Agents in a conversation where the channel says nothing.
pub const PARTICIPANTS_DEFAULT: u32 = 8;
/// Open requests of one conversation: one for each place and a transfer.
pub const OPEN_REQUESTS_MAX: usize = 32;
/// Records that an agent may have in one conversation: more than anybody reads, and a few KB at most.
pub const RECORDS_MAX: usize = 32;
/// Record types that an agent may see.
pub const RECORD_TYPES_MAX: usize = 64;
/// Access scopes that an agent is given.
pub const ACCESS_SCOPES_MAX: usize = 64;
/// Older conversations of a customer that are looked at when an agent joins: the newest. Nobody scrolls further back.
pub const HISTORY_MAX: usize = 1_000;
/// Invites of one broadcast. Beyond it the best are invited, in the order of the routing model.
pub const BROADCAST_MAX: usize = 10_000;

/// Waves of a request: some, more, and all who are left (INV-1).
pub const WAVES: u32 = 3;
/// Invites of a wave where the caller says nothing.
pub const WAVE_SIZE_DEFAULT: u32 = 5;
/// Time between waves where the caller says nothing: as long as an agent looks at an invite.
pub const WAVE_INTERVAL_MS_DEFAULT: u64 = 15_000;

/// Acceptances of a queue whose times are kept: enough for a mean, few enough to follow a shift's beginning.
pub const TEMPO_ACCEPTANCES_MAX: usize = 16;
/// Acceptances below which nothing is said of the wait: three intervals.
pub const TEMPO_ACCEPTANCES_MIN: usize = 4;
/// How long ago the last of them may be: after an hour it was another shift.
pub const TEMPO_AGE_MS_MAX: u64 = 3_600_000;

/// Commands whose answer is remembered for a repeat, of one org. The oldest is forgotten first.
pub const ANSWERS_MAX: usize = 1 << 20;
/// How long an answer is remembered at least, unless `ANSWERS_MAX` newer ones came: longer than any sane client retries.
pub const ANSWER_KEPT_MS: u64 = 600_000;
/// Invites whose outcome is remembered, of one org, so that a late acceptance learns what happened: five bytes each.
pub const OUTCOMES_MAX: usize = 1 << 20;

/// How long a dropped session may come back.
pub const LEASE_MS: u64 = 30_000;
/// The latest time that a command states: the end of the year 9999.
pub const TIME_MS_MAX: u64 = 253_402_300_799_999;
/// Queues that overflow into each other in a row. Beyond a few nobody can say where a conversation will end.
pub const OVERFLOW_HOPS_MAX: usize = 8;
/// When to try again what found its queue full: soon enough for a place, late enough for one to come free.
pub const QUEUE_FULL_RETRY_MS: u64 = 1_000;
/// Items of one page.
pub const PAGE_MAX: usize = 1_000;
