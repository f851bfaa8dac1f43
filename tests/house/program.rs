//! The program itself, as an operator runs it, on the database of a house that has closed.
use super::{AUDIENCE, House, ISSUER};
use crate::forge::Draft;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Settings, and the process when it runs.
pub struct Program {
    pub address: SocketAddr,
    /// Settings above those of the file, as variables.
    pub variables: Vec<(&'static str, String)>,
    /// What runs it, when it is not run by itself: `sh`, its options, and the program as `$0`.
    pub through: Vec<String>,
    folder: TempDir,
    child: Option<Child>,
}

impl Program {
    /// The program with a house's world: the house's node ends.
    pub async fn of(house: &mut House) -> Self {
        house.halt().await;
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let key = house.key.public();
        let field = |name: &str| format!("{name} = {}", key[name]);
        let jwk = ["kty", "crv", "x", "y", "kid", "use"].map(field).join(", ");
        let settings = format!(
            "database_url = {:?}\nredis_url = {:?}\nkeys_file = {:?}\nlisten = \"{address}\"\n\
             [pool]\nconnections_max = 12\n\
             [retention]\nleap_hours = 0\n\
             [rates]\nperson_per_minute = 1000000\napplication_per_minute = 1000000\nstranger_per_minute = 1000000\n\
             [socket]\nper_person_max = 100000\nstreams_per_person_max = 100000\n\
             [[issuers]]\nissuer = {ISSUER:?}\naudience = {AUDIENCE:?}\nalgorithms = [\"ES256\"]\n\
             keys = {{ jwks = {{ keys = [{{ {jwk} }}] }} }}\n",
            house.place().url,
            house.place().redis_url,
            house.config.keys_file.to_str().unwrap(),
        );
        std::fs::write(folder.path().join("hub.toml"), settings).unwrap();
        Self { address, variables: Vec::new(), through: Vec::new(), folder, child: None }
    }

    /// Another node over the same database and Redis, with the same settings.
    pub fn beside(&self) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_address());
        let settings = std::fs::read_to_string(self.folder.path().join("hub.toml")).unwrap();
        let settings = settings.replace(&self.address.to_string(), &address.to_string());
        std::fs::write(folder.path().join("hub.toml"), settings).unwrap();
        Self { address, variables: self.variables.clone(), through: self.through.clone(), folder, child: None }
    }

    fn command(&self, through: &[String], name: &str) -> Command {
        let program = env!("CARGO_BIN_EXE_crisis-hub");
        let mut command = match through {
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
            [] => Command::new(program),
        };
        command.arg(name).env("HUB_CONFIG", self.folder.path().join("hub.toml")).kill_on_drop(true);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value))).stdin(Stdio::null());
        command
    }

    fn said(&self) -> PathBuf {
        self.folder.path().join("said")
    }

    /// Everything it has said so far.
    pub fn words(&self) -> String {
        std::fs::read_to_string(self.said()).unwrap()
    }

    /// A folder that goes with it.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Runs another of its commands to the end: whether it went well, and what it said.
    pub async fn run(&self, name: &str, arguments: &[&str]) -> (bool, String) {
        self.run_through(&[], name, arguments).await
    }

    /// The same by another program.
    pub async fn run_through(&self, through: &[String], name: &str, arguments: &[&str]) -> (bool, String) {
        let Output { status, stdout, stderr } = self.command(through, name).args(arguments).output().await.unwrap();
        (status.success(), String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr))
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id().unwrap()
    }

    /// Sends it a signal, such as `TERM`.
    pub async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().await.unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended by itself; how it did.
    pub async fn ended(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().unwrap();
        tokio::time::timeout(Duration::from_mins(1), child.wait()).await.expect("it did not end").unwrap()
    }

    /// Stops it as an operator does.
    pub async fn stop(&mut self) {
        self.signal("TERM").await;
        let status = self.ended().await;
        assert!(status.success(), "{status}:\n{}", self.words());
    }

    /// Starts it and waits until it is ready; how long that took.
    pub async fn start(&mut self) -> Duration {
        let ready = format!("http://{}/health/ready", self.address);
        self.start_until(async || reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success())).await
    }

    /// Starts it and waits for what the test takes for ready.
    pub async fn start_until(&mut self, mut ready: impl AsyncFnMut() -> bool) -> Duration {
        let began = std::time::Instant::now();
        let said = std::fs::File::options().create(true).append(true).open(self.said()).unwrap();
        let also = said.try_clone().unwrap();
        self.child = Some(self.command(&self.through, "serve").stdout(said).stderr(also).spawn().unwrap());
        while !ready().await {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            let late = began.elapsed() > Duration::from_mins(1);
            let said = || std::fs::read_to_string(self.said()).unwrap();
            assert!(ended.is_none() && !late, "it is not ready ({ended:?}):\n{}", said());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    }

    /// Kills it outright: nothing in it gets to run again.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.start_kill().unwrap();
        child.wait().await.unwrap();
    }

    /// Its resident memory, in bytes.
    pub fn memory(&self) -> u64 {
        let id = self.child.as_ref().unwrap().id().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("Linux says it there");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() * 1_024
    }

    /// One of its own numbers.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = reqwest::get(format!("http://{}/metrics", self.address)).await.unwrap().text().await.unwrap();
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        text.lines().find_map(value).unwrap_or_else(|| panic!("{name} is not in\n{text}"))
    }

    /// `crisis-hub verify`, beside whatever runs.
    pub async fn verify(&self) {
        let Output { status, stdout, stderr } = self.command(&[], "verify").output().await.unwrap();
        let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "verify: {status}\n{out}\n{err}");
        assert!(out.contains("ok"), "{out}");
    }
}

impl House {
    /// A token of one of the world's people, by the host's own time.
    pub fn token_of_today(&self, subject: &str) -> String {
        #[expect(clippy::disallowed_methods, reason = "the program that runs beside the test has the host's time")]
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let now = i64::try_from(now).unwrap();
        let draft = Draft::good(ISSUER, AUDIENCE, &self.key, now).claim("sub", subject.into());
        draft.claim("exp", (now + 86_400).into()).sign(&self.key)
    }
}

/// An address that nobody listens at.
pub fn free_address() -> SocketAddr {
    // Below the range that the system hands out by itself, and beside that of tests/servers.sh: whoever asks for port 0 before it
    // is used is not given it, and nobody else in this run.
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new(rand::random()));
    let ports = std::iter::repeat_with(|| 10_000 + NEXT.fetch_add(1, SeqCst) % 10_000);
    let free = ports.take(10_000).find_map(|port| std::net::TcpListener::bind(("127.0.0.1", port)).ok());
    free.unwrap().local_addr().unwrap()
}
