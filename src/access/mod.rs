//! Who calls: tokens, the keys that they are signed with, and TLS. What a caller may do is not here but in `api::rights`.
//!
//! ```text
//!   JWKS file ──► KeySet ──┐                            certificate, key, CA files ──► Tls ──► handshake
//!   token ────────────► Tokens ──► Caller                      └──── read again when they change
//! ```
//!
//! No token and no key is ever logged or shown in an error.

pub mod caller;
pub mod jwks;
pub mod tls;
pub mod tokens;
mod watched;

pub use watched::follow;

/// What callers must bring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// Tokens; none: anybody may do anything.
    pub tokens: Option<tokens::TokenRules>,
    /// TLS; none: what is said can be read on the way.
    pub tls: Option<tls::TlsFiles>,
}
