//! A real Prometheus as a child process, configured by the file that is deployed; and a load for what it scrapes.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use omniroute::wire::v1::{
    self, conversation_service_client::ConversationServiceClient,
    directory_service_client::DirectoryServiceClient,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    process::{Process, free_addr},
    queries::{deployed, text},
    support::{ORG, PATIENCE, fresh, page::get, sample, to},
};

/// How often it is looked again whether what must come has come.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long the load is: rates are made of several scrapes.
const LOAD_SECONDS: &str = "8";
/// What Grafana would put in the place of its variables.
const VARIABLES: [(&str, &str); 7] = [
    ("$__rate_interval", "20s"),
    ("$within", "20"),
    ("$org", ".*"),
    ("$queue", ".*"),
    ("$skill", ".*"),
    ("$channel", ".*"),
    ("$instance", ".*"),
];

/// Where a program is; none: it is not installed, and that may be.
#[allow(clippy::print_stderr, reason = "whoever runs the tests should know what did not run")]
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).map(|it| it.join(name)).find(|it| it.is_file());
    if found.is_none() {
        assert!(env::var_os("OMNIROUTE_REQUIRE_ALL").is_none(), "{name} is not installed");
        eprintln!("left out: {name} is not installed (Debian's package prometheus has it)");
    }
    found
}

/// A running Prometheus.
pub(crate) struct Prometheus {
    child: Child,
    addr: SocketAddr,
    _data: TempDir,
}

impl Prometheus {
    /// Starts it, scraping this service once a second, and waits until it answers.
    pub(crate) async fn start(program: &Path, scraped: SocketAddr) -> Self {
        let (data, addr) = (TempDir::new().expect("a temporary directory"), free_addr());
        let mut config = text("prometheus/prometheus.yml");
        let changes = [
            ("127.0.0.1:9464", &*scraped.to_string()),
            ("scrape_interval: 10s", "scrape_interval: 1s"),
            ("scrape_timeout: 8s", "scrape_timeout: 1s"),
            ("evaluation_interval: 10s", "evaluation_interval: 1s"),
        ];
        for (former, new) in changes {
            assert!(config.contains(former), "{former}");
            config = config.replace(former, new);
        }
        fs::write(data.path().join("prometheus.yml"), config).expect("it is written");
        fs::copy(deployed("prometheus/alerts.yml"), data.path().join("alerts.yml")).expect("it is copied");
        let child = Command::new(program)
            .current_dir(data.path())
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--log.level=error"])
            .arg(format!("--web.listen-address={addr}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus starts");
        let it = Self { child, addr, _data: data };
        it.until("up", |numbers| numbers == [1.0]).await;
        it
    }

    async fn ask(&self, path: &str) -> Option<Value> {
        // Until it listens there is nobody to ask.
        drop(tokio::net::TcpStream::connect(self.addr).await.ok()?);
        serde_json::from_str(&get(self.addr, path).await.1).ok()
    }

    async fn query(&self, query: &str) -> Vec<f64> {
        let encoded = query.bytes().fold(String::new(), |all, it| all + &format!("%{it:02X}"));
        let Some(answer) = self.ask(&format!("/api/v1/query?query={encoded}")).await else {
            return Vec::new();
        };
        assert_ne!(answer["status"], "error", "{query}: {answer}");
        let series = answer["data"]["result"].as_array().cloned().unwrap_or_default();
        let numbers = series.iter().filter_map(|it| it["value"][1].as_str()?.parse::<f64>().ok());
        numbers.filter(|it| it.is_finite()).collect()
    }

    async fn until(&self, query: &str, enough: impl Fn(&[f64]) -> bool) -> Vec<f64> {
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let look = async {
            loop {
                ticks.tick().await;
                let numbers = self.query(query).await;
                if enough(&numbers) {
                    return numbers;
                }
            }
        };
        timeout(PATIENCE, look).await.unwrap_or_default()
    }

    /// The numbers that a query of a dashboard answers, as soon as there are some; none: there never were.
    pub(crate) async fn numbers(&self, query: &str) -> Vec<f64> {
        let query = VARIABLES.iter().fold(query.to_owned(), |it, (name, value)| it.replace(name, value));
        self.until(&query, |numbers| !numbers.is_empty()).await
    }

    /// The alerts, as it evaluates them.
    pub(crate) async fn rules(&self) -> Vec<Value> {
        let answer = self.ask("/api/v1/rules").await.expect("it answers");
        let groups = answer["data"]["groups"].as_array().expect("it has groups");
        groups.iter().flat_map(|it| it["rules"].as_array().cloned().expect("they have rules")).collect()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Whoever is gone already is gone.
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// Puts a load on the service, as `omniroute load` does; and in another org somebody gives up, and somebody waits for nobody.
pub(crate) async fn load(service: &Process) {
    let channel = service.connect().await;
    let request = v1::ApplyDirectoryRequest {
        org_id: ORG.into(),
        request_id: fresh(),
        directory: Some(sample::directory()),
        dry_run: false,
    };
    DirectoryServiceClient::new(channel.clone()).apply_directory(request).await.expect("it is right");
    let mut conversations = ConversationServiceClient::new(channel);
    let french = v1::SkillRequirement { skill_id: "french".into(), ..Default::default() };
    let help = v1::QueueTarget { queue_id: "help".into(), skills: vec![french] };
    for gives_up in [true, false] {
        let request = v1::CreateConversationRequest {
            org_id: ORG.into(),
            request_id: fresh(),
            channel_id: "chat".into(),
            customer_id: "customer-1".into(),
            routing: Some(to(v1::target::Target::Queue(help.clone()))),
            ..Default::default()
        };
        let created = conversations.create_conversation(request).await.expect("it is created").into_inner();
        if gives_up {
            let actor = v1::actor::Actor::Platform(v1::actor::Platform {});
            let request = v1::EndConversationRequest {
                org_id: ORG.into(),
                request_id: fresh(),
                actor: Some(v1::Actor { actor: Some(actor) }),
                conversation_id: created.conversation_id,
            };
            conversations.end_conversation(request).await.expect("it is there");
        }
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_omniroute"));
    command.args(["load", "--addr", &service.addr().to_string(), "--workload", "mix", "--rate", "60"]);
    command.args(["--duration", LOAD_SECONDS, "--warm-up", "0.5", "--agents", "60", "--cohorts", "12"]);
    command.args(["--race-agents", "5", "--acceptors", "3"]);
    let ran = tokio::task::spawn_blocking(move || command.output()).await.expect("it is waited for");
    let ran = ran.expect("the load runs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}
