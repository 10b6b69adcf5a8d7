//! TLS for the port: the certificate and its key, and, for mutual TLS, whose certificates clients must have. All are read again when they
//! change; connections that are open keep what they began with.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::digest::{Context, Digest, SHA256, digest};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{VerifierBuilderError, WebPkiClientVerifier},
};
use tokio_rustls::TlsAcceptor;

use super::watched::{self, ReadError};

/// Bytes of a file, at most: a bundle of all public authorities has about 200 KiB.
const BYTES_MAX: u64 = 1 << 20;

/// The files, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients' certificates; none: clients need none.
    pub client_ca: Option<PathBuf>,
}

/// Why the files cannot be used. It never quotes them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is no certificate in it.
    #[error("{} holds no certificate in PEM", path.display())]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// There is no key in it.
    #[error("{} holds no private key in PEM, or one that needs a password", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// A certificate of an authority is none.
    #[error("{} holds what is no certificate of an authority", path.display())]
    Authority {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The authorities do not serve to verify clients.
    #[error("clients' certificates cannot be verified with {}", path.display())]
    Verifier {
        /// Which.
        path: PathBuf,
        /// Why.
        source: VerifierBuilderError,
    },
    /// The certificate and the key do not go together, or are of a kind that is not taken.
    #[error("the certificate in {} and the key in {} cannot be used together", cert.display(), key.display())]
    Pair {
        /// The certificate's.
        cert: PathBuf,
        /// The key's.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// What connections begin with.
pub struct Tls {
    files: TlsFiles,
    current: RwLock<Current>,
}

struct Current {
    /// Of what it was made from, to see a change by. The files themselves are not kept.
    fingerprint: Digest,
    config: Arc<ServerConfig>,
}

/// The contents of the files.
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files.
    pub fn new(files: TlsFiles) -> Result<Self, TlsError> {
        let current = RwLock::new(Current::of(&files, &Contents::read(&files)?)?);
        Ok(Self { files, current })
    }

    /// Reads the files again. Whether they have changed. Wrong ones change nothing.
    pub fn reload(&self) -> Result<bool, TlsError> {
        let read = Contents::read(&self.files)?;
        let before = self.current.read().unwrap_or_else(PoisonError::into_inner).fingerprint;
        if read.fingerprint().as_ref() == before.as_ref() {
            return Ok(false);
        }
        let current = Current::of(&self.files, &read)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(true)
    }

    /// What shakes hands on a new connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).config.clone().into()
    }
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, ReadError> {
        let read = |path: &Path| watched::read(path, BYTES_MAX);
        Ok(Self {
            cert: read(&files.cert)?,
            key: read(&files.key)?,
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    fn fingerprint(&self) -> Digest {
        let mut of_all = Context::new(&SHA256);
        for file in [&self.cert, &self.key].into_iter().chain(&self.client_ca) {
            of_all.update(digest(&SHA256, file).as_ref());
        }
        of_all.finish()
    }
}

impl Current {
    fn of(files: &TlsFiles, read: &Contents) -> Result<Self, TlsError> {
        let provider = Arc::new(default_provider());
        let chain = certificates(&files.cert, &read.cert)?;
        let key = PrivateKeyDer::from_pem_slice(&read.key)
            .map_err(|_| TlsError::NoKey { path: files.key.clone() })?;
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|source| pair(files, source))?;
        let builder = match files.client_ca.as_ref().zip(read.client_ca.as_deref()) {
            None => builder.with_no_client_auth(),
            Some((path, content)) => {
                let roots = Arc::new(authorities(path, content)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                    .build()
                    .map_err(|source| TlsError::Verifier { path: path.clone(), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|source| pair(files, source))?;
        // gRPC, and gRPC-Web from browsers.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { fingerprint: read.fingerprint(), config: Arc::new(config) })
    }
}

fn pair(files: &TlsFiles, source: rustls::Error) -> TlsError {
    TlsError::Pair { cert: files.cert.clone(), key: files.key.clone(), source }
}

fn certificates(path: &Path, content: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(content).collect();
    found.ok().filter(|it| !it.is_empty()).ok_or_else(|| TlsError::NoCertificate { path: path.into() })
}

fn authorities(path: &Path, content: &[u8]) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path, content)? {
        roots.add(certificate).map_err(|source| TlsError::Authority { path: path.into(), source })?;
    }
    Ok(roots)
}
