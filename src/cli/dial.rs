//! How the command line connects to a service: the address, TLS, and the token that goes with every call. A token is never shown.

use std::{
    error::Error as StdError,
    fmt, fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use thiserror::Error;
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};

/// Where a service listens that was started without arguments.
const DEFAULT_ADDR: &str = "127.0.0.1:50051";
/// How long a service may take to answer the first packet.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that sends the token with every call.
pub type Line = InterceptedService<Channel, Bearer>;

/// Which service, and how it is talked to.
#[derive(Debug, Clone, Args)]
pub struct Dial {
    /// Where the service listens: `HOST:PORT` or a URL; `https://…` is TLS.
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDR)]
    pub addr: String,
    /// The token that goes with every call. Other users of the machine can see arguments: the variable or a file is better.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "OMNIROUTE_TOKEN",
        hide_env_values = true,
        conflicts_with = "token_file"
    )]
    token: Option<Secret>,
    /// A file with that token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// TLS, with the authority of the service's certificate in this file (PEM) in place of those that the system trusts.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Mutual TLS: the client's certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of that certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// TLS, with a service whose certificate is for this name; by default the host of the address.
    #[arg(long, value_name = "NAME")]
    tls_domain: Option<String>,
}

/// What is not to be shown.
#[derive(Clone)]
struct Secret(String);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// The address cannot be one.
    #[error("{addr:?} is no address of a service: it is HOST:PORT, for example {DEFAULT_ADDR}")]
    Address {
        /// What was given.
        addr: String,
    },
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The token cannot be one.
    #[error("the token has characters that no token has")]
    Token,
    /// The files of TLS cannot be used.
    #[error("TLS cannot be set up with what --ca, --cert, --key and --tls-domain say")]
    Tls(#[source] tonic::transport::Error),
    /// Nobody listens there.
    #[error(
        "no service answers at {addr} ({cause}).\n  Start one in another terminal with `omniroute serve`, or name \
         another address with --addr."
    )]
    Unreachable {
        /// Where.
        addr: String,
        /// What the system says.
        cause: String,
    },
}

impl Dial {
    /// Without a token and TLS.
    pub fn plain(addr: &str) -> Self {
        Self {
            addr: addr.to_owned(),
            token: None,
            token_file: None,
            ca: None,
            cert: None,
            key: None,
            tls_domain: None,
        }
    }

    /// Connects to the service.
    pub async fn connect(&self) -> Result<Line, ConnectError> {
        let addr = || self.addr.clone();
        let has_tls = self.ca.is_some() || self.cert.is_some() || self.tls_domain.is_some();
        let scheme = if has_tls { "https" } else { "http" };
        let uri = if self.addr.contains("://") { addr() } else { format!("{scheme}://{}", self.addr) };
        let is_secure = uri.starts_with("https://");
        let endpoint = Endpoint::from_shared(uri).map_err(|_| ConnectError::Address { addr: addr() })?;
        let mut endpoint = endpoint.connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
        if is_secure {
            endpoint = endpoint.tls_config(self.tls()?).map_err(ConnectError::Tls)?;
        }
        let bearer = self.bearer()?;
        let channel = endpoint
            .connect()
            .await
            .map_err(|error| ConnectError::Unreachable { addr: addr(), cause: innermost(&error) })?;
        Ok(InterceptedService::new(channel, bearer))
    }

    fn tls(&self) -> Result<ClientTlsConfig, ConnectError> {
        let mut tls = match &self.ca {
            Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
            None => ClientTlsConfig::new().with_native_roots(),
        };
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            tls = tls.identity(Identity::from_pem(read(cert)?, read(key)?));
        }
        Ok(match &self.tls_domain {
            Some(domain) => tls.domain_name(domain),
            None => tls,
        })
    }

    fn bearer(&self) -> Result<Bearer, ConnectError> {
        let token = match (&self.token, &self.token_file) {
            (Some(Secret(token)), _) => token.clone(),
            (None, Some(path)) => read(path)?,
            (None, None) => return Ok(Bearer(None)),
        };
        let mut header: MetadataValue<Ascii> =
            format!("Bearer {}", token.trim()).parse().map_err(|_| ConnectError::Token)?;
        header.set_sensitive(true);
        Ok(Bearer(Some(header)))
    }
}

fn read(path: &Path) -> Result<String, ConnectError> {
    fs::read_to_string(path).map_err(|source| ConnectError::File { path: path.to_owned(), source })
}

/// Sends the token with every call, where there is one.
#[derive(Debug, Clone)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

/// The text at the bottom of a chain of errors: that of a transport says "transport error" at the top.
fn innermost(error: &dyn StdError) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn where_nothing_listens_the_error_says_what_to_do() {
        // Bound and given back: a port that nobody listens on.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = Dial::plain(&free.to_string()).connect().await.unwrap_err().to_string();
        assert!(error.contains("omniroute serve") && error.contains(&free.to_string()), "{error}");
        let error = Dial::plain("not an address").connect().await.unwrap_err().to_string();
        assert!(error.contains("HOST:PORT"), "{error}");
    }

    #[test]
    fn a_token_is_not_shown() {
        let dial = Dial { token: Some("s3cret".into()), ..Dial::plain("localhost:1") };
        let bearer = dial.bearer().unwrap();
        let shown = format!("{dial:?} {bearer:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let wrong = Dial { token: Some("s3\ncret".into()), ..dial };
        assert!(!format!("{:?}", wrong.bearer().unwrap_err()).contains("s3"));
    }
}
