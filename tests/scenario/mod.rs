//! Reads scenarios, plays them, and says where the service does otherwise.
//!
//! ```text
//!   file ─► text ─► pattern (forms of verbs) ─► script ─► play ─► acts    what is done, over gRPC
//!            words                               steps     │  └─► asks    how things stand, over gRPC
//!                                                          └────► session what is told, compared at the end
//! ```

mod acts;
mod asks;
mod calls;
mod centre;
mod files;
mod page;
mod pattern;
mod play;
mod script;
mod session;
mod text;
mod told;
mod verbs;
mod wrong;
