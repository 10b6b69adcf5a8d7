//! Pages of lists. A page token is the last item of the page before, as text; callers treat it as opaque.

use super::check::Check;
use crate::engine::{command::Page, directory::check::is_id, ids::ConversationId, limits};

/// Items of a page whose size the caller leaves open.
const PAGE_DEFAULT: usize = 100;

/// How many items are wanted.
pub(super) fn size(page_size: u32, check: &mut Check) -> usize {
    check.number("page_size", page_size as usize, 0, limits::PAGE_MAX);
    if page_size == 0 { PAGE_DEFAULT } else { page_size as usize }
}

/// A page of what is listed by id.
pub(super) fn by_id(page_size: u32, page_token: String, check: &mut Check) -> Page<Box<str>> {
    if !page_token.is_empty() && !is_id(&page_token) {
        say_no_token(check);
    }
    let after = (!page_token.is_empty()).then(|| page_token.into_boxed_str());
    Page { after, size: size(page_size, check) }
}

/// A page of conversations.
pub(super) fn by_number(page_size: u32, page_token: &str, check: &mut Check) -> Page<ConversationId> {
    let after = page_token.parse().ok().map(ConversationId);
    if !page_token.is_empty() && after.is_none() {
        say_no_token(check);
    }
    Page { after, size: size(page_size, check) }
}

fn say_no_token(check: &mut Check) {
    check.say("page_token", "is none of this list; pass the next_page_token of the page before, or nothing");
}

/// The token of the next page; empty where there is none.
pub(super) fn token(more: bool, last: Option<String>) -> String {
    if more { last.unwrap_or_default() } else { String::new() }
}
