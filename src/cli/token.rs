//! `omniroute token`: signs a token with a private key of one's own, or shows the public key as a JWKS file: for trying things out, and
//! where there is nobody else who issues tokens. The service itself never sees a private key.
#![allow(clippy::print_stdout, reason = "this is the command line")]

use std::{fs, io, path::PathBuf};

use clap::{Args, ValueEnum};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, ThumbprintHash},
};
use serde_json::json;
use thiserror::Error;

use super::SAMPLE_ORG;
use crate::{
    access::{
        caller::Role,
        tokens::{Audience, Claims},
    },
    clock::Clock,
    config::milliseconds,
};

/// The arguments of `omniroute token`.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// The private key (PEM): Ed25519, RSA or P-256, as `openssl genpkey` makes them.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Print the JWKS file that goes with the key, in place of a token.
    #[arg(long)]
    jwks: bool,
    /// The org.
    #[arg(long, value_name = "ID", default_value = SAMPLE_ORG)]
    org: String,
    /// The role.
    #[arg(long, value_enum, default_value_t = RoleName::Platform)]
    role: RoleName,
    /// Which agent, which supervisor.
    #[arg(long, value_name = "ID", required_if_eq_any([("role", "agent"), ("role", "supervisor")]))]
    name: Option<String>,
    /// How long it counts: `15m`, `8h`.
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = span)]
    valid: u64,
    /// Who issues it (iss).
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,
    /// Whom it is for (aud).
    #[arg(long, value_name = "TEXT")]
    audience: Option<String>,
}

/// A role on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    Platform,
    Supervisor,
    Agent,
    ReadOnly,
}

/// Why there is no token.
#[derive(Debug, Error)]
pub enum TokenCommandError {
    /// The key cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The key is of no kind that is taken.
    #[error("{} holds no private key in PEM that is Ed25519, RSA of 2,048 bits or more, or P-256", path.display())]
    Key {
        /// Which.
        path: PathBuf,
    },
}

/// Prints a token, or the JWKS file, to the standard output.
pub fn sign(args: &TokenArgs) -> Result<(), TokenCommandError> {
    let pem =
        fs::read(&args.key).map_err(|source| TokenCommandError::File { path: args.key.clone(), source })?;
    let made = Pair::of(&pem).and_then(|pair| {
        if args.jwks { Some(pair.jwks()) } else { pair.token(&args.claims(Clock::System.now())) }
    });
    println!("{}", made.ok_or_else(|| TokenCommandError::Key { path: args.key.clone() })?);
    Ok(())
}

impl TokenArgs {
    #[allow(clippy::cast_precision_loss, reason = "seconds are far fewer than 2^52")]
    fn claims(&self, now_ms: u64) -> Claims {
        let role = match self.role {
            RoleName::Platform => Role::Platform,
            RoleName::Supervisor => Role::Supervisor,
            RoleName::Agent => Role::Agent,
            RoleName::ReadOnly => Role::ReadOnly,
        };
        Claims {
            exp: Some(((now_ms + self.valid) / 1_000) as f64),
            nbf: None,
            iss: self.issuer.clone(),
            aud: self.audience.clone().map(Audience::One),
            sub: self.name.clone(),
            org: Some(self.org.clone()),
            role: Some(role.name().to_owned()),
            agent: self.name.clone().filter(|_| role == Role::Agent),
        }
    }
}

/// A private key, and the public one that goes with it.
struct Pair {
    algorithm: Algorithm,
    private: EncodingKey,
    public: Jwk,
    id: String,
}

impl Pair {
    fn of(pem: &[u8]) -> Option<Self> {
        type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<EncodingKey>;
        let kinds: [(Algorithm, Read); 3] = [
            (Algorithm::EdDSA, EncodingKey::from_ed_pem),
            (Algorithm::ES256, EncodingKey::from_ec_pem),
            (Algorithm::RS256, EncodingKey::from_rsa_pem),
        ];
        kinds.into_iter().find_map(|(algorithm, read)| {
            let private = read(pem).ok()?;
            let mut public = Jwk::from_encoding_key(&private, algorithm).ok()?;
            let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
            public.common.key_id = Some(id.clone());
            Some(Self { algorithm, private, public, id })
        })
    }

    fn jwks(&self) -> String {
        format!("{:#}", json!({ "keys": [self.public] }))
    }

    fn token(&self, claims: &Claims) -> Option<String> {
        let header = Header { kid: Some(self.id.clone()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.private).ok()
    }
}

fn span(text: &str) -> Result<u64, String> {
    milliseconds(text).ok_or_else(|| format!("{text:?} is no span of time like 30s, 15m or 8h"))
}
