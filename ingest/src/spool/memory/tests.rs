use proptest::prelude::*;

use super::*;
use crate::spool::disk::Folder;

const HOUR_MS: i64 = 3_600_000;

fn entry(name: u128) -> Entry {
    Entry { name, accepted: (name % 1_000) as u32 }
}

fn up(up_ms: i64) -> Moment {
    Moment { boot: 7, up_ms, ..Moment::default() }
}

fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let path = tempfile::tempdir().unwrap();
    let disk = Arc::new(Folder::new(path.path()).unwrap());
    (path, disk)
}

fn open(disk: &Arc<dyn Disk>, now: i64) -> Memory {
    Memory::open(disk.clone(), up(now)).unwrap()
}

fn runs(disk: &Arc<dyn Disk>) -> Vec<String> {
    disk.names().unwrap().into_iter().filter(|name| name.ends_with(SUFFIX)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_name_is_found_again_after_spill_and_reopen_and_no_other(names in proptest::collection::btree_set(any::<u128>(), 1..400)) {
        let (_path, disk) = folder();
        let mut memory = open(&disk, 0);
        let (known, others): (Vec<u128>, Vec<u128>) = names.iter().partition(|name| *name % 3 > 0);
        for (seq, name) in known.iter().enumerate() {
            memory.note(&[entry(*name)], seq as u64, up(0));
            if seq % 50 == 49 {
                memory.spill(up(0)).unwrap();
            }
        }
        memory.cover(known.len() as u64, up(0)).unwrap();
        for memory in [memory, open(&disk, HOUR_MS)] {
            let runs = memory.runs();
            prop_assert!(known.iter().all(|name| runs.find(*name).unwrap() == Some(entry(*name))));
            prop_assert!(others.iter().all(|name| runs.find(*name).unwrap().is_none()));
        }
    }
}

#[test]
fn covering_frames_without_names_leaves_the_runs_alone() {
    let (_path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, up(0));
    memory.cover(4, up(0)).unwrap();
    for seq in 5..20 {
        memory.note(&[], seq, up(0));
        memory.cover(seq + 1, up(0)).unwrap();
    }
    assert_eq!(runs(&disk).len(), 1);
    assert_eq!(open(&disk, 0).runs().find(7).unwrap(), Some(entry(7)));
}

#[test]
fn a_damaged_run_is_removed_and_its_names_are_noted_again() {
    let (path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, up(0));
    memory.spill(up(0)).unwrap();
    let file = path.path().join(&runs(&disk)[0]);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let mut memory = open(&disk, 0);
    assert_eq!((runs(&disk).len(), memory.runs().find(7).unwrap()), (0, None));
    // As the log still has them.
    memory.note(&[entry(7)], 3, up(0));
    memory.cover(4, up(0)).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)));
}

#[test]
fn a_name_is_known_for_a_day_and_its_file_gone_after() {
    let (_path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, up(0));
    memory.tidy(up(RUN_MS - 1)).unwrap();
    assert_eq!(runs(&disk).len(), 0, "not before an hour");
    memory.tidy(up(RUN_MS)).unwrap();
    let end = RUN_MS + REMEMBERED_MS;
    memory.tidy(up(end - 1)).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)));
    assert_eq!(open(&disk, end - 1).runs().find(7).unwrap(), Some(entry(7)));
    memory.tidy(up(end)).unwrap();
    assert_eq!((runs(&disk).len(), memory.runs().find(7).unwrap()), (0, None));
}

#[test]
fn no_name_is_forgotten_for_a_clock_that_was_set_or_a_machine_that_was_started_anew() {
    let (_path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, up(0));
    memory.spill(up(10)).unwrap();
    for days in [-1, 1, 400] {
        let set = Moment { wall: qoe_store::Millis(days * REMEMBERED_MS), ..up(20) };
        memory.tidy(set).unwrap();
        assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)), "{days} days");
    }
    let anew = Moment { boot: 8, ..up(400 * REMEMBERED_MS) };
    let mut memory = Memory::open(disk.clone(), anew).unwrap();
    memory.tidy(anew).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)));
    memory.tidy(Moment { up_ms: anew.up_ms + REMEMBERED_MS, ..anew }).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), None);
}
