//! The calls about records (REC), and records in both directions.

use super::{
    agents::session,
    check::Check,
    mutation::{Inquiry, Mutation, head, unfitting},
    names::number_of,
    v1,
};
use crate::engine::{
    command::{Command, Query},
    directory::names::Names,
    ids::ConversationId,
    limits,
    query::Answer,
    records::Record,
    reply::Reply,
};

fn record(record: Option<v1::Record>, check: &mut Check) -> Record {
    let record = check.required("record", record);
    let it = record.unwrap_or_else(|| v1::Record {
        // One violation for one mistake.
        record_type: "-".into(),
        record_id: "-".into(),
        title: String::new(),
    });
    check.within("record", |check| {
        check.id("record_type", &it.record_type);
        check.id("record_id", &it.record_id);
        check.bytes("title", &it.title, 0, limits::NAME_BYTES_MAX);
    });
    Record { record_type: it.record_type.into(), id: it.record_id.into(), title: it.title.into() }
}

/// A record as the API shows it.
pub(super) fn shown(it: &Record) -> v1::Record {
    v1::Record {
        record_type: it.record_type.to_string(),
        record_id: it.id.to_string(),
        title: it.title.to_string(),
    }
}

impl Mutation for v1::AttachRecordRequest {
    type Response = v1::AttachRecordResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        Command::AttachRecord {
            session: session(self.session, names, check),
            conversation: ConversationId(check.given("conversation_id", self.conversation_id)),
            record: record(self.record, check),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::AttachRecordResponse {}
    }
}

impl Mutation for v1::RemoveRecordRequest {
    type Response = v1::RemoveRecordResponse;

    fn into_command(self, names: &Names, check: &mut Check) -> Command {
        head(&self, check);
        check.id("record_type", &self.record_type);
        check.id("record_id", &self.record_id);
        Command::RemoveRecord {
            session: session(self.session, names, check),
            conversation: ConversationId(check.given("conversation_id", self.conversation_id)),
            record_type: self.record_type.into(),
            id: self.record_id.into(),
        }
    }

    fn respond(_: Reply) -> Self::Response {
        v1::RemoveRecordResponse {}
    }
}

impl Inquiry for v1::ListRecordsRequest {
    type Response = v1::ListRecordsResponse;

    fn into_query(self, names: &Names, check: &mut Check) -> Query {
        check.org(&self.org_id);
        let whose = &self.agent_id;
        Query::Records {
            conversation: ConversationId(check.given("conversation_id", self.conversation_id)),
            agent: (!whose.is_empty()).then(|| number_of(names, check, "agent_id", whose)),
        }
    }

    fn respond(answer: Answer, _names: &Names) -> Self::Response {
        let Answer::Records(all) = answer else { unfitting("ListRecords", &answer) };
        v1::ListRecordsResponse { records: all.iter().map(shown).collect() }
    }
}
