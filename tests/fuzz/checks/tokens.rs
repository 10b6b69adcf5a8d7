//! Any bytes as a bearer token, as what a token says that is really signed, or as the file with the keys: the first byte says which. A token
//! counts only where one of the keys signed it, and as long as it says so by the letter; a wrong file changes nothing, and what is taken of
//! one can be read again.

use std::{
    fs,
    path::Path,
    sync::{LazyLock, atomic::Ordering},
};

use jsonwebtoken::{Algorithm, EncodingKey, crypto, jwk::Jwk};
use omniroute::{
    access::{
        caller::{Caller, Role},
        tokens::{CLOCK_SKEW_MS, TokenError, TokenRules, Tokens},
    },
    clock::Clock,
    engine::ids::Millis,
};
use serde_json::{Value, json};

/// When it is.
const NOW: Millis = 1_700_000_000_000;
const ISSUER: &str = "https://id.example.org";
const AUDIENCE: &str = "omniroute";
/// What each key has signed, other than in a check.
const SAID: &str = r#"{"exp":1700003600,"iss":"https://id.example.org","aud":"omniroute","org":"fuzz","role":"agent","agent":"ann"}"#;

static SIGNERS: LazyLock<[Signer; 3]> = LazyLock::new(|| {
    [
        Signer::new("ed", Algorithm::EdDSA, EncodingKey::from_ed_pem(include_bytes!("../keys/ed.pem"))),
        Signer::new("ec", Algorithm::ES256, EncodingKey::from_ec_pem(include_bytes!("../keys/ec.pem"))),
        Signer::new("rsa", Algorithm::RS256, EncodingKey::from_rsa_pem(include_bytes!("../keys/rsa.pem"))),
    ]
});

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Desk::at(&dir.path().join("jwks.json"))
});

/// The check.
pub fn check(bytes: &[u8]) {
    match bytes.split_first() {
        Some((b't', token)) => any_token(token),
        Some((b's', signed)) => any_claims(signed),
        Some((b'k', file)) => any_keys(file),
        _ => {}
    }
}

/// What was not signed does not count.
fn any_token(token: &[u8]) {
    let Ok(token) = std::str::from_utf8(token) else { return };
    let Ok(caller) = DESK.tokens.verify(token) else { return };
    let message = |it: &str| it.rsplit_once('.').expect("it has a signature").0.to_owned();
    let signer = SIGNERS.iter().find(|it| message(&it.own) == message(token)).expect("one of them signed it");
    assert_eq!(Some(&*caller), signer.vouched_for(&signer.header(), SAID.as_bytes()).as_ref());
}

/// What was signed counts only where it says all that it must: which key, a header or none, and behind a line's end the claims.
fn any_claims(bytes: &[u8]) {
    let Some((which, said)) = bytes.split_first() else { return };
    let signer = &SIGNERS[usize::from(*which) % SIGNERS.len()];
    let Some(end) = said.iter().position(|it| *it == b'\n') else { return };
    let (header, claims) = (&said[..end], &said[end + 1..]);
    let own = signer.header();
    let header = if header.is_empty() { &own } else { header };
    let token = signer.token(header, claims);
    let Ok(caller) = DESK.tokens.verify(&token) else { return };
    assert_eq!(Some(&*caller), signer.vouched_for(header, claims).as_ref());
    DESK.counts_until(&token, caller.until);
}

/// A wrong file changes nothing. What is taken of a file is public, is ours only where it is there, and is the same when it is read again.
fn any_keys(file: &[u8]) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let jwks = dir.path().join("jwks.json");
    let desk = Desk::at(&jwks);
    fs::write(&jwks, file).expect("it can be written");
    let counts = |it: &Signer| desk.tokens.verify(&it.own).is_ok();
    if let Err(why) = desk.tokens.reload() {
        assert!(!why.to_string().is_empty());
        assert!(SIGNERS.iter().all(counts), "what was read before counts");
        return;
    }
    let said: Value = serde_json::from_slice(file).expect("it is JSON");
    let keys = said["keys"].as_array().expect("it is a list");
    assert!(keys.iter().all(|it| it.get("d").is_none() && it.get("k").is_none()), "no key is secret");
    for signer in &*SIGNERS {
        let is_there = keys.iter().any(|it| signer.is_public(it));
        assert!(is_there || !counts(signer), "nobody gave us this key");
    }
    let taken = desk.tokens.keys();
    fs::write(&jwks, said.to_string()).expect("it can be written");
    desk.tokens.reload().expect("the same is taken again");
    assert_eq!(desk.tokens.keys(), taken);
}

/// Who verifies.
struct Desk {
    tokens: Tokens,
    clock: Clock,
}

impl Desk {
    /// Verifies with the keys of all signers, which it writes to a file.
    fn at(jwks: &Path) -> Self {
        let public: Vec<&Value> = SIGNERS.iter().map(|it| &it.public).collect();
        fs::write(jwks, json!({ "keys": public }).to_string()).expect("it can be written");
        let (issuer, audience) = (Some(ISSUER.to_owned()), Some(AUDIENCE.to_owned()));
        let (rules, clock) = (TokenRules { jwks: jwks.into(), issuer, audience }, Clock::manual(NOW));
        let tokens = Tokens::new(rules, clock.clone()).expect("the keys are right");
        assert!(SIGNERS.iter().all(|it| tokens.verify(&it.own).is_ok()), "what is signed counts");
        Self { tokens, clock }
    }

    /// A token that counts now does so up to then, and not from then on.
    fn counts_until(&self, token: &str, until: Millis) {
        let Clock::Manual(now) = &self.clock else { unreachable!("it is a manual clock") };
        now.store(until - 1, Ordering::SeqCst);
        assert!(self.tokens.verify(token).is_ok());
        now.store(until, Ordering::SeqCst);
        assert_eq!(self.tokens.verify(token), Err(TokenError::Expired));
        now.store(NOW, Ordering::SeqCst);
    }
}

/// Who has a key. It is for nothing else: everybody can read it.
struct Signer {
    kid: &'static str,
    algorithm: Algorithm,
    private: EncodingKey,
    public: Value,
    /// Its token that says `SAID`.
    own: String,
}

impl Signer {
    fn new(
        kid: &'static str,
        algorithm: Algorithm,
        private: jsonwebtoken::errors::Result<EncodingKey>,
    ) -> Self {
        let private = private.expect("a key");
        let mut public = json!(Jwk::from_encoding_key(&private, algorithm).expect("a key"));
        public["kid"] = kid.into();
        let signer = Self { kid, algorithm, private, public, own: String::new() };
        let own = signer.token(&signer.header(), SAID.as_bytes());
        Self { own, ..signer }
    }

    fn header(&self) -> Vec<u8> {
        json!({ "alg": self.algorithm, "kid": self.kid }).to_string().into_bytes()
    }

    fn token(&self, header: &[u8], claims: &[u8]) -> String {
        let message = format!("{}.{}", base64url(header), base64url(claims));
        let signature = crypto::sign(message.as_bytes(), &self.private, self.algorithm).expect("it can sign");
        format!("{message}.{signature}")
    }

    /// Whether a key of a file is its own.
    fn is_public(&self, key: &Value) -> bool {
        ["kty", "crv", "x", "y", "n", "e"].into_iter().all(|it| self.public[it] == key[it])
    }

    /// Who it says calls, if what it signs is what a token must be, now.
    fn vouched_for(&self, header: &[u8], claims: &[u8]) -> Option<Caller> {
        let header: Value = serde_json::from_slice(header).ok()?;
        let claims: Value = serde_json::from_slice(claims).ok()?;
        let is_own = header["alg"] == json!(self.algorithm) && header["kid"] == self.kid;
        let several = claims["aud"].as_array();
        let is_for_us = several.map_or(claims["aud"] == AUDIENCE, |all| all.iter().any(|it| it == AUDIENCE));
        if !is_own || !header["crit"].is_null() || claims["iss"] != ISSUER || !is_for_us {
            return None;
        }
        let until = millis(&claims["exp"])? + CLOCK_SKEW_MS;
        let has_begun = claims["nbf"].is_null() || millis(&claims["nbf"])? <= NOW + CLOCK_SKEW_MS;
        let role = Role::named(claims["role"].as_str()?)?;
        let name = match role {
            Role::Agent => claims["agent"].as_str()?,
            Role::Supervisor => claims["sub"].as_str()?,
            Role::Platform | Role::ReadOnly => "",
        };
        let has_name = !name.is_empty() || matches!(role, Role::Platform | Role::ReadOnly);
        let org = claims["org"].as_str().filter(|it| !it.is_empty())?;
        let caller = Caller { org: org.into(), role, name: name.into(), until };
        (has_begun && has_name && NOW < until).then_some(caller)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what is out of range is wrong")]
fn millis(seconds: &Value) -> Option<Millis> {
    seconds.as_f64().map(|it| (it * 1_000.0) as Millis)
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(word);
        for place in 0..=three.len() {
            text.push(char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}
