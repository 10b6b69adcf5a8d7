//! TLS, mutual TLS and tokens at the real binary, with its own commands as clients; and where it listens without them.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "the process of other tests is used in part")]

#[path = "support/process.rs"]
mod process;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};

use omniroute::{
    access::tls::{Tls, TlsFiles},
    wire::v1::{GetDirectoryRequest, directory_service_client::DirectoryServiceClient},
};
use process::{Process, free_addr, serve};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ED25519};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tonic::transport::{Certificate, Channel, ClientTlsConfig};

/// An authority, and files that it made.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: PathBuf,
}

impl Authority {
    fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        let (issuer, dir) = (issuer.expect("an authority"), dir.join(name));
        fs::create_dir(&dir).expect("a directory");
        fs::write(dir.join("ca.pem"), issuer.pem()).expect("it can be written");
        Self { issuer, dir }
    }

    fn ca(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// A certificate and its key.
    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let cert = params.signed_by(&key, &self.issuer).expect("a certificate");
        let (cert_file, key_file) =
            (self.dir.join(format!("{name}.pem")), self.dir.join(format!("{name}.key")));
        fs::write(&cert_file, cert.pem()).expect("it can be written");
        fs::write(&key_file, key.serialize_pem()).expect("it can be written");
        (cert_file, key_file)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn omniroute(arguments: &[&str], token: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    if let Some(token) = token {
        command.env("OMNIROUTE_TOKEN", token);
    }
    command.args(arguments).output().expect("the binary runs")
}

/// What a command said: its standard output where it went well.
fn said(output: &Output) -> Result<String, String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A private key to sign tokens with, and its JWKS file, made by the command line.
fn token_key(dir: &Path) -> (PathBuf, PathBuf) {
    let (key, jwks) = (dir.join("sign.pem"), dir.join("jwks.json"));
    // As `openssl genpkey -algorithm ed25519` writes it: the secret alone.
    let pair = KeyPair::generate_for(&PKCS_ED25519).expect("a key");
    let seed = &pair.serialize_der()[16..48];
    let mut der =
        vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    der.extend_from_slice(seed);
    fs::write(&key, pem_of(&der)).expect("it can be written");
    let shown = said(&omniroute(&["token", "--key", text(&key), "--jwks"], None)).expect("it is a key");
    fs::write(&jwks, shown).expect("it can be written");
    (key, jwks)
}

fn pem_of(der: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut base64 = String::new();
    // 48 bytes: whole groups of three.
    for group in der.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        base64.extend([18, 12, 6, 0].map(|at| char::from(DIGITS[(bits >> at & 63) as usize])));
    }
    format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----\n")
}

/// The page of metrics.
async fn metrics(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").and_then(|it| it.split_once('/')).expect("a URL");
    let mut stream = TcpStream::connect(host).await.expect("it listens");
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("it is read");
    let mut page = String::new();
    stream.read_to_string(&mut page).await.expect("it answers");
    page
}

#[tokio::test]
async fn a_newcomer_applies_a_directory_with_tls_and_a_token_and_the_log_shows_neither() {
    let dir = TempDir::new().expect("a temporary directory");
    let authority = Authority::new(dir.path(), "own");
    let (cert, key) = authority.pair("localhost");
    let (sign, jwks) = token_key(dir.path());
    let data = TempDir::new().expect("a temporary directory");
    let log = dir.path().join("log");
    let mut command = serve(data.path());
    command.args(["--grpc-addr", "127.0.0.1:0", "--tls-cert", text(&cert), "--tls-key", text(&key)]);
    command.args(["--jwks", text(&jwks)]).env("OMNIROUTE_LOG_FILTER", "trace");
    command.stderr(Stdio::from(fs::File::create(&log).expect("it can be written")));
    let mut process = Process::run(command, data).await;

    let addr = format!("https://localhost:{}", process.addr().port());
    let ca = authority.ca();
    let apply = ["apply", "--sample", "--addr", &addr, "--ca", text(&ca)];
    let token = |more: &[&str]| {
        let made = omniroute(&[&["token", "--key", text(&sign)], more].concat(), None);
        said(&made).expect("it is signed").trim().to_owned()
    };
    let platform = token(&[]);
    // Off the tasks' threads, for the process is waited for.
    assert!(said(&omniroute(&apply, Some(&platform))).expect("it is applied").contains("created"));

    for (arguments, token, expected) in [
        (&apply[..], None, "TOKEN_INVALID"),
        (&apply[..], Some(token(&["--org", "globex"])), "PERMISSION_DENIED"),
        (&apply[..], Some(token(&["--role", "read-only"])), "PERMISSION_DENIED"),
        (&apply[..], Some(token(&["--role", "agent", "--name", "ann"])), "PERMISSION_DENIED"),
        // An authority that the system does not know, and no TLS at all.
        (&apply[..4], Some(platform.clone()), "no service answers"),
    ] {
        let why = said(&omniroute(arguments, token.as_deref())).expect_err("it may not");
        assert!(why.contains(expected), "{expected} is not in {why}");
    }
    let plain = format!("127.0.0.1:{}", process.addr().port());
    said(&omniroute(&["health", "--addr", &plain], None)).expect_err("there is no plain text");
    let health = ["health", "--addr", &addr, "--ca", text(&ca)];
    assert_eq!(said(&omniroute(&health, None)).expect("health is open").trim(), "serving");
    let wrong_name = ["health", "--addr", &plain, "--ca", text(&ca)];
    said(&omniroute(&wrong_name, None)).expect_err("the certificate is for localhost");
    let named = ["health", "--addr", &plain, "--ca", text(&ca), "--tls-domain", "localhost"];
    said(&omniroute(&named, None)).expect("it is what it should be");

    let page = format!("http://{}/metrics", process.metrics_addr());
    let page = metrics(&page).await;
    for (reason, expected) in [("TOKEN_INVALID", 1), ("PERMISSION_DENIED", 3), ("TOKEN_EXPIRED", 0)] {
        let line = format!("omniroute_calls_denied_total{{reason=\"{reason}\"}} ");
        let count = page.lines().find_map(|it| it.strip_prefix(&line)?.parse::<u32>().ok()).expect(reason);
        assert_eq!(count, expected, "{reason}");
    }

    // A client that does not mark its header as a secret.
    let tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(fs::read(&ca).expect("it is there")));
    let channel =
        Channel::from_shared(addr.clone()).expect("an address").tls_config(tls).expect("it is right");
    let mut client = DirectoryServiceClient::new(channel.connect().await.expect("it listens"));
    let mut request = tonic::Request::new(GetDirectoryRequest { org_id: "sample".into() });
    let header = format!("Bearer {platform}").parse().expect("a header");
    request.metadata_mut().insert("authorization", header);
    client.get_directory(request).await.expect("it may");

    process.terminate();
    process.ended().await;
    let log = fs::read_to_string(&log).expect("it is there");
    assert!(log.lines().count() > 100, "all is logged");
    let signature = platform.rsplit('.').next().expect("three parts");
    let private = fs::read_to_string(&key).expect("it is there");
    let secret = private.lines().nth(1).expect("lines");
    assert!(!log.contains(signature) && !log.contains(secret), "the log shows a secret");
}

#[tokio::test]
async fn with_mutual_tls_a_client_needs_a_certificate_and_a_token_all_the_same() {
    let dir = TempDir::new().expect("a temporary directory");
    let (own, other) = (Authority::new(dir.path(), "own"), Authority::new(dir.path(), "other"));
    let (cert, key) = own.pair("localhost");
    let (client, client_key) = own.pair("crm");
    let (stranger, stranger_key) = other.pair("stranger");
    let (sign, jwks) = token_key(dir.path());
    let ca = own.ca();
    let arguments = ["--tls-cert", text(&cert), "--tls-key", text(&key), "--tls-client-ca", text(&ca)];
    let process = Process::start_with(None, &[&arguments[..], &["--jwks", text(&jwks)]].concat()).await;
    let addr = format!("localhost:{}", process.addr().port());
    let apply = ["apply", "--sample", "--dry-run", "--addr", &addr, "--ca", text(&ca)];
    let with = |cert: &Path, key: &Path, token: Option<&str>| {
        said(&omniroute(&[&apply[..], &["--cert", text(cert), "--key", text(key)]].concat(), token))
    };
    let token = said(&omniroute(&["token", "--key", text(&sign)], None)).expect("it is signed");
    let token = token.trim();
    said(&omniroute(&apply, Some(token))).expect_err("it has no certificate");
    with(&stranger, &stranger_key, Some(token)).expect_err("its certificate is another authority's");
    let why = with(&client, &client_key, None).expect_err("a certificate gives no role");
    assert!(why.contains("TOKEN_INVALID"), "{why}");
    with(&client, &client_key, Some(token)).expect("it has both");
}

#[tokio::test]
async fn a_new_certificate_counts_for_new_connections() {
    let dir = TempDir::new().expect("a temporary directory");
    let (old, new) = (Authority::new(dir.path(), "old"), Authority::new(dir.path(), "new"));
    let (cert, key) = old.pair("localhost");
    let arguments = ["--tls-cert", text(&cert), "--tls-key", text(&key)];
    let process = Process::start_with(None, &arguments).await;
    let addr = format!("localhost:{}", process.addr().port());
    let health = |ca: &Path| said(&omniroute(&["health", "--addr", &addr, "--ca", text(ca)], None));
    health(&old.ca()).expect("it is the old one's");
    health(&new.ca()).expect_err("it is the old one's");
    let (renewed, renewed_key) = new.pair("localhost");
    // First a half, which changes nothing: a certificate without its key.
    fs::copy(&renewed, &cert).expect("it can be written");
    health(&old.ca()).expect("what was read before counts");
    fs::copy(&renewed_key, &key).expect("it can be written");
    let taken_up = async {
        let mut again = tokio::time::interval(Duration::from_millis(100));
        while health(&new.ca()).is_err() {
            again.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), taken_up).await.expect("it looks at the files");
    health(&old.ca()).expect_err("it is the new one's");
}

#[test]
fn wrong_files_are_named_and_not_quoted() {
    let dir = TempDir::new().expect("a temporary directory");
    let authority = Authority::new(dir.path(), "own");
    let ((cert, key), (_, other_key)) = (authority.pair("one"), authority.pair("two"));
    let nowhere = dir.path().join("nowhere.pem");
    let why = |cert: &Path, key: &Path, client_ca: Option<&Path>| {
        let files = TlsFiles { cert: cert.into(), key: key.into(), client_ca: client_ca.map(Into::into) };
        Tls::new(files).expect_err("they are wrong").to_string()
    };
    assert!(why(&nowhere, &key, None).contains("nowhere.pem"));
    assert!(why(&cert, &nowhere, None).contains("nowhere.pem"));
    assert!(why(&key, &key, None).contains("one.key holds no certificate"));
    assert!(why(&cert, &cert, None).contains("one.pem holds no private key"));
    let unlike = why(&cert, &other_key, None);
    assert!(unlike.contains("one.pem") && unlike.contains("two.key"), "{unlike}");
    assert!(why(&cert, &key, Some(&key)).contains("one.key holds no certificate"));
    Tls::new(TlsFiles { cert, key, client_ca: Some(authority.ca()) }).expect("these are right");
}

#[tokio::test]
async fn without_tls_and_tokens_it_listens_on_loopback_alone_unless_told() {
    let dir = TempDir::new().expect("a temporary directory");
    let (cert, key) = Authority::new(dir.path(), "own").pair("localhost");
    let (_, jwks) = token_key(dir.path());
    let (port, data) = (free_addr().port(), dir.path().join("data"));
    let addr = format!("0.0.0.0:{port}");
    let tls = ["--tls-cert", text(&cert), "--tls-key", text(&key)];
    let config = |arguments: &[&str]| {
        said(&omniroute(&[&["config", "--data-dir", text(&data)], arguments].concat(), None))
    };
    let exposed = ["--grpc-addr", &*addr];
    for arguments in [&[][..], &tls, &["--jwks", text(&jwks)], &["--insecure=false"], &["--insecure-metrics"]]
    {
        let why = config(&[&exposed[..], arguments].concat()).expect_err("it would be open to all");
        assert!(why.contains("--insecure") && why.contains("grpc_addr"), "{why}");
    }
    config(&[&exposed[..], &tls, &["--jwks", text(&jwks)]].concat()).expect("it has both");
    config(&[&exposed[..], &["--insecure"]].concat()).expect("it was told");
    for open in ["[::]:50051", "192.0.2.1:50051", "[::ffff:192.0.2.1]:50051"] {
        config(&["--grpc-addr", open]).expect_err("it would be open to all");
    }
    for own in ["127.0.0.2:50051", "[::1]:50051", "[::ffff:127.0.0.1]:50051"] {
        config(&["--grpc-addr", own]).expect("it is this machine's alone");
    }
    let why = config(&["--metrics-addr", "0.0.0.0:9464"]).expect_err("they would be open to all");
    assert!(why.contains("--insecure-metrics") && why.contains("metrics_addr"), "{why}");
    config(&["--metrics-addr", "0.0.0.0:9464", "--insecure-metrics"]).expect("it was told");
    for half in [&tls[..2], &tls[2..], &["--tls-client-ca", text(&cert)], &["--token-issuer", "me"]] {
        config(half).expect_err("the other half is missing");
    }

    // The service itself takes the same word.
    let refused = omniroute(&[&["serve", "--data-dir", text(&data)], &exposed[..]].concat(), None);
    assert_eq!(refused.status.code(), Some(2));
    assert!(!data.exists(), "nothing was made");
    let process = Process::start_with(None, &["--insecure"]).await;
    assert!(process.addr().ip().is_loopback(), "--insecure opens nothing by itself");
}
