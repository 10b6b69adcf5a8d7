//! Those who sign tokens, and the file with their public keys.

use std::{fs, path::Path};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use crate::support::START_MS;

/// A pair of keys.
pub struct Signer {
    pub header: Header,
    pub key: EncodingKey,
    pub jwk: Jwk,
}

impl Signer {
    /// Signs by EdDSA.
    pub fn ed(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
        let key = EncodingKey::from_ed_pem(pair.serialize_pem().as_bytes()).expect("a key");
        let public = DecodingKey::from_ed_der(pair.public_key_raw());
        let jwk = Jwk::from_decoding_key(&public, Some(Algorithm::EdDSA)).expect("a key");
        Self::new(kid, Algorithm::EdDSA, key, jwk)
    }

    /// Signs by ES256.
    pub fn ec(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).expect("a key");
        let jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a key");
        Self::new(kid, Algorithm::ES256, key, jwk)
    }

    /// Signs by RS256.
    pub fn rsa(kid: &str) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).expect("a key");
        let jwk = Jwk::from_encoding_key(&key, Algorithm::RS256).expect("a key");
        Self::new(kid, Algorithm::RS256, key, jwk)
    }

    fn new(kid: &str, algorithm: Algorithm, key: EncodingKey, mut jwk: Jwk) -> Self {
        let header = Header { kid: Some(kid.into()), ..Header::new(algorithm) };
        jwk.common.key_id = Some(kid.into());
        Self { header, key, jwk }
    }

    /// A token that says so.
    pub fn sign(&self, claims: &Value) -> String {
        encode(&self.header, claims, &self.key).expect("it can be signed")
    }

    /// A token for an hour from when manual clocks begin.
    pub fn token(&self, org: &str, role: &str, name: &str) -> String {
        self.sign(&claims(org, role, name, START_MS / 1_000 + 3_600))
    }
}

/// What a token says.
pub fn claims(org: &str, role: &str, name: &str, exp: u64) -> Value {
    match role {
        "agent" => json!({ "org": org, "role": role, "agent": name, "exp": exp }),
        _ => json!({ "org": org, "role": role, "sub": name, "exp": exp }),
    }
}

/// Writes the public keys of these to a file.
pub fn write_jwks(path: &Path, signers: &[&Signer]) {
    let keys: Vec<&Jwk> = signers.iter().map(|it| &it.jwk).collect();
    fs::write(path, json!({ "keys": keys }).to_string()).expect("it can be written");
}
