//! Rings and what they seal.
use super::ring::{BadRing, KeyId, Month, Ring};
use super::seal;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

#[test]
fn a_month_is_read_written_and_counted() {
    assert_eq!(Month::of_micros(1_772_323_200_000_000).to_string(), "2026-03");
    assert_eq!(Month::of_micros(1_772_323_199_999_999).to_string(), "2026-02");
    assert_eq!(month("2026-11").plus(14), month("2028-01"));
    assert!(month("2026-12") < month("2027-01"));
    for bad in ["2026-13", "2026-00", "26-01", "2026-1", "2026", "", "2026-+1"] {
        assert_eq!(Month::parse(bad), None, "{bad}");
    }
    let id = KeyId { month: month("2026-03"), generation: 12 };
    assert_eq!((id.to_string().as_str(), KeyId::parse("2026-03.12")), ("2026-03.12", Some(id)));
}

#[test]
fn what_is_sealed_opens_in_its_own_place_under_its_own_key_alone() {
    let (key, other) = (seal::random_key().unwrap(), seal::random_key().unwrap());
    let place = seal::bound(&[b"handoff_entry", b"IDENTITY", b"1"]);
    let sealed = seal::close(&key, &place, b"zebra").unwrap();
    assert_eq!(seal::open(&key, &place, &sealed).unwrap().as_slice(), b"zebra");
    assert!(!sealed.windows(5).any(|window| window == b"zebra"));
    assert_ne!(sealed, seal::close(&key, &place, b"zebra").unwrap(), "a nonce is used once");
    assert!(seal::open(&other, &place, &sealed).is_none());
    for elsewhere in [seal::bound(&[b"handoff_entry", b"IDENTITY1"]), seal::bound(&[]), Vec::new()] {
        assert!(seal::open(&key, &elsewhere, &sealed).is_none());
    }
    for at in 0..sealed.len() {
        let mut broken = sealed.clone();
        broken[at] ^= 1;
        assert!(seal::open(&key, &place, &broken).is_none(), "byte {at}");
        assert!(seal::open(&key, &place, &sealed[..at]).is_none(), "cut at {at}");
    }
    assert_ne!(seal::bound(&[b"ab", b"c"]), seal::bound(&[b"a", b"bc"]));
}

#[test]
fn a_ring_reads_back_and_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/keys");
    assert!(matches!(Ring::read(&path), Err(BadRing::Absent(_))));
    let ring = Ring::make(month("2026-11")).unwrap();
    ring.write_new(&path).unwrap();
    assert!(matches!(ring.write_new(&path), Err(BadRing::There(_))));
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let read = Ring::read(&path).unwrap();
    assert_eq!((read.name(), read.generation(), read.ids().count()), (ring.name(), 1, 25));
    assert!(read.ids().eq(ring.ids()));
    assert_eq!(read.ids().last().unwrap().month, month("2028-11"));
    let (place, id) = (seal::bound(&[b"a"]), ring.ids().next().unwrap());
    let sealed = seal::close(ring.key(id).unwrap(), &place, b"zebra").unwrap();
    assert!(seal::open(read.key(id).unwrap(), &place, &sealed).is_some());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o604)).unwrap();
    assert!(matches!(Ring::read(&path), Err(BadRing::Open(_))));
}

#[test]
fn a_line_that_is_no_ring_s_is_named_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    Ring::make(month("2026-11")).unwrap().write_new(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in
        [(0, "crisis-hub keys 2"), (1, "name short"), (2, "check zebra"), (3, "generation 0"), (4, "key zebra x")]
    {
        let mut broken = lines.clone();
        broken[at] = line;
        std::fs::write(&path, broken.join("\n")).unwrap();
        let said = Ring::read(&path).err().unwrap().to_string();
        assert!(said.contains(&format!("line {}", at + 1)) && !said.contains("zebra"), "{said}");
    }
    for without in 0..lines.len().min(4) {
        let mut broken = lines.clone();
        broken.remove(without);
        std::fs::write(&path, broken.join("\n")).unwrap();
        assert!(Ring::read(&path).is_err(), "without line {without}");
    }
    std::fs::write(&path, format!("{text}{}\n", lines[4])).unwrap();
    assert!(Ring::read(&path).is_err(), "a key twice");
}

#[test]
fn months_are_added_ahead_rotated_and_destroyed_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let now = month("2026-11");
    Ring::make(now).unwrap().write_new(&path).unwrap();
    let (ring, added) = Ring::change(&path, |ring| Ok((ring.top_up(now.plus(2))?, true))).unwrap();
    assert_eq!((added, ring.ids().count()), (2, 27));
    let (ring, gone) = Ring::change(&path, |ring| Ok((ring.destroy(now), true))).unwrap();
    assert!(gone == 1 && ring.is_destroyed(KeyId { month: now, generation: 1 }) && ring.destroyed().eq([now]));
    let (_, added) = Ring::change(&path, |ring| Ok((ring.top_up(now)?, true))).unwrap();
    assert_eq!(added, 0, "a month that was destroyed comes back by itself");
    let (ring, ()) = Ring::change(&path, |ring| Ok((ring.begin_generation(now)?, true))).unwrap();
    let old = KeyId { month: now, generation: 1 };
    assert!(ring.is_destroyed(old) && ring.key(KeyId { generation: 2, ..old }).is_some());
    // What something is wrapped under still is not forgotten, nor what is of the database's own generation or later.
    let used = KeyId { month: now.plus(1), generation: 1 };
    let forget = |before: u32, used: &[KeyId]| {
        let used = used.iter().copied().collect();
        Ring::change(&path, |ring| Ok((ring.forget_before(before, &used), true))).unwrap()
    };
    assert_eq!(forget(1, &[]).1, 0);
    let (ring, forgotten) = forget(2, &[used]);
    assert!(forgotten == 25 && ring.key(used).is_some());
    let (ring, forgotten) = forget(2, &[]);
    assert_eq!((forgotten, ring.ids().count()), (1, 27));
    assert!(ring.ids().all(|id| id.generation == 2));
    let kept = std::fs::read(&path).unwrap();
    let (_, ()) = Ring::change(&path, |ring| {
        ring.destroy(now.plus(3));
        Ok(((), false))
    })
    .unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), kept);
    assert!(!folder.path().join("keys.new").exists());
}

#[test]
fn a_ring_is_read_whole_while_it_is_changed_all_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys");
    let now = month("2026-11");
    Ring::make(now).unwrap().write_new(&path).unwrap();
    let (name, over) = (Ring::read(&path).unwrap().name().to_owned(), std::sync::atomic::AtomicBool::new(false));
    let read = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut read = 0;
                    while !over.load(std::sync::atomic::Ordering::Relaxed) {
                        assert_eq!(Ring::read(&path).map_err(|error| error.to_string()).unwrap().name(), name);
                        read += 1;
                    }
                    read
                })
            })
            .collect();
        for n in 0..300 {
            Ring::change(&path, |ring| Ok((ring.top_up(now.plus(n)).unwrap(), true))).unwrap();
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum::<u32>()
    });
    assert!(read > 300, "only {read} reads");
}
