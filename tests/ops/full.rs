//! A full disk: what cannot be kept is not acknowledged, reading goes on, and room is enough to go on writing.
//!
//! The database lies on a small file system of memory, in a mount namespace of the program's own that ends with it: a real
//! ENOSPC. Where neither root nor user namespaces are to be had, the largest file that the program may write stands in for it.
use crate::api::bed::{REPORT, numbers};
use crate::house::program::Program;
use crate::house::{Answer, Client, Db, House};
use crisis_hub::domain::id::BedUnitId;
use serde_json::json;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How a disk is filled here.
#[derive(Clone, Copy, Debug)]
enum Disk {
    /// By a file beside the database; the options of `unshare`.
    Mount(&'static str),
    /// By `prlimit`: no file may grow.
    FileSize,
}

impl Disk {
    fn here() -> Self {
        let works = |options: &&str| {
            let mut tried = Command::new("unshare");
            tried.args([options, "sh", "-c", "mount -t tmpfs none /mnt"]);
            tried.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            tried.status().is_ok_and(|status| status.success())
        };
        ["-m", "-rm"].into_iter().find(works).map_or(Self::FileSize, Self::Mount)
    }

    /// What runs the program, over a database in a folder.
    fn through(self, folder: &Path) -> Vec<String> {
        let mount = r#"d=$1; shift; cp -a "$d" "$d.aside" && mount -t tmpfs -o size=8m none "$d" && cp -a "$d.aside/." "$d" &&
            rm -rf "$d.aside" && exec "$@""#;
        let words: &[&str] = match self {
            Self::Mount(options) => &["unshare", options, "sh", "-c", mount, "sh", folder.to_str().unwrap()],
            // Writing beyond the limit is an error then, and not the end.
            Self::FileSize => &["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// What runs another program where this one is.
    fn beside(self, process: u32) -> Vec<String> {
        let (process, user) = (process.to_string(), ["-U", "--preserve-credentials"]);
        let words = match self {
            Self::Mount("-m") => vec!["nsenter", "-t", &process, "-m"],
            Self::Mount(_) => vec!["nsenter", "-t", &process, "-m", user[0], user[1]],
            Self::FileSize => Vec::new(),
        };
        words.into_iter().map(str::to_owned).collect()
    }

    /// A path as the program sees it.
    fn seen(self, process: u32, path: &Path) -> PathBuf {
        match self {
            Self::Mount(_) => PathBuf::from(format!("/proc/{process}/root{}", path.display())),
            Self::FileSize => path.to_owned(),
        }
    }

    fn fill(self, process: u32, ballast: &Path) {
        if let Self::FileSize = self {
            return limit(process, "1024");
        }
        let mut filled = std::fs::File::options().create(true).append(true).open(ballast).unwrap();
        while filled.write_all(&[7; 4_096]).is_ok() {}
    }

    fn empty(self, process: u32, ballast: &Path) {
        match self {
            Self::Mount(_) => std::fs::remove_file(ballast).unwrap(),
            Self::FileSize => limit(process, "unlimited"),
        }
    }
}

fn limit(process: u32, most: &str) {
    let (process, most) = (process.to_string(), format!("--fsize={most}:"));
    assert!(Command::new("prlimit").args(["--pid", &process, &most]).status().unwrap().success());
}

/// A nurse who notes what was acknowledged: the version of each unit.
struct Nurse {
    client: Client,
    units: Vec<BedUnitId>,
    taken: HashMap<String, i64>,
    sent: u32,
}

impl Nurse {
    async fn report(&mut self) -> Answer {
        self.sent += 1;
        let unit = self.units[self.sent as usize % self.units.len()];
        let mut variables = numbers(unit, self.sent, 0);
        // Each leaves something that takes room.
        variables["input"]["idempotencyKey"] = format!("{:0128}", self.sent).into();
        let answer = self.client.ask(REPORT, variables).await;
        let unit = &answer.body["data"]["reportBeds"]["bedUnits"][0];
        if let (Some(id), Some(version)) = (unit["id"].as_str(), unit["version"].as_i64()) {
            self.taken.insert(id.to_owned(), version);
        }
        answer
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let mut house = House::open(Db::Sqlite).await;
    let mut program = Program::of(&mut house).await;
    let (disk, database) = (Disk::here(), PathBuf::from(house.place().file().unwrap()));
    program.through = disk.through(database.parent().unwrap());
    program.start().await;
    let (units, taken) = (house.world.agencies[0].units.clone(), HashMap::new());
    let client = Client::new(program.address, Some(house.token_of_today("intake")));
    let mut nurse = Nurse { client, units, taken, sent: 0 };
    let officer = Client::new(program.address, Some(house.token_of_today("officer")));
    for _ in 0..5 {
        assert_eq!(nurse.report().await.data("/reportBeds/problems"), &json!([]));
    }

    let process = program.id();
    let ballast = disk.seen(process, &database.with_file_name("ballast"));
    let mut refused = 0;
    for _ in 0..2_000 {
        // SQLite makes room for a while from what it has: its journal begins again at its start.
        disk.fill(process, &ballast);
        let answer = nurse.report().await;
        if answer.body.get("errors").is_some() {
            assert_eq!(answer.code(), "UNAVAILABLE", "{:#}", answer.body);
            refused += 1;
        }
        if refused == 20 {
            break;
        }
    }
    assert_eq!(refused, 20, "the disk was never full");
    let search = "{ bedSearch(need: { age: 34 }) { edges { node { id } } } }";
    let found = officer.ask(search, json!({})).await;
    assert!(!found.data("/bedSearch/edges").as_array().unwrap().is_empty(), "searching stopped");
    let read = nurse.client.ask("{ events(first: 5) { edges { node { eventId } } } }", json!({})).await;
    assert_eq!(read.data("/events/edges").as_array().unwrap().len(), 5, "reading the database stopped");
    let ready = reqwest::get(format!("http://{}/health/ready", program.address)).await.unwrap();
    assert_eq!(ready.status().as_u16(), 200, "a node that answers questions is ready");

    disk.empty(process, &ballast);
    let mut again = nurse.report().await;
    for _ in 0..20 {
        if again.body.get("errors").is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        again = nurse.report().await;
    }
    assert_eq!(again.data("/reportBeds/problems"), &json!([]), "writing does not go on by itself");

    // The small disk ends with the program: what is on it is saved as an operator would.
    let file = program.folder().join("saved").display().to_string();
    let (good, said) = program.run_through(&disk.beside(process), "backup", &[&file]).await;
    assert!(good, "{said}");
    program.stop().await;
    let (good, said) = program.run("restore", &["--replace", &file]).await;
    assert!(good && !said.contains("FAIL"), "{said}");
    house.start().await;
    house.deliver().await;
    let query = "query($id: ID!) { node(id: $id) { ... on BedUnit { version } } }";
    for (unit, version) in &nurse.taken {
        let now = house.client("intake").ask(query, json!({ "id": unit })).await;
        assert!(now.data("/node/version").as_i64().unwrap() >= *version, "lost: {unit} {version}");
    }
    println!("{disk:?}: {refused} of {} refused, what was acknowledged is kept", nurse.sent);
    house.close().await;
}
