//! Collects what is wrong with the fields of a message, each by its path, so that a caller learns of all at once (API-2).
//!
//! It knows shapes and bounds, no rules: whether an id exists is the engine's to say.

use std::fmt::{Display, Write as _};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{
    kinds::{Known, known},
    status::{self, DOMAIN},
    v1,
};
use crate::engine::{directory::check::is_id, ids::Millis, limits};

/// Violations that are reported at most.
const VIOLATIONS_MAX: usize = 100;
/// Bytes of paths and texts that are reported at most. They travel base64-encoded in an HTTP/2 header, of which common clients take no
/// more than 8 KiB.
const REPORT_BYTES_MAX: usize = 4_096;

#[derive(Debug, Clone, Copy)]
enum Step {
    Field(&'static str),
    Item(&'static str, usize),
}

/// The violations of one message. The path of the part that is being looked at is written out only when there is something to say.
#[derive(Debug, Default)]
pub struct Check {
    path: Vec<Step>,
    violations: Vec<(String, String)>,
    report_bytes: usize,
    unsaid: usize,
}

impl Check {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// The violations: path and text.
    pub fn violations(&self) -> &[(String, String)] {
        &self.violations
    }

    /// Something is wrong with a field of the part that is being looked at.
    pub fn say(&mut self, field: &str, text: impl Into<String>) {
        let (path, text) = (self.path_of(field), text.into());
        let bytes = path.len() + text.len();
        let has_room =
            self.violations.len() < VIOLATIONS_MAX && self.report_bytes + bytes <= REPORT_BYTES_MAX;
        if has_room || self.violations.is_empty() {
            self.report_bytes += bytes;
            self.violations.push((path, text));
        } else {
            self.unsaid += 1;
        }
    }

    fn path_of(&self, field: &str) -> String {
        let mut path = String::new();
        for step in &self.path {
            // Writing to a string cannot fail.
            let _written = match step {
                Step::Field(name) => write!(path, "{name}."),
                Step::Item(list, place) => write!(path, "{list}[{place}]."),
            };
        }
        path.push_str(field);
        // Of a list of plain values the item itself is meant.
        if field.is_empty() {
            path.pop();
        }
        path
    }

    /// Looks at a message inside the message. The field of plain values of a `oneof` is "".
    pub fn within<T>(&mut self, field: &'static str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.step(Step::Field(field), look)
    }

    /// Looks at one item of a list.
    pub fn item<T>(&mut self, list: &'static str, place: usize, look: impl FnOnce(&mut Self) -> T) -> T {
        self.step(Step::Item(list, place), look)
    }

    fn step<T>(&mut self, step: Step, look: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let seen = look(self);
        self.path.pop();
        seen
    }

    /// A resource id.
    pub fn id(&mut self, field: &str, id: &str) {
        if !is_id(id) {
            self.say(
                field,
                format!("must have 1 to {} characters of A-Z a-z 0-9 . _ : @ -", limits::ID_CHARS_MAX),
            );
        }
    }

    /// A text of so many bytes.
    pub fn bytes(&mut self, field: &str, text: &str, least: usize, most: usize) {
        self.range(field, text.len(), least, most, " bytes");
    }

    /// A list of so many items.
    pub fn count(&mut self, field: &str, items: usize, least: usize, most: usize) {
        self.range(field, items, least, most, " items");
    }

    /// A number.
    pub fn number<T: PartialOrd + Display + Copy>(&mut self, field: &str, number: T, least: T, most: T) {
        self.range(field, number, least, most, "");
    }

    fn range<T: PartialOrd + Display + Copy>(&mut self, field: &str, is: T, least: T, most: T, of: &str) {
        if is < least || is > most {
            self.say(field, format!("must be {least} to {most}{of}, is {is}"));
        }
    }

    /// A span of time in milliseconds.
    pub fn span(&mut self, field: &str, span_ms: i64, least: Millis, most: Millis) -> Millis {
        let span = Millis::try_from(span_ms).ok().filter(|it| (least..=most).contains(it));
        if span.is_none() {
            self.say(field, format!("must be {least} to {most} ms, is {span_ms}"));
        }
        span.unwrap_or(least)
    }

    /// A number that the service gave: they start at 1.
    pub fn given(&mut self, field: &str, number: u64) -> u64 {
        if number == 0 {
            self.say(field, "is required: a number that the service gave, from 1");
        }
        number
    }

    /// A message that must be there.
    pub fn required<T>(&mut self, field: &str, part: Option<T>) -> Option<T> {
        if part.is_none() {
            self.say(field, "is required");
        }
        part
    }

    /// A choice that must be made.
    pub fn choice<P: Known>(&mut self, field: &str, number: i32) -> Option<P::Meaning> {
        if number == 0 {
            self.say(field, "is required");
            return None;
        }
        self.choice_or_open::<P>(field, number)
    }

    /// A choice that may be left open.
    pub fn choice_or_open<P: Known>(&mut self, field: &str, number: i32) -> Option<P::Meaning> {
        let choice = known::<P>(number);
        if choice.is_none() && number != 0 {
            self.say(field, format!("{number} is none of the choices"));
        }
        choice
    }

    /// The `org_id` of any call.
    pub fn org(&mut self, org_id: &str) {
        self.id("org_id", org_id);
    }

    /// The `request_id` of a call that changes something.
    pub fn request_id(&mut self, request_id: &str) {
        self.bytes("request_id", request_id, 1, limits::REQUEST_ID_BYTES_MAX);
    }

    pub(super) fn report_to(self, details: &mut ErrorDetails) {
        for (path, text) in self.violations {
            details.add_bad_request_violation(path, text);
        }
        if self.unsaid > 0 {
            details.add_bad_request_violation("", format!("and {} more", self.unsaid));
        }
    }

    /// INVALID_ARGUMENT that names every field; where there are more than fit, it says how many.
    pub fn into_status(self) -> Status {
        let mut details = ErrorDetails::new();
        details.set_error_info(status::name(v1::Reason::InvalidFields), DOMAIN, []);
        let count = self.violations.len() + self.unsaid;
        let message = match self.violations.first() {
            Some((path, text)) if count == 1 => format!("{path} {text}; correct it and call again"),
            Some((path, text)) => {
                format!("{count} violations, the first: {path} {text}; correct them and call again")
            }
            None => "no field is wrong".into(),
        };
        self.report_to(&mut details);
        Status::with_error_details(Code::InvalidArgument, message, details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_the_place_to_the_letter() {
        let mut check = Check::new();
        check.within("routing", |check| {
            check.item("skills", 2, |check| check.say("level_hundredths", "is wrong"));
            check.item("ids", 3, |check| check.id("", "a b"));
        });
        check.request_id("");
        let paths: Vec<&str> = check.violations().iter().map(|(path, _)| &**path).collect();
        assert_eq!(paths, ["routing.skills[2].level_hundredths", "routing.ids[3]", "request_id"]);
    }

    #[test]
    fn the_status_names_every_field_and_stays_small() {
        let mut check = Check::new();
        check.say("a", "is wrong");
        check.say("b", "is wrong too");
        let status = check.into_status();
        assert_eq!(status.code(), Code::InvalidArgument);
        let details = status.get_error_details();
        assert_eq!(details.error_info().map(|it| &*it.reason), Some("INVALID_FIELDS"));
        assert_eq!(details.bad_request().map(|it| it.field_violations.len()), Some(2));

        let mut check = Check::new();
        (0..100_000).for_each(|place| check.item("agents", place, |check| check.id("id", "")));
        let status = check.into_status();
        assert!(status.details().len() < 6_000, "{}", status.details().len());
        let details = status.get_error_details();
        let last = details.bad_request().and_then(|it| it.field_violations.last());
        assert!(last.is_some_and(|it| it.description.ends_with("more")));
    }

    #[test]
    fn bounds_are_inclusive() {
        let mut check = Check::new();
        check.bytes("text", "ab", 1, 2);
        check.number("number", 5, 5, 5);
        assert_eq!(check.span("span", 7, 1, 7), 7);
        assert_eq!(check.given("id", 1), 1);
        assert!(check.is_empty());
        check.bytes("text", "abc", 1, 2);
        check.number("number", 6, 5, 5);
        check.span("span", -1, 1, 7);
        check.given("id", 0);
        assert_eq!(check.violations().len(), 4);
    }
}
