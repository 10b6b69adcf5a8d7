//! The public keys that tokens are signed with, from a JWKS file (RFC 7517).

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

/// Bytes of a JWKS file, at most.
pub(super) const BYTES_MAX: u64 = 256 << 10;
/// Keys of a JWKS file, at most.
const KEYS_MAX: usize = 100;

/// Characters of an RSA modulus in base64url, at least: 2,048 bits.
const RSA_MODULUS_CHARS_MIN: usize = 342;

/// A key, and the one algorithm that it is for.
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// The keys of a file.
pub(super) struct KeySet(Vec<Key>);

/// Why a JWKS file was not taken. It never quotes the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Not JSON, or not of that shape.
    #[error("it is no JWKS: JSON with a list `keys` of objects, RFC 7517")]
    Shape,
    /// A key in it is secret.
    #[error("it holds a private or symmetric key ({0}); put public keys alone there")]
    Secret(String),
    /// There are too many.
    #[error("it has more than {KEYS_MAX} keys")]
    Many,
    /// Two keys have the same id.
    #[error("it has two keys with the kid {0:?}")]
    Twice(String),
    /// There is none of use.
    #[error("it has no key to verify with: EdDSA (Ed25519), RS256 (2,048 bits or more) or ES256 (P-256)")]
    Unusable,
}

/// The list, before its keys are looked at.
#[derive(Deserialize)]
struct Shape {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// The keys of a file that can be used. Those of other kinds are passed over: a provider may have some for other ends.
    pub(super) fn parse(content: &[u8]) -> Result<Self, JwksError> {
        let Shape { keys } = serde_json::from_slice(content).map_err(|_| JwksError::Shape)?;
        if keys.len() > KEYS_MAX {
            return Err(JwksError::Many);
        }
        let mut usable: Vec<Key> = Vec::new();
        for (place, value) in keys.into_iter().enumerate() {
            if !value.is_object() {
                return Err(JwksError::Shape);
            }
            // The private part of a key pair is `d`, that of a symmetric key `k`.
            if value.get("d").is_some() || value.get("k").is_some() {
                return Err(JwksError::Secret(format!("keys[{place}]")));
            }
            let Some(key) = serde_json::from_value(value).ok().and_then(|it| Key::of(&it)) else { continue };
            if let Some(id) = &key.id
                && usable.iter().any(|it| it.id.as_ref() == Some(id))
            {
                return Err(JwksError::Twice(id.clone()));
            }
            usable.push(key);
        }
        if usable.is_empty() { Err(JwksError::Unusable) } else { Ok(Self(usable)) }
    }

    /// The key that a token names; where it names none, the only one there is.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, &*self.0) {
            (Some(id), keys) => keys.iter().find(|it| it.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Option<Self> {
        let (algorithm, name) = match &jwk.algorithm {
            AlgorithmParameters::RSA(it) if it.n.len() >= RSA_MODULUS_CHARS_MIN => {
                (Algorithm::RS256, KeyAlgorithm::RS256)
            }
            AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            AlgorithmParameters::RSA(_)
            | AlgorithmParameters::EllipticCurve(_)
            | AlgorithmParameters::OctetKey(_)
            | AlgorithmParameters::OctetKeyPair(_)
            | AlgorithmParameters::Other(_)
            | _ => return None,
        };
        let common = &jwk.common;
        let is_for_it = common.key_algorithm.is_none_or(|it| it == name)
            && common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
        let public = is_for_it.then(|| DecodingKey::from_jwk(jwk).ok()).flatten()?;
        Some(Self { id: common.key_id.clone(), algorithm, public })
    }
}
