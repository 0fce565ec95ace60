use proptest::prelude::*;

use super::*;
use crate::spool::disk::Folder;

const HOUR_MS: i64 = 3_600_000;

fn entry(name: u128) -> Entry {
    Entry { name, accepted: (name % 1_000) as u32 }
}

fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let path = tempfile::tempdir().unwrap();
    let disk = Arc::new(Folder::new(path.path()).unwrap());
    (path, disk)
}

fn open(disk: &Arc<dyn Disk>, now: i64) -> Memory {
    Memory::open(disk.clone(), Millis(now)).unwrap()
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
            memory.note(&[entry(*name)], seq as u64, Millis(0));
            if seq % 50 == 49 {
                memory.spill(Millis(0)).unwrap();
            }
        }
        memory.cover(known.len() as u64, Millis(0)).unwrap();
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
    memory.note(&[entry(7)], 3, Millis(0));
    memory.cover(4, Millis(0)).unwrap();
    for seq in 5..20 {
        memory.note(&[], seq, Millis(0));
        memory.cover(seq + 1, Millis(0)).unwrap();
    }
    assert_eq!(runs(&disk).len(), 1);
    assert_eq!(open(&disk, 0).runs().find(7).unwrap(), Some(entry(7)));
}

#[test]
fn a_damaged_run_is_removed_and_its_names_are_noted_again() {
    let (path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, Millis(0));
    memory.spill(Millis(0)).unwrap();
    let file = path.path().join(&runs(&disk)[0]);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let mut memory = open(&disk, 0);
    assert_eq!((runs(&disk).len(), memory.runs().find(7).unwrap()), (0, None));
    // As the log still has them.
    memory.note(&[entry(7)], 3, Millis(0));
    memory.cover(4, Millis(0)).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)));
}

#[test]
fn a_name_is_known_for_a_day_and_its_file_gone_after() {
    let (_path, disk) = folder();
    let mut memory = open(&disk, 0);
    memory.note(&[entry(7)], 3, Millis(0));
    memory.tidy(Millis(RUN_MS - 1)).unwrap();
    assert_eq!(runs(&disk).len(), 0, "not before an hour");
    memory.tidy(Millis(RUN_MS)).unwrap();
    let end = RUN_MS + REMEMBERED_MS;
    memory.tidy(Millis(end - 1)).unwrap();
    assert_eq!(memory.runs().find(7).unwrap(), Some(entry(7)));
    assert_eq!(open(&disk, end - 1).runs().find(7).unwrap(), Some(entry(7)));
    memory.tidy(Millis(end)).unwrap();
    assert_eq!((runs(&disk).len(), memory.runs().find(7).unwrap()), (0, None));
}
