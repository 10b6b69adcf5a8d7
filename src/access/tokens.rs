//! Bearer tokens: signed JWTs (RFC 7519), verified against the keys of a JWKS file that may change while the service runs.
//!
//! ```text
//!   token ─► seen before? ──yes─► Caller          the answer of a verification is kept by the token's hash, until it expires
//!              │ no                    ▲           or the keys change: a call at volume pays a hash, not a signature
//!              └─► key by `kid` ─► its algorithm ─► signature ─► times, issuer, audience ─► org, role, name
//! ```

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use dashmap::DashMap;
use jsonwebtoken::{Validation, decode, decode_header, errors::ErrorKind};
use serde::{Deserialize, Serialize};

use super::{
    caller::{Caller, Role},
    jwks::{self, JwksError, KeySet},
    watched::{self, ReadError},
};
use crate::{
    clock::Clock,
    engine::{directory::check::is_id, ids::Millis, limits},
};

/// Bytes of a token, at most.
const TOKEN_BYTES_MAX: usize = 8 << 10;
/// How far the clocks of who signs and of who verifies may differ.
pub const CLOCK_SKEW_MS: Millis = 30_000;
/// Verified tokens that are remembered. Beyond it all are forgotten, and verified again when they come.
const REMEMBERED_MAX: usize = 50_000;

/// What tokens are held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRules {
    /// The file with the public keys.
    pub jwks: PathBuf,
    /// Who must have issued them (`iss`), where that is checked.
    pub issuer: Option<String>,
    /// Whom they must be for (`aud`), where that is checked.
    pub audience: Option<String>,
}

/// Why a token was refused. It never quotes the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("the call has no bearer token; send `authorization: Bearer TOKEN`")]
    Missing,
    /// It has more bytes than a token may have.
    #[error("the token is too long")]
    Long,
    /// It is no signed JWT.
    #[error("the token is no signed JWT")]
    Malformed,
    /// It demands what is not understood.
    #[error("the token demands an extension (`crit`) that is not understood")]
    Critical,
    /// It is signed with a key that is not in the file.
    #[error("the token's key (`kid`) is none of the known")]
    UnknownKey,
    /// It is signed with another algorithm than its key is for.
    #[error("the token's algorithm (`alg`) is not that of its key")]
    Algorithm,
    /// Its signature is wrong.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is missing or wrong.
    #[error("the token's claim `{0}` is missing or not as it must be")]
    Claim(&'static str),
    /// It counts no longer.
    #[error("the token has expired; get a new one")]
    Expired,
    /// It does not count yet.
    #[error("the token is not valid yet (`nbf`)")]
    NotYet,
}

/// Why the keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The file is wrong.
    #[error("{} is not to be used", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// Why.
        source: JwksError,
    },
}

/// What a token says. Other claims are nobody's business here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Claims {
    /// Until when, in seconds since 1970.
    pub exp: Option<f64>,
    /// From when on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// Who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Who it is about: of the role supervisor the supervisor's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The org.
    pub org: Option<String>,
    /// The role.
    pub role: Option<String>,
    /// Of the role agent, which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
}

/// Whom a token is for: one or several.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, wanted: &str) -> bool {
        match self {
            Self::One(it) => it == wanted,
            Self::Several(all) => all.iter().any(|it| it == wanted),
        }
    }
}

/// Verifies tokens.
pub struct Tokens {
    rules: TokenRules,
    clock: Clock,
    current: RwLock<Arc<Current>>,
}

/// The keys of now, and what was verified with them.
struct Current {
    file: Vec<u8>,
    keys: KeySet,
    verified: DashMap<[u8; SHA256_OUTPUT_LEN], Arc<Caller>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads the keys.
    pub fn new(rules: TokenRules, clock: Clock) -> Result<Self, KeysError> {
        let file = watched::read(&rules.jwks, jwks::BYTES_MAX)?;
        let current = RwLock::new(Arc::new(Current::of(&rules, file)?));
        Ok(Self { rules, clock, current })
    }

    /// The clock that tokens are held to.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// How many keys there are.
    pub fn keys(&self) -> usize {
        self.current().keys.len()
    }

    /// Reads the keys again. Whether they have changed: then nothing counts that was verified with others. A wrong file changes nothing.
    pub fn reload(&self) -> Result<bool, KeysError> {
        let file = watched::read(&self.rules.jwks, jwks::BYTES_MAX)?;
        if file == self.current().file {
            return Ok(false);
        }
        let current = Arc::new(Current::of(&self.rules, file)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(true)
    }

    /// Who calls with this token.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Long);
        }
        let (current, now) = (self.current(), self.clock.now());
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        if let Some(known) = current.verified.get(&hash).map(|it| it.clone()) {
            return if now < known.until { Ok(known) } else { Err(TokenError::Expired) };
        }
        let caller = Arc::new(self.caller(&claims(&current.keys, token)?, now)?);
        current.remember(hash, &caller, now);
        Ok(caller)
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn caller(&self, claims: &Claims, now: Millis) -> Result<Caller, TokenError> {
        let until = millis(claims.exp, "exp")?.ok_or(TokenError::Claim("exp"))? + CLOCK_SKEW_MS;
        if now >= until {
            return Err(TokenError::Expired);
        }
        if millis(claims.nbf, "nbf")?.is_some_and(|it| it > now + CLOCK_SKEW_MS) {
            return Err(TokenError::NotYet);
        }
        if self.rules.issuer.is_some() && self.rules.issuer != claims.iss {
            return Err(TokenError::Claim("iss"));
        }
        let is_for = |wanted: &String| claims.aud.as_ref().is_some_and(|it| it.has(wanted));
        if !self.rules.audience.as_ref().is_none_or(is_for) {
            return Err(TokenError::Claim("aud"));
        }
        let org = claims.org.as_deref().filter(|it| is_id(it)).ok_or(TokenError::Claim("org"))?;
        let role = claims.role.as_deref().and_then(Role::named).ok_or(TokenError::Claim("role"))?;
        let is_supervisor = |it: &&str| (1..=limits::SUPERVISOR_BYTES_MAX).contains(&it.len());
        let name = match role {
            Role::Agent => {
                claims.agent.as_deref().filter(|it| is_id(it)).ok_or(TokenError::Claim("agent"))?
            }
            Role::Supervisor => {
                claims.sub.as_deref().filter(is_supervisor).ok_or(TokenError::Claim("sub"))?
            }
            Role::Platform | Role::ReadOnly => "",
        };
        Ok(Caller { org: org.into(), role, name: name.into(), until })
    }
}

impl Current {
    fn of(rules: &TokenRules, file: Vec<u8>) -> Result<Self, KeysError> {
        let wrong = |source| KeysError::Content { path: rules.jwks.clone(), source };
        Ok(Self { keys: KeySet::parse(&file).map_err(wrong)?, file, verified: DashMap::new() })
    }

    fn remember(&self, hash: [u8; SHA256_OUTPUT_LEN], caller: &Arc<Caller>, now: Millis) {
        if self.verified.len() >= REMEMBERED_MAX {
            self.verified.retain(|_, it| now < it.until);
            if self.verified.len() >= REMEMBERED_MAX {
                self.verified.clear();
            }
        }
        self.verified.insert(hash, caller.clone());
    }
}

/// What a token says, once its signature is right.
fn claims(keys: &KeySet, token: &str) -> Result<Claims, TokenError> {
    let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
    if header.crit.is_some() {
        return Err(TokenError::Critical);
    }
    let key = keys.find(header.kid.as_deref()).ok_or(TokenError::UnknownKey)?;
    // The key says which algorithm; a token that names another is refused, whatever its signature.
    if header.alg != key.algorithm {
        return Err(TokenError::Algorithm);
    }
    let mut signature_alone = Validation::new(key.algorithm);
    signature_alone.required_spec_claims.clear();
    signature_alone.validate_exp = false;
    signature_alone.validate_aud = false;
    decode::<Claims>(token, &key.public, &signature_alone).map(|it| it.claims).map_err(|error| {
        if matches!(error.kind(), ErrorKind::InvalidSignature) {
            TokenError::Signature
        } else {
            TokenError::Malformed
        }
    })
}

/// A time of a token. It may have a fraction.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked before")]
fn millis(seconds: Option<f64>, claim: &'static str) -> Result<Option<Millis>, TokenError> {
    /// The year 9999: beyond it a time is a mistake.
    const SECONDS_MAX: f64 = 253_402_300_800.0;
    match seconds {
        None => Ok(None),
        Some(it) if (0.0..=SECONDS_MAX).contains(&it) => Ok(Some((it * 1_000.0) as Millis)),
        Some(_) => Err(TokenError::Claim(claim)),
    }
}
