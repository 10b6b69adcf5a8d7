//! Which tokens count, and which do not.

use std::{fs, sync::atomic::Ordering, time::Duration};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use omniroute::{
    access::{
        caller::Role,
        tokens::{TokenError, TokenRules, Tokens},
    },
    clock::Clock,
    wire::v1::{self, directory_service_client::DirectoryServiceClient},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::{Code, Status};

use crate::{
    guarded::Guarded,
    signers::{Signer, claims, write_jwks},
    support::{ORG, START_MS, reason},
};

const NOW: u64 = START_MS / 1_000;
/// How far clocks may differ, in seconds.
const SKEW: u64 = 30;

/// Keys in a file, and what verifies tokens with them.
struct Desk {
    dir: TempDir,
    tokens: Tokens,
    clock: Clock,
}

impl Desk {
    fn with(signers: &[&Signer]) -> Self {
        Self::held_to(signers, None, None)
    }

    fn held_to(signers: &[&Signer], issuer: Option<&str>, audience: Option<&str>) -> Self {
        let (dir, clock) = (TempDir::new().expect("a temporary directory"), Clock::manual(START_MS));
        let jwks = dir.path().join("jwks.json");
        write_jwks(&jwks, signers);
        let rules = TokenRules { jwks, issuer: issuer.map(Into::into), audience: audience.map(Into::into) };
        let tokens = Tokens::new(rules, clock.clone()).expect("the keys are right");
        Self { dir, tokens, clock }
    }

    fn set(&self, seconds: u64) {
        let Clock::Manual(now) = &self.clock else { unreachable!("it is a manual clock") };
        now.store(seconds * 1_000, Ordering::SeqCst);
    }
}

fn platform(exp: u64) -> Value {
    claims(ORG, "platform", "", exp)
}

fn with(mut claims: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("claims") {
        claims[name] = value.clone();
    }
    claims
}

#[test]
fn each_of_the_three_algorithms_is_verified() {
    let signers = [Signer::ed("ed"), Signer::ec("ec"), Signer::rsa("rsa")];
    let desk = Desk::with(&[&signers[0], &signers[1], &signers[2]]);
    for signer in &signers {
        let token = signer.token(ORG, "agent", "ann");
        let caller = desk.tokens.verify(&token).expect("it is right");
        assert_eq!((&*caller.org, caller.role, &*caller.name), (ORG, Role::Agent, "ann"));
        // The same once more comes from memory, and is the same.
        assert_eq!(desk.tokens.verify(&token).expect("it is right"), caller);
        // One bit of the signature, or of what is signed, and it is not.
        for place in [token.len() - 10, token.find('.').expect("three parts") + 10] {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).expect("it is text");
            let why = desk.tokens.verify(&forged).expect_err("it is forged");
            assert!(matches!(why, TokenError::Signature | TokenError::Malformed), "{why:?}");
        }
    }
}

#[test]
fn a_token_is_held_to_the_algorithm_of_its_key() {
    let (ed, rsa) = (Signer::ed("ed"), Signer::rsa("rsa"));
    let desk = Desk::with(&[&ed, &rsa]);
    // Signed by HMAC with what everybody knows: the public key.
    let public = json!(rsa.jwk).to_string();
    let hmac = EncodingKey::from_secret(public.as_bytes());
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some("rsa".into()), ..Header::new(algorithm) };
        let forged = encode(&header, &platform(NOW + 60), &hmac).expect("it can be signed");
        assert_eq!(desk.tokens.verify(&forged), Err(TokenError::Algorithm));
    }
    // The right key, and another algorithm of its kind.
    let header = Header { kid: Some("rsa".into()), ..Header::new(Algorithm::RS512) };
    let other = encode(&header, &platform(NOW + 60), &rsa.key).expect("it can be signed");
    assert_eq!(desk.tokens.verify(&other), Err(TokenError::Algorithm));
    // Signed by one, in the name of the other.
    let header = Header { kid: Some("rsa".into()), ..ed.header.clone() };
    let other = encode(&header, &platform(NOW + 60), &ed.key).expect("it can be signed");
    assert_eq!(desk.tokens.verify(&other), Err(TokenError::Algorithm));
}

#[test]
fn what_is_no_signed_token_is_refused() {
    let ed = Signer::ed("ed");
    let desk = Desk::with(&[&ed]);
    let token = ed.token(ORG, "platform", "");
    let (_, rest) = token.split_once('.').expect("three parts");
    // {"alg":"none"} and {"alg":"none","kid":"ed"}
    for header in ["eyJhbGciOiJub25lIn0", "eyJhbGciOiJub25lIiwia2lkIjoiZWQifQ"] {
        assert_eq!(desk.tokens.verify(&format!("{header}.{rest}")), Err(TokenError::Malformed));
        let (claims, _) = rest.split_once('.').expect("two parts");
        assert_eq!(desk.tokens.verify(&format!("{header}.{claims}.")), Err(TokenError::Malformed));
    }
    for nonsense in ["", ".", "..", "a.b.c", "....", "\u{1F512}", &"A".repeat(8 << 10)] {
        assert_eq!(desk.tokens.verify(nonsense), Err(TokenError::Malformed), "{nonsense:?}");
    }
    assert_eq!(desk.tokens.verify(&"A".repeat((8 << 10) + 1)), Err(TokenError::Long));
}

#[test]
fn a_key_is_found_by_its_id_and_never_in_the_token() {
    let (one, two, stranger) = (Signer::ed("one"), Signer::ed("two"), Signer::ed("stranger"));
    let token = |signer: &Signer, header: Header| {
        encode(&header, &platform(NOW + 60), &signer.key).expect("it can be signed")
    };
    let desk = Desk::with(&[&one, &two]);
    assert_eq!(desk.tokens.verify(&stranger.token(ORG, "platform", "")), Err(TokenError::UnknownKey));
    // It brings its key along.
    let header = Header { jwk: Some(stranger.jwk.clone()), ..one.header.clone() };
    assert_eq!(desk.tokens.verify(&token(&stranger, header)), Err(TokenError::Signature));
    // Without an id it could be either.
    let nameless = Header { kid: None, ..one.header.clone() };
    assert_eq!(desk.tokens.verify(&token(&one, nameless.clone())), Err(TokenError::UnknownKey));
    assert!(Desk::with(&[&one]).tokens.verify(&token(&one, nameless)).is_ok());
    let demanding = Header { crit: Some(vec!["exp".into()]), ..one.header.clone() };
    assert_eq!(desk.tokens.verify(&token(&one, demanding)), Err(TokenError::Critical));
}

#[test]
fn a_token_counts_from_its_begin_to_its_end_and_a_little_more_for_clocks_that_differ() {
    let ed = Signer::ed("ed");
    let desk = Desk::with(&[&ed]);
    let token = ed.sign(&with(platform(NOW + 600), &json!({ "nbf": NOW + 300 })));
    for (at, expected) in [
        (NOW + 300 - SKEW - 1, Err(TokenError::NotYet)),
        (NOW + 300 - SKEW, Ok(())),
        (NOW + 600 + SKEW - 1, Ok(())),
        // It was verified a moment ago, and is remembered.
        (NOW + 600 + SKEW, Err(TokenError::Expired)),
    ] {
        desk.set(at);
        assert_eq!(desk.tokens.verify(&token).map(|_| ()), expected, "at {at}");
    }
    desk.set(NOW);
    for exp in [json!(null), json!("tomorrow"), json!(-1), json!(1e300)] {
        let token = ed.sign(&with(platform(0), &json!({ "exp": exp })));
        let why = desk.tokens.verify(&token).expect_err("it has no end");
        assert!(matches!(why, TokenError::Claim("exp") | TokenError::Malformed), "{why:?}");
    }
    let token = ed.sign(&with(platform(0), &json!({ "exp": 1_700_000_000.5 })));
    assert!(desk.tokens.verify(&token).is_ok(), "a time may have a fraction");
}

#[test]
fn issuer_and_audience_are_held_to_where_they_are_told() {
    let ed = Signer::ed("ed");
    let desk = Desk::held_to(&[&ed], Some("https://id.acme"), Some("omniroute"));
    for (more, expected) in [
        (json!({ "iss": "https://id.acme", "aud": "omniroute" }), Ok(())),
        (json!({ "iss": "https://id.acme", "aud": ["crm", "omniroute"] }), Ok(())),
        (json!({ "iss": "https://id.acme", "aud": ["crm"] }), Err(TokenError::Claim("aud"))),
        (json!({ "iss": "https://id.acme" }), Err(TokenError::Claim("aud"))),
        (json!({ "iss": "https://id.globex", "aud": "omniroute" }), Err(TokenError::Claim("iss"))),
        (json!({ "aud": "omniroute" }), Err(TokenError::Claim("iss"))),
    ] {
        let token = ed.sign(&with(platform(NOW + 60), &more));
        assert_eq!(desk.tokens.verify(&token).map(|_| ()), expected, "{more}");
    }
}

#[test]
fn a_token_says_who_it_is_for() {
    let ed = Signer::ed("ed");
    let desk = Desk::with(&[&ed]);
    for (more, claim) in [
        (json!({ "org": null }), "org"),
        (json!({ "org": "" }), "org"),
        (json!({ "org": "*" }), "org"),
        (json!({ "role": null }), "role"),
        (json!({ "role": "admin" }), "role"),
        (json!({ "role": "Platform" }), "role"),
        (json!({ "role": "agent" }), "agent"),
        (json!({ "role": "agent", "agent": "" }), "agent"),
        (json!({ "role": "agent", "agent": "a b" }), "agent"),
        (json!({ "role": "supervisor", "sub": "" }), "sub"),
        (json!({ "role": "supervisor", "sub": "s".repeat(129) }), "sub"),
    ] {
        let token = ed.sign(&with(platform(NOW + 60), &more));
        assert_eq!(desk.tokens.verify(&token), Err(TokenError::Claim(claim)), "{more}");
    }
}

#[test]
fn keys_are_changed_while_it_runs_and_a_wrong_file_changes_nothing() {
    let (one, two) = (Signer::ed("one"), Signer::ec("two"));
    let desk = Desk::with(&[&one]);
    let jwks = desk.dir.path().join("jwks.json");
    let (of_one, of_two) = (one.token(ORG, "platform", ""), two.token(ORG, "platform", ""));
    assert!(desk.tokens.verify(&of_one).is_ok());
    assert!(!desk.tokens.reload().expect("it is right"), "nothing has changed");

    let private = json!({ "keys": [with(json!(one.jwk), &json!({ "d": "secret-part" }))] }).to_string();
    let many = json!({ "keys": vec![json!(one.jwk); 101] }).to_string();
    let twice = json!({ "keys": [json!(one.jwk), json!(one.jwk)] }).to_string();
    let symmetric = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }).to_string();
    for wrong in
        ["", "{", "{}", "[]", r#"{"keys":[]}"#, &private, &many, &twice, &symmetric, &" ".repeat(300 << 10)]
    {
        fs::write(&jwks, wrong).expect("it can be written");
        let why = desk.tokens.reload().expect_err("it is wrong");
        let said = format!("{why:?} {why} {}", std::error::Error::source(&why).expect("there is a cause"));
        assert!(said.contains("jwks.json"), "{said}");
        assert!(!said.contains("secret-part") && !said.contains("c2VjcmV0"), "{said}");
        assert!(desk.tokens.verify(&of_one).is_ok(), "what was read before counts");
    }
    fs::remove_file(&jwks).expect("it is there");
    desk.tokens.reload().expect_err("it is not there");
    assert!(desk.tokens.verify(&of_one).is_ok());

    write_jwks(&jwks, &[&one, &two]);
    assert!(desk.tokens.reload().expect("it is right"));
    assert!(desk.tokens.verify(&of_one).is_ok() && desk.tokens.verify(&of_two).is_ok());
    // One that was remembered is forgotten with its key.
    write_jwks(&jwks, &[&two]);
    assert!(desk.tokens.reload().expect("it is right"));
    assert_eq!(desk.tokens.verify(&of_one), Err(TokenError::UnknownKey));
    assert!(desk.tokens.verify(&of_two).is_ok());
}

#[test]
fn keys_for_other_ends_are_passed_over() {
    let (one, two) = (Signer::ed("one"), Signer::rsa("two"));
    let encrypts = with(json!(two.jwk), &json!({ "use": "enc" }));
    let other = json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "three" });
    let unheard_of = json!({ "kty": "AKP", "kid": "four", "pub": "AA" });
    let desk = Desk::with(&[&one]);
    let file = json!({ "keys": [encrypts, other, unheard_of, json!(one.jwk)] }).to_string();
    fs::write(desk.dir.path().join("jwks.json"), file).expect("it can be written");
    assert!(desk.tokens.reload().expect("it is right"));
    assert_eq!(desk.tokens.keys(), 1);
    assert_eq!(desk.tokens.verify(&two.token(ORG, "platform", "")), Err(TokenError::UnknownKey));
}

#[test]
fn nothing_of_a_token_or_a_key_is_shown() {
    let ed = Signer::ed("ed");
    let desk = Desk::with(&[&ed]);
    let token = ed.token(ORG, "platform", "");
    desk.tokens.verify(&token).expect("it is right");
    let shown = format!("{:?}", desk.tokens);
    let signature = token.rsplit('.').next().expect("three parts");
    let public = json!(ed.jwk)["x"].as_str().expect("a key").to_owned();
    assert!(!shown.contains(signature) && !shown.contains(&public), "{shown}");
}

async fn look(guarded: &Guarded, header: &str) -> Result<(), Status> {
    let mut request = tonic::Request::new(v1::GetDirectoryRequest { org_id: ORG.into() });
    for value in header.split('\n').filter(|it| !it.is_empty()) {
        request.metadata_mut().append("authorization", value.parse().expect("a header"));
    }
    let mut client = DirectoryServiceClient::new(guarded.house.channel.clone());
    client.get_directory(request).await.map(|_| ())
}

#[tokio::test]
async fn a_token_comes_in_one_header_as_a_bearer_token() {
    let guarded = Guarded::new().await;
    let token = guarded.signer.token(ORG, "platform", "");
    for right in [format!("Bearer {token}"), format!("bearer {token}"), format!("BEARER  {token} ")] {
        look(&guarded, &right).await.expect("it is right");
    }
    let expired = guarded.signer.sign(&platform(NOW - SKEW));
    for (wrong, expected) in [
        (String::new(), "TOKEN_INVALID"),
        (token.clone(), "TOKEN_INVALID"),
        (format!("Basic {token}"), "TOKEN_INVALID"),
        ("Bearer ".into(), "TOKEN_INVALID"),
        (format!("Bearer {token}\nBearer {token}"), "TOKEN_INVALID"),
        (format!("Bearer {expired}"), "TOKEN_EXPIRED"),
    ] {
        let status = look(&guarded, &wrong).await.expect_err("it is wrong");
        assert_eq!((status.code(), &*reason(&status)), (Code::Unauthenticated, expected), "{wrong}");
        assert!(wrong.is_empty() || !status.message().contains(&token), "{status:?}");
    }
}

#[tokio::test]
async fn the_service_takes_up_new_keys_by_itself() {
    let guarded = Guarded::new().await;
    let two = Signer::ec("two");
    let token = format!("Bearer {}", two.token(ORG, "platform", ""));
    look(&guarded, &token).await.expect_err("its key is not there yet");
    write_jwks(&guarded.jwks, &[&two]);
    let taken_up = async {
        let mut again = tokio::time::interval(Duration::from_millis(50));
        while look(&guarded, &token).await.is_err() {
            again.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), taken_up).await.expect("it looks at the file");
    let old = format!("Bearer {}", guarded.signer.token(ORG, "platform", ""));
    look(&guarded, &old).await.expect_err("its key is no longer there");
}
