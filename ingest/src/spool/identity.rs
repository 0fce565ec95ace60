//! Who a spool is: its name, which is in every row it delivers, and its salt, which nobody outside learns.

use std::io;

use qoe_store::Label;
use uuid::Uuid;

use super::disk::Disk;
use super::salt::Salt;

/// The file: the name; behind it, in spools that have one, the salt and a checksum of both, in hexadecimal digits.
const FILE: &str = "id";
/// Longest that the file is.
const FILE_BYTES: usize = 36 + 1 + 32 + 1 + 8;

/// Who a spool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub name: Label,
    pub salt: Salt,
}

impl Identity {
    /// What the disk says, made when it says nothing. A spool of before there were salts gets one while nothing is in it.
    pub fn open(disk: &dyn Disk, is_empty: bool) -> io::Result<Identity> {
        if !disk.names()?.iter().any(|name| name == FILE) {
            return Identity::make(disk, Uuid::now_v7());
        }
        let file = disk.open(FILE)?;
        let mut bytes = vec![0; file.bytes()?.min(FILE_BYTES as u64 + 1) as usize];
        let read = file.read_at(&mut bytes, 0)?;
        let text = std::str::from_utf8(&bytes[..read]).ok();
        let (name, salt) =
            text.and_then(parse).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the file `id` holds no name, or is damaged"))?;
        match salt {
            Salt::NONE if is_empty => Identity::make(disk, name),
            salt => Ok(Identity { name: name.to_string().into(), salt }),
        }
    }

    fn make(disk: &dyn Disk, name: Uuid) -> io::Result<Identity> {
        let salt = Uuid::new_v4().into_bytes();
        let text = write(name, salt);
        let temporary = format!("{FILE}.new");
        if disk.names()?.contains(&temporary) {
            disk.remove(&temporary)?;
        }
        let mut file = disk.create(&temporary)?;
        file.append(text.as_bytes())?;
        file.sync()?;
        disk.rename(&temporary, FILE)?;
        disk.sync_names()?;
        Ok(Identity { name: name.to_string().into(), salt: Salt::new(salt) })
    }
}

fn write(name: Uuid, salt: [u8; 16]) -> String {
    let stated = format!("{name} {:032x}", u128::from_be_bytes(salt));
    format!("{stated} {:08x}", crc32c::crc32c(stated.as_bytes()))
}

fn parse(text: &str) -> Option<(Uuid, Salt)> {
    let Some((stated, crc)) = text.rsplit_once(' ') else {
        return Some((Uuid::try_parse(text).ok()?, Salt::NONE));
    };
    // What was read with another salt than it was written would all be taken for damage.
    if format!("{:08x}", crc32c::crc32c(stated.as_bytes())) != crc {
        return None;
    }
    let (name, salt) = stated.split_once(' ')?;
    Some((Uuid::try_parse(name).ok()?, Salt::new(u128::from_str_radix(salt, 16).ok()?.to_be_bytes())))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::spool::disk::Folder;

    fn folder() -> (tempfile::TempDir, Arc<dyn Disk>) {
        let path = tempfile::tempdir().unwrap();
        let disk = Arc::new(Folder::new(path.path()).unwrap());
        (path, disk)
    }

    #[test]
    fn a_spool_is_who_it_was_and_a_damaged_name_is_not_believed() {
        let (path, disk) = folder();
        let made = Identity::open(&*disk, true).unwrap();
        assert!(made.salt != Salt::NONE && made == Identity::open(&*disk, false).unwrap());
        let file = path.path().join(FILE);
        let whole = std::fs::read(&file).unwrap();
        assert_eq!(whole.len(), FILE_BYTES);
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1;
            std::fs::write(&file, damaged).unwrap();
            assert!(Identity::open(&*disk, true).is_err(), "byte {byte}");
        }
    }

    #[test]
    fn a_spool_without_a_salt_gets_one_when_nothing_is_in_it() {
        let (path, disk) = folder();
        let name = Uuid::now_v7();
        std::fs::write(path.path().join(FILE), name.to_string()).unwrap();
        assert_eq!(Identity::open(&*disk, false).unwrap().salt, Salt::NONE);
        let made = Identity::open(&*disk, true).unwrap();
        assert!(made.salt != Salt::NONE && *made.name == *name.to_string());
        assert_eq!(Identity::open(&*disk, false).unwrap(), made);
    }
}
