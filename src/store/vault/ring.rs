//! The ring: a file of one random key a month, made long before the month comes, so that no two nodes ever invent one.
//!
//! What is sealed under a month's key is gone, in every backup, when the key is destroyed here and wherever the ring is kept.
use super::hex;
use super::seal::{KEY, Secret, random_key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The first line of a ring's file.
const FORM: &str = "crisis-hub keys 1";
/// Largest file that is read: a century of months in ten generations.
const BYTES_MAX: u64 = 4 << 20;
/// How many months ahead a ring holds keys.
pub(super) const MONTHS_AHEAD: u32 = 24;
/// How often a file that others change all the time is read anew.
const READ_TRIES: u32 = 50;
/// Longest wait for another command that changes the same file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// One key of a ring: of which month, and of which generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId {
    /// The month.
    pub month: Month,
    /// The generation: one more with each rotation.
    pub generation: u32,
}

/// The keys of one hub. It has no `Debug`.
pub struct Ring {
    name: String,
    check: Secret,
    generation: u32,
    keys: BTreeMap<KeyId, Secret>,
    destroyed: BTreeSet<Month>,
}

/// Why a ring cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadRing {
    /// The file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is not there.
    #[error("{0}: there is no such file")]
    Absent(PathBuf),
    /// A line of it is not of its form.
    #[error("{0}: line {1} is not of the form of a ring")]
    Malformed(PathBuf, usize),
    /// Everybody on the machine may read it.
    #[error("{0}: everybody may read it: take the rights of others away (chmod o= FILE)")]
    Open(PathBuf),
    /// It is there already.
    #[error("{0}: it is there already")]
    There(PathBuf),
    /// Another command changes it.
    #[error("{0}: another command changes it now: try again")]
    Busy(PathBuf),
    /// The host gave no random bytes.
    #[error("the host gives no random bytes")]
    Random,
}

impl Month {
    /// The month of an instant, in microseconds since 1970.
    pub fn of_micros(micros: i64) -> Self {
        let date = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let date = jiff::tz::Offset::UTC.to_datetime(date).date();
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// Reads `YYYY-MM`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').filter(|(year, month)| (year.len(), month.len()) == (4, 2))?;
        let digits = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
        let (year, month): (i32, i32) =
            (digits(year) && digits(month)).then_some((year.parse().ok()?, month.parse().ok()?))?;
        ((1..=9_999).contains(&year) && (1..=12).contains(&month)).then_some(Self(year * 12 + month - 1))
    }

    /// The month so many months later.
    #[must_use]
    pub fn plus(self, months: u32) -> Self {
        Self(self.0.saturating_add(i32::try_from(months).unwrap_or(i32::MAX)))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl KeyId {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (month, generation) = text.split_once('.')?;
        Some(Self { month: Month::parse(month)?, generation: generation.parse().ok()? })
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.month, self.generation)
    }
}

impl Ring {
    /// A new ring with keys from this month on.
    pub fn make(now: Month) -> Result<Self, BadRing> {
        let name = random_key().ok_or(BadRing::Random)?;
        let name = hex(name.expose_secret().get(..8).unwrap_or_default());
        let check = random_key().ok_or(BadRing::Random)?;
        let mut ring = Self { name, check, generation: 1, keys: BTreeMap::new(), destroyed: BTreeSet::new() };
        ring.top_up(now)?;
        Ok(ring)
    }

    /// Its name, which tells nothing of its keys.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What seals the check value, and digests what must not be guessed from the database.
    pub(super) fn check(&self) -> &Secret {
        &self.check
    }

    /// The generation that new data keys are wrapped under.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// One key.
    pub(super) fn key(&self, id: KeyId) -> Option<&Secret> {
        self.keys.get(&id)
    }

    /// Every key that it holds.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.keys.keys().copied()
    }

    /// The months whose keys are destroyed.
    pub fn destroyed(&self) -> impl Iterator<Item = Month> {
        self.destroyed.iter().copied()
    }

    /// Whether a key is destroyed, so that nothing under it can be read again.
    pub(super) fn is_destroyed(&self, id: KeyId) -> bool {
        self.destroyed.contains(&id.month) && !self.keys.contains_key(&id)
    }

    /// Adds keys for the months ahead that have none; a month that was destroyed gets none. Answers how many.
    pub fn top_up(&mut self, now: Month) -> Result<usize, BadRing> {
        let mut added = 0;
        for month in (0..=MONTHS_AHEAD).map(|months| now.plus(months)) {
            let id = KeyId { month, generation: self.generation };
            if self.keys.contains_key(&id) || self.destroyed.contains(&month) {
                continue;
            }
            self.keys.insert(id, random_key().ok_or(BadRing::Random)?);
            added += 1;
        }
        Ok(added)
    }

    /// Begins a new generation: new keys for every month that has any, and for the months ahead, also destroyed ones, of which
    /// a new key opens nothing old.
    pub fn begin_generation(&mut self, now: Month) -> Result<(), BadRing> {
        self.generation = self.generation.saturating_add(1);
        let generation = self.generation;
        let ahead = (0..=MONTHS_AHEAD).map(|months| now.plus(months));
        let months: BTreeSet<Month> = self.keys.keys().map(|id| id.month).chain(ahead).collect();
        for month in months {
            self.keys.insert(KeyId { month, generation }, random_key().ok_or(BadRing::Random)?);
        }
        Ok(())
    }

    /// Forgets the keys of generations before one, less those that something is wrapped under still. Answers how many.
    pub fn forget_before(&mut self, generation: u32, used: &BTreeSet<KeyId>) -> usize {
        let before = self.keys.len();
        self.keys.retain(|id, _| id.generation >= generation || used.contains(id));
        before - self.keys.len()
    }

    /// Destroys a month's keys. Answers how many there were.
    pub fn destroy(&mut self, month: Month) -> usize {
        let before = self.keys.len();
        self.keys.retain(|id, _| id.month != month);
        self.destroyed.insert(month);
        before - self.keys.len()
    }

    fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(256 + self.keys.len() * 80));
        let mut line = |words: &[&str], key: Option<&Secret>| {
            text.push_str(&words.join(" "));
            if let Some(key) = key {
                text.push(' ');
                text.push_str(&Zeroizing::new(STANDARD.encode(key.expose_secret())));
            }
            text.push('\n');
        };
        line(&[FORM], None);
        line(&["name", &self.name], None);
        line(&["check"], Some(&self.check));
        line(&["generation", &self.generation.to_string()], None);
        for (id, key) in &self.keys {
            line(&["key", &id.to_string()], Some(key));
        }
        for month in &self.destroyed {
            line(&["destroyed", &month.to_string()], None);
        }
        text
    }

    fn parse(text: &str, path: &Path) -> Result<Self, BadRing> {
        let (mut name, mut check, mut generation) = (None, None, None);
        let (mut keys, mut destroyed) = (BTreeMap::new(), BTreeSet::new());
        let mut lines = text.lines().zip(1..);
        if lines.next().is_none_or(|(line, _)| line != FORM) {
            return Err(BadRing::Malformed(path.into(), 1));
        }
        for (line, number) in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let read = match words.as_slice() {
                ["name", word] if name.is_none() => {
                    name = Some((*word).to_owned()).filter(|name| name.len() == 16);
                    name.is_some()
                }
                ["check", key] if check.is_none() => {
                    check = secret(key);
                    check.is_some()
                }
                ["generation", word] if generation.is_none() => {
                    generation = word.parse::<u32>().ok().filter(|generation| *generation >= 1);
                    generation.is_some()
                }
                ["key", id, key] => match (KeyId::parse(id), secret(key)) {
                    (Some(id), Some(key)) => keys.insert(id, key).is_none(),
                    _ => false,
                },
                ["destroyed", month] => Month::parse(month).is_some_and(|month| destroyed.insert(month)),
                _ => false,
            };
            if !read {
                return Err(BadRing::Malformed(path.into(), number));
            }
        }
        match (name, check, generation) {
            (Some(name), Some(check), Some(generation)) => Ok(Self { name, check, generation, keys, destroyed }),
            _ => Err(BadRing::Malformed(path.into(), text.lines().count())),
        }
    }

    /// Reads a ring's file: as it is now, whoever changes it at the same time.
    pub fn read(path: &Path) -> Result<Self, BadRing> {
        let mut tries = 0;
        loop {
            let (read, inode) = Self::read_once(path)?;
            // What is written anew is written over where it was: that is no ring any more, and another is in its place.
            let other = || std::fs::metadata(path).is_ok_and(|now| now.ino() != inode);
            match read {
                Err(BadRing::Malformed(..)) if tries < READ_TRIES && other() => tries += 1,
                read => return read,
            }
        }
    }

    /// Reads the file once: what that is, and which file it was.
    fn read_once(path: &Path) -> Result<(Result<Self, BadRing>, u64), BadRing> {
        let broken = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => BadRing::Absent(path.into()),
            _ => BadRing::File(path.into(), error),
        };
        let file = File::open(path).map_err(broken)?;
        let metadata = file.metadata().map_err(broken)?;
        if metadata.mode() & 0o007 != 0 {
            return Err(BadRing::Open(path.into()));
        }
        // In one piece: what grows leaves copies behind.
        let size = usize::try_from(metadata.size().min(BYTES_MAX)).unwrap_or(0);
        let mut text = Zeroizing::new(String::with_capacity(size + 1));
        file.take(BYTES_MAX).read_to_string(&mut text).map_err(broken)?;
        Ok((Self::parse(&text, path), metadata.ino()))
    }

    /// Writes a new file, which must not be there yet.
    pub fn write_new(&self, path: &Path) -> Result<(), BadRing> {
        let broken = |error| BadRing::File(path.into(), error);
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(broken)?;
        }
        let _locked = lock(path)?;
        if path.exists() {
            return Err(BadRing::There(path.into()));
        }
        self.put(path)
    }

    /// Changes the file that is there, alone; a change that answers `false` writes nothing.
    pub fn change<T>(
        path: &Path,
        change: impl FnOnce(&mut Self) -> Result<(T, bool), BadRing>,
    ) -> Result<(Self, T), BadRing> {
        let _locked = lock(path)?;
        let mut ring = Self::read(path)?;
        let (done, changed) = change(&mut ring)?;
        if changed {
            ring.put(path)?;
        }
        Ok((ring, done))
    }

    /// Puts the file in its place, whole or not at all; what was there is written over, as far as a disk lets itself be.
    fn put(&self, path: &Path) -> Result<(), BadRing> {
        let broken = |error| BadRing::File(path.into(), error);
        let mut before = OpenOptions::new().write(true).open(path).ok();
        let half = beside(path, "new");
        let _ = std::fs::remove_file(&half);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half).map_err(broken)?;
        file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all()).map_err(broken)?;
        std::fs::rename(&half, path).map_err(broken)?;
        sync_folder(path).map_err(broken)?;
        if let Some(before) = &mut before {
            let length = before.metadata().map_or(0, |metadata| metadata.len()).min(BYTES_MAX);
            let zeros = vec![0; usize::try_from(length).unwrap_or(0)];
            let _ = before.write_all(&zeros).and_then(|()| before.sync_all());
        }
        Ok(())
    }
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Keeps every other command from the file until the answer is dropped.
fn lock(path: &Path) -> Result<File, BadRing> {
    let broken = |error| BadRing::File(path.into(), error);
    let options = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).clone();
    let file = options.open(beside(path, "lock")).map_err(broken)?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(broken(error)),
            Err(TryLockError::WouldBlock) if began.elapsed() > LOCK_WAIT => return Err(BadRing::Busy(path.into())),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn secret(text: &str) -> Option<Secret> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let key = Zeroizing::new(<[u8; KEY]>::try_from(bytes.as_slice()).ok()?);
    Some(SecretBox::new(Box::new(*key)))
}
